"""Webhooks over GraphQL: their life, and that a secret is shown once."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from audit.models import Event as AuditEvent
from events.domain.handshake import Verification
from events.models import Attempt, Delivery, Event, Pending, Secret, Webhook
from events.services.receivers import signing_secrets
from oms_project.identity.contract import Role
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.graphql.test_events import happen

pytestmark = [pytest.mark.django_db, pytest.mark.data]

OWN = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOK = """id webhookId name url description state notice format order concurrency batchSize timeout
  rate types ontologies branches objectTypes expression owner verifiedAt disabledAt failingSince
  createdAt updatedAt figures { waiting lagSeconds delivered dead retryAt error
    hours { hour succeeded failed } }"""
CREATE = f"""mutation($input: CreateWebhookInput!) {{ createWebhook(input: $input) {{
  __typename ... on Problem {{ code errors }} ... on RegisteredWebhook {{
    secret verification {{ ok method allowedRate detail }} webhook {{ {HOOK} }} }} }} }}"""
UPDATE = f"""mutation($webhook: String!, $input: UpdateWebhookInput!) {{
  updateWebhook(webhook: $webhook, input: $input) {{
    __typename ... on Problem {{ code errors }} ... on Webhook {{ {HOOK} }} }} }}"""
#: Each mutation about a webhook that is there.
ACTS = {
    "createWebhook": 'createWebhook(input: {name: "other", url: "https://x.example.com/"})',
    "updateWebhook": 'updateWebhook(webhook: "hook", input: {rate: 7})',
    "deleteWebhook": 'deleteWebhook(webhook: "hook")',
    "verifyWebhook": 'verifyWebhook(webhook: "hook")',
    "pauseWebhook": 'pauseWebhook(webhook: "hook")',
    "enableWebhook": 'enableWebhook(webhook: "hook")',
    "rotateWebhookSecret": 'rotateWebhookSecret(webhook: "hook")',
    "testWebhook": 'testWebhook(webhook: "hook")',
    "redeliverDead": 'redeliverDead(webhook: "hook")',
    "replayWebhook": 'replayWebhook(webhook: "hook", input: {fromSequence: 1})',
}


async def agrees(*, url: str, secrets: Any, timeout: float) -> Verification:  # noqa: ASYNC109
    assert secrets
    assert timeout
    return Verification(ok="no." not in url, method="options", allowed_rate=120, detail="Said so.")


@pytest.fixture(autouse=True)
def _receiver(settings: Any) -> None:
    sys.modules.setdefault("receivers_of_graphql_tests", sys.modules[__name__])
    settings.OMS_WEBHOOK_VERIFIER = "receivers_of_graphql_tests.agrees"


def register(client: GraphQLClient, name: str = "hook", **members: Any) -> dict[str, Any]:
    """Register a webhook; the whole answer."""
    asked = {"name": name, "url": f"https://{name}.example.com/in", **members}
    made: dict[str, Any] = client.data(CREATE, {"input": asked})["createWebhook"]
    assert made["__typename"] == "RegisteredWebhook", made
    return made


def act(client: GraphQLClient, text: str, selection: str = "__typename") -> dict[str, Any]:
    """One mutation's answer."""
    name = text.partition("(")[0]
    answer: dict[str, Any] = client.data(
        f"mutation {{ {text} {{ __typename ... on Problem {{ code }} {selection} }} }}"
    )[name]
    return answer


def delivery_of(hook: Webhook, event: Event, **members: Any) -> Delivery:
    asked = {"lane": hook.lane, "seq": event.seq, "key": event.key, "type": event.type, **members}
    return Delivery.objects.create(**asked)


