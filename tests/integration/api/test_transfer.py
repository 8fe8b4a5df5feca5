"""RDF in and out over REST: bodies, forms, jobs, bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient
from rest_framework.test import APIClient

from ontology.selectors import EXPORT_FORMATS
from scheduling import services as jobs
from tests.integration.api.conftest import head_of, problem

pytestmark = [pytest.mark.data, pytest.mark.django_db]

TURTLE = b"""
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix f: <https://example.org/fleet/> .
f:Airport a owl:Class ; rdfs:label "Airport"@en , "\xea\xb3\xb5\xed\x95\xad"@ko .
f:Helipad a owl:Class ; rdfs:subClassOf f:Airport .
"""


def send(api: APIClient, address: str, body: bytes, media: str, **headers: str) -> Any:
    return api.generic("POST", address, body, content_type=media, headers=headers)


def run_jobs() -> None:
    while (job_id := jobs.claim_job()) is not None:
        jobs.run_claimed(job_id)


def spooled(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_body_of_turtle_becomes_one_commit(
    api: APIClient, fleet: str, spool_folder: Path
) -> None:
    answer = send(api, f"{fleet}/imports?message=Airports", TURTLE, "text/turtle")

    assert answer.status_code == 201, answer.content
    result = answer.json()
    assert answer["Location"] == f"{fleet}/commits/{result['commit']['id']}"
    assert result["commit"]["message"] == "Airports"
    assert result["stats"]["ObjectType"] == {"create": 2}
    assert result["head"] == answer["X-OMS-Commit"] == head_of(api, fleet)
    assert result["report"]
    airport = api.get(f"{fleet}/object-types/Airport").json()
    assert airport["displayName"] == {"en": "Airport", "ko": "공항"}
    assert api.get(f"{fleet}/object-types/Person").status_code == 200
    assert spooled(spool_folder) == []


def test_a_form_may_hold_files_and_options(api: APIClient, fleet: str, spool_folder: Path) -> None:
    head = head_of(api, fleet)
    form = {
        "file": [
            SimpleUploadedFile("a/one.ttl", TURTLE),
            SimpleUploadedFile("b/one.ttl", TURTLE.replace(b"Airport", b"Harbour")),
        ],
        "mode": "replace",
        "branch": "draft",
        "dry_run": "true",
    }
    api.post(f"{fleet}/branches", {"name": "draft"})

    dry = api.post(f"{fleet}/imports", form, format="multipart")
    assert dry.status_code == 200, dry.content
    stats = dry.json()["stats"]
    assert stats["ObjectType"] == {"create": 3, "delete": 3}
    assert stats["LinkType"] == {"delete": 1}
    assert head_of(api, fleet, "draft") == head
    form["file"] = [SimpleUploadedFile("one.ttl", TURTLE)]
    both = api.post(f"{fleet}/imports?mode=merge", form, format="multipart")
    assert problem(both, 400, "bad_query")["errors"][0]["parameter"] == "mode"
    form |= {"dry_run": "false", "file": [SimpleUploadedFile("one.ttl", TURTLE)]}
    done = api.post(f"{fleet}/imports", form, format="multipart")

    assert done.status_code == 201, done.content
    assert done.json()["commit"]["message"] == "Import one.ttl"
    assert [item["apiName"] for item in
            api.get(f"{fleet}/object-types", {"ref": "draft"}).json()["items"]] == [
        "Airport", "Helipad"]  # fmt: skip
    assert head_of(api, fleet) == head
    assert spooled(spool_folder) == []


def test_what_is_broken_is_refused_and_nothing_is_kept(
    api: APIClient, fleet: str, spool_folder: Path
) -> None:
    head = head_of(api, fleet)
    address = f"{fleet}/imports"

    assert send(api, address, b"@prefix broken", "text/turtle").status_code == 422
    problem(send(api, address, b"", "text/turtle"), 422, "empty_import")
    problem(api.post(address, {"mode": "merge"}, format="multipart"), 422, "empty_import")
    problem(send(api, address, b"{}", "application/pdf"), 415, "unsupported_media_type")
    problem(send(api, f"{address}?mode=both", TURTLE, "text/turtle"), 400, "bad_query")
    stale = send(api, address, TURTLE, "text/turtle", **{"If-Match": '"0-0"'})
    problem(stale, 412, "if_match_failed")
    assert head_of(api, fleet) == head
    assert spooled(spool_folder) == []


def test_an_import_beyond_the_bound_is_refused_while_it_arrives(
    api: APIClient, fleet: str, settings: Any, spool_folder: Path
) -> None:
    settings.OMS_MAX_IMPORT_BYTES = 1000
    head = head_of(api, fleet)
    large = TURTLE + b"#" * 5000

    raw = send(api, f"{fleet}/imports", large, "text/turtle")
    form = api.post(
        f"{fleet}/imports", {"file": SimpleUploadedFile("x.ttl", large)}, format="multipart"
    )

    problem(raw, 413, "too_large")
    problem(form, 413, "too_large")
    assert head_of(api, fleet) == head
    assert spooled(spool_folder) == []


@pytest.mark.parametrize("how", ["prefer", "size"])
def test_a_large_import_becomes_a_job(
    api: APIClient, fleet: str, settings: Any, spool_folder: Path, how: str
) -> None:
    headers = {"Prefer": "respond-async"} if how == "prefer" else {}
    if how == "size":
        settings.OMS_SYNC_IMPORT_BYTES = 100
    head = head_of(api, fleet)

    answer = send(
        api, f"{fleet}/imports?format=turtle&message=Later", TURTLE, "application/octet-stream",
        **headers,
    )  # fmt: skip

    assert answer.status_code == 202, answer.content
    assert answer["Location"] == f"/api/v1/jobs/{answer.json()['id']}"
    assert api.get(answer["Location"]).json()["state"] == "queued"
    assert head_of(api, fleet) == head
    run_jobs()
    job = api.get(answer["Location"]).json()
    assert job["state"] == "succeeded", job["error"]
    assert job["result"]["stats"]["ObjectType"] == {"create": 2}
    assert job["result"]["commit"]["message"] == "Later"
    assert job["result"]["commit"]["authorUsername"] == "root"
    assert head_of(api, fleet) == job["result"]["head"]
    assert spooled(spool_folder) == []


def test_an_import_with_a_key_starts_one_job(
    api: APIClient, fleet: str, spool_folder: Path
) -> None:
    headers = {"Prefer": "respond-async", "Idempotency-Key": "import-1"}

    first = send(api, f"{fleet}/imports", TURTLE, "text/turtle", **headers)
    second = send(api, f"{fleet}/imports", TURTLE, "text/turtle", **headers)
    other = send(api, f"{fleet}/imports", TURTLE + b"#", "text/turtle", **headers)

    assert second.content == first.content
    assert second["Idempotency-Replayed"] == "true"
    problem(other, 422, "idempotency_key_reused")
    assert len(api.get("/api/v1/jobs").json()["items"]) == 1
    assert spooled(spool_folder) == ["body"]
    run_jobs()
    assert api.get(first["Location"]).json()["state"] == "succeeded"


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_what_is_exported_and_imported_again_is_the_same(
    api: APIClient, fleet: str, name: str
) -> None:
    media, extension = EXPORT_FORMATS[name]
    head = head_of(api, fleet)

    by_name = api.get(f"{fleet}/export", {"format": name})
    by_accept = api.get(f"{fleet}/export", headers={"Accept": f"text/html;q=0.1, {media};q=0.9"})

    content = b"".join(by_name.streaming_content)
    assert by_name.status_code == 200
    assert by_name["Content-Type"] == media
    assert by_name["Content-Disposition"] == (
        f'attachment; filename="fleet-{head[:12]}.{extension}"'
    )
    assert by_name["X-OMS-Commit"] == head
    assert by_accept["Content-Type"] == media
    again = send(api, f"{fleet}/imports?mode=replace", content, media)
    # RDF/XML cannot be written without declaring prefixes, and those are imported.
    assert again.json()["stats"].keys() <= ({"Ontology"} if name == "rdf-xml" else set())


def test_an_export_streams_where_django_serves_asynchronously(
    api: APIClient, fleet: str, recwarn: pytest.WarningsRecorder
) -> None:
    authorization = api._credentials["HTTP_AUTHORIZATION"]

    async def fetch() -> tuple[int, bytes]:
        answer = await AsyncClient().get(
            f"{fleet}/export", headers={"Authorization": authorization}
        )
        return answer.status_code, b"".join([part async for part in answer.streaming_content])

    status, content = async_to_sync(fetch)()

    assert status == 200
    assert content == b"".join(api.get(f"{fleet}/export").streaming_content)
    assert [str(warning.message) for warning in recwarn if "synchronous" in str(warning)] == []


def test_a_prepared_export_is_fetched_from_its_job(
    api: APIClient, viewer: APIClient, fleet: str
) -> None:
    started = api.post(f"{fleet}/exports", {"format": "n-triples"})
    assert started.status_code == 202
    job = started.json()["id"]
    assert started["Link"] == f'<{fleet}/exports/{job}>; rel="result"'
    problem(api.get(f"{fleet}/exports/{job}"), 409, "export_not_ready")
    run_jobs()

    answer = api.get(f"{fleet}/exports/{job}")

    direct = api.get(f"{fleet}/export", {"format": "n-triples"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/n-triples"
    assert sorted(b"".join(answer.streaming_content).splitlines()) == sorted(
        b"".join(direct.streaming_content).splitlines()
    )
    problem(viewer.get(f"{fleet}/exports/{job}"), 404, "job_not_found")
    problem(api.post(f"{fleet}/exports", {"format": "docx"}), 400, "rdf_format")


def test_verify_as_a_job(api: APIClient, fleet: str) -> None:
    started = api.post(f"{fleet}/verify", headers={"Prefer": "respond-async"})
    assert started.status_code == 202
    run_jobs()

    job = api.get(started["Location"]).json()

    assert job["state"] == "succeeded"
    assert (job["result"]["ok"], job["result"]["commits"]) == (True, 5)
