"""``/graphql/{ontology}``. GraphQL is loaded with the first request, not before."""

from __future__ import annotations

from contextlib import nullcontext

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from oms_project.api.errors import problem_for
from oms_project.core.authorization import permissions
from oms_project.core.errors import OmsError, PermissionDenied
from oms_project.core.memory import remembering
from oms_project.core.routes import AUTHENTICATED, requires
from oms_project.graphql.graphiql import graphiql_page, wants_page
from ontology.access import permitted

__all__ = ["schema_text", "typed"]

_WHY = AUTHENTICATED("every field says what it needs, and the ontology is one that is readable")


@csrf_exempt  # `respond` checks it for what comes with a cookie, and says it in GraphQL's form
@requires({"GET": _WHY, "POST": _WHY})
def typed(request: HttpRequest, ontology: str) -> HttpResponseBase:
    """Queries, mutations and subscriptions of one ontology, at the ref in ``?ref=``; GraphiQL for
    a browser.
    """
    if wants_page(request):
        return graphiql_page(request, ontology=ontology)
    from oms_project.graphql.http import respond
    from ontology.graphql.typed import typed_schema

    # Every mutation steps out of what is remembered; a stream of events lives longer than it.
    streams = "text/event-stream" in request.headers.get("Accept", "")
    with nullcontext() if streams else remembering():
        return respond(request, lambda: typed_schema(ontology, request.GET.get("ref", "")))


@requires({"GET": permissions.GRAPHQL_INTROSPECT})
def schema_text(request: HttpRequest, ontology: str) -> HttpResponse:
    """The schema of an ontology as text, for code generators."""
    from ontology.graphql.typed import typed_sdl

    try:
        permitted(ontology, permissions.GRAPHQL_INTROSPECT)  # the route asks: of any at all
        text = typed_sdl(ontology, request.GET.get("ref", ""))
    except OmsError as error:
        if isinstance(error, PermissionDenied):
            request.oms_denial = error  # type: ignore[attr-defined]  # for `AuditMiddleware`
        return problem_for(error, request)
    response = HttpResponse(text, content_type="application/graphql; charset=utf-8")
    response.headers["Content-Disposition"] = f'inline; filename="{ontology}.graphql"'
    return response
