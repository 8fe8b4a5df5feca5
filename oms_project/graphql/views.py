"""``/graphql``: the platform's endpoint. GraphQL is loaded with the first request, not before."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from oms_project.core.authorization import permissions
from oms_project.core.routes import AUTHENTICATED, requires
from oms_project.graphql.graphiql import graphiql_page, wants_page

__all__ = ["graphql", "schema_text"]

_WHY = AUTHENTICATED("every field says what it needs, and is asked for it")


@csrf_exempt  # `respond` checks it for what comes with a cookie, and says it in GraphQL's form
@requires({"GET": _WHY, "POST": _WHY})
def graphql(request: HttpRequest) -> HttpResponseBase:
    """Queries, mutations, and subscriptions as server-sent events; GraphiQL for a browser."""
    if wants_page(request):
        return graphiql_page(request)
    from oms_project.graphql.http import respond
    from oms_project.graphql.schema import platform_schema

    return respond(request, platform_schema)


@requires({"GET": permissions.GRAPHQL_INTROSPECT})
def schema_text(request: HttpRequest) -> HttpResponse:
    """The platform's schema as text, for code generators."""
    from oms_project.graphql.schema import platform_sdl

    del request
    response = HttpResponse(platform_sdl(), content_type="application/graphql; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="oms.graphql"'
    return response
