"""Check what objects and links are found by: their index entries against their values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from oms_project.core.canonical_json import loads
from ontology.contract import CommitInfo, VerifyProblem
from ontology.domain.documents import document_id
from ontology.domain.instances.entries import Entries, entries_of
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import Kind
from ontology.store.orm.fulltext import words_of
from ontology.store.orm.lines import Place
from ontology.store.orm.reader import OrmReader
from ontology.store.orm.sql import rows

__all__ = ["check_entries"]

_PAGE = 2000


def check_entries(place: Place, tip: CommitInfo, problems: list[VerifyProblem]) -> None:
    """Hold the open index entries of a line against the open versions on it.

    Args:
        place: the end of the line.
        tip: the commit there.
        problems: what is found is added to it.
    """
    rules = Rules(OrmReader(tip, place))
    values: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for field, key, rid in rows(
        "SELECT field, key, rid FROM ontology_valueentry WHERE line_id = %s AND seq_to IS NULL",
        [place.line],
    ):
        values[rid].add((field, key))
    texts: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for level, text, rid in rows(
        "SELECT level, text, rid FROM ontology_textentry WHERE line_id = %s AND seq_to IS NULL",
        [place.line],
    ):
        texts[rid].add((level, text))
    for rid, kind, body, deleted in _open_instances(place.line):
        layout = rules.layout(str(body.get("_type")))
        if layout is None:
            continue  # of no type: nothing says what it should be found by
        wanted = Entries() if deleted else entries_of(layout, body)
        words = {(level, words_of(text)) for level, text in wanted.texts}
        if values[rid] != wanted.values or texts[rid] != words:
            problems.append(
                VerifyProblem(
                    document_id(Kind(kind), rid, body),
                    "it is not found by what it says: its index entries differ from its values",
                )
            )


def _open_instances(line: int) -> Iterator[tuple[str, str, Any, bool]]:
    last = ("", "", "")
    while True:
        found = rows(
            "SELECT v.rid, v.kind, v.body, v.deleted, v.name_key FROM ontology_documentversion v "
            "WHERE v.line_id = %s AND v.kind IN ('Link', 'Object') AND v.seq_to IS NULL "
            "AND (v.kind, v.name_key, v.rid) > (%s, %s, %s) "
            "ORDER BY v.kind, v.name_key, v.rid LIMIT %s",
            [line, *last, _PAGE],
        )
        if not found:
            return
        for rid, kind, body, deleted, _ in found:
            yield rid, kind, loads(body), bool(deleted)
        last = (found[-1][1], found[-1][4], found[-1][0])
