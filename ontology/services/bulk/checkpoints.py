"""Where a load in several commits has come to: written into its commits, found again there."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from oms_project.core.errors import Conflict
from ontology.contract import CommitInfo
from ontology.store import store

__all__ = ["Checkpoint", "find_checkpoint"]

_PAGE: Final = 200
#: So many commits are looked through: a load goes on where it stopped, not a year later.
_LOOKED_AT: Final = 10_000
_TRAILER = re.compile(r"^(Load-[A-Za-z0-9-]+): (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a commit of a load says of the load.

    Attributes:
        type: ``rid`` of what is loaded.
        sha256: of the file's bytes.
        settings: digest of the mapping and the mode.
        row: the last row that is in this commit or before; rejected rows count.
        complete: there are no rows after it.
    """

    type: str
    sha256: str
    settings: str
    row: int
    complete: bool

    def message(self, message: str) -> str:
        """``message`` with the checkpoint as trailer lines."""
        lines = (
            f"Load-Type: {self.type}",
            f"Load-File-SHA256: {self.sha256}",
            f"Load-Settings: {self.settings}",
            f"Load-Row: {self.row}",
            f"Load-Complete: {'yes' if self.complete else 'no'}",
        )
        return message + "\n\n" + "\n".join(lines)

    @classmethod
    def of(cls, message: str) -> Checkpoint | None:
        """The checkpoint in a commit's message, or None."""
        found: Mapping[str, str] = dict(_TRAILER.findall(message.rpartition("\n\n")[2]))
        try:
            return cls(
                type=found["Load-Type"],
                sha256=found["Load-File-SHA256"],
                settings=found["Load-Settings"],
                row=int(found["Load-Row"]),
                complete=found["Load-Complete"] == "yes",
            )
        except (KeyError, ValueError):
            return None


def find_checkpoint(
    ontology_id: str, head: CommitInfo, *, type_rid: str, sha256: str, settings: str, name: str
) -> Checkpoint | None:
    """Where the latest load into a type stopped, when it was this one; None when there is nothing
    to go on with.

    Raises:
        Conflict: ``file_changed``, ``settings_changed``: it stopped in the middle, and was of
            another file, or was told to read it otherwise.
    """
    before: tuple[dt.datetime, str] | None = None
    for _ in range(_LOOKED_AT // _PAGE):
        page = store.log(ontology_id, head, first_parent=True, before=before, limit=_PAGE)
        for commit in page:
            found = Checkpoint.of(commit.message)
            if found is None or found.type != type_rid:
                continue
            if found.sha256 != sha256 and not found.complete:
                raise Conflict(
                    f"The load to go on with was of another file than {name} is now: it has "
                    f"changed, or is another one. Commit {commit.short_id} has its rows up to "
                    f"{found.row}.",
                    code="file_changed",
                    data={"commit": commit.id, "row": found.row, "sha256": found.sha256},
                )
            if found.sha256 != sha256:
                return None
            if found.settings != settings and not found.complete:
                raise Conflict(
                    "The load to go on with had another mapping or mode: use the same ones.",
                    code="settings_changed",
                    data={"commit": commit.id, "row": found.row},
                )
            return found if found.settings == settings else None
        if len(page) < _PAGE:
            return None
        before = (page[-1].time, page[-1].id)
    return None
