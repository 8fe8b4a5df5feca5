"""The root's own endpoints: the document that describes the API, and what answers the unknown."""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import BaseRenderer

from oms_project.api.errors import problem_for
from oms_project.core.errors import NotFound
from oms_project.core.routes import PUBLIC, Declaration, requires

__all__ = ["DocsView", "SchemaView", "unknown_endpoint"]

_JSON: list[type[BaseRenderer]] = [OpenApiJsonRenderer2, OpenApiJsonRenderer]
_YAML: list[type[BaseRenderer]] = [OpenApiYamlRenderer, OpenApiYamlRenderer2]


class SchemaView(SpectacularAPIView):
    """OpenAPI 3.1 as JSON, or YAML with ``?format=yaml`` or an ``Accept`` header for it."""

    required_permissions: ClassVar[Declaration] = {
        "GET": PUBLIC("it describes the API, and holds nothing of what the API keeps")
    }
    renderer_classes = [*_JSON, *_YAML]

    def get_renderers(self) -> list[BaseRenderer]:
        """JSON first, unless YAML is asked for."""
        if self.request.GET.get("format") == "yaml":
            return [renderer() for renderer in _YAML]
        return [renderer() for renderer in (*_JSON, *_YAML)]


@extend_schema(exclude=True)
class DocsView(SpectacularSwaggerSplitView):
    """The same document for a person, to read and to try; every asset is served from here."""

    required_permissions: ClassVar[Declaration] = {
        "GET": PUBLIC("it describes the API, and holds nothing of what the API keeps")
    }
    url_name = "schema"


@requires(PUBLIC("it says only that there is nothing"))
@csrf_exempt
def unknown_endpoint(request: HttpRequest) -> HttpResponse:
    """Whatever is asked for under ``/api/`` and does not exist."""
    return problem_for(NotFound(f"There is no endpoint {request.path}."), request)
