"""Whoever lowers how sensitive a property is must be allowed to see its values.

Values are masked by what the schema at the ref being read says. Without this rule an editor could
make a branch, call a secret property public there, and read it.
"""

from __future__ import annotations

from collections.abc import Sequence

from oms_project.core.authorization import authorizer
from oms_project.core.context import current_actor
from oms_project.core.errors import PermissionDenied
from ontology.contract import OntologyInfo
from ontology.domain.documents import DocumentChange
from ontology.domain.masking import lowered_sensitivities

__all__ = ["refuse_declassification"]


def refuse_declassification(info: OntologyInfo, changes: Sequence[DocumentChange]) -> None:
    """Check the changes of a commit.

    Raises:
        PermissionDenied: ``declassification``; one of them makes a property less sensitive (or
            takes it away) that the actor may not see himself.
    """
    lowered = [
        (change, name, sensitivity)
        for change in changes
        if change.before is not None
        for name, sensitivity in lowered_sensitivities(change.kind, change.before, change.after)
    ]
    if not lowered:
        return
    clearance = authorizer.clearance(current_actor(), ontology=info.name)
    for change, name, sensitivity in lowered:
        owner = str((change.before or {}).get("apiName", ""))
        decision = clearance.decide(sensitivity, object_types=(owner,), property_name=name)
        if not decision.allowed:
            raise PermissionDenied(
                f"'{owner}.{name}' is {sensitivity}, and you may not see its values "
                f"({decision.reason}). Who may see them can make it less sensitive or remove it.",
                code="declassification",
                data={"document": change.rid, "property": name, "sensitivity": sensitivity},
            )
