"""Deliveries and routing rules over GraphQL."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from events.domain.sequence import sequence_text
from events.models import Attempt, Delivery, Event, Pending, Rule, Webhook
from oms_project.identity.contract import Role
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.graphql.test_events import happen

pytestmark = [pytest.mark.django_db, pytest.mark.data]

DELIVERY = """id deliveryId lane name sequence type state origin attempts status error createdAt
  firstAt retryAt finishedAt event { eventId json } webhook { name figures { delivered } }
  log { number request at milliseconds status error detail requestHeaders responseHeaders
    responseBody }"""
RULE = """id ruleId name description enabled sink target types ontologies branches objectTypes
  expression owner createdAt updatedAt"""
CREATE_RULE = f"""mutation($input: CreateRoutingRuleInput!) {{ createRoutingRule(input: $input) {{
  __typename ... on Problem {{ code errors }} ... on RoutingRule {{ {RULE} }} }} }}"""
ACTS = {
    "redeliver": 'redeliver(deliveryId: "DELIVERY")',
    "cancelDelivery": 'cancelDelivery(deliveryId: "DELIVERY")',
    "createRoutingRule": 'createRoutingRule(input: {name: "x", sink: TASK, target: "a.b"})',
    "updateRoutingRule": 'updateRoutingRule(rule: "commits", input: {enabled: false})',
    "deleteRoutingRule": 'deleteRoutingRule(rule: "commits")',
    "replayRoutingRule": 'replayRoutingRule(rule: "commits", input: {fromSequence: 1})',
}


def a_webhook(name: str = "hook", **members: Any) -> Webhook:
    asked = {"url": "https://x.example.com/", "state": "active", "ontologies": ["alpha"], **members}
    return Webhook.objects.create(name=name, owner_id="1", owner_username="ann", **asked)


def a_rule(name: str = "commits", **members: Any) -> Rule:
    asked = {"sink": "task", "target": "a.b", "ontologies": ["alpha"], **members}
    return Rule.objects.create(name=name, owner_id="1", owner_username="ann", **asked)


def delivery_of(hook: Webhook | Rule, event: Event, **members: Any) -> Delivery:
    asked = {"lane": hook.lane, "seq": event.seq, "key": event.key, "type": event.type, **members}
    return Delivery.objects.create(**asked)


def act(client: GraphQLClient, text: str, selection: str = "") -> dict[str, Any]:
    name = text.partition("(")[0]
    answer: dict[str, Any] = client.data(
        f"mutation {{ {text} {{ __typename ... on Problem {{ code }} {selection} }} }}"
    )[name]
    return answer


# -- deliveries ------------------------------------------------------------------------------------


def test_a_delivery_is_looked_at_with_its_event_and_its_requests(graphql: GraphQLClient) -> None:
    hook, row = a_webhook(), happen(1)[0]
    sent = delivery_of(hook, row, state="dead", attempts=2, status=500, error="status")
    for number in (1, 2):
        Attempt.objects.create(
            delivery=sent, number=number, request="r", at=now(), milliseconds=1.5, status=500,
            request_headers={"webhook-id": "1"}, response_body="no",
        )  # fmt: skip
    found = graphql.data(f'{{ delivery(deliveryId: "{sent.pk}") {{ {DELIVERY} }} }}')["delivery"]
    assert (found["deliveryId"], found["lane"], found["name"]) == (str(sent.pk), hook.lane, "hook")
    assert (found["state"], found["origin"], found["attempts"], found["status"]) == (
        "DEAD", "EVENT", 2, 500,
    )  # fmt: skip
    assert found["sequence"] == sequence_text(row.seq)
    assert found["event"]["eventId"] == row.id
    assert found["webhook"] == {"name": "hook", "figures": {"delivered": 0}}
    assert [one["number"] for one in found["log"]] == [2, 1]
    assert found["log"][0]["requestHeaders"] == {"webhook-id": "1"}
    again = graphql.data(
        "query($id: ID!) { node(id: $id) { ... on Delivery { type } } }", {"id": found["id"]}
    )
    assert again == {"node": {"type": row.type}}
    for missing in ("0", "x", "9" * 40):
        gone = graphql.ask(f'{{ delivery(deliveryId: "{missing}") {{ id }} }}')
        assert gone["errors"][0]["extensions"]["code"] == "delivery_not_found"


def test_a_delivery_is_sent_again_and_given_up(graphql: GraphQLClient) -> None:
    sent = delivery_of(a_webhook(), happen(1)[0], state="dead")
    again = act(
        graphql, f'redeliver(deliveryId: "{sent.pk}")', "... on Delivery { state origin name }"
    )
    assert again == {
        "__typename": "Delivery", "state": "PENDING", "origin": "REDELIVERY", "name": "hook",
    }  # fmt: skip
    assert Pending.objects.filter(lane=sent.lane).count() == 1
    given_up = act(graphql, f'cancelDelivery(deliveryId: "{sent.pk}")', "... on Delivery { state }")
    assert given_up == {"__typename": "Delivery", "state": "CANCELLED"}
    assert not Pending.objects.filter(lane=sent.lane).exists()
    twice = act(graphql, f'cancelDelivery(deliveryId: "{sent.pk}")')
    assert twice == {"__typename": "ConflictProblem", "code": "not_pending"}


def test_a_webhook_is_tried(graphql: GraphQLClient) -> None:
    hook = a_webhook()
    tried = act(
        graphql,
        'testWebhook(webhook: "hook")',
        "... on Delivery { deliveryId state origin event { type subject } webhook { name } }",
    )
    sent = Delivery.objects.get(lane=hook.lane)
    assert tried == {
        "__typename": "Delivery",
        "deliveryId": str(sent.pk),
        "state": "PENDING",
        "origin": "TEST",
        "event": {"type": "io.oms.webhook.test.v1", "subject": f"webhooks/{hook.pk}"},
        "webhook": {"name": "hook"},
    }


def test_deliveries_are_filtered_and_come_in_pages(graphql: GraphQLClient) -> None:
    hook, rule, rows = a_webhook(), a_rule(), happen(3)
    sent = [delivery_of(hook, row, state="delivered") for row in rows]
    sent.append(delivery_of(rule, rows[0], state="dead", origin="replay"))

    def ids(asked: str) -> list[str]:
        found = graphql.data(f"{{ deliveries(filter: {asked}) {{ nodes {{ deliveryId }} }} }}")
        return [node["deliveryId"] for node in found["deliveries"]["nodes"]]

    own = [str(one.pk) for one in reversed(sent[:3])]
    assert ids('{webhook: "hook"}') == own
    assert ids("{state: DELIVERED}") == own
    last = [str(sent[3].pk)]
    assert ids('{rule: "commits"}') == ids("{state: DEAD}") == ids("{origin: REPLAY}") == last
    assert ids(f"{{event: {rows[0].seq}}}") == [*last, str(sent[0].pk)]
    assert ids('{type: "no"}') == ids('{since: "2999-01-01T00:00:00Z"}') == []
    both = graphql.ask(
        '{ deliveries(filter: {webhook: "hook", rule: "commits"}) { nodes { id } } }'
    )
    assert both["errors"][0]["extensions"]["code"] == "bad_filter"
    query = """query($after: String) { deliveries(first: 3, after: $after) {
      nodes { deliveryId } pageInfo { hasNextPage endCursor } } }"""
    first = graphql.data(query)["deliveries"]
    second = graphql.data(query, {"after": first["pageInfo"]["endCursor"]})["deliveries"]
    seen = [node["deliveryId"] for node in (*first["nodes"], *second["nodes"])]
    assert seen == [str(one.pk) for one in reversed(sent)]
    assert second["pageInfo"]["hasNextPage"] is False


def test_who_runs_one_ontology_names_a_webhook_of_it(graphql_as: Any) -> None:
    mine, theirs, rows = a_webhook(), a_webhook("other", ontologies=["beta"]), happen(2)
    own, foreign = delivery_of(mine, rows[0]), delivery_of(theirs, rows[1])
    local = graphql_as(Role.ADMINISTRATOR, "alpha")
    found = local.data('{ deliveries(filter: {webhook: "hook"}) { nodes { deliveryId } } }')
    assert found["deliveries"]["nodes"] == [{"deliveryId": str(own.pk)}]
    for field in (
        "deliveries { nodes { id } }",
        'deliveries(filter: {webhook: "other"}) { nodes { id } }',
        f'delivery(deliveryId: "{foreign.pk}") {{ id }}',
    ):
        refused = local.ask(f"{{ {field} }}")
        assert refused["data"] is None
        assert refused["errors"][0]["extensions"]["code"] == "permission_denied"
    answer = act(local, f'cancelDelivery(deliveryId: "{foreign.pk}")')
    assert answer["__typename"] == "PermissionDeniedProblem"
    foreign.refresh_from_db()
    assert foreign.state == "pending"


def test_more_deliveries_take_no_more_queries(graphql: GraphQLClient) -> None:
    hooks = [a_webhook(f"hook-{number}") for number in range(20)]
    for number, row in enumerate(happen(100)):
        sent = delivery_of(hooks[number % 20], row)
        for attempt in (1, 2):
            Attempt.objects.create(
                delivery=sent, number=attempt, request="r", at=now(), milliseconds=1
            )
    query = f"query($n: Int) {{ deliveries(first: $n) {{ nodes {{ {DELIVERY} }} }} }}"
    counts = []
    for size in (10, 100):
        graphql.data(query, {"n": size})
        with CaptureQueriesContext(connection) as queries:
            found = graphql.data(query, {"n": size})["deliveries"]["nodes"]
        assert len(found) == size
        assert {len(one["log"]) for one in found} == {2}
        assert all(one["event"] and one["webhook"] for one in found)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# -- rules -----------------------------------------------------------------------------------------


def test_a_rule_is_made_looked_at_changed_and_deleted(graphql: GraphQLClient) -> None:
    asked = {
        "name": "commits", "sink": "TASK", "target": "warehouse.load",
        "types": ["io.oms.ontology.*"], "ontologies": ["alpha"],
    }  # fmt: skip
    made = graphql.data(CREATE_RULE, {"input": asked})["createRoutingRule"]
    assert made.pop("__typename") == "RoutingRule"
    assert {name: made[name] for name in (*asked, "enabled", "owner")} == {
        **asked, "enabled": True, "owner": "root",
    }  # fmt: skip
    found = graphql.data(
        f"""query($id: ID!) {{ node(id: $id) {{ ... on RoutingRule {{ {RULE} }} }}
            routingRule(rule: "commits") {{ {RULE} }}
            routingRules {{ totalCount nodes {{ {RULE} }} }} }}""",
        {"id": made["id"]},
    )
    assert found["node"] == found["routingRule"] == made
    assert found["routingRules"] == {"totalCount": 1, "nodes": [made]}
    off = act(
        graphql,
        'updateRoutingRule(rule: "commits", input: {enabled: false, branches: ["main"]})',
        "... on RoutingRule { enabled branches types }",
    )
    assert off == {
        "__typename": "RoutingRule", "enabled": False, "branches": ["main"],
        "types": ["io.oms.ontology.*"],
    }  # fmt: skip
    twice = graphql.data(CREATE_RULE, {"input": asked})["createRoutingRule"]
    assert (twice["__typename"], twice["code"]) == ("ConflictProblem", "already_exists")
    gone = act(graphql, 'deleteRoutingRule(rule: "commits")', "... on Deleted { name }")
    assert gone == {"__typename": "Deleted", "name": "commits"}
    assert not Rule.objects.exists()


def test_a_filter_is_tried_and_a_range_is_sent_again(
    graphql: GraphQLClient, administrator: Any
) -> None:
    rows = happen(3)
    happen(1, "beta")
    tried = graphql.data(
        """{ previewRoutingRule(filter: {ontologies: ["alpha"]}, limit: 2) {
             nodes { eventId } lookedAt } }"""
    )["previewRoutingRule"]
    assert tried == {"nodes": [{"eventId": rows[2].id}, {"eventId": rows[1].id}], "lookedAt": 3}
    bad = graphql.ask('{ previewRoutingRule(filter: {expression: "event."}) { lookedAt } }')
    assert bad["errors"][0]["extensions"]["code"] == "invalid_filter"
    rule = a_rule()
    Rule.objects.update(owner_id=str(administrator.pk))
    replayed = act(
        graphql,
        f'replayRoutingRule(rule: "commits", input: {{fromSequence: {rows[1].seq}}})',
        "... on Replayed { lookedAt matched queued dryRun }",
    )
    assert replayed == {
        "__typename": "Replayed", "lookedAt": 3, "matched": 2, "queued": 2, "dryRun": False,
    }  # fmt: skip
    assert Pending.objects.filter(lane=rule.lane).count() == 2


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.AUDITOR])
@pytest.mark.parametrize("name", sorted(ACTS))
def test_who_does_not_run_events_changes_nothing(graphql_as: Any, name: str, role: Role) -> None:
    a_rule()
    sent = delivery_of(a_webhook(), happen(1)[0])

    def stored() -> list[Any]:
        tables = (Rule, Delivery, Pending)
        return [list(table.objects.order_by("pk").values()) for table in tables]

    before = stored()
    answer = act(graphql_as(role), ACTS[name].replace("DELIVERY", str(sent.pk)))
    assert answer == {"__typename": "PermissionDeniedProblem", "code": "permission_denied"}
    assert stored() == before


@pytest.mark.parametrize("role", [Role.EDITOR, Role.AUDITOR])
@pytest.mark.parametrize(
    "field",
    [
        "deliveries { nodes { id } }",
        'delivery(deliveryId: "1") { id }',
        "routingRules { nodes { id } }",
        'routingRule(rule: "commits") { id }',
        "webhooks { nodes { id } }",
        'webhook(webhook: "hook") { id }',
    ],
)
def test_who_does_not_run_events_reads_nothing(graphql_as: Any, field: str, role: Role) -> None:
    a_rule()
    a_webhook()
    answer = graphql_as(role).ask(f"{{ {field} }}")
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "permission_denied"


@pytest.mark.parametrize("name", ["Webhook", "RoutingRule", "Delivery"])
def test_ids_of_rows_open_nothing_for_others(
    graphql: GraphQLClient, graphql_as: Any, name: str
) -> None:
    a_webhook()
    a_rule()
    sent = delivery_of(Webhook.objects.get(), happen(1)[0])
    found = graphql.data(
        f"""{{ webhook(webhook: "hook") {{ __typename id }}
             routingRule(rule: "commits") {{ __typename id }}
             delivery(deliveryId: "{sent.pk}") {{ __typename id }} }}"""
    )
    one = next(value for value in found.values() if value["__typename"] == name)
    viewer = graphql_as(Role.VIEWER)
    query = "query($id: ID!) { node(id: $id) { __typename } }"
    assert graphql.data(query, {"id": one["id"]}) == {"node": {"__typename": name}}
    answer = viewer.ask(query, {"id": one["id"]})
    assert answer["data"] == {"node": None}
    assert answer["errors"][0]["extensions"]["code"] == "permission_denied"
    many = viewer.data("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [one["id"]]})
    assert many == {"nodes": [None]}


def test_more_rules_take_no_more_queries(graphql: GraphQLClient) -> None:
    query = f"query($n: Int) {{ routingRules(first: $n) {{ nodes {{ {RULE} }} }} }}"
    counts = []
    for size in (10, 100):
        for number in range(Rule.objects.count(), size):
            a_rule(f"rule-{number:03}")
        graphql.data(query, {"n": size})
        with CaptureQueriesContext(connection) as queries:
            found = graphql.data(query, {"n": size})["routingRules"]["nodes"]
        assert len(found) == size
        counts.append(len(queries))
    assert counts[0] == counts[1]