def test_a_webhook_is_registered_looked_at_changed_and_deleted(graphql: GraphQLClient) -> None:
    made = register(
        graphql,
        types=["io.oms.ontology.*"],
        ontologies=["alpha"],
        expression="true",
        format="BATCH",
        batchSize=10,
        timeout=5.5,
    )
    hook = made["webhook"]
    assert made["secret"].startswith("whsec_")
    assert made["verification"] == {
        "ok": True, "method": "options", "allowedRate": 120, "detail": "Said so.",
    }  # fmt: skip
    assert (hook["state"], hook["format"], hook["order"]) == ("ACTIVE", "BATCH", "ORDERED")
    assert (hook["rate"], hook["owner"], hook["batchSize"]) == (120, "root", 10)
    assert (hook["types"], hook["ontologies"]) == (["io.oms.ontology.*"], ["alpha"])
    assert hook["figures"] == {
        "waiting": 0, "lagSeconds": 0, "delivered": 0, "dead": 0, "retryAt": None, "error": "",
        "hours": [],
    }  # fmt: skip
    found = graphql.data(
        f"""query($id: ID!, $plain: String!) {{ node(id: $id) {{ ... on Webhook {{ {HOOK} }} }}
            webhook(webhook: "hook") {{ {HOOK} }} again: webhook(webhook: $plain) {{ id }} }}""",
        {"id": hook["id"], "plain": hook["webhookId"]},
    )
    assert found == {"node": hook, "webhook": hook, "again": {"id": hook["id"]}}
    changed = graphql.data(
        UPDATE, {"webhook": "hook", "input": {"branches": ["main"], "description": "Ours"}}
    )["updateWebhook"]
    assert (changed["branches"], changed["ontologies"]) == (["main"], ["alpha"])
    assert (changed["description"], changed["state"]) == ("Ours", "ACTIVE")
    moved = graphql.data(
        UPDATE, {"webhook": "hook", "input": {"url": "https://other.example.com/"}}
    )["updateWebhook"]
    assert (moved["state"], moved["verifiedAt"]) == ("UNVERIFIED", None)
    cleared = graphql.data(
        UPDATE, {"webhook": "hook", "input": {"branches": [], "expression": ""}}
    )["updateWebhook"]
    assert (cleared["branches"], cleared["expression"]) == ([], "")
    gone = act(graphql, 'deleteWebhook(webhook: "hook")', "... on Deleted { name }")
    assert gone == {"__typename": "Deleted", "name": "hook"}
    assert not Webhook.objects.exists()
    missing = graphql.ask('{ webhook(webhook: "hook") { id } }')
    assert missing["errors"][0]["extensions"]["code"] == "webhook_not_found"


def test_a_webhook_that_cannot_be_used_is_not_made(graphql: GraphQLClient) -> None:
    asked = {"name": "bad/name", "url": "nowhere", "concurrency": 99, "rate": -1}
    refused = graphql.data(CREATE, {"input": asked})["createWebhook"]
    assert (refused["__typename"], refused["code"]) == ("InvalidProblem", "invalid_webhook")
    assert {one["field"] for one in refused["errors"]} == {"name", "url", "concurrency", "rate"}
    filtered = graphql.data(
        CREATE, {"input": {"name": "x", "url": "https://x.example.com/", "expression": "event."}}
    )["createWebhook"]
    assert (filtered["__typename"], filtered["code"]) == ("InvalidProblem", "invalid_filter")
    assert not Webhook.objects.exists()
    register(graphql)
    twice = graphql.data(CREATE, {"input": {"name": "hook", "url": "https://x.example.com/"}})
    assert twice["createWebhook"]["code"] == "already_exists"
    assert Webhook.objects.count() == 1


