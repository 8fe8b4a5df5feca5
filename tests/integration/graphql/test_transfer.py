"""RDF in and out, and SPARQL, over GraphQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from oms_project.identity.contract import Role
from ontology import selectors, services
from ontology.contract import Change
from scheduling import services as jobs
from scheduling.contract import JobState, job_service
from tests.integration.graphql.conftest import RESPONSE_JSON, GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]

TURTLE = """@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://example.org/fleet/Truck> a owl:Class ; rdfs:label "Truck"@en .
<https://example.org/fleet/thing> <https://example.org/odd> "kept" .
"""
IMPORTED = """__typename
  ... on RdfImport { head dryRun stats counts report commit { message } }
  ... on Job { jobId task state }
  ... on Problem { code detail data }"""
IMPORT = f"mutation($i: ImportRdfInput!) {{ importRdf(input: $i) {{ {IMPORTED} }} }}"


@pytest.fixture
def fleet(as_system: None) -> str:
    services.create_ontology(name="fleet", base_iri="https://example.org/fleet/")
    services.commit_changes(
        ontology="fleet",
        changes=[Change(op="create", kind="ObjectType", fields={"apiName": "Vehicle"})],
        message="Begin",
    )
    return "fleet"


def head() -> str:
    return selectors.get_branch(ontology="fleet", name="main").head


def run_jobs() -> None:
    while (job_id := jobs.claim_job()) is not None:
        jobs.run_claimed(job_id)


def names() -> list[str]:
    found = selectors.list_documents(ontology="fleet", kinds=("ObjectType",)).items
    return [view.name for view in found]


def sent(graphql: GraphQLClient, files: dict[str, str], **input: Any) -> dict[str, Any]:
    """An import of files in a form (GraphQL multipart request)."""
    variables = {"i": {"ontology": "fleet", "files": [None] * len(files), **input}}
    form: dict[str, Any] = {
        "operations": json.dumps({"query": IMPORT, "variables": variables}),
        "map": json.dumps({str(at): [f"variables.i.files.{at}"] for at in range(len(files))}),
    }
    for at, (name, text) in enumerate(files.items()):
        form[str(at)] = SimpleUploadedFile(name, text.encode())
    answer = graphql.http.post(
        "/graphql", data=form, headers={"Accept": RESPONSE_JSON, **graphql.headers}
    )
    body = json.loads(answer.content)
    assert "errors" not in body, body
    found: dict[str, Any] = body["data"]["importRdf"]
    return found


def test_files_are_uploaded_and_imported(
    graphql: GraphQLClient, fleet: str, spool_folder: Path
) -> None:
    boat = TURTLE.replace("Truck", "Boat")
    found = sent(graphql, {"a/types.ttl": TURTLE, "b/types.ttl": boat})
    assert found["commit"] == {"message": "Import types.ttl, types.ttl"}
    assert found["head"] == head()
    assert found["stats"]["ObjectType"] == {"create": 2}
    assert found["counts"]["ObjectType"] == 2
    assert found["report"]["triples"] == 5
    assert names() == ["Boat", "Truck", "Vehicle"]
    assert list(spool_folder.iterdir()) == []


def test_a_text_is_imported_and_a_dry_run_tells_only(graphql: GraphQLClient, fleet: str) -> None:
    before = head()
    asked = {"ontology": "fleet", "text": TURTLE, "format": "turtle"}
    dry = graphql.data(IMPORT, {"i": {**asked, "dryRun": True}})["importRdf"]
    assert (dry["dryRun"], dry["commit"], dry["stats"]["ObjectType"]) == (True, None, {"create": 1})
    assert head() == before
    made = graphql.data(IMPORT, {"i": {**asked, "message": "Take it in", "mode": "replace"}})
    assert made["importRdf"]["commit"] == {"message": "Take it in"}
    assert names() == ["Truck"]


def test_an_import_is_a_job_when_asked_or_large(
    graphql: GraphQLClient, fleet: str, settings: Any, spool_folder: Path
) -> None:
    asked = {"asJob": True, "message": "Later", "branch": "main"}
    found = sent(graphql, {"types.ttl": TURTLE}, **asked)
    assert (found["__typename"], found["task"], found["state"]) == (
        "Job",
        "ontology.import",
        "QUEUED",
    )
    arguments = job_service.get(job_id=found["jobId"]).arguments
    folder = str(arguments["folder"])
    assert [path.read_text() for path in (spool_folder / folder).iterdir()] == [TURTLE]
    assert (arguments["message"], arguments["mode"], arguments["format"]) == (
        "Later",
        "merge",
        None,
    )
    settings.OMS_SYNC_IMPORT_BYTES = 10
    large = sent(graphql, {"types.ttl": TURTLE.replace("Truck", "Boat")})
    assert (large["__typename"], names()) == ("Job", ["Vehicle"])
    run_jobs()
    assert names() == ["Boat", "Truck", "Vehicle"]
    assert list(spool_folder.iterdir()) == []
    done = graphql.data(
        "query($id: ID!) { job(jobId: $id) { state result error } }", {"id": found["jobId"]}
    )["job"]
    assert (done["state"], done["error"]) == ("SUCCEEDED", None)
    assert done["result"]["commit"]["message"] == "Later"


@pytest.mark.parametrize(
    ("input", "code"),
    [
        ({}, "empty_import"),
        ({"text": ""}, "empty_import"),
        ({"text": TURTLE, "format": "odd"}, "rdf_format"),
        ({"text": "no turtle", "format": "turtle"}, "rdf_syntax"),
        ({"text": TURTLE, "format": "turtle", "mode": "odd"}, "bad_query"),
        ({"text": TURTLE, "format": "turtle", "branch": "nope"}, "branch_not_found"),
        ({"text": TURTLE, "format": "turtle", "expectedHead": "0" * 64}, "stale_head"),
        ({"files": ["types.ttl"]}, "bad_query"),
    ],
)
def test_an_import_that_is_refused_changes_nothing(
    graphql: GraphQLClient, fleet: str, spool_folder: Path, input: dict[str, Any], code: str
) -> None:
    before = head()
    found = graphql.data(IMPORT, {"i": {"ontology": "fleet", **input}})["importRdf"]
    assert found["code"] == code
    assert head() == before
    assert not spool_folder.exists() or list(spool_folder.iterdir()) == []


def test_an_upload_beyond_the_bound_is_refused(
    graphql: GraphQLClient, fleet: str, settings: Any, spool_folder: Path
) -> None:
    settings.OMS_MAX_IMPORT_BYTES = 100
    before = head()
    found = sent(graphql, {"types.ttl": TURTLE})
    assert (found["code"], found["data"]) == ("too_large", {"max_bytes": 100})
    assert (head(), list(spool_folder.iterdir())) == (before, [])


def test_a_form_that_says_it_is_larger_is_not_read(
    graphql: GraphQLClient, fleet: str, settings: Any
) -> None:
    settings.OMS_MAX_IMPORT_BYTES = 100
    answer = graphql.http.post(
        "/graphql",
        data={"operations": "{}", "0": SimpleUploadedFile("a.ttl", b"x" * 17 * 1024 * 1024)},
        headers={"Accept": RESPONSE_JSON, **graphql.headers},
    )
    assert answer.status_code == 413
    assert json.loads(answer.content)["errors"][0]["extensions"]["code"] == "too_large"


def test_a_viewer_imports_nothing(graphql_as: Any, fleet: str, spool_folder: Path) -> None:
    before = head()
    found = sent(graphql_as(Role.VIEWER, "fleet"), {"types.ttl": TURTLE})
    assert found["__typename"] == "PermissionDeniedProblem"
    assert head() == before
    assert not spool_folder.exists()


def test_an_export_is_what_was_committed(graphql: GraphQLClient, fleet: str) -> None:
    found = graphql.data(
        """query($f: String!) { exportRdf(ontology: "fleet", format: $f) {
             text format mediaType commitId } }""",
        {"f": "n-triples"},
    )["exportRdf"]
    assert found.pop("text").encode() == b"".join(
        selectors.export_rdf(ontology="fleet", format="n-triples")
    )
    assert found == {
        "format": "n-triples",
        "mediaType": "application/n-triples",
        "commitId": head(),
    }
    refused = graphql.ask('{ exportRdf(ontology: "fleet", format: "odd") { text } }')
    assert refused["errors"][0]["extensions"]["code"] == "rdf_format"


def test_an_export_beyond_the_bound_is_for_a_job(
    graphql: GraphQLClient, fleet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ontology.graphql.transfer._INLINE", 100)
    refused = graphql.ask('{ exportRdf(ontology: "fleet") { text } }')
    assert refused["errors"][0]["extensions"]["code"] == "too_large"
    started = graphql.data(
        """mutation { startExport(input: {ontology: "fleet", format: "json-ld", ref: "main"}) {
             ... on StartedExport { resultUrl job { jobId task state } } } }"""
    )["startExport"]
    job = job_service.get(job_id=started["job"]["jobId"])
    assert started["resultUrl"] == f"/api/v1/ontologies/fleet/exports/{job.id}"
    assert (job.state, job.task) == (JobState.QUEUED, "ontology.export")
    assert job.arguments == {"ontology": "fleet", "commit": head(), "format": "json-ld"}
    waiting = graphql.http.get(started["resultUrl"], headers=graphql.headers)
    assert waiting.json()["code"] == "export_not_ready"
    run_jobs()
    file = graphql.http.get(started["resultUrl"], headers=graphql.headers)
    assert b"".join(file.streaming_content) == b"".join(  # type: ignore[attr-defined]
        selectors.export_rdf(ontology="fleet", format="json-ld")
    )


def test_a_question_in_sparql_is_answered(graphql: GraphQLClient, fleet: str) -> None:
    query = """query($q: String!, $f: String!) {
      sparql(ontology: "fleet", query: $q, format: $f) {
        rows format mediaType json text commitId } }"""
    iri = "https://example.org/fleet/Vehicle"
    select = "SELECT ?type WHERE { ?type a owl:Class }"
    rows = graphql.data(query, {"q": select, "f": ""})["sparql"]
    assert (rows["rows"], rows["format"], rows["commitId"]) == (1, "json", head())
    assert rows["json"]["results"]["bindings"] == [{"type": {"type": "uri", "value": iri}}]
    table = graphql.data(query, {"q": select, "f": "csv"})["sparql"]
    assert (table["json"], table["text"].split()) == (None, ["type", iri])
    triples = graphql.data(query, {"q": "CONSTRUCT WHERE { ?s a owl:Class }", "f": ""})["sparql"]
    assert (triples["format"], triples["json"], iri in triples["text"]) == ("turtle", None, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"q": "SELECT"}, "sparql_syntax"),
        ({"q": "DELETE WHERE { ?s ?p ?o }"}, "sparql_update"),
        ({"q": "ASK { ?s ?p ?o }", "f": "odd"}, "sparql_format"),
        ({"q": "ASK { ?s ?p ?o }", "f": "turtle"}, "sparql_format"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(
    graphql: GraphQLClient, fleet: str, arguments: dict[str, str], code: str
) -> None:
    found = graphql.ask(
        """query($q: String!, $f: String! = "") {
             sparql(ontology: "fleet", query: $q, format: $f) { rows } }""",
        arguments,
    )
    assert found["errors"][0]["extensions"]["code"] == code
