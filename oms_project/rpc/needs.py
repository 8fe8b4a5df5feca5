"""What each method needs before it is served, in one table.

Deny by default, as for routes (`oms_project.core.routes`): a method that stands here with nothing,
or not at all, stops the boot, and is refused should it get past it. The service behind asks again
about the ontology and the branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ImproperlyConfigured

from oms_project.core.authorization import permissions
from oms_project.core.routes import AUTHENTICATED, PUBLIC, Authenticated, Public

__all__ = ["NEEDS", "HealthProbe", "MethodNeed", "ServiceOnly", "check_methods", "need_of_method"]


@dataclass(frozen=True, slots=True)
class ServiceOnly:
    """A service account whose role has ``permission``, acting for itself; people never."""

    permission: str


@dataclass(frozen=True, slots=True)
class HealthProbe:
    """Anybody, and nothing is written down: a probe asks every second."""


MethodNeed = str | Public | Authenticated | ServiceOnly | HealthProbe

_HOME: Final = ServiceOnly(permissions.KERNEL_HOME)
_REFLECTION: Final = AUTHENTICATED("what may be called is no secret to who is signed in")

#: Full name of a method -> need.
NEEDS: Final[Mapping[str, MethodNeed]] = {
    "oms.kernel.v1.DataKernel/Query": permissions.KERNEL_QUERY,
    "oms.kernel.v1.DataKernel/Insert": permissions.ONTOLOGY_WRITE,
    "oms.kernel.v1.DataKernel/Update": permissions.ONTOLOGY_WRITE,
    "oms.kernel.v1.DataKernel/Delete": permissions.ONTOLOGY_WRITE,
    "oms.kernel.v1.OntologyHome/Info": _HOME,
    "oms.kernel.v1.OntologyHome/Create": _HOME,
    "oms.kernel.v1.OntologyHome/Drop": _HOME,
    "oms.kernel.v1.OntologyHome/Databases": _HOME,
    "oms.kernel.v1.OntologyHome/Land": _HOME,
    "oms.kernel.v1.OntologyHome/CreateBranch": _HOME,
    "oms.kernel.v1.OntologyHome/MoveBranch": _HOME,
    "oms.kernel.v1.OntologyHome/DeleteBranch": _HOME,
    "oms.kernel.v1.OntologyHome/Branches": _HOME,
    "oms.kernel.v1.OntologyHome/Branch": _HOME,
    "oms.kernel.v1.OntologyHome/Log": _HOME,
    "oms.kernel.v1.OntologyHome/Written": _HOME,
    "oms.kernel.v1.OntologyHome/Documents": _HOME,
    "oms.kernel.v1.OntologyHome/RunQuery": _HOME,
    "oms.kernel.v1.Tokens/Issue": PUBLIC("this is where a service account signs in"),
    "grpc.health.v1.Health/Check": HealthProbe(),
    "grpc.health.v1.Health/List": HealthProbe(),
    "grpc.health.v1.Health/Watch": HealthProbe(),
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": _REFLECTION,
}


def need_of_method(method: str) -> MethodNeed | None:
    """What a method needs; None when nothing is declared for it.

    Args:
        method: as on the wire: ``/package.Service/Method``.
    """
    return NEEDS.get(method.removeprefix("/"))


def check_methods(
    methods: Iterable[str], needs: Mapping[str, MethodNeed | None] | None = None
) -> None:
    """Refuse to go on when a method declares nothing, or a permission that there is not.

    Args:
        methods: every ``package.Service/Method`` that will be served.
        needs: the table.

    Raises:
        ImproperlyConfigured: all of them.
    """
    table = NEEDS if needs is None else needs
    problems = []
    for method in sorted(methods):
        need = table.get(method)
        permission = need.permission if isinstance(need, ServiceOnly) else need
        if need is None:
            problems.append(method)
        elif isinstance(permission, str) and permission not in permissions.ALL:
            problems.append(f"{method} ({permission!r} is no permission)")
    if problems:
        raise ImproperlyConfigured(
            "Methods of gRPC must say what permission they need (oms_project/rpc/needs.py): "
            + "; ".join(problems)
            + "."
        )
