"""Where an ontology lives, and what others did there."""

from __future__ import annotations

from typing import ClassVar

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.routes import Declaration
from ontology import selectors
from ontology.api.endpoint import Answer, OntologyView, endpoint
from ontology.api.openapi.components import page_of
from ontology.api.query import NoQuery, StrayQuery
from ontology.api.reading import answer_current
from ontology.api.rendering import json_response
from ontology.services import homes

__all__ = ["HomeView", "ReconcileView", "SettleView", "StraysView"]


class HomeView(OntologyView):
    """``…/home``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_ADMINISTER}

    @endpoint(
        "getHome",
        "Where an ontology lives",
        tag="ontologies",
        answers=(Answer(200, "Home and index beside each other.", "HomeStatus", "HomeStatus"),),
    )
    def get(self, _request: Request, *, ontology: str, query: NoQuery) -> HttpResponseBase:
        """In the database of OMS, or in TerminusDB; there, how far home and index are apart. Asks the
        home: one that does not answer is an answer too.
        """
        return json_response(selectors.home_status(ontology=ontology))


class StraysView(OntologyView):
    """``…/home/strays``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_ADMINISTER}

    @endpoint(
        "listStrays",
        "List what others did in a home",
        tag="ontologies",
        query=StrayQuery,
        answers=(
            Answer(200, "A page, latest first.", page_of("Stray"), "StrayPage", headers=("ETag",)),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: StrayQuery) -> HttpResponseBase:
        """Commits, branches and moves in the ontology's home that OMS did not make. Nothing is
        written to a branch while an open one stands on it.
        """
        page = selectors.list_strays(
            ontology=ontology, state=query.state, limit=query.limit, cursor=query.cursor or None
        )
        return answer_current(request, {"items": page.items, "next": page.next_cursor})


class ReconcileView(OntologyView):
    """``…/home/reconcile``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_ADMINISTER}

    @endpoint(
        "reconcileHome",
        "Hold home and index against each other now",
        tag="ontologies",
        answers=(Answer(200, "What was found and done.", "ReconcileReport", "ReconcileReport"),),
    )
    def post(self, _request: Request, *, ontology: str, query: NoQuery) -> HttpResponseBase:
        """Finish what a process left that died, and find what others did. Servers do it by themselves
        every `OMS_RECONCILE_INTERVAL` seconds.
        """
        return json_response(homes.reconcile(ontology=ontology))


class SettleView(OntologyView):
    """``…/home/strays/{stray}/settle``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_ADMINISTER}

    @endpoint(
        "settleStray",
        "Put a home back to what OMS knows",
        tag="ontologies",
        answers=(Answer(200, "The stray, settled.", "Stray", "Stray"),),
        problems=(409,),
    )
    def post(
        self, _request: Request, *, ontology: str, stray: int, query: NoQuery
    ) -> HttpResponseBase:
        """What others did is discarded: the branch is put back to its last commit of OMS, or the home
        is written anew where commits of OMS stand on top of it.
        """
        return json_response(homes.settle_stray(ontology=ontology, stray=stray))
