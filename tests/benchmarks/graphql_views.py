"""The URL conf of row 8: all of OMS, and strawberry's own view over rows in memory."""

from __future__ import annotations

import strawberry
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from strawberry.django.views import GraphQLView

from oms_project import urls
from oms_project.core.routes import PUBLIC, declared


@strawberry.type
class Thing:
    id: int
    name: str
    size: int
    owner: str
    color: str
    weight: float


#: What the view lists: see ``graphql``.
ROWS: list[Thing] = []


@strawberry.type
class Query:
    @strawberry.field
    def things(self) -> list[Thing]:
        return ROWS


_view = csrf_exempt(GraphQLView.as_view(schema=strawberry.Schema(Query)))

urlpatterns = [
    path("bare/graphql", declared(_view, PUBLIC("a measurement"))),
    *urls.urlpatterns,
]
