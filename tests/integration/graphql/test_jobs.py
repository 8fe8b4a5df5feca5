"""Jobs over GraphQL."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms_project.identity.contract import Role
from scheduling.models import Job
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]

ALL = """id jobId task arguments state progress { done total phase } result error submittedBy
  attempt cancelRequested createdAt startedAt finishedAt"""
CANCEL = """mutation($id: ID!) { cancelJob(jobId: $id) { __typename ... on Problem { code }
  ... on Job { state } } }"""


def queued(client: GraphQLClient, **members: Any) -> Job:
    assert client.user is not None
    asked = {"task": "test.nothing", "actor_username": client.user.username, **members}
    return Job.objects.create(actor_id=str(client.user.pk), **asked)


def test_a_job_is_seen_and_cancelled(graphql_as: Any) -> None:
    viewer = graphql_as(Role.VIEWER)
    job = queued(
        viewer, arguments={"n": 2**53 + 1}, done=2**40, total=None, phase="reading", error=None
    )
    found = viewer.data(f'{{ job(jobId: "{job.pk}") {{ {ALL} }} }}')["job"]
    assert (found["jobId"], found["task"], found["state"]) == (
        str(job.pk), "test.nothing", "QUEUED",
    )  # fmt: skip
    assert found["progress"] == {"done": 2**40, "total": None, "phase": "reading"}
    assert (found["arguments"], found["result"]) == ({"n": 2**53 + 1}, None)
    assert found["submittedBy"] == "viewer"
    again = viewer.data(
        "query($id: ID!) { node(id: $id) { ... on Job { task } } }", {"id": found["id"]}
    )
    assert again == {"node": {"task": "test.nothing"}}
    cancelled = viewer.data(CANCEL, {"id": str(job.pk)})["cancelJob"]
    assert cancelled == {"__typename": "Job", "state": "CANCELLED"}
    twice = viewer.data(CANCEL, {"id": str(job.pk)})["cancelJob"]
    assert twice == {"__typename": "ConflictProblem", "code": "job_finished"}


def test_a_job_of_another_is_not_there(graphql_as: Any, graphql: GraphQLClient) -> None:
    job = queued(graphql)
    viewer = graphql_as(Role.VIEWER)
    refused = viewer.data(CANCEL, {"id": str(job.pk)})["cancelJob"]
    assert refused == {"__typename": "NotFoundProblem", "code": "job_not_found"}
    job.refresh_from_db()
    assert (job.state, job.cancel_requested) == ("queued", False)
    node = graphql.data(f'{{ job(jobId: "{job.pk}") {{ id }} }}')["job"]["id"]
    answer = viewer.ask("query($id: ID!) { node(id: $id) { id } }", {"id": node})
    assert answer["data"] == {"node": None}
    assert answer["errors"][0]["extensions"]["code"] == "job_not_found"
    assert viewer.data("{ jobs { nodes { id } } }") == {"jobs": {"nodes": []}}
    nobody = graphql_as(None)
    refused = nobody.ask("{ jobs { nodes { id } } }")
    assert refused["data"] is None
    assert refused["errors"][0]["extensions"]["code"] == "permission_denied"


def test_jobs_are_filtered_and_come_in_pages(graphql: GraphQLClient) -> None:
    for number in range(5):
        queued(graphql, task=f"test.{number % 2}", state="failed" if number < 2 else "queued")
    failed = graphql.data("{ jobs(state: FAILED) { nodes { state } } }")["jobs"]["nodes"]
    assert failed == [{"state": "FAILED"}] * 2
    odd = graphql.data('{ jobs(task: "test.1") { nodes { task } } }')["jobs"]["nodes"]
    assert odd == [{"task": "test.1"}] * 2
    query = """query($after: String) { jobs(first: 2, after: $after) { nodes { jobId }
      pageInfo { hasNextPage endCursor } } }"""
    seen: list[str] = []
    after = None
    while True:
        page = graphql.data(query, {"after": after})["jobs"]
        seen += [node["jobId"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    newest = Job.objects.order_by("-created_at", "-id")
    assert seen == [str(job.pk) for job in newest]


def test_more_jobs_take_no_more_queries(graphql: GraphQLClient) -> None:
    for _ in range(100):
        queued(graphql)
    query = f"query($n: Int) {{ jobs(first: $n) {{ nodes {{ {ALL} }} }} }}"
    counts = []
    for size in (10, 100):
        graphql.data(query, {"n": size})
        with CaptureQueriesContext(connection) as queries:
            found = graphql.data(query, {"n": size})["jobs"]["nodes"]
        assert len(found) == size
        counts.append(len(queries))
    assert counts[0] == counts[1]
