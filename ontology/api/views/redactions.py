"""Erasing values of objects and links for good."""

from __future__ import annotations

from typing import ClassVar

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.routes import Declaration
from ontology import selectors, services
from ontology.api import bodies
from ontology.api.endpoint import Answer, JsonSource, OntologyView, endpoint
from ontology.api.openapi.components import page_of
from ontology.api.query import NoQuery, PageQuery
from ontology.api.reading import answer_current
from ontology.api.rendering import json_response

__all__ = ["RedactionsView"]


class RedactionsView(OntologyView):
    """``…/redactions``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_ERASE,
        "POST": permissions.ONTOLOGY_ERASE,
    }

    @endpoint(
        "listRedactions",
        "List what was erased",
        tag="history",
        query=PageQuery,
        answers=(
            Answer(
                200,
                "A page, latest first: names of values, never the values.",
                page_of("Redaction"),
                "RedactionPage",
                headers=("ETag",),
            ),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: PageQuery) -> HttpResponseBase:
        """Who erased values of which object or link, when and why."""
        page = selectors.list_redactions(
            ontology=ontology, limit=query.limit, cursor=query.cursor or None
        )
        return answer_current(request, {"items": page.items, "next": page.next_cursor})

    @endpoint(
        "redact",
        "Erase values for good",
        tag="history",
        body=JsonSource(bodies.RedactionBody),
        answers=(
            Answer(
                200,
                "What was erased, or with `dryRun` what would be.",
                "RedactionResult",
                "RedactionResult",
            ),
        ),
    )
    def post(
        self, request: Request, *, ontology: str, query: NoQuery, body: bodies.RedactionBody
    ) -> HttpResponseBase:
        """From every version of an object or link on every branch. It cannot be undone. Commit
        ids, hashes and signatures stay valid; the erased names stand in `_redacted`.
        """
        return json_response(
            services.redact(
                ontology=ontology,
                target=body.target,
                fields=body.fields,
                reason=body.reason,
                ref=body.ref,
                dry_run=body.dry_run,
            )
        )
