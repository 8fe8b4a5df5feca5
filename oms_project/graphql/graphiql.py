"""GraphiQL: the page of an endpoint, for a person who opens it in a browser."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from oms_project.core.context import current_actor

__all__ = ["graphiql_page", "wants_page"]


def wants_page(request: HttpRequest) -> bool:
    """Whether a browser opens the address itself, and asks nothing yet."""
    return (
        request.method == "GET"
        and "query" not in request.GET
        and "extensions" not in request.GET
        and "text/html" in request.headers.get("Accept", "")
    )


def graphiql_page(request: HttpRequest, *, ontology: str = "") -> HttpResponse:
    """The page; it asks the address it stands at, signed in as in the console."""
    return render(
        request,
        "graphql/graphiql.html",
        {
            "endpoint": request.get_full_path(),
            "ontology": ontology,
            "ref": request.GET.get("ref", ""),
            "username": current_actor().username,
        },
    )
