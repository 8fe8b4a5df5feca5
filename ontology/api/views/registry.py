"""Ontologies, branches and tags: what is not versioned itself."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.pagination import decode_cursor, encode_cursor
from oms_project.core.routes import AUTHENTICATED, Declaration
from ontology import selectors, services
from ontology.api import bodies
from ontology.api.addresses import address
from ontology.api.endpoint import Answer, JsonSource, OntologyView, endpoint
from ontology.api.openapi.components import page_of
from ontology.api.query import NoQuery, PageQuery
from ontology.api.reading import answer_current
from ontology.api.rendering import json_response
from ontology.api.snapshots import next_link
from ontology.contract import BranchInfo, Page

__all__ = ["BranchView", "BranchesView", "OneOntologyView", "OntologiesView", "TagView", "TagsView"]

_READ = ("ETag",)
_LIST = ("ETag", "Link")
_MADE = ("Location",)
_GONE = Answer(204, "It is gone.")


def _page(request: Request, page: Page[Any]) -> HttpResponse:
    response = answer_current(request, {"items": page.items, "next": page.next_cursor})
    if page.next_cursor is not None:
        response.headers["Link"] = next_link(request, page.next_cursor)
    return response


class OntologiesView(OntologyView):
    """``ontologies``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": AUTHENTICATED("it lists what one may read, and nothing else"),
        "POST": permissions.ONTOLOGY_CREATE,
    }

    @endpoint(
        "listOntologies",
        "List the ontologies",
        tag="ontologies",
        query=PageQuery,
        answers=(Answer(200, "A page.", page_of("Ontology"), "OntologyPage", headers=_LIST),),
    )
    def get(self, request: Request, *, query: PageQuery) -> HttpResponseBase:
        """The ontologies that you may read, by name."""
        after = decode_cursor("ontologies", query.cursor, types=(str,))
        known = sorted(selectors.list_ontologies(), key=lambda info: info.name)
        found = [info for info in known if after is None or info.name > str(after[0])]
        page = tuple(found[: query.limit])
        more = encode_cursor("ontologies", (page[-1].name,)) if len(found) > len(page) else None
        return _page(request, Page(page, more))

    @endpoint(
        "createOntology",
        "Create an ontology",
        tag="ontologies",
        body=JsonSource(bodies.OntologyCreate),
        answers=(Answer(201, "It was created.", "Ontology", "Ontology", headers=_MADE),),
    )
    def post(
        self, request: Request, *, query: NoQuery, body: bodies.OntologyCreate
    ) -> HttpResponseBase:
        """A new ontology with a branch `main` and a first commit that holds its header."""
        info = services.create_ontology(
            name=body.name,
            base_iri=body.base_iri,
            display_name=body.display_name,
            description=body.description,
            prefixes=body.prefixes,
            default_language=body.default_language,
            compatibility=body.compatibility,
        )
        return json_response(info, status=201, Location=address(info.name))


class OneOntologyView(OntologyView):
    """``ontologies/{ontology}``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_READ,
        "PATCH": permissions.ONTOLOGY_ADMINISTER,
        "DELETE": permissions.ONTOLOGY_ADMINISTER,
    }

    @endpoint(
        "getOntology",
        "Read an ontology's entry",
        tag="ontologies",
        answers=(Answer(200, "The ontology.", "Ontology", "Ontology", headers=_READ),),
    )
    def get(self, request: Request, *, ontology: str, query: NoQuery) -> HttpResponseBase:
        """Its entry in the registry; what is versioned of it stands in `header`."""
        return answer_current(request, selectors.get_ontology(ontology=ontology))

    @endpoint(
        "updateOntology",
        "Change an ontology's entry",
        tag="ontologies",
        body=JsonSource(bodies.OntologyUpdate),
        answers=(Answer(200, "The ontology as it is now.", "Ontology", "Ontology"),),
    )
    def patch(
        self, request: Request, *, ontology: str, query: NoQuery, body: bodies.OntologyUpdate
    ) -> HttpResponseBase:
        """Description and default branch; the rest is versioned, see `header`."""
        return json_response(
            services.update_ontology(
                ontology=ontology, description=body.description, default_branch=body.default_branch
            )
        )

    @endpoint("deleteOntology", "Delete an ontology", tag="ontologies", answers=(_GONE,))
    def delete(self, request: Request, *, ontology: str, query: NoQuery) -> HttpResponseBase:
        """Its name is free again; the store keeps its history."""
        services.delete_ontology(ontology=ontology)
        return HttpResponse(status=204)


class BranchesView(OntologyView):
    """``…/branches``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_READ,
        "POST": permissions.ONTOLOGY_BRANCH,
    }

    @endpoint(
        "listBranches",
        "List the branches",
        tag="branches and tags",
        query=PageQuery,
        answers=(Answer(200, "A page.", page_of("Branch"), "BranchPage", headers=_LIST),),
    )
    def get(self, request: Request, *, ontology: str, query: PageQuery) -> HttpResponseBase:
        """By name."""
        return _page(
            request,
            selectors.list_branches(
                ontology=ontology, limit=query.limit, cursor=query.cursor or None
            ),
        )

    @endpoint(
        "createBranch",
        "Create a branch",
        tag="branches and tags",
        body=JsonSource(bodies.BranchCreate),
        answers=(Answer(201, "It was created.", "Branch", "Branch", headers=_MADE),),
    )
    def post(
        self, request: Request, *, ontology: str, query: NoQuery, body: bodies.BranchCreate
    ) -> HttpResponseBase:
        """A name that points at a commit; it costs the same whatever the commit holds."""
        info = services.create_branch(
            ontology=ontology, name=body.name, from_ref=body.from_ref, protected=body.protected
        )
        return json_response(info, status=201, Location=address(ontology, "branches", info.name))


