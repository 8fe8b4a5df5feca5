"""How a route says what it needs."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from oms_project.core.authorization import permissions
from oms_project.core.routes import (
    AUTHENTICATED,
    PUBLIC,
    Authenticated,
    Declaration,
    Public,
    declaration_of,
    declared,
    need_of,
    requires,
)


class _View:
    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_READ,
        "POST": permissions.ONTOLOGY_WRITE,
    }


def test_a_class_declares_with_an_attribute() -> None:
    def callback(*_args: Any) -> None: ...

    callback.view_class = _View  # type: ignore[attr-defined]
    declaration = declaration_of(callback)
    assert declaration is not None
    assert need_of(declaration, "GET") == permissions.ONTOLOGY_READ
    assert need_of(declaration, "HEAD") == permissions.ONTOLOGY_READ
    assert need_of(declaration, "POST") == permissions.ONTOLOGY_WRITE
    assert need_of(declaration, "DELETE") is None
    assert isinstance(need_of(declaration, "OPTIONS"), Authenticated)


def test_a_function_declares_with_a_decorator() -> None:
    @requires(permissions.POLICY_READ)
    def view(_request: object) -> str:
        return "done"

    declaration = declaration_of(view)
    assert declaration == {"*": permissions.POLICY_READ}
    assert need_of(declaration, "DELETE") == permissions.POLICY_READ
    assert view(None) == "done"


def test_a_foreign_view_is_declared_where_it_is_mounted() -> None:
    def foreign(_request: object) -> str:
        """Somebody else's."""
        return "done"

    mounted = declared(foreign, PUBLIC("a page for everybody"))
    assert mounted(None) == "done"
    assert mounted.__doc__ == "Somebody else's."
    assert declaration_of(mounted) == {"*": Public("a page for everybody")}
    assert declaration_of(foreign) is None


def test_an_open_route_lets_options_through() -> None:
    declaration: Declaration = {"POST": PUBLIC("this is where one signs in")}
    assert need_of(declaration, "OPTIONS") == Public("this is where one signs in")
    assert need_of(declaration, "GET") is None


@pytest.mark.parametrize("wrong", ["ontology.explode", {"get": "ontology.read"}, {"GET": None}])
def test_what_means_nothing_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="A route declares"):
        requires(wrong)


@pytest.mark.parametrize("kind", [PUBLIC, AUTHENTICATED])
def test_an_open_door_wants_a_reason(kind: type[Public | Authenticated]) -> None:
    with pytest.raises(ValueError, match="says why"):
        kind(" ")
