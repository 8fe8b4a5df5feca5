"""Deny by default: a route that does not say what it needs does not boot.

`check_routes` walks every address, the console's included, and every consumer. It runs before a
server answers its first request (`asgi.py`, `wsgi.py`) and as a system check (``oms.E010``), so
that ``manage.py check``, ``make run`` and the tests refuse as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.admin import ModelAdmin
from django.contrib.admin.sites import AdminSite
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver

from oms_project.core.routes import (
    AUTHENTICATED,
    EVERY_METHOD,
    METHODS,
    PUBLIC,
    Declaration,
    Need,
    declaration_of,
    need_of,
)

__all__ = ["Route", "check_routes", "declared_for", "register_route_check", "routes", "undeclared"]

_ONESELF: Final = "it is about nobody but oneself"
_MODEL_ADMINS: Final = "it shows what the pages it gathers from let one see"

#: The console's own pages, by the names of their addresses; what models add is declared by their
#: ``ModelAdmin``.
_SITE_PAGES: Final[Mapping[str, Need]] = {
    "index": AUTHENTICATED("it lists what one may read, and nothing else"),
    "login": PUBLIC("this is where one signs in"),
    "logout": PUBLIC("signing out twice does no harm"),
    "password_change": AUTHENTICATED(_ONESELF),
    "password_change_done": AUTHENTICATED(_ONESELF),
    "jsi18n": AUTHENTICATED("it holds translations"),
    "autocomplete": AUTHENTICATED(_MODEL_ADMINS),
    "search": AUTHENTICATED(_MODEL_ADMINS),
    "app_list": AUTHENTICATED(_MODEL_ADMINS),
    "view_on_site": AUTHENTICATED("it leads to an address that asks again"),
    "catch_all_view": AUTHENTICATED("it answers that there is no such page"),
}


@dataclass(frozen=True, slots=True)
class Route:
    """One address and what serves it.

    Attributes:
        path: as it stands in the URLconf, with its parameters.
        view: the callable that Django finds, or a consumer's class.
        name: of the pattern; None when it has none.
        methods: those that it has handlers for; empty for a function, which may serve any.
    """

    path: str
    view: Any
    name: str | None
    methods: tuple[str, ...]


def check_routes(application: object = None) -> None:
    """Refuse to go on when a route declares nothing.

    Args:
        application: an ASGI application whose consumers are looked at, too.

    Raises:
        ImproperlyConfigured: every route and method that declares nothing, or what means nothing.
    """
    problems = undeclared(application)
    if problems:
        raise ImproperlyConfigured(
            "Routes must say what permission they need (oms_project/core/routes.py): "
            + "; ".join(problems)
            + "."
        )


def register_route_check() -> None:
    """Make `check_routes` one of Django's system checks."""
    checks.register(_route_check, checks.Tags.urls)


def _route_check(app_configs: Any, **_options: Any) -> list[checks.CheckMessage]:
    del app_configs
    return [
        checks.Error(
            f"A route does not say what permission it needs: {problem}.",
            hint="Declare it as oms_project/core/routes.py says; without it nothing is served.",
            id="oms.E010",
        )
        for problem in undeclared()
    ]


def undeclared(application: object = None) -> list[str]:
    """Every route and method that declares nothing, as text; empty when all is well."""
    found: list[str] = []
    for route in (*routes(), *_consumers(application)):
        try:
            declaration = declared_for(route.view, route.name)
        except ValueError as error:
            found.append(f"/{route.path}: {error}")
            continue
        if declaration is None:
            found.append(f"/{route.path} ({_named(route.view)})")
            continue
        if declaration_of(route.view) is None:
            continue  # the console's, which serves what it declares and refuses the rest
        missing = [method for method in route.methods if need_of(declaration, method) is None]
        if missing:
            found.append(f"/{route.path} ({_named(route.view)}): {', '.join(missing)}")
    return found


def routes(urlconf: str | None = None) -> Iterator[Route]:
    """Every address of the project, in the order in which Django tries them."""
    yield from _walk(get_resolver(urlconf).url_patterns, "")


def declared_for(view: Any, name: str | None) -> Declaration | None:
    """What a matched view declares itself, or its ``ModelAdmin``, or the console for it.

    Args:
        view: as the resolver finds it.
        name: of the pattern.
    """
    own = declaration_of(view)
    if own is not None:
        return own
    for layer in _layers(view):
        owner = getattr(layer, "__self__", None)
        for candidate in (getattr(layer, "model_admin", None), owner):
            if isinstance(candidate, ModelAdmin):
                return _of_model_admin(candidate)
        for candidate in (getattr(layer, "admin_site", None), owner):
            if isinstance(candidate, AdminSite):
                page = str(name or getattr(layer, "__name__", ""))
                return {EVERY_METHOD: _SITE_PAGES[page]} if page in _SITE_PAGES else None
    return None


def _of_model_admin(model_admin: object) -> Declaration | None:
    declaration = declaration_of(model_admin)
    if declaration is None and (need := getattr(model_admin, "required_permission", None)):
        return {EVERY_METHOD: need}
    return declaration


def _layers(view: Any) -> Iterator[Any]:
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)


def _walk(patterns: Sequence[URLPattern | URLResolver], prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, path)
        else:
            yield Route(path, pattern.callback, pattern.name, _methods(pattern.callback))


def _methods(view: Any) -> tuple[str, ...]:
    behind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if behind is None:
        return ()
    return tuple(
        method
        for method in METHODS
        if hasattr(behind, method.lower()) and method.lower() in behind.http_method_names
    )


def _consumers(application: object) -> Iterator[Route]:
    """The consumers behind an ASGI application, through routers and wrappers."""
    if application is None:
        return
    for protocol, inner in getattr(application, "application_mapping", {}).items():
        if protocol != "http":
            yield from _consumers(inner)
    for route in getattr(application, "routes", ()):
        consumer = getattr(route.callback, "consumer_class", route.callback)
        yield Route(str(route.pattern), consumer, route.name, ("CONNECT",))
    for wrapped in ("inner", "application"):
        yield from _consumers(getattr(application, wrapped, None))


def _named(view: Any) -> str:
    for attribute in ("cls", "view_class"):
        view = getattr(view, attribute, view)
    return f"{getattr(view, '__module__', '?')}.{getattr(view, '__qualname__', view)}"
