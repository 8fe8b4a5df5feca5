"""Files of rows over GraphQL: loads, jobs and their reports, proposals, unloads."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from oms_project.identity.contract import Role
from ontology import selectors
from scheduling import services as jobs
from tests.integration.graphql.conftest import RESPONSE_JSON, GraphQLClient
from tests.integration.instances.conftest import NAME

pytestmark = [pytest.mark.django_db, pytest.mark.data]

CSV = "code,name,age\ndan,Dan,20\neve,Eve,21\n"
WRONG = "code,name,age\ndan,Dan,20\n,Nobody,1\neve,Eve,old\n"
LOAD = """mutation($input: LoadObjectsInput!) { loadObjects(input: $input) { __typename
  ... on Load { type kind rows created updated unchanged skipped rejected commits head dryRun
  commit { message } file { name size format sha256 } rejectedRows { row errors values } }
  ... on Job { id task state } ... on Problem { code detail errors } } }"""
REPORT = """query($job: ID!, $first: Int, $after: String) { ontology(name: "people") {
  loadReport(job: $job, first: $first, after: $after) { nodes { row errors values }
  pageInfo { hasNextPage endCursor } } } }"""
PROPOSE = """mutation($input: ProposeObjectTypeInput!) { proposeObjectType(input: $input) {
  __typename ... on LoadProposal { type changes mapping key rows complete notes
  columns { column property dataType required distinct missing } }
  ... on Problem { code detail } } }"""
UNLOAD = """query($type: String!, $format: String! = "jsonl", $where: FilterInput, $filter: JSON,
  $subtypes: Boolean! = true, $asOf: String! = "") { ontology(name: "people") { unload(type: $type,
  format: $format, where: $where, filter: $filter, subtypes: $subtypes, asOf: $asOf) {
  url filename mediaType commitId } } }"""


def load(client: GraphQLClient, **input: Any) -> dict[str, Any]:
    given = {"ontology": NAME, "type": "Person", "format": "csv", **input}
    found: dict[str, Any] = client.data(LOAD, {"input": given})["loadObjects"]
    return found


def uploaded(client: GraphQLClient, query: str, file: SimpleUploadedFile, **input: Any) -> Any:
    """The answer to a mutation that a file comes with (GraphQL multipart request)."""
    answer = client.http.post(
        "/graphql",
        {
            "operations": json.dumps(
                {"query": query, "variables": {"input": {"ontology": NAME, **input, "file": None}}}
            ),
            "map": json.dumps({"0": ["variables.input.file"]}),
            "0": file,
        },
        headers={"Accept": RESPONSE_JSON, **client.headers},
    )
    body = json.loads(answer.content)
    assert "errors" not in body, body
    return next(iter(body["data"].values()))


def run_jobs() -> None:
    while (job_id := jobs.claim_job()) is not None:
        jobs.run_claimed(job_id)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_an_upload_becomes_one_commit(
    graphql: GraphQLClient, people: None, spool_folder: Path
) -> None:
    file = SimpleUploadedFile("staff.csv", CSV.encode(), "text/csv")
    made = uploaded(graphql, LOAD, file, type="Person")
    assert made["__typename"] == "Load"
    assert (made["type"], made["kind"], made["rows"], made["created"]) == (
        "Person",
        "Object",
        2,
        2,
    )
    assert made["commit"]["message"] == "Load staff.csv"
    assert made["file"]["name"] == "staff.csv"
    assert (made["file"]["size"], made["file"]["format"]) == (len(CSV), "csv")
    assert made["head"] == selectors.get_branch(ontology=NAME).head
    assert left(spool_folder) == []
    again = load(graphql, text=CSV)
    assert (again["unchanged"], again["commit"], again["head"]) == (2, None, made["head"])


def test_links_are_loaded_with_their_ends(graphql: GraphQLClient, staff: None) -> None:
    rows = '{"@source":"Company/acme","@target":"Company/bolt"}\n'
    made = load(graphql, type="owns", text=rows, format="jsonl", message="Owners")
    assert (made["kind"], made["created"], made["commit"]["message"]) == ("Link", 1, "Owners")
    assert selectors.count_objects(ontology=NAME, type="owns") == 1


def test_wrong_rows_stop_a_load_or_are_left_out(graphql: GraphQLClient, people: None) -> None:
    before = selectors.get_branch(ontology=NAME).head
    stopped = load(graphql, text=WRONG)
    assert (stopped["__typename"], stopped["code"]) == ("InvalidProblem", "rejected_rows")
    assert {one["row"] for one in stopped["errors"]} == {2, 3}
    assert selectors.get_branch(ontology=NAME).head == before
    dry = load(graphql, text=WRONG, onError="SKIP", dryRun=True)
    assert (dry["created"], dry["dryRun"], dry["commit"]) == (1, True, None)
    assert selectors.get_branch(ontology=NAME).head == before
    done = load(graphql, text=WRONG, onError="SKIP")
    assert (done["created"], done["rejected"]) == (1, 2)
    assert [row["row"] for row in done["rejectedRows"]] == [2, 3]
    assert done["rejectedRows"][1]["values"]["name"] == "Eve"


def test_a_load_of_several_commits_with_a_mapping(graphql: GraphQLClient, people: None) -> None:
    rows = "No.;Called\nx1;One\nx2;Two\nx3;Three\n"
    mapping = {"columns": {"No.": "code", "Called": "name"}, "csv": {"delimiter": ";"}}
    made = load(graphql, text=rows, mapping=mapping, commitEvery=2, mode="INSERT")
    assert (made["created"], made["commits"]) == (3, 2)
    refused = load(graphql, text=rows, mapping=mapping, mode="INSERT")
    assert refused["code"] == "rejected_rows"


def test_a_job_loads_and_tells_what_it_left_out(
    graphql: GraphQLClient, people: None, spool_folder: Path
) -> None:
    job = load(graphql, text=WRONG, onError="SKIP", asJob=True)
    assert (job["__typename"], job["task"]) == ("Job", "ontology.load")
    key = jobs_key(graphql, job["id"])
    early = graphql.ask(REPORT, {"job": key})
    assert early["errors"][0]["extensions"]["code"] == "load_not_done"
    run_jobs()
    assert selectors.count_objects(ontology=NAME, type="Person") == 1
    first = graphql.data(REPORT, {"job": key, "first": 1})["ontology"]["loadReport"]
    assert [row["row"] for row in first["nodes"]] == [2]
    rest = graphql.data(REPORT, {"job": key, "after": first["pageInfo"]["endCursor"]})
    assert [row["row"] for row in rest["ontology"]["loadReport"]["nodes"]] == [3]
    assert rest["ontology"]["loadReport"]["pageInfo"]["hasNextPage"] is False
    assert left(spool_folder) == ["rejected.jsonl"]
    other = graphql.ask(REPORT.replace("people", "nowhere"), {"job": key})
    assert other["errors"][0]["extensions"]["code"] == "ontology_not_found"


def jobs_key(graphql: GraphQLClient, job: str) -> str:
    """The id of a job as REST knows it."""
    found = graphql.data(
        "query($id: ID!) { node(id: $id) { ... on Job { arguments } } }", {"id": job}
    )
    assert found["node"]["arguments"]["ontology"] == NAME
    return base64.b64decode(job).decode().partition(":")[2]


def test_what_is_large_becomes_a_job(graphql: GraphQLClient, people: None, settings: Any) -> None:
    settings.OMS_SYNC_IMPORT_BYTES = 10
    assert load(graphql, text=CSV)["__typename"] == "Job"
    assert selectors.count_objects(ontology=NAME, type="Person") == 0
    run_jobs()
    assert selectors.count_objects(ontology=NAME, type="Person") == 2


@pytest.mark.parametrize(
    ("input", "code"),
    [
        ({"text": None}, "empty_import"),
        ({"text": ""}, "empty_import"),
        ({"file": "rows"}, "bad_query"),
        ({"type": "Nobody"}, "type_not_found"),
        ({"mapping": [1]}, "bad_json"),
        ({"mapping": {"colums": {}}}, "bad_mapping"),
        ({"format": "xls"}, "table_format"),
        ({"branch": "nowhere"}, "branch_not_found"),
        ({"message": "\0"}, "bad_parameter"),
        ({"expectedHead": "0" * 64}, "stale_head"),
        ({"commitEvery": -1}, "commit_every"),
    ],
)
def test_a_load_that_is_refused_changes_nothing(
    graphql: GraphQLClient, people: None, spool_folder: Path, input: dict[str, Any], code: str
) -> None:
    before = selectors.get_branch(ontology=NAME).head
    given = {"text": None if "file" in input else CSV, **input}
    refused = load(graphql, **given)
    assert refused.get("code") == code, refused
    assert selectors.get_branch(ontology=NAME).head == before
    assert left(spool_folder) == []


def test_an_upload_that_is_too_large_is_refused(
    graphql: GraphQLClient, people: None, settings: Any, spool_folder: Path
) -> None:
    settings.OMS_MAX_IMPORT_BYTES = 10
    refused = uploaded(graphql, LOAD, SimpleUploadedFile("a.csv", CSV.encode()), type="Person")
    assert refused["code"] == "too_large"
    assert left(spool_folder) == []


def test_who_may_only_read_loads_nothing(graphql_as: Any, people: None, spool_folder: Path) -> None:
    viewer = graphql_as(Role.VIEWER, NAME)
    for as_job in (False, True):
        assert load(viewer, text=CSV, asJob=as_job)["__typename"] == "PermissionDeniedProblem"
    run_jobs()
    assert selectors.count_objects(ontology=NAME, type="Person") == 0
    assert left(spool_folder) == []
    assert propose(viewer, text=CSV)["__typename"] == "LoadProposal"


def propose(client: GraphQLClient, **input: Any) -> dict[str, Any]:
    given = {"ontology": NAME, "format": "csv", "name": "folk.csv", **input}
    found: dict[str, Any] = client.data(PROPOSE, {"input": given})["proposeObjectType"]
    return found


def test_a_type_is_proposed_made_and_filled(graphql: GraphQLClient, people: None) -> None:
    file = SimpleUploadedFile("crew.csv", b"number,rank\n1,pilot\n2,\n")
    found = uploaded(graphql, PROPOSE, file)
    assert (found["type"], found["key"], found["rows"], found["complete"]) == (
        "Crew",
        ["number"],
        2,
        True,
    )
    assert [(one["column"], one["dataType"], one["missing"]) for one in found["columns"]] == [
        ("number", "integer", 0),
        ("rank", "string", 1),
    ]
    made = graphql.data(
        """mutation($changes: [ChangeInput!]!) { commitChanges(input: {ontology: "people",
           changes: $changes}) { __typename } }""",
        {"changes": found["changes"]},
    )
    assert made == {"commitChanges": {"__typename": "Committed"}}
    filled = load(graphql, type="Crew", text="number,rank\n1,pilot\n2,\n", mapping=found["mapping"])
    assert filled["created"] == 2


def fetched(client: GraphQLClient, **variables: Any) -> list[dict[str, Any]]:
    found = client.data(UNLOAD, variables)["ontology"]["unload"]
    answer = client.http.get(found["url"], headers=client.headers)
    assert answer.status_code == 200, answer.content
    assert answer["X-OMS-Commit"] == found["commitId"]
    return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


def test_what_is_unloaded_is_fetched_over_rest(graphql: GraphQLClient, staff: None) -> None:
    found = graphql.data(UNLOAD, {"type": "Person", "format": "csv"})["ontology"]["unload"]
    assert (found["filename"], found["mediaType"]) == ("Person.csv", "text/csv")
    where = {"property": "age", "op": "LT", "value": 50}
    rows = fetched(graphql, type="Person", where=where)
    assert [row["@id"] for row in rows] == ["Person/ann", "Person/cho"]
    both = fetched(graphql, type="Person", where=where, filter={"property": "grade", "value": "A"})
    assert [row["code"] for row in both] == ["ann"]
    assert fetched(graphql, type="Party", subtypes=False) == []


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"type": "Nobody"}, "type_not_found"),
        ({"type": "Person", "format": "xls"}, "bad_format"),
        ({"type": "Person", "where": {"property": "height", "value": 1}}, "bad_filter"),
        (
            {"type": "Person", "where": {"property": "name", "op": "IN", "value": ["x" * 3000]}},
            "bad_filter",
        ),
    ],
)
def test_an_unload_that_cannot_be_had_says_so(
    graphql: GraphQLClient, staff: None, variables: dict[str, Any], code: str
) -> None:
    answer = graphql.ask(UNLOAD, variables)
    assert answer["errors"][0]["extensions"]["code"] == code
