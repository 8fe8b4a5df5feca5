"""Branches and tags, as the index and as a home have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ontology.store.home import HomeBranch, is_kept_branch, tag_branch, tag_of_branch
from ontology.store.home_rows import identifiers_of
from ontology.store.orm.sql import rows
from ontology.store.strays import Finding

__all__ = ["Name", "heads_of", "names_of"]

#: A home's first branch, which cannot be deleted there.
_FIRST = "main"


@dataclass(frozen=True, slots=True)
class Name:
    """A branch or a tag.

    Attributes:
        stored: what the home calls it.
        here: the commit that it is at in the index; None: the index does not have it.
        there: what the home says; None: the home does not have it.
    """

    stored: str
    here: str | None
    there: HomeBranch | None

    @property
    def is_tag(self) -> bool:
        """Whether it never moves."""
        return tag_of_branch(self.stored) is not None

    def again(self, ontology_id: str, there: HomeBranch | None) -> Name:
        """As it is now."""
        return replace(self, here=heads_of(ontology_id).get(self.stored), there=there)

    def in_step(self, ontology_id: str) -> bool:
        """Whether both sides agree."""
        if self.here is None or self.there is None:
            return self.here is None and self.there is None
        known = identifiers_of(ontology_id, [self.here]).get(self.here)
        return known == self.there.identifier and self.there.commit == self.here

    def finding(self) -> Finding | None:
        """What is wrong with a name that one side lacks, or a tag that moved."""
        if self.here is None:
            if self.there is None or self.stored == _FIRST or is_kept_branch(self.stored):
                return None
            return Finding(
                "branch", self.stored, self.there.identifier, note="OMS made no such branch."
            )
        if self.there is None:
            return Finding("branch_missing", self.stored, note="The home does not have it.")
        return Finding(
            "branch_moved",
            self.stored,
            self.there.identifier,
            note=f"The tag stands at {self.there.commit[:12] or 'nothing of OMS'} there.",
        )


def heads_of(ontology_id: str) -> dict[str, str]:
    """What a home is to call each branch and tag of the index -> the commit that it is at."""
    found = dict(
        rows("SELECT name, head_id FROM ontology_branch WHERE ontology_id = %s", [ontology_id])
    )
    for name, commit in rows(
        "SELECT name, commit_id FROM ontology_tag WHERE ontology_id = %s", [ontology_id]
    ):
        found[tag_branch(name)] = commit
    return found


def names_of(ontology_id: str, there: Mapping[str, HomeBranch]) -> list[Name]:
    """All that either side has, by name; branches before tags."""
    here = heads_of(ontology_id)
    return [
        Name(stored, here.get(stored), there.get(stored))
        for stored in sorted(
            here.keys() | there.keys(), key=lambda name: (tag_of_branch(name) is not None, name)
        )
    ]
