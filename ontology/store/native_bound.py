"""How many native classes a home keeps, before OMS does without: TerminusDB checks all classes
whenever one changes, and what is true must not wait for that.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from ontology.contract import CommitInfo
from ontology.domain.native.classes import CLASS_KINDS
from ontology.store.orm.lines import place_of
from ontology.store.orm.reader import OrmReader
from ontology.store.orm.sql import in_list, list_parameter, rows

__all__ = ["too_many_classes"]


def too_many_classes(ontology_id: str, commits: Iterable[CommitInfo]) -> str:
    """Why there can be no native view of commits; empty: there can be one.

    Args:
        commits: of the index, or of the caller's own transaction. Those that wrote no definition of
            a class cost one row.
    """
    types = max(
        (
            len(OrmReader(info, place_of(ontology_id, info.id)[1]).hashes(CLASS_KINDS))
            for info in commits
            if _writes_classes(ontology_id, info)
        ),
        default=0,
    )
    if types <= settings.OMS_NATIVE_CLASSES:
        return ""
    return (
        f"The ontology has {types} types, and OMS_NATIVE_CLASSES is "
        f"{settings.OMS_NATIVE_CLASSES}: native classes and documents are not kept."
    )


def _writes_classes(ontology_id: str, info: CommitInfo) -> bool:
    place = place_of(ontology_id, info.id)[1]
    return bool(
        rows(
            "SELECT 1 FROM ontology_documentversion v "
            f"WHERE v.line_id = %s AND v.seq_from = %s AND {in_list('v.kind')} LIMIT 1",
            [place.line, place.seq, list_parameter([kind.value for kind in CLASS_KINDS])],
        )
    )
