"""What was worked out of the types of a commit, for who asks next: a commit never changes."""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property
from threading import Lock

from ontology.domain.instances.rules import Rules
from ontology.domain.masking import Catalogue
from ontology.store.port import CommitReader

__all__ = ["Compiled", "compiled"]

#: Of so many commits; what is kept of one is as much as was asked for.
_COMMITS = 64


class Compiled:
    """The types of one commit.

    Attributes:
        rules: what they say of their instances.
        found: ``(kind, name without case)`` -> ``rid`` of the definitions that were looked up.
    """

    def __init__(self, reader: CommitReader) -> None:
        self._reader = reader
        self.rules = Rules(reader)
        self.found: dict[tuple[str, str], str] = {}

    @cached_property
    def catalogue(self) -> Catalogue:
        """How sensitive their properties are."""
        return Catalogue(self.rules.schema, lambda iris: self._reader.find_entries("iri", iris))


_kept: OrderedDict[str, Compiled] = OrderedDict()
_lock = Lock()


def compiled(reader: CommitReader) -> Compiled:
    """What is known of the types of the reader's commit. Only definitions are read through it:
    of those nothing is ever erased.
    """
    commit = reader.commit.id
    with _lock:
        known = _kept.get(commit)
        if known is None:
            known = _kept[commit] = Compiled(reader)
            if len(_kept) > _COMMITS:
                _kept.popitem(last=False)
        else:
            _kept.move_to_end(commit)
    return known
