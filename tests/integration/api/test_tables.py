"""Loads, proposals and unloads over REST: bodies, forms, jobs, bounds."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from scheduling import services as jobs
from tests.integration.api.conftest import head_of, problem

pytestmark = [pytest.mark.data, pytest.mark.django_db]

CSV = b"staff_number,birth_date\n1,1990-01-31\n2,\n"
LINES = b'{"staffNumber":"3","birthDate":"2000-02-29"}\n'


def send(api: APIClient, address: str, body: bytes, media: str = "text/csv", **headers: str) -> Any:
    return api.generic("POST", address, body, content_type=media, headers=headers)


def run_jobs() -> None:
    while (job_id := jobs.claim_job()) is not None:
        jobs.run_claimed(job_id)


def spooled(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def people(api: APIClient, fleet: str, **query: str) -> list[dict[str, Any]]:
    answer = api.get(f"{fleet}/unload", {"type": "Person", "format": "jsonl", **query})
    assert answer.status_code == 200, answer.content
    return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


def test_a_body_of_csv_becomes_one_commit(api: APIClient, fleet: str, spool_folder: Path) -> None:
    answer = send(api, f"{fleet}/loads?type=Person&message=People&name=people.csv", CSV)

    assert answer.status_code == 201, answer.content
    result = answer.json()
    assert answer["Location"] == f"{fleet}/commits/{result['commit']['id']}"
    assert result["head"] == answer["X-OMS-Commit"] == head_of(api, fleet)
    assert result["commit"]["message"] == "People"
    assert (result["type"], result["kind"], result["created"]) == ("Person", "Object", 2)
    assert result["file"]["name"] == "people.csv"
    assert people(api, fleet) == [
        {"@id": "Person/1", "@type": "Person", "birthDate": "1990-01-31", "staffNumber": "1"},
        {"@id": "Person/2", "@type": "Person", "staffNumber": "2"},
    ]
    again = send(api, f"{fleet}/loads?type=Person", CSV)
    assert (again.status_code, again.json()["unchanged"]) == (200, 2)
    assert spooled(spool_folder) == []


def test_a_form_may_hold_the_file_and_the_options(
    api: APIClient, fleet: str, spool_folder: Path
) -> None:
    mapping = {"columns": {"no": "staffNumber", "colour": None}}
    form = {
        "file": SimpleUploadedFile("crew.csv", b"no;colour\n7;red\n"),
        "type": "Pilot",
        "mapping": json.dumps(mapping),
        "dry_run": "true",
    }
    dry = api.post(f"{fleet}/loads", form, format="multipart")
    assert dry.status_code == 200, dry.content
    assert (dry.json()["created"], dry.json()["dryRun"]) == (1, True)
    form |= {"file": SimpleUploadedFile("crew.csv", b"no;colour\n7;red\n"), "dry_run": "false"}
    done = api.post(f"{fleet}/loads", form, format="multipart")
    assert done.status_code == 201, done.content
    assert done.json()["commit"]["message"] == "Load crew.csv"
    assert spooled(spool_folder) == []


def test_json_lines_and_parquet_are_bodies_too(api: APIClient, fleet: str) -> None:
    assert (
        send(api, f"{fleet}/loads?type=Person", LINES, "application/x-ndjson").json()["created"]
        == 1
    )
    answer = api.get(
        f"{fleet}/unload?type=Person", headers={"Accept": "application/vnd.apache.parquet"}
    )
    assert answer["Content-Type"] == "application/vnd.apache.parquet"
    data = b"".join(answer.streaming_content)
    assert pq.read_table(io.BytesIO(data)).column("staffNumber").to_pylist() == ["3"]
    again = send(api, f"{fleet}/loads?type=Person", data, "application/vnd.apache.parquet")
    assert (again.status_code, again.json()["unchanged"]) == (200, 1)


def test_what_is_wrong_is_told_by_row_and_column(
    api: APIClient, fleet: str, spool_folder: Path
) -> None:
    head = head_of(api, fleet)
    bad = CSV + b"3,tomorrow\n1,\n"
    found = problem(send(api, f"{fleet}/loads?type=Person&name=p.csv", bad), 422, "rejected_rows")
    assert [(item["row"], item["column"], item["rule"]) for item in found["errors"]] == [
        (3, "birth_date", "data-type"),
        (4, "staff_number", "duplicate-row"),
    ]
    assert found["errors"][0]["document"] == "p.csv, row 3"
    assert head_of(api, fleet) == head
    skipped = send(api, f"{fleet}/loads?type=Person&on_error=skip", bad)
    assert skipped.status_code == 201
    assert [row["row"] for row in skipped.json()["errors"]] == [3, 4]
    assert spooled(spool_folder) == []


def test_what_cannot_be_understood(api: APIClient, fleet: str, spool_folder: Path) -> None:
    head = head_of(api, fleet)
    address = f"{fleet}/loads?type=Person"
    problem(send(api, f"{fleet}/loads", CSV), 400, "bad_query")
    problem(send(api, f"{address}&mode=replace", CSV), 400, "bad_query")
    problem(send(api, f"{address}&commit_every=-1", CSV), 400, "bad_query")
    problem(send(api, f"{address}&mapping=[", CSV), 400, "bad_query")
    problem(send(api, f"{address}&mapping={{%22colums%22:1}}", CSV), 422, "bad_mapping")
    problem(send(api, f"{address}&resume=true", CSV), 422, "commit_every")
    problem(send(api, f"{fleet}/loads?type=Nobody", CSV), 404, "type_not_found")
    problem(send(api, address, b""), 422, "empty_import")
    problem(send(api, address, CSV, "application/pdf"), 415, "unsupported_media_type")
    problem(send(api, address, CSV, **{"If-Match": '"0-0"'}), 412, "if_match_failed")
    two = [SimpleUploadedFile("a.csv", CSV), SimpleUploadedFile("b.csv", CSV)]
    problem(api.post(address, {"file": two}, format="multipart"), 422, "several_files")
    assert head_of(api, fleet) == head
    assert spooled(spool_folder) == []


def test_a_load_beyond_the_bound_is_refused(api: APIClient, fleet: str, settings: Any) -> None:
    settings.OMS_MAX_IMPORT_BYTES = 20
    problem(send(api, f"{fleet}/loads?type=Person", CSV), 413, "too_large")


@pytest.mark.parametrize("how", ["prefer", "size"])
def test_a_large_load_becomes_a_job(
    api: APIClient, fleet: str, settings: Any, spool_folder: Path, how: str
) -> None:
    headers = {"Prefer": "respond-async"} if how == "prefer" else {}
    if how == "size":
        settings.OMS_SYNC_IMPORT_BYTES = 10
    answer = send(
        api, f"{fleet}/loads?type=Person&on_error=skip&name=p.csv", CSV + b"3,x\n", **headers
    )
    assert answer.status_code == 202
    job = answer["Location"].rsplit("/", 1)[1]
    problem(api.get(f"{fleet}/loads/{job}/report"), 409, "load_not_done")
    run_jobs()
    done = api.get(answer["Location"]).json()
    assert done["state"] == "succeeded", done
    assert (done["result"]["created"], done["result"]["rejected"]) == (2, 1)
    report = api.get(f"{fleet}/loads/{job}/report")
    (row,) = [json.loads(line) for line in b"".join(report.streaming_content).splitlines()]
    assert (row["row"], row["values"]) == (3, {"staffNumber": "3", "birthDate": "x"})
    assert len(people(api, fleet)) == 2
    assert spooled(spool_folder) == ["rejected.jsonl"]


def test_a_job_that_is_refused_keeps_its_report(
    api: APIClient, fleet: str, spool_folder: Path
) -> None:
    answer = send(api, f"{fleet}/loads?type=Person", CSV + b"3,x\n", Prefer="respond-async")
    run_jobs()
    done = api.get(answer["Location"]).json()
    assert (done["state"], done["error"]["code"]) == ("failed", "rejected_rows")
    job = answer["Location"].rsplit("/", 1)[1]
    report = b"".join(api.get(f"{fleet}/loads/{job}/report").streaming_content)
    assert json.loads(report)["row"] == 3
    assert people(api, fleet) == []


def test_a_type_is_proposed_and_can_be_created_as_it_is(api: APIClient, fleet: str) -> None:
    data = b"code,opened\nICN,2001-03-29\nGMP,1939-01-01\n"
    answer = send(api, f"{fleet}/load-proposals?name=airports.csv", data)
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (found["type"], found["key"], found["rows"]) == ("Airport", ["code"], 2)
    made = api.post(f"{fleet}/changesets", {"changes": found["changes"], "message": "Airports"})
    assert made.status_code == 201, made.content
    loaded = send(api, f"{fleet}/loads?type=Airport&mapping={json.dumps(found['mapping'])}", data)
    assert (loaded.status_code, loaded.json()["created"]) == (201, 2)
    assert send(api, f"{fleet}/load-proposals?name=airports.csv", data).json()["type"] == "Airport2"


def test_unloads_are_filtered_named_and_cached(api: APIClient, fleet: str) -> None:
    send(api, f"{fleet}/loads?type=Person", CSV)
    answer = api.get(f"{fleet}/unload", {"type": "Person", "format": "csv", "subtypes": "false"})
    assert answer["Content-Disposition"] == 'attachment; filename="Person.csv"'
    assert b"".join(answer.streaming_content) == (
        b'@id,staffNumber,birthDate\r\n"Person/1",1,"1990-01-31"\r\n"Person/2",2,\r\n'
    )
    same = api.get(
        f"{fleet}/unload",
        {"type": "Person", "format": "csv", "subtypes": "false"},
        headers={"If-None-Match": answer["ETag"]},
    )
    assert same.status_code == 304
    assert [row["@id"] for row in people(api, fleet, where="birthDate:isNull:false")] == [
        "Person/1"
    ]
    one = json.dumps({"property": "staffNumber", "op": "eq", "value": "2"})
    assert [row["@id"] for row in people(api, fleet, filter=one)] == ["Person/2"]
    problem(api.get(f"{fleet}/unload?type=Person&format=xlsx"), 400, "table_format")
    problem(api.get(f"{fleet}/unload?type=Person&filter=["), 400, "bad_filter")
    problem(api.get(f"{fleet}/unload?type=Nobody"), 404, "type_not_found")


def test_who_may_only_read_cannot_load(viewer: APIClient, api: APIClient, fleet: str) -> None:
    head = head_of(api, fleet)
    problem(send(viewer, f"{fleet}/loads?type=Person", CSV), 403, "permission_denied")
    assert head_of(api, fleet) == head
    assert send(viewer, f"{fleet}/load-proposals", CSV).status_code == 200
    assert viewer.get(f"{fleet}/unload?type=Person").status_code == 200
