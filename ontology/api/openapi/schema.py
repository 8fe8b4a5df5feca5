"""From an ``@endpoint`` declaration to an OpenAPI operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.drainage import warn
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from rest_framework.serializers import Serializer

from ontology.api.fields import known_fields
from ontology.api.openapi import components
from ontology.api.openapi.texts import HEADERS, PATH_PARAMETERS, PROBLEMS, REQUEST_HEADERS, example
from ontology.api.query import query_parameters

if TYPE_CHECKING:
    from ontology.api.endpoint import Answer, BodySource, Endpoint

__all__ = ["EndpointSchema", "SchemaSource"]

#: Name of a component, a schema, or another app's serializer.
SchemaSource = str | dict[str, Any] | type[Serializer[Any]]

_EVERYWHERE = (400, 401, 403)
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class EndpointSchema(AutoSchema):
    """Describes a view whose methods are declared with ``@endpoint``."""

    def get_operation(
        self,
        path: str,
        path_regex: str,
        path_prefix: str,
        method: str,
        registry: ComponentRegistry,
    ) -> dict[str, Any] | None:
        """The operation, from the declaration alone."""
        self.registry, self.path, self.path_regex = registry, path, path_regex
        self.path_prefix, self.method = path_prefix, method.upper()
        declared: Endpoint | None = getattr(
            getattr(self.view, method.lower(), None), "endpoint", None
        )
        if declared is None:
            warn(f"{method} {path} is not declared with @endpoint.")
            return None
        operation: dict[str, Any] = {
            "operationId": self._named(declared.operation_id),
            "summary": self._named(declared.summary),
            "description": self._named(declared.description.replace("``", "`")),
            "tags": [declared.tag],
            "parameters": self._parameters(declared),
        }
        if declared.body is not None:
            operation["requestBody"] = self._request_body(declared.body)
        operation["security"] = self.get_auth()
        operation["responses"] = self._responses(declared)
        return operation

    def _named(self, text: str) -> str:
        kind = getattr(self.view, "kind", None)
        if kind is None:
            return text
        words = _words(kind.value)
        return (
            text.replace("{kind}", kind.value)
            .replace("{kinds}", _plural(kind.value))
            .replace("{words}", words)
            .replace("{plural}", _plural(words))
        )

    def _parameters(self, declared: Endpoint) -> list[dict[str, Any]]:
        parameters = [
            {"name": name, "in": "path", "required": True, **PATH_PARAMETERS[name]}
            for name in _variables(self.path)
        ]
        parameters += [self._with_choices(item) for item in query_parameters(declared.query)]
        names = list(declared.headers)
        if self.method in _WRITES and not declared.reads:
            names.append("Idempotency-Key")
        elif self.method == "GET" and any("ETag" in answer.headers for answer in declared.answers):
            names.append("If-None-Match")
        parameters += [{"name": name, "in": "header", **REQUEST_HEADERS[name]} for name in names]
        return parameters

    def _with_choices(self, parameter: dict[str, Any]) -> dict[str, Any]:
        if parameter["name"] == "fields":
            kind = getattr(self.view, "kind", None)
            known = known_fields(frozenset({kind} if kind else ()))
            if known is not None:
                parameter["schema"]["items"] = {"type": "string", "enum": list(known)}
        return parameter

    def _request_body(self, source: BodySource) -> dict[str, Any]:
        return {
            "required": source.required,
            "content": {
                media: self._media(schema, given)
                for media, (schema, given) in source.content().items()
            },
        }

    def _responses(self, declared: Endpoint) -> dict[str, Any]:
        responses: dict[str, Any] = {}
        for answer in declared.answers:
            response = self._answer(answer)
            known = responses.setdefault(str(answer.status), response)
            if known is not response:  # another shape of the same answer, in other media types
                known["content"] |= response["content"]
        if any("ETag" in answer.headers for answer in declared.answers) and self.method == "GET":
            responses["304"] = {
                "description": "Nothing has changed since the ETag in `If-None-Match`.",
                "headers": {"ETag": HEADERS["ETag"]},
            }
        statuses = [*_EVERYWHERE, *declared.problems]
        if "{ontology}" in self.path:
            statuses.append(404)
        if self.method in _WRITES and not declared.reads:
            statuses += [409, 422]
        if declared.body is not None:
            statuses += [413, 415]
        for status in sorted(set(statuses)):
            description, problem = PROBLEMS[status]
            responses[str(status)] = {
                "description": description,
                "content": {
                    "application/problem+json": {
                        "schema": components.ref("Problem"),
                        "example": problem,
                    }
                },
            }
        return responses

    def _answer(self, answer: Answer) -> dict[str, Any]:
        response: dict[str, Any] = {"description": self._named(answer.description)}
        if answer.headers:
            response["headers"] = {name: HEADERS[name] for name in answer.headers}
        if answer.schema is not None:
            response["content"] = {
                media: self._media(answer.schema, answer.example) for media in answer.media
            }
        return response

    def _media(self, schema: SchemaSource, given: Any) -> dict[str, Any]:
        content: dict[str, Any] = {"schema": self._schema(schema)}
        value = example(self._named(given)) if isinstance(given, str) else given
        if value is not None:
            content["example"] = value
        return content

    def _schema(self, schema: SchemaSource) -> dict[str, Any]:
        if isinstance(schema, type):
            reference: dict[str, Any] = self.resolve_serializer(schema, "response").ref
            return reference
        if isinstance(schema, str):
            name = self._named(schema)
            self._register(name)
            return components.ref(name)
        named: dict[str, Any] = self._with_names(schema)
        return named

    def _with_names(self, value: Any) -> Any:
        """A schema whose references are registered, ``{kind}`` replaced."""
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                name = self._named(value["$ref"].rsplit("/", 1)[1])
                self._register(name)
                return components.ref(name)
            return {key: self._with_names(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._with_names(item) for item in value]
        return value

    def _register(self, name: str) -> None:
        schema, nested = components.component(name)
        for key, value in {**nested, name: schema}.items():
            self.registry.register_on_missing(
                ResolvedComponent(  # type: ignore[no-untyped-call]
                    name=key, type=ResolvedComponent.SCHEMA, schema=value, object=f"ontology.{key}"
                )
            )


def _variables(path: str) -> list[str]:
    return [part.split("}", 1)[0] for part in path.split("{")[1:]]


def _words(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _plural(name: str) -> str:
    return name[:-1] + "ies" if name.lower().endswith("property") else name + "s"
