"""What a route needs before its handler runs, said where the route is.

Deny by default: a route that says nothing does not boot (`oms_project.middleware.declarations`), and
the request chain asks for what is declared before it lets a request through. A class says it with
an attribute, a function with a decorator::

    class BranchView(APIView):
        required_permissions = {
            "GET": permissions.ONTOLOGY_READ,
            "DELETE": permissions.ONTOLOGY_BRANCH,
        }


    class TokenView(APIView):
        required_permissions = {"POST": PUBLIC("this is where one signs in")}


    @page
    @requires(permissions.ONTOLOGY_WRITE)
    def edit(request, ontology, target): ...


    @requires({"GET": permissions.POLICY_READ, "POST": permissions.POLICY_ADMINISTER})
    def rules(request): ...

A view of somebody else is declared where it is mounted: ``declared(view, PUBLIC("…"))``. A
``ModelAdmin`` carries ``required_permission`` (one for all its pages) or ``required_permissions``.
Consumers of WebSockets carry ``required_permissions`` with the method ``CONNECT``.

The declaration is the coarse check, "does the actor hold this for anything at all?"; the service
asks again about the ontology and the branch that it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Final, TypeVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction

from oms_project.core.authorization import permissions

__all__ = [
    "AUTHENTICATED",
    "EVERY_METHOD",
    "METHODS",
    "PUBLIC",
    "Authenticated",
    "Declaration",
    "Need",
    "Public",
    "declaration_of",
    "declared",
    "need_of",
    "requires",
]

V = TypeVar("V", bound=Callable[..., Any])

#: In a declaration: every method that has no entry of its own.
EVERY_METHOD: Final = "*"
#: Methods that a class may have a handler for and that must be declared then; HEAD is GET without
#: a body, and OPTIONS tells only what may be asked.
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "CONNECT")


def _want_reason(why: str) -> None:
    if not why.strip():
        raise ValueError("A route that needs no permission says why.")


@dataclass(frozen=True, slots=True)
class Public:
    """Anybody may, signed in or not.

    Attributes:
        why: a sentence; an open door wants a reason.
    """

    why: str

    def __post_init__(self) -> None:
        _want_reason(self.why)


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Whoever is signed in may, whatever roles they hold.

    Attributes:
        why: a sentence: what keeps them to what is their own.
    """

    why: str

    def __post_init__(self) -> None:
        _want_reason(self.why)


#: One of `permissions`, or who may without one.
Need = str | Public | Authenticated
#: Method in upper case (or `EVERY_METHOD`) -> need.
Declaration = Mapping[str, Need]

PUBLIC: Final = Public
AUTHENTICATED: Final = Authenticated

_OPTIONS: Final = Authenticated("what may be asked here is no secret")


def requires(need: Need | Declaration) -> Callable[[V], V]:
    """Declare a function's view: one need for every method, or one for each.

    Raises:
        ValueError: an unknown permission or method.
    """
    declaration = _checked(need)

    def decorate(view: V) -> V:
        view.required_permissions = declaration  # type: ignore[attr-defined]
        return view

    return decorate


def declared(view: V, need: Need | Declaration) -> V:
    """``view``, which is somebody else's, with a declaration; the view itself stays as it is."""

    def mounted(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    update_wrapper(mounted, view)
    if iscoroutinefunction(view):
        markcoroutinefunction(mounted)
    mounted.required_permissions = _checked(need)  # type: ignore[attr-defined]
    return mounted  # type: ignore[return-value]


def declaration_of(view: Any) -> Declaration | None:
    """What a view declares: the callable of an URL pattern, or a class. None: nothing.

    Raises:
        ValueError: a declaration that names an unknown permission or method.
    """
    own = getattr(view, "required_permissions", None)
    if own is None:
        behind = getattr(view, "cls", None) or getattr(view, "view_class", None)
        own = getattr(behind, "required_permissions", None)
    return None if own is None else _checked(own)


def need_of(declaration: Declaration, method: str) -> Need | None:
    """What ``method`` needs; None when nothing is declared for it."""
    method = "GET" if method == "HEAD" else method
    need = declaration.get(method, declaration.get(EVERY_METHOD))
    if need is None and method == "OPTIONS":
        public = [need for need in declaration.values() if isinstance(need, Public)]
        return public[0] if public else _OPTIONS
    return need


def _checked(need: Need | Declaration) -> Declaration:
    declaration = dict(need) if isinstance(need, Mapping) else {EVERY_METHOD: need}
    for method, one in declaration.items():
        if method not in METHODS and method != EVERY_METHOD:
            raise ValueError(f"A route declares {method!r}, which is none of {', '.join(METHODS)}.")
        if isinstance(one, str) and one not in permissions.ALL:
            raise ValueError(f"A route declares {one!r}, and there is no such permission.")
        if not isinstance(one, str | Public | Authenticated):
            raise ValueError(f"A route declares {one!r}: name a permission, or PUBLIC('why').")  # noqa: TRY004 - as above
    return declaration
