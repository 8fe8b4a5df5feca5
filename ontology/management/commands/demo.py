"""``manage.py demo``: an ontology to look at, made once."""

from __future__ import annotations

from oms_project.management.options import Format, OutputFormat
from ontology.demo.seed import seed
from ontology.management.cli.base import OntologyCommand

__all__ = ["Command"]


class Command(OntologyCommand, rich_markup_mode="rich"):
    """Make the demo ontology `logistics`, unless it is there already.

    Two branches that differ (with a conflict to try a merge on), a merge, a tag.
    """

    def handle(self, *, output_format: OutputFormat = Format.TEXT) -> None:
        """Play the story of the demo, or say that it was played before."""
        with self.session(None, output_format) as out:
            result = seed()
            if out.as_json:
                out.json({"ontology": result.ontology, "created": result.created})
            elif result.created:
                out.line(f"Made the demo ontology {result.ontology.name}.")
            else:
                out.line(f"The demo ontology {result.ontology.name} is there already.")
