"""``manage.py ontology``: ontologies under version control, from a terminal."""

from __future__ import annotations

from ontology.management.cli.actions import ActionCommands
from ontology.management.cli.documents import DocumentCommands
from ontology.management.cli.exchange import ExchangeCommands
from ontology.management.cli.history import HistoryCommands
from ontology.management.cli.homes import HomeCommands
from ontology.management.cli.links import LinkCommands
from ontology.management.cli.merging import MergeCommands
from ontology.management.cli.objects import ObjectCommands
from ontology.management.cli.queries import QueryCommands
from ontology.management.cli.redacting import RedactionCommands
from ontology.management.cli.refs import RefCommands
from ontology.management.cli.registry import RegistryCommands
from ontology.management.cli.tables import TableCommands
from ontology.management.cli.time import TimeCommands

__all__ = ["Command"]


# The help lists the commands of the last base first.
class Command(
    ActionCommands,
    LinkCommands,
    ObjectCommands,
    DocumentCommands,
    MergeCommands,
    TimeCommands,
    HistoryCommands,
    RefCommands,
    QueryCommands,
    HomeCommands,
    RedactionCommands,
    TableCommands,
    ExchangeCommands,
    RegistryCommands,
    rich_markup_mode="rich",
    no_args_is_help=True,
):
    """Ontologies under version control: import, edit, branch, compare, merge, export.

    Exit codes: 0 done, 1 refused, conflicts or something found, 2 usage.
    With --format json the result is JSON on stdout, an error is JSON on stderr.
    """
