"""The links at an object, and what is beyond them."""

from __future__ import annotations

from typing import ClassVar

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.routes import Declaration
from ontology import selectors
from ontology.api.endpoint import Answer, OntologyView, endpoint
from ontology.api.instances import LinksQuery, TraverseQuery, instance_in
from ontology.api.openapi.components import page_of
from ontology.api.reading import answer_at, page_answer
from ontology.api.rendering import json_response
from ontology.api.snapshots import Snapshot
from ontology.domain.kinds import Kind

__all__ = ["LinksOfObjectView", "TraverseView"]

_AT = ("ETag", "X-OMS-Commit")


class LinksOfObjectView(OntologyView):
    """``…/objects/{type}/{key}/links``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "listLinksOfObject",
        "List the links of an object",
        tag="objects",
        query=LinksQuery,
        answers=(
            Answer(
                200,
                "A page of links, each with the object at its other end.",
                page_of("LinkedObject", commit=True),
                "LinkedObjectPage",
                headers=(*_AT, "Link"),
            ),
        ),
    )
    def get(
        self, request: Request, *, ontology: str, type_name: str, key: str, query: LinksQuery
    ) -> HttpResponseBase:
        """Those that begin there first. All pages are of one commit."""

        def render(at: Snapshot) -> HttpResponseBase:
            view = instance_in(
                ontology=ontology,
                kind=Kind.OBJECT,
                type_name=type_name,
                key=key,
                ref=at.commit.id,
            )
            page = selectors.linked_objects(
                ontology=ontology,
                target=view.rid,
                link=query.link,
                direction=query.direction,
                ref=at.commit.id,
                limit=query.limit,
                cursor=at.inner,
            )
            return page_answer(request, page, at)

        return answer_at(request, ontology=ontology, query=query, render=render)


class TraverseView(OntologyView):
    """``…/objects/{type}/{key}/traverse``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "traverse",
        "Follow links from an object",
        tag="objects",
        query=TraverseQuery,
        answers=(
            Answer(
                200,
                "What was reached, the nearest first, and the links on the way.",
                "Traversal",
                "Traversal",
                headers=_AT,
            ),
        ),
    )
    def get(
        self, request: Request, *, ontology: str, type_name: str, key: str, query: TraverseQuery
    ) -> HttpResponseBase:
        """Breadth first, to a depth. Each object is there once, with the link by which it was
        reached first.
        """

        def render(at: Snapshot) -> HttpResponseBase:
            view = instance_in(
                ontology=ontology,
                kind=Kind.OBJECT,
                type_name=type_name,
                key=key,
                ref=at.commit.id,
            )
            found = selectors.traverse(
                ontology=ontology,
                target=view.rid,
                links=query.link,
                direction=query.direction,
                depth=query.depth,
                ref=at.commit.id,
                limit=query.limit,
            )
            return json_response(found)

        return answer_at(request, ontology=ontology, query=query, render=render)
