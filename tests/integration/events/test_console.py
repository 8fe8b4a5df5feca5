"""The pages about events over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from events.console.labels import TYPE_LABELS
from events.console.rows import event_row, links_of, span
from events.console.views import streams as streams_view
from events.domain.handshake import Verification
from events.domain.types import EVENT_TYPES
from events.models import Attempt, Delivery, Event, Pending, Quarantined, Rule, Webhook
from events.selectors.log import EventView
from events.services.webhooks import test_webhook as send_test
from oms_project.core.clock import utc_now
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.errors import Unavailable
from oms_project.core.outbox import NewEvent, outbox
from oms_project.identity.contract import Role
from tests.conftest import PASSWORD, MakePerson

pytestmark = pytest.mark.django_db

ROOT = "/console/events/"
UUID = "5a4c7f7e-2f6a-4d1e-9d1c-3f0f6f5b2a10"
ALL = (
    "", "tail/", "webhooks/", "webhooks/new/", "deliveries/", "rules/", "rules/new/", "streams/",
)  # fmt: skip
FORM = {
    "name": "billing", "url": "https://hooks.example.com/in", "format": "structured",
    "order": "ordered", "concurrency": "4", "batch_size": "1", "timeout": "15", "rate": "0",
}  # fmt: skip


async def says_yes(*, url: str, secrets: Sequence[str], timeout: float) -> Verification:  # noqa: ASYNC109
    return Verification(ok=True, method="options", allowed_rate=120, detail="")


async def says_no(*, url: str, secrets: Sequence[str], timeout: float) -> Verification:  # noqa: ASYNC109
    return Verification(ok=False, method="challenge", allowed_rate=None, detail="It said <no>.")


@pytest.fixture(autouse=True)
def _verifier(settings: Any) -> None:
    settings.OMS_WEBHOOK_VERIFIER = f"{__name__}.says_yes"


def signed_in(person: MakePerson, name: str, role: Role | None, ontology: str = "") -> Client:
    person(name, role, ontology)
    client = Client()
    assert client.login(username=name, password=PASSWORD)
    return client


@pytest.fixture
def ada(person: MakePerson) -> Client:
    return signed_in(person, "ada", Role.ADMINISTRATOR)


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(f"{ROOT}{path}")
    assert answer.status_code == status, answer.content.decode()[:3000]
    return answer.content.decode()


def sent(
    client: Client, path: str, data: dict[str, str] | None = None, *, status: int = 200
) -> str:
    answer = client.post(f"{ROOT}{path}", data or {}, follow=True)
    assert answer.status_code == status, answer.content.decode()[:3000]
    return answer.content.decode()


def happen(count: int = 1, *, ontology: str = "fleet", branch: str = "main") -> list[int]:
    """Tell of commits; their sequences."""
    first = Event.objects.count()
    with acting_as(SYSTEM):
        outbox.append(
            *(
                NewEvent(
                    "io.oms.ontology.branch.created.v1",
                    {
                        "ontology": ontology,
                        "ontologyId": "o1",
                        "branch": branch,
                        "commit": "c" * 64,
                        "protected": False,
                        "actor": {"id": "1", "username": f"<ann{first + number}>", "kind": "user"},
                    },
                    subject=f"branches/{branch}",
                    ontology=ontology,
                    branch=branch,
                )
                for number in range(count)
            )
        )
    return sorted(Event.objects.order_by("-seq").values_list("seq", flat=True)[:count])


def register(client: Client, **values: str) -> Webhook:
    sent(client, "webhooks/new/", {**FORM, **values})
    return Webhook.objects.get(name=values.get("name", FORM["name"]))


# -- the log ---------------------------------------------------------------------------------------


def test_every_type_has_a_sentence() -> None:
    assert set(TYPE_LABELS) == set(EVENT_TYPES)
    with translation.override("en"):
        assert {name: str(label) for name, label in TYPE_LABELS.items()} == {
            name: kind.title for name, kind in EVENT_TYPES.items()
        }


def test_pages_are_empty_first(ada: Client) -> None:
    Event.objects.all().delete()
    Pending.objects.all().delete()
    assert "Nothing has happened yet." in text(ada, "")
    assert "There is no webhook yet" in text(ada, "webhooks/")
    assert "Nothing was sent yet." in text(ada, "deliveries/")
    assert "There is no routing rule yet" in text(ada, "rules/")
    page = text(ada, "streams/")
    assert "Nothing waits" in page
    assert "No event is in quarantine." in page


def test_the_log_shows_and_filters(ada: Client) -> None:
    happen(2)
    happen(1, ontology="<rail>", branch="night")
    page = text(ada, "")
    assert "A branch was created" in page
    assert "&lt;rail&gt;" in page
    assert "<rail>" not in page
    page = text(ada, "?type=io.oms.ontology.*&branch=night")
    assert page.count('id="event-') == 1
    assert "No event fits" in text(ada, "?ontology=nothing%00")
    assert text(ada, "?text=%3Cann0%3E").count('id="event-') == 1
    assert "No event fits" in text(ada, "?since=2999-01-01T00:00")
    assert 'hx-trigger="every 2s"' not in text(ada, "?until=2999-01-01T00:00")
    assert text(ada, "?cursor=x", 400)


def test_pages_follow_one_another(ada: Client) -> None:
    happen(60)
    page = text(ada, "?ontology=fleet")
    link = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    following = text(ada, link)
    assert following.count('id="event-') == 10
    assert "every 2s" not in following
    assert 'rel="next"' not in following


def test_the_tail_gives_what_is_new_only(ada: Client) -> None:
    [first] = happen()
    page = text(ada, "")
    address = re.search(r'hx-get="/console/events/(tail/[^"]*)"', page)
    assert address
    path = address[1].replace("&amp;", "&")
    again = text(ada, path)
    assert 'id="event-' not in again
    second, third = happen(2)
    fresh = text(ada, path)
    assert re.findall(r'id="event-(\d+)"', fresh) == [str(third), str(second)]
    assert "<html" not in fresh
    following = re.search(r'hx-get="/console/events/(tail/[^"]*)"', fresh)
    assert following
    assert 'id="event-' not in text(ada, following[1].replace("&amp;", "&"))
    assert f'id="event-{first}"' not in text(ada, f"tail/?after={first}")
    assert 'id="event-' not in text(ada, f"tail/?after={first}&ontology=other")
    assert 'id="event-' not in text(ada, "tail/?after=x&seen=1,,x")


def test_what_is_committed_late_is_new_as_well(ada: Client) -> None:
    one, two, three = happen(3)
    assert f'id="event-{two}"' in text(ada, f"tail/?after={three}&seen={one},{three}")


def test_people_see_events_about_what_they_may_read(person: MakePerson, ada: Client) -> None:
    [mine] = happen()
    [other] = happen(ontology="rail")
    viewer = signed_in(person, "vic", Role.VIEWER, "fleet")
    page = text(viewer, "")
    assert f'id="event-{mine}"' in page
    assert f'id="event-{other}"' not in page
    assert f'id="event-{other}"' not in text(viewer, f"tail/?after={mine}")
    assert "Who would get it" not in text(viewer, f"log/{mine}/")
    assert text(viewer, f"log/{other}/", 404)


def test_an_event_has_its_page(ada: Client) -> None:
    hook = register(ada)
    [sequence] = happen(ontology="fleet", branch="night")
    page = text(ada, f"log/{sequence}/")
    assert "&lt;ann" in page
    assert "webhook: billing" in page.lower()
    assert "It was not sent to anybody." in page
    assert 'href="/console/ontology/fleet/?ref=night"' in page
    assert f'href="/console/ontology/fleet/commits/{"c" * 64}/"' in page
    assert f'href="{ROOT}webhooks/{hook.pk}/"' in page
    identity = Event.objects.get(seq=sequence).id
    assert identity in text(ada, f"log/{identity}/")
    assert text(ada, "log/nothing/", 404)


def seen(kind: str, data: Any, **attributes: str) -> EventView:
    return EventView(
        7, json.dumps({"id": "e", "type": f"io.oms.{kind}", "data": data, **attributes})
    )


@pytest.mark.parametrize(
    ("kind", "data", "about", "leads_to"),
    [
        ("job.failed.v1", {"job": UUID, "task": "import"}, "import", f"/api/v1/jobs/{UUID}"),
        ("audit.recorded.v1", {"event": "a1", "action": "x.y"}, "x.y", "/console/audit/events/a1/"),
        ("webhook.test.v1", {"webhook": "w1", "name": "n"}, "n", f"{ROOT}webhooks/w1/"),
        ("event.quarantined.v1", {"sequence": 5, "error": "no"}, "no", f"{ROOT}log/5/"),
        (
            "ontology.object.changed.v1",
            {"changes": [{"type": "Ship"}, {"id": "ObjectType/A"}, {}, {"type": "B"}, 5]},
            "Ship, ObjectType/A +2",
            "",
        ),
        ("other.v1", "text", "ships/1", ""),
    ],
)
def test_an_event_leads_to_what_it_is_about(
    kind: str, data: Any, about: str, leads_to: str
) -> None:
    view = seen(kind, data, subject="ships/1", time="some day")
    row = event_row(view)
    assert (row.about, row.time, row.who) == (about, None, "")
    assert [link.url for link in links_of(view)] == ([leads_to] if leads_to else [])


def test_events_of_others_lead_nowhere() -> None:
    view = EventView(1, '{"id": "e", "type": "com.example.x", "data": {"job": "j"}}')
    assert links_of(view) == []
    assert event_row(view).label == "com.example.x"


def test_spans_are_one_word() -> None:
    with translation.override("en"):
        assert [span(one) for one in (0.4, 61, 7200, 200_000)] == ["0 s", "1 min", "2 h", "2 d"]


# -- who may ---------------------------------------------------------------------------------------


def test_only_who_runs_events_may_open_the_rest(person: MakePerson, ada: Client) -> None:
    hook = register(ada)
    viewer = signed_in(person, "vic", Role.VIEWER)
    one, rest = "webhooks/x/", ("edit/", "secret/", "replay/", "delete/")
    for path in (*ALL[2:], one, *(one + more for more in rest), "deliveries/1/", "rules/x/"):
        assert viewer.get(ROOT + path).status_code == 403, path
    for path in ("act/", "delete/", "replay/", "secret/", "edit/"):
        assert viewer.post(f"{ROOT}webhooks/{hook.pk}/{path}").status_code == 403, path
    for path in ("streams/publish/", "streams/quarantine/1/", "deliveries/1/act/"):
        assert viewer.post(ROOT + path).status_code == 403, path
    home = viewer.get("/console/ontology/").content.decode()
    assert f'href="{ROOT}"' in home
    assert f'href="{ROOT}webhooks/"' not in home
    home = ada.get("/console/ontology/").content.decode()
    for path in ("webhooks/", "deliveries/", "rules/"):
        assert f'href="{ROOT}{path}"' in home
    stranger = signed_in(person, "sam", None)
    assert f'href="{ROOT}"' not in stranger.get("/console/ontology/").content.decode()
    for path in ALL:
        assert stranger.get(ROOT + path).status_code == 403
        assert Client().get(ROOT + path).status_code == 302


def test_who_runs_one_ontology_sees_what_is_about_it(person: MakePerson, ada: Client) -> None:
    register(ada)
    own = signed_in(person, "olga", Role.ADMINISTRATOR, "fleet")
    assert "billing" not in text(own, "webhooks/")
    assert "Choose a receiver" in text(own, "deliveries/")
    assert text(own, "streams/", 403)
    assert sent(own, "webhooks/new/", {**FORM, "name": "mine"}, status=403)
    mine = register(own, name="mine", ontologies="fleet")
    assert text(own, f"webhooks/{mine.pk}/")
    assert "No delivery fits" in text(own, f"deliveries/?lane={mine.lane}")
    [sequence] = happen()
    assert "Who would get it" not in text(own, f"log/{sequence}/")


def test_posts_want_a_token(ada: Client, person: MakePerson) -> None:
    hook = register(ada)
    strict = Client(enforce_csrf_checks=True)
    assert strict.login(username="ada", password=PASSWORD)
    for path in (
        "webhooks/new/", f"webhooks/{hook.pk}/act/", f"webhooks/{hook.pk}/delete/", "rules/new/",
        "streams/publish/",
    ):  # fmt: skip
        assert strict.post(ROOT + path, FORM).status_code == 403, path
    assert Webhook.objects.count() == 1


# -- webhooks --------------------------------------------------------------------------------------


def test_a_webhook_is_registered_and_its_secret_shown_once(ada: Client) -> None:
    answer = ada.post(
        f"{ROOT}webhooks/new/",
        {**FORM, "types": "io.oms.ontology.*\r\n\r\n io.oms.job.* ", "expression": "true"},
    )
    hook = Webhook.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == f"{ROOT}webhooks/{hook.pk}/"
    assert hook.types == ["io.oms.ontology.*", "io.oms.job.*"]
    assert (hook.state, hook.rate) == ("active", 120)
    page = text(ada, f"webhooks/{hook.pk}/")
    secret = re.search(r"whsec_[A-Za-z0-9+/=]{20,}", page)
    assert secret
    assert "it is not shown again" in page
    assert "The receiver proved" in page
    assert "whsec_" not in text(ada, f"webhooks/{hook.pk}/")
    assert secret[0] not in json.dumps(dict(ada.session))
    page = sent(ada, f"webhooks/{hook.pk}/secret/", {"overlap": "x"}, status=422)
    assert 'id="e-overlap"' in page
    wrong = {"overlap": "1", "secret": "whsec_x"}
    assert 'id="e-secret"' in sent(ada, f"webhooks/{hook.pk}/secret/", wrong, status=422)
    assert 'name="overlap"' in text(ada, f"webhooks/{hook.pk}/secret/")
    page = sent(ada, f"webhooks/{hook.pk}/secret/", {"overlap": "2"})
    fresh = re.search(r"whsec_[A-Za-z0-9+/=]{20,}", page)
    assert fresh
    assert fresh[0] != secret[0]
    assert "The old secret still signs until" in page
    assert "whsec_" not in text(ada, f"webhooks/{hook.pk}/")


def test_a_form_with_errors_keeps_what_was_typed(ada: Client) -> None:
    wrong = {
        **FORM, "url": "http://x", "concurrency": "many", "timeout": "nan", "batch_size": "7",
        "description": "<kept>", "secret": "short",
    }  # fmt: skip
    page = sent(ada, "webhooks/new/", wrong, status=422)
    for name in ("url", "concurrency", "timeout", "batch_size", "secret"):
        assert f'id="e-{name}"' in page, name
        assert f'href="#f-{name}"' in page, name
    assert "&lt;kept&gt;" in page
    assert 'value="many"' in page
    assert "short" not in re.findall(r'value="([^"]*)"', page)
    page = sent(ada, "webhooks/new/", {**FORM, "expression": "data.("}, status=422)
    assert 'id="e-expression"' in page
    assert Webhook.objects.count() == 0
    register(ada)
    assert 'id="e-name"' in sent(ada, "webhooks/new/", FORM, status=422)
    ada.cookies["django_language"] = "ko"
    page = sent(ada, "webhooks/new/", {**FORM, "name": "!"}, status=422)
    assert "1 to 100 letters" not in page


def test_a_preview_shows_which_events_match(ada: Client) -> None:
    happen(2)
    happen(1, ontology="rail")
    asked = {**FORM, "name": "!", "ontologies": "rail", "preview": "1"}
    page = sent(ada, "webhooks/new/", asked)
    assert "1 of the last" in page
    assert page.count('id="event-') == 1
    assert Webhook.objects.count() == 0
    assert 'id="e-expression"' in sent(ada, "rules/new/", {**asked, "expression": "("}, status=422)
    assert 'data-text="rail"' in page


def test_a_webhook_is_changed(ada: Client) -> None:
    hook = register(ada)
    page = text(ada, f"webhooks/{hook.pk}/edit/")
    assert 'value="https://hooks.example.com/in"' in page
    page = sent(ada, f"webhooks/{hook.pk}/edit/", {**FORM, "order": "parallel", "rate": "5"})
    assert "The changes are saved." in page
    hook.refresh_from_db()
    assert (hook.order, hook.rate, hook.state) == ("parallel", 5, "active")
    page = sent(ada, f"webhooks/{hook.pk}/edit/", {**FORM, "url": "https://other.example.com/"})
    assert "it has to be verified" in page
    assert sent(ada, f"webhooks/{hook.pk}/edit/", {**FORM, "rate": "-"}, status=422)
    assert sent(ada, f"webhooks/{hook.pk}/edit/", {**FORM, "rate": "3", "preview": "1"})
    hook.refresh_from_db()
    assert hook.rate == 0


def test_the_buttons_of_a_webhook(ada: Client, settings: Any) -> None:
    settings.OMS_WEBHOOK_VERIFIER = f"{__name__}.says_no"
    hook = register(ada)
    act = f"webhooks/{hook.pk}/act/"
    page = sent(ada, act, {"act": "verify"})
    assert "It said &lt;no&gt;." in page
    assert "verify or enable it first" in sent(ada, act, {"act": "test"})
    assert "verify it first" in sent(ada, act, {"act": "enable"})
    settings.OMS_WEBHOOK_VERIFIER = f"{__name__}.says_yes"
    assert "The receiver proved" in sent(ada, act, {"act": "verify"})
    assert "A test event is on its way" in sent(ada, act, {"act": "test"})
    assert "Somebody tries a webhook" in text(ada, f"webhooks/{hook.pk}/")
    assert "The webhook is paused." in sent(ada, act, {"act": "pause"})
    assert "The webhook is enabled." in sent(ada, act, {"act": "enable"})
    assert sent(ada, act, {"act": "nothing"})
    Delivery.objects.update(state="dead")
    assert "1 dead letter is sent again." in sent(ada, act, {"act": "redeliver"})
    assert Delivery.objects.get().origin == "redelivery"
    assert ada.get(ROOT + act).status_code == 405


def test_disabled_webhooks_are_told_of_on_top(ada: Client, person: MakePerson) -> None:
    hook = register(ada)
    happen()
    Webhook.objects.update(
        state="disabled", notice="Gone <410>.", disabled_at=utc_now(), disabled_seq=0
    )
    viewer = signed_in(person, "vic", Role.VIEWER)
    for path in ("/console/", "/console/ontology/", f"{ROOT}webhooks/"):
        page = ada.get(path).content.decode()
        assert "1 webhook was disabled" in page, path
        assert "Gone &lt;410&gt;." in page
    assert "was disabled" not in viewer.get("/console/").content.decode()
    page = sent(ada, f"webhooks/{hook.pk}/act/", {"act": "enable_replay"})
    assert "gets what it missed" in page
    assert Delivery.objects.filter(lane=hook.lane, origin="replay").exists()
    assert "was disabled" not in ada.get("/console/").content.decode()


def test_a_range_is_sent_again_after_a_dry_run(ada: Client) -> None:
    first, _, last = happen(3)
    hook = register(ada)
    path = f"webhooks/{hook.pk}/replay/"
    assert text(ada, path)
    assert 'id="e-from_sequence"' in sent(ada, path, {"step": "do"}, status=422)
    assert 'id="e-to_sequence"' in sent(
        ada, path, {"from_sequence": "1", "to_sequence": "x"}, status=422
    )
    assert 'id="e-from_time"' in sent(ada, path, {"from_time": "yesterday"}, status=422)
    asked = {"from_sequence": str(first), "to_sequence": str(last)}
    page = sent(ada, path, {**asked, "step": "try"})
    assert "3 of 3 events in this range would go out." in page
    assert Delivery.objects.count() == 0
    assert "3 events are sent again." in sent(ada, path, {**asked, "step": "do"})
    assert Delivery.objects.filter(lane=hook.lane).count() == 3


def test_a_webhook_is_deleted_after_a_question(ada: Client) -> None:
    hook = register(ada)
    assert "are forgotten" in text(ada, f"webhooks/{hook.pk}/delete/")
    assert Webhook.objects.exists()
    assert "billing was deleted." in sent(ada, f"webhooks/{hook.pk}/delete/")
    assert not Webhook.objects.exists()
    assert text(ada, f"webhooks/{hook.pk}/", 404)


def test_many_webhooks_have_pages(ada: Client) -> None:
    for number in range(27):
        Webhook.objects.create(
            name=f"hook{number:02}", url="https://x.example/", owner_id="1", owner_username="ada"
        )
    assert text(ada, "webhooks/").count('oms-card"') == 25
    assert "hook26" in text(ada, "webhooks/?page=2")


# -- deliveries ------------------------------------------------------------------------------------


def tried(hook: Webhook, *, status: int = 500) -> Delivery:
    with acting_as(SYSTEM):
        delivery = send_test(webhook=str(hook.pk))
    Attempt.objects.create(
        delivery=delivery, number=1, request="r", at=utc_now(), milliseconds=12.3, status=status,
        detail="It is <broken>.", request_headers={"webhook-id": "<1>"},
        response_headers={"server": "<nginx>"}, response_body="<script>alert(1)</script>",
    )  # fmt: skip
    Delivery.objects.filter(pk=delivery.pk).update(
        state="dead", attempts=1, status=status, error="status"
    )
    delivery.refresh_from_db()
    return delivery


def test_deliveries_are_listed_and_filtered(ada: Client) -> None:
    hook = register(ada)
    delivery = tried(hook)
    for query in (
        "", f"?lane={hook.lane}", "?state=dead", "?type=io.oms.webhook.test.v1", "?origin=test",
        f"?event={delivery.seq}", "?since=2000-01-01T00:00",
    ):  # fmt: skip
        assert f'href="{ROOT}deliveries/{delivery.pk}/"' in text(ada, f"deliveries/{query}"), query
    for query in ("?state=pending", "?type=x", "?origin=event", "?event=0", "?until=2000-01-01"):
        assert "No delivery fits" in text(ada, f"deliveries/{query}"), query
    page = text(ada, "webhooks/")
    assert "0 succeeded, 1 failed" in page
    assert "oms-bar-failed" in page


def test_one_delivery_shows_requests_and_answers(ada: Client) -> None:
    delivery = tried(register(ada))
    path = f"deliveries/{delivery.pk}/"
    page = text(ada, path)
    for shown in (
        "&lt;1&gt;",
        "&lt;nginx&gt;",
        "&lt;script&gt;alert",
        "It is &lt;broken&gt;.",
        "12 ms",
    ):
        assert shown in page, shown
    assert "given up" not in page
    assert "The delivery is sent again." in sent(ada, f"{path}act/", {"act": "redeliver"})
    assert "was given up" in sent(ada, f"{path}act/", {"act": "cancel"})
    assert "already" in sent(ada, f"{path}act/", {"act": "cancel"})
    Event.objects.filter(seq=delivery.seq).delete()
    assert "not kept any more" in sent(ada, f"{path}act/", {"act": "redeliver"})
    assert text(ada, "deliveries/999999/", 404)


# -- rules -----------------------------------------------------------------------------------------

RULE = {"name": "to lake", "sink": "channel", "target": "lake", "enabled": "on"}


def test_a_rule_lives(ada: Client) -> None:
    page = sent(ada, "rules/new/", {**RULE, "name": "", "target": "a b"}, status=422)
    assert 'id="e-name"' in page
    assert 'id="e-target"' in page
    assert "holds for what happens" in sent(ada, "rules/new/", {**RULE, "types": "io.oms.*"})
    rule = Rule.objects.get()
    assert 'id="e-name"' in sent(ada, "rules/new/", RULE, status=422)
    assert "to lake" in text(ada, "rules/")
    page = sent(ada, f"rules/{rule.pk}/edit/", {**RULE, "sink": "task", "target": "pond"})
    assert "The changes are saved." in page
    rule.refresh_from_db()
    assert (rule.sink, rule.target, rule.types) == ("channel", "pond", [])
    assert "The rule is disabled." in sent(ada, f"rules/{rule.pk}/act/", {"act": "disable"})
    assert "The rule is enabled." in sent(ada, f"rules/{rule.pk}/act/", {"act": "enable"})
    [sequence] = happen()
    asked = {"from_sequence": str(sequence)}
    assert "1 of 1 events" in sent(ada, f"rules/{rule.pk}/replay/", {**asked, "step": "try"})
    assert "1 event is sent again." in sent(
        ada, f"rules/{rule.pk}/replay/", {**asked, "step": "do"}
    )
    assert "1 event waits" in text(ada, f"rules/{rule.pk}/delete/")
    assert "to lake was deleted." in sent(ada, f"rules/{rule.pk}/delete/")
    assert not Rule.objects.exists()
    assert text(ada, f"rules/{rule.pk}/", 404)


def test_a_rule_for_a_webhook_leads_to_it(ada: Client) -> None:
    register(ada)
    page = sent(ada, "rules/new/", {**RULE, "sink": "webhook", "target": "billing"})
    assert "deliveries of its webhook" in page
    page = sent(ada, "rules/new/", {**RULE, "sink": "webhook", "target": "no"}, status=422)
    assert '<option value="billing"></option>' in page


# -- streams ---------------------------------------------------------------------------------------


def test_lanes_streams_and_quarantine(ada: Client) -> None:
    register(ada)
    [sequence] = happen()
    page = text(ada, "streams/")
    assert "Routing" in page
    assert "oms-bar-lag" in page
    assert "<code>outbox</code>" in page
    for drop, said in (("release", "goes its way again"), ("drop", "was dropped")):
        entry = Quarantined.objects.create(
            lane="stream", key="k", seq=sequence, error="too <large>", failures=1
        )
        page = text(ada, "streams/")
        assert "too &lt;large&gt;" in page
        assert sent(ada, f"streams/quarantine/{entry.pk}/", {"act": "nothing"})
        assert Quarantined.objects.exists()
        assert said in sent(ada, f"streams/quarantine/{entry.pk}/", {"act": drop})
        assert not Quarantined.objects.exists()
    assert sent(ada, "streams/quarantine/1/", {"act": "drop"}, status=404)


def test_a_range_is_published_again(
    ada: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last = happen(2)
    assert "Publish again" not in text(ada, "streams/")
    assert "there are no streams" in sent(ada, "streams/publish/", {"from": str(first)})
    monkeypatch.setattr(streams_view, "list_streams", list)
    settings.NATS_URL = "nats://127.0.0.1:1"
    assert "There is no stream yet" in text(ada, "streams/")
    assert 'id="e-from"' in sent(ada, "streams/publish/", {"from": "x"}, status=422)
    page = sent(ada, "streams/publish/", {"from": str(last), "to": str(first)}, status=422)
    assert 'id="e-to"' in page
    page = sent(ada, "streams/publish/", {"from": str(first), "to": str(last)})
    assert "2 events are published again." in page
    assert Pending.objects.filter(lane="stream").count() == 2


def test_streams_that_are_away_are_said_to_be(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise Unavailable("No stream server answers.")

    monkeypatch.setattr(streams_view, "list_streams", away)
    page = text(ada, "streams/")
    assert "The stream server does not answer." in page
    assert "No stream server answers." in page


# -- both languages --------------------------------------------------------------------------------


def test_in_korean(ada: Client) -> None:
    hook = register(ada)
    tried(hook)
    happen()
    ada.cookies["django_language"] = "ko"
    for path, word in {
        "": "이벤트", "webhooks/": "웹훅", "webhooks/new/": "새 웹훅", f"webhooks/{hook.pk}/": "비밀",
        "deliveries/": "전달", "rules/": "라우팅", "streams/": "스트림",
    }.items():  # fmt: skip
        assert word in text(ada, path), path
