"""The URL conf of row 7: all of OMS, and the views that it is compared with."""

from __future__ import annotations

from typing import Any

import orjson
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from oms_project import urls
from oms_project.core.authorization import permissions
from oms_project.core.routes import requires

#: SQL and its parameters: see ``pages``.
PAGE: tuple[str, tuple[Any, ...]] = ("", ())


def _page(_request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(*PAGE)
        rows = [orjson.loads(body) for (body,) in cursor.fetchall()]
    return HttpResponse(orjson.dumps(rows), content_type="application/json")


@requires(permissions.ONTOLOGY_READ)
def _constant(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(b'{"constant":true}', content_type="application/json")


urlpatterns = [path("bare/page", _page), path("api/v1/constant", _constant), *urls.urlpatterns]
