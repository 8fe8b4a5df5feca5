"""One way for every door to write down that something was not allowed."""

from __future__ import annotations

from audit.contract import Outcome, Subject, audit_log
from oms_project.core.context import current_place, current_source
from oms_project.core.errors import PermissionDenied

__all__ = ["record_denial"]

_RECORDED = "_oms_recorded"


def record_denial(error: PermissionDenied) -> None:
    """Record ``access.denied`` with permission, ontology, branch and reason; an error that passes
    several doors is recorded once. Call it after the transaction of what was refused has ended.
    """
    if getattr(error, _RECORDED, False):
        return
    setattr(error, _RECORDED, True)
    place = current_place()
    permission = str(error.data.get("permission") or "")
    audit_log.record_apart(
        "access.denied",
        Subject("permission", id=permission, name=current_source().operation),
        outcome=Outcome.DENIED,
        ontology=str(error.data.get("ontology") or place.ontology),
        branch=str(error.data.get("branch") or place.branch),
        data={"permission": permission, "code": error.error_code},
        message=error.message,
    )
