"""What the endpoints of identity share."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework.request import Request

from oms_project.core.errors import BadRequest

__all__ = ["flag", "read", "shown"]


def read(shape: type[Any], request: Request) -> dict[str, Any]:
    """The body of a request, in that shape.

    Raises:
        ValidationError: REST framework's; it is another one.
    """
    serializer = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    found: dict[str, Any] = serializer.validated_data
    return found


def shown(shape: type[Any], value: Any, **more: Any) -> dict[str, Any]:
    """A plain value in that shape."""
    data: dict[str, Any] = shape({**asdict(value), **more}).data
    return data


def flag(request: Request, name: str) -> bool:
    """A query parameter that says yes or no; left out: no.

    Raises:
        BadRequest: it says something else.
    """
    match request.query_params.get(name, "false"):
        case "true":
            return True
        case "false":
            return False
        case _:
            raise BadRequest(f"{name} must be true or false.", code="bad_parameter")
