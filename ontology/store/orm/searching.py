"""Full text search of objects and links."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ontology.store.orm.figures import InstanceFigures
from ontology.store.orm.fulltext import match_of
from ontology.store.orm.sql import in_list, is_postgresql, list_parameter, rows

__all__ = ["InstanceReads"]


class InstanceReads(InstanceFigures):
    """What a reader of the embedded store answers about objects and links."""

    def search(
        self, text: str, *, level: int, types: Collection[str] = (), limit: int = 100
    ) -> list[tuple[str, float]]:
        match = match_of(text, postgresql=is_postgresql())
        if not match:
            return []
        nearest, places = self._nearest("t.rid")
        of_type = f" AND {in_list('substr(v.name_key, 1, 36)')}" if types else ""
        type_parameters = [list_parameter(list(types))] if types else []
        best: dict[str, float] = {}
        for rank, place in enumerate(self._places):
            shadow, shadow_parameters = self._unshadowed("t", rank)
            tables = ["live"] if rank == 0 and self._head else ["live", "past"]
            while True:
                found: list[tuple[Any, ...]] = []
                for table in tables:
                    source, matched, score = _text_sql(table)
                    holds = "t.seq_from <= %s AND (t.seq_to IS NULL OR t.seq_to > %s)"
                    found += rows(
                        f"SELECT t.rid, {score} AS score FROM {source} "
                        f"JOIN ontology_documentversion v ON v.id = {nearest} "
                        f"WHERE {matched} AND t.line_id = %s AND t.level <= %s "
                        f"AND NOT v.deleted{of_type} AND {holds}{shadow} "
                        "ORDER BY score DESC LIMIT %s",
                        [
                            *([match] if is_postgresql() else []),
                            *places,
                            match,
                            place.line,
                            level,
                            *type_parameters,
                            place.seq,
                            place.seq,
                            *shadow_parameters,
                            limit,
                        ],
                    )
                if len(tables) == 2 or self._holds_still():
                    break
                tables = ["live", "past"]
            for rid, score in found:
                best[rid] = max(best.get(rid, float("-inf")), float(score))
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        return ranked[:limit]


def _text_sql(table: str) -> tuple[str, str, str]:
    """Source, condition and score of a full text search."""
    if is_postgresql():
        holds = "IS NULL" if table == "live" else "IS NOT NULL"
        vector = "to_tsvector('simple', t.text)"
        return (
            "ontology_textentry t",
            f"{vector} @@ to_tsquery('simple', %s) AND t.seq_to {holds}",
            f"ts_rank({vector}, to_tsquery('simple', %s))",
        )
    name = f"ontology_text_{table}"
    return (
        f"{name} JOIN ontology_textentry t ON t.id = {name}.rowid",
        f"{name} MATCH %s",
        f"-bm25({name})",
    )
