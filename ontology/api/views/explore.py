"""Computed reads: what a type comes to, how types hang together, names for pickers."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from django.http.response import HttpResponseBase
from pydantic import Field
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.ids import RID_PATTERN
from oms_project.core.routes import Declaration
from ontology import selectors
from ontology.api.endpoint import Answer, OntologyView, endpoint
from ontology.api.query import Limit, ReadQuery, Text
from ontology.api.reading import answer_at, document_in
from ontology.api.rendering import json_response
from ontology.api.snapshots import Snapshot
from ontology.contract import DocumentView
from ontology.domain.kinds import Kind

__all__ = ["DescribeView", "HierarchyView", "NamesView", "StatisticsView"]

_AT = ("ETag", "X-OMS-Commit")
_COMMIT = {"type": "string", "description": "Id of the commit that was read."}


class HierarchyQuery(ReadQuery):
    """Which hierarchy."""

    kind: Literal["ObjectType", "SharedProperty", "LinkType", "Interface"] = "ObjectType"
    """The kind whose definitions have parents."""


class NamesQuery(ReadQuery):
    """What to find names for."""

    text: Annotated[Text, Field(max_length=200)] = Field(default="", examples=["pers"])
    """Names that begin with this come first, then any that hold it."""
    kind: tuple[Kind, ...] = ()
    """Only definitions of these kinds."""
    rid: tuple[Annotated[str, Field(pattern=RID_PATTERN.pattern)], ...] = Field(
        default=(), max_length=100
    )
    """Names of just these documents; `text` and `kind` say nothing then."""
    limit: Limit = 20
    """At most so many suggestions."""


class DescribeView(OntologyView):
    """``…/{collection}/{item}/describe``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "describe{kind}",
        "Describe a {words}",
        tag="definitions",
        query=ReadQuery,
        answers=(
            Answer(
                200, "All that holds for it.", "TypeDescription", "TypeDescription", headers=_AT
            ),
        ),
    )
    def get(
        self, request: Request, *, ontology: str, item: str, query: ReadQuery
    ) -> HttpResponseBase:
        """Own and inherited properties, links in and out, ancestors, children, and what uses it."""

        def render(at: Snapshot) -> HttpResponseBase:
            view = document_in(ontology=ontology, kind=self.kind, item=item, ref=at.commit.id)
            return json_response(
                selectors.describe(ontology=ontology, target=view.rid, ref=at.commit.id)
            )

        return answer_at(request, ontology=ontology, query=query, render=render)


class HierarchyView(OntologyView):
    """``…/hierarchy``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "getHierarchy",
        "Read the hierarchy of a kind",
        tag="documents",
        query=HierarchyQuery,
        answers=(Answer(200, "All nodes by `rid`.", "Hierarchy", "Hierarchy", headers=_AT),),
    )
    def get(self, request: Request, *, ontology: str, query: HierarchyQuery) -> HttpResponseBase:
        """Every definition of the kind with its parents and children; roots have no parents."""

        def render(at: Snapshot) -> HttpResponseBase:
            return json_response(
                selectors.hierarchy(ontology=ontology, ref=at.commit.id, kind=query.kind)
            )

        return answer_at(request, ontology=ontology, query=query, render=render)


class StatisticsView(OntologyView):
    """``…/statistics``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "getStatistics",
        "Count the documents",
        tag="documents",
        query=ReadQuery,
        answers=(
            Answer(
                200,
                "Number of live documents per kind.",
                {
                    "type": "object",
                    "required": ["commit", "counts"],
                    "properties": {
                        "commit": _COMMIT,
                        "counts": {
                            "type": "object",
                            "additionalProperties": {"type": "integer", "minimum": 0},
                        },
                    },
                },
                "Statistics",
                headers=_AT,
            ),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: ReadQuery) -> HttpResponseBase:
        """By kind, at a ref."""

        def render(at: Snapshot) -> HttpResponseBase:
            counts = selectors.statistics(ontology=ontology, ref=at.commit.id)
            return json_response({"commit": at.commit.id, "counts": counts})

        return answer_at(request, ontology=ontology, query=query, render=render)


class NamesView(OntologyView):
    """``…/names``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "suggestNames",
        "Suggest definitions by name",
        tag="documents",
        query=NamesQuery,
        answers=(
            Answer(
                200,
                "The best first.",
                {
                    "type": "object",
                    "required": ["commit", "items"],
                    "properties": {
                        "commit": _COMMIT,
                        "items": {
                            "type": "array",
                            "items": {"$ref": "#/components/schemas/DocumentSummary"},
                        },
                    },
                },
                "Names",
                headers=_AT,
            ),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: NamesQuery) -> HttpResponseBase:
        """For pickers and completion; with `rid`, the names of what references point at."""

        def render(at: Snapshot) -> HttpResponseBase:
            if query.rid:
                found = selectors.get_documents(ontology=ontology, rids=query.rid, ref=at.commit.id)
                views = [found[rid] for rid in dict.fromkeys(query.rid) if rid in found]
            else:
                views = list(
                    selectors.suggest(
                        ontology=ontology,
                        text=query.text,
                        kinds=query.kind,
                        ref=at.commit.id,
                        limit=query.limit,
                    )
                )
            items = [_summary(view) for view in views]
            return json_response({"commit": at.commit.id, "items": items})

        return answer_at(request, ontology=ontology, query=query, render=render)


def _summary(view: DocumentView) -> dict[str, Any]:
    return {
        "rid": view.rid,
        "kind": view.kind,
        "id": view.id,
        "name": view.name,
        "displayName": view.body.get("displayName", {}),
        "status": view.body.get("status", "active"),
    }
