"""Words that the types of this app share."""

from __future__ import annotations

import datetime as dt

import strawberry

from oms_project.identity.contract import BindingInfo, Role
from oms_project.identity.models import SensitivityChoice

__all__ = ["Clearance", "HeldRole", "Role"]

strawberry.enum(
    Role,
    name="Role",
    description="From reading to running the place; an auditor only looks, and a gateway is "
    "another process of OMS.",
)
#: How sensitive values may be.
Clearance = SensitivityChoice
strawberry.enum(
    Clearance, name="Clearance", description="How sensitive values are, and who sees up to there."
)


@strawberry.type(description="A role that somebody holds.")
class HeldRole:
    role: Role
    ontology: str = strawberry.field(description="Empty: for everything.")
    branch: str = strawberry.field(description="A pattern of names; empty: every branch.")
    group: str = strawberry.field(description="The group that it comes from; empty: none.")
    expires_at: dt.datetime | None

    @classmethod
    def of(cls, info: BindingInfo) -> HeldRole:
        return cls(
            role=info.role,
            ontology=info.ontology,
            branch=info.branch,
            group=info.group,
            expires_at=info.expires_at,
        )
