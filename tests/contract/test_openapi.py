"""The OpenAPI document: whole, valid, exemplified, and the same as what the URLs serve."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

METHODS = ("get", "post", "put", "patch", "delete")
#: Operations that only read, though they have a body.
QUESTIONS = {
    "postSparql", "queryObjects", "queryLinks", "queryObjectFigures", "queryLinkFigures",
    "proposeObjectType",
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith(("/api/v1/ontologies", "/api/v1/kernel")):
                yield method, path, operation


def test_it_is_made_without_warnings_and_is_valid() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.1"
    assert {"bearer", "cookieAuth"} <= document["components"]["securitySchemes"].keys()


def test_every_served_method_is_described(document: dict[str, Any]) -> None:
    served = set()

    def walk(patterns: list[Any], prefix: str) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, prefix + str(pattern.pattern))
            elif isinstance(pattern, URLPattern):
                view = getattr(pattern.callback, "cls", None)
                if getattr(view, "schema", None) is None:
                    continue  # a protocol of somebody else's
                if view is not None and view.__module__.startswith("ontology.api."):
                    path = re.sub(r"<\w+:(\w+)>", r"{\1}", prefix + str(pattern.pattern))
                    served.update((name, path) for name in METHODS if hasattr(view, name))

    walk(get_resolver().url_patterns, "/")

    assert {(method, path) for method, path, _ in operations(document)} == served
    assert len(served) == 165


def test_operation_ids_are_unique_and_every_operation_is_told_about(
    document: dict[str, Any],
) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]

    assert len(set(ids)) == len(ids)
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["tags"], where
        assert operation["security"], where
        assert "{" not in operation["summary"] + operation["operationId"], where
        assert {"400", "401", "403", "default"} <= operation["responses"].keys(), where
        for parameter in operation["parameters"]:
            assert parameter["description"], f"{where} {parameter['name']}"


def test_every_write_takes_an_idempotency_key_and_every_versioned_read_a_ref(
    document: dict[str, Any],
) -> None:
    for method, path, operation in operations(document):
        names = {parameter["name"] for parameter in operation["parameters"]}
        writes = method != "get" and operation["operationId"] not in QUESTIONS
        assert ("Idempotency-Key" in names) == writes, f"{method} {path}"
    for name in ("listObjectTypes", "getObjectType", "listDocuments", "listCommits", "exportRdf",
                 "getHierarchy", "getStatistics", "describeLinkType", "getHeader", "listObjects",
                 "getLink", "searchObjects", "traverse", "queryObjects", "aggregateLinks"):  # fmt: skip
        found = next(item for _, _, item in operations(document) if item["operationId"] == name)
        assert "ref" in {parameter["name"] for parameter in found["parameters"]}, name


def contents(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body that is described: where, and its media type object."""
    for method, path, operation in operations(document):
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{method} {path} {media}", content
        for status, response in operation["responses"].items():
            for media, content in response.get("content", {}).items():
                yield f"{method} {path} {status} {media}", content


def test_json_bodies_have_examples_and_the_examples_are_true(document: dict[str, Any]) -> None:
    checked = 0
    for where, content in contents(document):
        if "json" not in where.rsplit(" ", 1)[1] or "ld+json" in where:
            continue
        assert "example" in content, where
        schema = {"components": document["components"], **content["schema"]}
        errors = [
            f"{error.json_path}: {error.message}"
            for error in Draft202012Validator(schema).iter_errors(content["example"])
        ]
        assert errors == [], where
        checked += 1
    assert checked > 300


def test_events_are_described_with_true_examples(document: dict[str, Any]) -> None:
    checked = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["tags"] != ["events"]:
                continue
            where = f"{method} {path}"
            assert operation["summary"], where
            for parameter in operation.get("parameters", ()):
                told = parameter["in"] == "path" or parameter.get("description")
                assert told, f"{where} {parameter['name']}"
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for media, content in (
                one for body in bodies for one in body.get("content", {}).items()
            ):
                schema = {"components": document["components"], **content["schema"]}
                assert content["examples"], f"{where} {media}"
                for example in content["examples"].values():
                    Draft202012Validator(schema).validate(example["value"])
                    checked += 1
    assert checked > 40


def test_the_page_and_its_assets_come_from_here(client: Any) -> None:
    page = client.get("/api/v1/docs")

    assert page.status_code == 200
    text = page.content.decode()
    assert re.findall(r"""(?:src|href)=["'](https?:)?//""", text) == []
    assert client.get("/api/v1/schema").json()["openapi"] == "3.1.1"