def test_secrets_are_shown_once_and_stand_nowhere_afterwards(graphql: GraphQLClient) -> None:
    first = register(graphql, secret=OWN)["secret"]
    assert first == OWN
    rotated = act(
        graphql,
        'rotateWebhookSecret(webhook: "hook", overlapSeconds: 3600)',
        "... on RotatedWebhook { secret webhook { name } }",
    )
    second = rotated["secret"]
    assert second.startswith("whsec_")
    assert second != first
    hook = Webhook.objects.get()
    assert set(signing_secrets(hook)) == {first, second}
    sealed = list(Secret.objects.values_list("sealed", flat=True))
    happen(1)
    for query in (
        f"{{ webhooks {{ nodes {{ {HOOK} }} }} }}",
        f'{{ webhook(webhook: "hook") {{ {HOOK} }} }}',
        f'mutation {{ pauseWebhook(webhook: "hook") {{ ... on Webhook {{ {HOOK} }} }} }}',
        f'mutation {{ enableWebhook(webhook: "hook") {{ ... on Webhook {{ {HOOK} }} }} }}',
        f"""mutation {{ verifyWebhook(webhook: "hook") {{ ... on VerifiedWebhook {{
              webhook {{ {HOOK} }} verification {{ detail }} }} }} }}""",
        """mutation { testWebhook(webhook: "hook") { ... on Delivery {
             deliveryId event { json } webhook { name } } } }""",
        "{ auditEvents(first: 200) { nodes { json subject { name } } } }",
    ):
        graphql.data(query)
        text = graphql.answer.content.decode()
        assert '"name":"hook"' in text
        for secret in (first, second, *sealed):
            assert secret not in text
    bodies = "".join(AuditEvent.objects.values_list("body", flat=True))
    bodies += "".join(Event.objects.values_list("body", flat=True))
    assert "webhook.secret_rotated" in bodies
    for secret in (first, second, *sealed):
        assert secret not in bodies
    bad = act(graphql, 'rotateWebhookSecret(webhook: "hook", secret: "short")')
    assert bad == {"__typename": "InvalidProblem", "code": "invalid_webhook"}
    late = act(graphql, 'rotateWebhookSecret(webhook: "hook", overlapSeconds: 2592001)')
    assert late == {"__typename": "InvalidProblem", "code": "bad_overlap"}
    assert Secret.objects.count() == 2


def test_a_type_of_webhooks_has_no_field_of_secrets(graphql: GraphQLClient) -> None:
    found = graphql.data('{ __type(name: "Webhook") { fields { name } } }')["__type"]["fields"]
    names = {one["name"] for one in found}
    assert not [name for name in names if "secret" in name.lower() or "seal" in name.lower()]
    assert "ownerId" not in names
    assert "disabledSeq" not in names


def test_a_webhook_pauses_goes_on_and_is_verified(graphql: GraphQLClient) -> None:
    register(graphql, verify=False)
    shown = "... on Webhook { state }"
    assert act(graphql, 'enableWebhook(webhook: "hook")')["code"] == "not_verified"
    assert act(graphql, 'testWebhook(webhook: "hook")')["code"] == "not_active"
    verified = act(
        graphql,
        'verifyWebhook(webhook: "hook")',
        "... on VerifiedWebhook { webhook { state } verification { ok } }",
    )
    assert (verified["webhook"], verified["verification"]) == ({"state": "ACTIVE"}, {"ok": True})
    paused = act(graphql, 'pauseWebhook(webhook: "hook")', shown)
    assert paused == {"__typename": "Webhook", "state": "PAUSED"}
    assert act(graphql, 'pauseWebhook(webhook: "hook")')["code"] == "not_active"
    enabled = act(graphql, 'enableWebhook(webhook: "hook", replay: true)', shown)
    assert enabled == {"__typename": "Webhook", "state": "ACTIVE"}


def test_events_go_out_again(graphql: GraphQLClient) -> None:
    register(graphql)
    hook = Webhook.objects.get()
    rows = happen(3)
    delivery_of(hook, rows[0], state="dead")
    delivery_of(hook, rows[1], state="delivered")
    dead = act(graphql, 'redeliverDead(webhook: "hook")', "... on Queued { queued }")
    assert dead == {"__typename": "Queued", "queued": 1}
    asked = f"fromSequence: {rows[0].seq}, toSequence: {rows[2].seq}"
    shown = "... on Replayed { lookedAt matched queued dryRun }"
    dry = act(graphql, f'replayWebhook(webhook: "hook", input: {{{asked}, dryRun: true}})', shown)
    assert dry == {
        "__typename": "Replayed", "lookedAt": 3, "matched": 3, "queued": 0, "dryRun": True,
    }  # fmt: skip
    assert Pending.objects.filter(lane=hook.lane).count() == 1
    done = act(graphql, f'replayWebhook(webhook: "hook", input: {{{asked}}})', shown)
    assert (done["queued"], done["dryRun"]) == (2, False)  # one is pending already
    assert Pending.objects.filter(lane=hook.lane).count() == 3
    nowhere = act(graphql, 'replayWebhook(webhook: "hook", input: {})')
    assert nowhere == {"__typename": "InvalidProblem", "code": "bad_replay"}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.AUDITOR])
