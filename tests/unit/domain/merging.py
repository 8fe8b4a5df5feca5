"""Short names for the states of one document, and for merging them."""

from __future__ import annotations

from typing import Any

from ontology.contract import Resolution
from ontology.domain.documents import DocumentChange, normalise
from ontology.domain.kinds import Kind
from ontology.domain.merge import MergeOutcome, merge_changes

RID = "00000000-0000-0000-0000-000000000001"
OTHER = "00000000-0000-0000-0000-000000000002"
Body = dict[str, Any]


def person(**fields: Any) -> Body:
    return normalise(Kind.OBJECT_TYPE, {"apiName": "Person", **fields})


def enum(codes: str, **labels: str) -> Body:
    members = [
        {"code": code, "label": {"en": labels[code]}} if code in labels else {"code": code}
        for code in codes
    ]
    return normalise(Kind.ENUM_TYPE, {"apiName": "Letter", "members": members})


def name(**fields: Any) -> Body:
    return {"rid": "p1", "apiName": "name", **fields}


def merge(
    base: Body | None,
    ours: Body | None,
    theirs: Body | None,
    *resolutions: Resolution,
    kind: Kind = Kind.OBJECT_TYPE,
) -> MergeOutcome:
    return merge_changes(
        {RID: DocumentChange(RID, kind, base, ours)},
        {RID: DocumentChange(RID, kind, base, theirs)},
        resolutions,
    )


def merged(base: Body, ours: Body, theirs: Body, kind: Kind = Kind.OBJECT_TYPE) -> Any:
    outcome = merge(base, ours, theirs, kind=kind)
    assert outcome.conflicts == []
    return outcome.changes[0].after if outcome.changes else ours


def conflicts(outcome: MergeOutcome) -> list[tuple[str, str]]:
    return [(conflict.type, conflict.path) for conflict in outcome.conflicts]


def codes(body: Any) -> str:
    return "".join(member["code"] for member in body["members"])