class BranchView(OntologyView):
    """``…/branches/{branch}``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_READ,
        "PATCH": permissions.ONTOLOGY_ADMINISTER,
        "DELETE": permissions.ONTOLOGY_BRANCH,
    }

    @endpoint(
        "getBranch",
        "Read a branch",
        tag="branches and tags",
        answers=(Answer(200, "The branch.", "Branch", "Branch", headers=_READ),),
    )
    def get(
        self, request: Request, *, ontology: str, branch: str, query: NoQuery
    ) -> HttpResponseBase:
        """Its ETag guards a change set or a merge on it (`If-Match`)."""
        info: BranchInfo = selectors.get_branch(ontology=ontology, name=branch)
        return answer_current(request, info, state=info.head)

    @endpoint(
        "updateBranch",
        "Protect or open a branch",
        tag="branches and tags",
        body=JsonSource(bodies.BranchUpdate),
        answers=(Answer(200, "The branch as it is now.", "Branch", "Branch"),),
    )
    def patch(
        self,
        request: Request,
        *,
        ontology: str,
        branch: str,
        query: NoQuery,
        body: bodies.BranchUpdate,
    ) -> HttpResponseBase:
        """Only maintainers write to a protected branch, and nobody deletes it."""
        return json_response(
            services.update_branch(ontology=ontology, name=branch, protected=body.protected)
        )

    @endpoint("deleteBranch", "Delete a branch", tag="branches and tags", answers=(_GONE,))
    def delete(
        self, request: Request, *, ontology: str, branch: str, query: NoQuery
    ) -> HttpResponseBase:
        """Refused for the default branch and for protected ones. Commits stay."""
        services.delete_branch(ontology=ontology, name=branch)
        return HttpResponse(status=204)


class TagsView(OntologyView):
    """``…/tags``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_READ,
        "POST": permissions.ONTOLOGY_WRITE,
    }

    @endpoint(
        "listTags",
        "List the tags",
        tag="branches and tags",
        query=PageQuery,
        answers=(Answer(200, "A page.", page_of("Tag"), "TagPage", headers=_LIST),),
    )
    def get(self, request: Request, *, ontology: str, query: PageQuery) -> HttpResponseBase:
        """By name."""
        return _page(
            request,
            selectors.list_tags(ontology=ontology, limit=query.limit, cursor=query.cursor or None),
        )

    @endpoint(
        "createTag",
        "Create a tag",
        tag="branches and tags",
        body=JsonSource(bodies.TagCreate),
        answers=(Answer(201, "It was created.", "Tag", "Tag", headers=_MADE),),
    )
    def post(
        self, request: Request, *, ontology: str, query: NoQuery, body: bodies.TagCreate
    ) -> HttpResponseBase:
        """A name for a commit that never moves."""
        info = services.create_tag(
            ontology=ontology, name=body.name, ref=body.ref, message=body.message
        )
        return json_response(info, status=201, Location=address(ontology, "tags", info.name))


class TagView(OntologyView):
    """``…/tags/{tag}``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_READ,
        "DELETE": permissions.ONTOLOGY_ADMINISTER,
    }

    @endpoint(
        "getTag",
        "Read a tag",
        tag="branches and tags",
        answers=(Answer(200, "The tag.", "Tag", "Tag", headers=_READ),),
    )
    def get(self, request: Request, *, ontology: str, tag: str, query: NoQuery) -> HttpResponseBase:
        """The commit that it names, and why."""
        return answer_current(request, selectors.get_tag(ontology=ontology, name=tag))

    @endpoint("deleteTag", "Delete a tag", tag="branches and tags", answers=(_GONE,))
    def delete(
        self, request: Request, *, ontology: str, tag: str, query: NoQuery
    ) -> HttpResponseBase:
        """For administrators: a tag is a promise."""
        services.delete_tag(ontology=ontology, name=tag)
        return HttpResponse(status=204)
