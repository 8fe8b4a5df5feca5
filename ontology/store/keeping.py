"""Merged commits that no branch or tag leads to by first parents: a home has to keep them within
reach, because an index can be made anew only of what a log leads to.
"""

from __future__ import annotations

from ontology.store.orm.lines import Place, lineage
from ontology.store.orm.sql import rows

__all__ = ["unreached"]


def unreached(ontology_id: str, *, without: str = "") -> list[str]:
    """The second parents that are out of reach, without those that another of them leads to.

    Args:
        without: a branch that is going away.
    """
    merged = [
        (commit, Place(line, seq))
        for commit, line, seq in rows(
            "SELECT DISTINCT m.id, m.line_id, m.seq FROM ontology_commit c "
            "JOIN ontology_commit m ON m.id = c.merged "
            "WHERE c.ontology_id = %s AND c.merged <> ''",
            [ontology_id],
        )
    ]
    if not merged:
        return []
    reach: dict[int, int] = {}
    for table, column in (("branch", "head_id"), ("tag", "commit_id")):
        for name, line, seq in rows(
            f"SELECT t.name, c.line_id, c.seq FROM ontology_{table} t "
            f"JOIN ontology_commit c ON c.id = t.{column} WHERE t.ontology_id = %s",
            [ontology_id],
        ):
            if table == "tag" or name != without:
                _reach(reach, Place(line, seq))
    found = []
    # Those further along a line first: they lead to the others on it.
    for commit, place in sorted(merged, key=lambda item: item[1].seq, reverse=True):
        if reach.get(place.line, -1) < place.seq:
            found.append(commit)
            _reach(reach, place)
    return sorted(found)


def _reach(reach: dict[int, int], place: Place) -> None:
    for step in lineage(place):
        reach[step.line] = max(reach.get(step.line, -1), step.seq)