@pytest.mark.parametrize("name", sorted(ACTS))
def test_who_does_not_run_events_changes_no_webhook(
    graphql: GraphQLClient, graphql_as: Any, name: str, role: Role
) -> None:
    register(graphql)
    row = happen(1)[0]
    delivery_of(Webhook.objects.get(), row, state="dead")

    def stored() -> list[Any]:
        tables = (Webhook, Secret, Delivery, Pending)
        return [list(table.objects.order_by("pk").values()) for table in tables]

    before = stored()
    answer = act(graphql_as(role), ACTS[name])
    assert answer == {"__typename": "PermissionDeniedProblem", "code": "permission_denied"}
    assert stored() == before


def test_who_runs_one_ontology_runs_its_webhooks_alone(
    graphql: GraphQLClient, graphql_as: Any
) -> None:
    register(graphql, "mine", ontologies=["alpha"])
    everything = register(graphql, "all")["webhook"]
    local = graphql_as(Role.ADMINISTRATOR, "alpha")
    found = local.data("{ webhooks { totalCount nodes { name } } }")["webhooks"]
    assert found == {"totalCount": 1, "nodes": [{"name": "mine"}]}
    assert act(local, 'pauseWebhook(webhook: "mine")')["__typename"] == "Webhook"
    refused = act(local, 'pauseWebhook(webhook: "all")')
    assert refused == {"__typename": "PermissionDeniedProblem", "code": "permission_denied"}
    assert Webhook.objects.get(name="all").state == "active"
    wider = local.data(UPDATE, {"webhook": "mine", "input": {"ontologies": []}})["updateWebhook"]
    assert wider["__typename"] == "PermissionDeniedProblem"
    assert Webhook.objects.get(name="mine").ontologies == ["alpha"]
    node = local.ask("query($id: ID!) { node(id: $id) { id } }", {"id": everything["id"]})
    assert node["data"] == {"node": None}
    assert node["errors"][0]["extensions"]["code"] == "permission_denied"


def test_webhooks_come_in_pages_and_by_state(graphql: GraphQLClient) -> None:
    for number in range(5):
        register(graphql, f"hook-{number}", verify=number != 2)
    query = """query($after: String) { webhooks(first: 2, after: $after) { totalCount
      nodes { name } pageInfo { hasNextPage endCursor } } }"""
    seen: list[str] = []
    after = None
    while True:
        page = graphql.data(query, {"after": after})["webhooks"]
        assert page["totalCount"] == 5
        seen += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [f"hook-{number}" for number in range(5)]
    waiting = graphql.data("{ webhooks(state: UNVERIFIED) { nodes { name } } }")
    assert waiting["webhooks"]["nodes"] == [{"name": "hook-2"}]


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, None])
def test_more_webhooks_take_no_more_queries(
    graphql: GraphQLClient, graphql_as: Any, role: Role | None
) -> None:
    """For who runs everything, and for who runs one ontology."""
    client = graphql if role is not None else graphql_as(Role.ADMINISTRATOR, "alpha")
    query = f"query($n: Int) {{ webhooks(first: $n) {{ nodes {{ {HOOK} }} }} }}"
    row = happen(1)[0]
    counts = []
    for size in (10, 100):
        for number in range(Webhook.objects.count(), size):
            hook = Webhook.objects.create(
                name=f"hook-{number:03}",
                url="https://x.example.com/",
                ontologies=["alpha"],
                owner_id="1",
                owner_username="ann",
            )
            Pending.objects.create(lane=hook.lane, key="k", seq=row.seq)
            sent = delivery_of(hook, row, state="delivered")
            Attempt.objects.create(
                delivery=sent, number=1, request="r", at=now(), milliseconds=1, status=200
            )
        client.data(query, {"n": size})
        with CaptureQueriesContext(connection) as queries:
            found = client.data(query, {"n": size})["webhooks"]["nodes"]
        assert len(found) == size
        assert {one["figures"]["waiting"] for one in found} == {1}
        assert {one["figures"]["hours"][0]["succeeded"] for one in found} == {1}
        counts.append(len(queries))
    assert counts[0] == counts[1]
