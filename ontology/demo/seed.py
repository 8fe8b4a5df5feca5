"""Plays the story of the demo ontology through the services, as anybody else would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oms_project.core.canonical_json import loads
from oms_project.core.context import SYSTEM, Actor, acting_as
from oms_project.core.errors import NotFound
from ontology import selectors, services
from ontology.contract import Change, OntologyInfo

__all__ = ["DEMO", "SeedResult", "seed"]

_FOLDER = Path(__file__).with_name("logistics")
#: Name of the demo ontology.
DEMO = "logistics"

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SeedResult:
    """The demo ontology, and whether it was made just now."""

    ontology: OntologyInfo
    created: bool


def seed(*, on_step: Report | None = None) -> SeedResult:
    """Make the demo ontology unless it is there already, whatever became of it since.

    Args:
        on_step: told a sentence before each step.

    Raises:
        OmsError: a step was refused. What was made before it is removed again.
    """
    with acting_as(SYSTEM):
        try:
            return SeedResult(selectors.get_ontology(ontology=DEMO), created=False)
        except NotFound:
            pass
        story = _read("story")
        info = services.create_ontology(
            name=DEMO,
            base_iri=story["ontology"]["baseIri"],
            display_name=story["ontology"]["displayName"],
            description=story["ontology"]["description"],
            prefixes=story["ontology"]["prefixes"],
            default_language=story["ontology"]["defaultLanguage"],
        )
    try:
        for step in story["steps"]:
            _play(step, story["authors"], on_step or _silent)
    except BaseException:
        # Half a demo would count as one for the next run.
        with acting_as(SYSTEM):
            services.delete_ontology(ontology=info.id)
        raise
    return SeedResult(info, created=True)


def _play(step: Mapping[str, Any], authors: Mapping[str, str], report: Report) -> None:
    if "commit" in step:
        changes = _read(step["commit"])
        report(changes["message"])
        with acting_as(_author(changes["author"], authors)):
            services.commit_changes(
                ontology=DEMO,
                branch=changes["branch"],
                changes=[_change(item) for item in changes["changes"]],
                message=changes["message"],
            )
        return
    with acting_as(_author(step["author"], authors)):
        if "branch" in step:
            report(f"Branch {step['branch']}")
            services.create_branch(ontology=DEMO, name=step["branch"], from_ref=step["from"])
        elif "merge" in step:
            report(step["message"])
            services.merge(
                ontology=DEMO, source=step["merge"], into=step["into"], message=step["message"]
            )
        else:
            report(f"Tag {step['tag']}")
            services.create_tag(
                ontology=DEMO, name=step["tag"], ref=step["ref"], message=step["message"]
            )


def _author(username: str, authors: Mapping[str, str]) -> Actor:
    """A made-up author. Of kind ``system``: no such user exists, so no role could allow it."""
    return Actor(
        id=f"demo:{username}", username=username, display_name=authors[username], kind="system"
    )


def _change(item: Mapping[str, Any]) -> Change:
    return Change(
        op=item["op"],
        kind=item.get("kind"),
        target=item.get("target"),
        fields=item["fields"],
        type=item.get("type"),
        source=item.get("source"),
    )


def _read(name: str) -> Any:
    return loads((_FOLDER / f"{name}.json").read_bytes())


def _silent(message: str) -> None:
    del message
