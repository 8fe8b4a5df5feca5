"""The signed statement that a range of events was moved to a file."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from audit.domain.checkpoint import NotGenuine, parse_note

__all__ = ["SealStatement", "parse_seal"]

_TITLE: Final = "oms audit seal"


@dataclass(frozen=True, slots=True)
class SealStatement:
    """What is signed.

    Attributes:
        origin: names the log.
        first, last: places of the first and the last event.
        root: the root over the leaves of the range, as a tree of their own.
        file: name of the file, without its folder.
        sha256: digest of the file's bytes, in hexadecimal.
        time: when; RFC 3339 in UTC with microseconds.
        by: ``username (id)`` of who did it.
    """

    origin: str
    first: int
    last: int
    root: bytes
    file: str
    sha256: str
    time: str
    by: str

    def text(self) -> str:
        """What is signed; one line for each member."""
        root = base64.b64encode(self.root).decode("ascii")
        by = " ".join(self.by.split())
        return (
            f"{_TITLE}\n{self.origin}\nfirst {self.first}\nlast {self.last}\nroot {root}\n"
            f"file {self.file}\nsha256 {self.sha256}\ntime {self.time}\nby {by}\n"
        )


def parse_seal(note: str) -> SealStatement:
    """What a signed note states.

    Raises:
        NotGenuine: it is no seal.
    """
    lines = parse_note(note).text.split("\n")
    names = ("first", "last", "root", "file", "sha256", "time", "by")
    if len(lines) != 10 or lines[0] != _TITLE:
        raise NotGenuine("This is no seal.")
    members = dict(line.partition(" ")[::2] for line in lines[2:9])
    if tuple(members) != names:
        raise NotGenuine("This is no seal.")
    try:
        return SealStatement(
            origin=lines[1],
            first=int(members["first"]),
            last=int(members["last"]),
            root=base64.b64decode(members["root"], validate=True),
            file=members["file"],
            sha256=members["sha256"],
            time=members["time"],
            by=members["by"],
        )
    except (ValueError, binascii.Error) as error:
        raise NotGenuine("This is no seal.") from error
