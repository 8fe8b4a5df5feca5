"""Events in the browser: the live log, and a webhook from registering to its first deliveries."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import services
from tests.e2e.conftest import PATIENCE, VIEWPORT
from tests.e2e.console import AXE, EVENTS
from tests.e2e.test_console_pages import NARROW, serious


class Receiver(BaseHTTPRequestHandler):
    """Wants events, and answers 503 while it is told to."""

    fails = False
    got: list[dict[str, str]] = []

    def do_OPTIONS(self) -> None:
        self.send_response(200)
        self.send_header("WebHook-Allowed-Origin", "*")
        self.send_header("WebHook-Allowed-Rate", "*")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).got.append(dict(self.headers.items()))
        body = b"busy" if self.fails else b"thanks"
        self.send_response(503 if self.fails else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on the screen."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/in"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def server() -> Iterator[services.OmsServer]:
    """OMS that may post to this machine."""
    allowed = {"OMS_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8", "OMS_WEBHOOK_ALLOW_HTTP": "true"}
    with services.oms(demo=True, extra=allowed) as started:
        yield started


@pytest.fixture
def window(browser: Browser, server: services.OmsServer) -> Iterator[Page]:
    """The administrator's window of that server."""
    context = browser.new_context(
        base_url=server.url,
        viewport=VIEWPORT,  # type: ignore[arg-type]
        locale="en-GB",
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/console/login/")
    page.fill("input[name=username]", server.username)
    page.fill("input[name=password]", server.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login/" not in url)
    yield page
    context.close()


def make_tag(server: services.OmsServer, name: str) -> None:
    """Let something happen."""
    made = server.client().post(
        "/api/v1/ontologies/logistics/tags", json={"name": name, "ref": "main"}
    )
    assert made.status_code == 201, made.text


def test_what_happens_comes_in_by_itself(window: Page, server: services.OmsServer) -> None:
    errors: list[str] = []
    window.on("pageerror", lambda error: errors.append(str(error)))
    window.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    window.goto(f"{EVENTS}/?type=io.oms.ontology.*")  # the trail tells of the same
    window.evaluate("window.stayed = true")
    make_tag(server, "live-1")
    rows = window.locator("#oms-events > li")
    expect(rows.first).to_contain_text("live-1")
    expect(window.locator("#oms-tail-said")).to_contain_text("1 new event")
    pause = window.get_by_role("button", name="Pause")
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "true")
    expect(window.get_by_text("Paused", exact=True)).to_be_visible()
    make_tag(server, "live-2")
    window.wait_for_timeout(5000)
    expect(rows.first).to_contain_text("live-1")
    pause.click()
    expect(rows.first).to_contain_text("live-2")
    assert window.get_by_text("live-1").count() == 1
    assert window.evaluate("window.stayed") is True
    # A filter holds for what comes in as well.
    window.goto(f"{EVENTS}/?branch=nothing-has-this-name")
    expect(window.get_by_text("No event fits these filters.")).to_be_visible()
    make_tag(server, "live-3")
    window.wait_for_timeout(3000)
    expect(window.get_by_text("live-3")).to_have_count(0)
    window.goto(f"{EVENTS}/?type=io.oms.ontology.*")
    rows.first.get_by_role("link").first.click()
    expect(window.get_by_role("heading", name="A tag was created")).to_be_visible()
    expect(window.get_by_role("region", name="As a CloudEvent")).to_contain_text('"live-3"')
    window.get_by_role("link", name=re.compile("^Commit ")).click()
    window.wait_for_url("**/logistics/commits/**")
    assert errors == []


def test_a_webhook_from_registering_to_delivering(window: Page, receiver: str) -> None:
    page = window
    page.goto(f"{EVENTS}/webhooks/")
    page.get_by_role("link", name="New webhook").first.click()
    page.get_by_label("Name").fill("my hook")
    page.get_by_label("URL").fill("ftp://nowhere")
    page.get_by_text("Suggestions: Types of events").click()
    page.get_by_role("button", name="io.oms.ontology.*", exact=True).click()
    expect(page.get_by_label("Types of events")).to_have_value("io.oms.ontology.*")
    page.get_by_role("button", name="Preview").click()
    preview = page.get_by_role("region", name="Which of the last events would match")
    expect(preview.get_by_role("listitem").first).to_be_visible()
    page.get_by_role("button", name="Register and verify").click()
    expect(page.get_by_role("link", name="The URL must start with")).to_be_visible()
    expect(page.get_by_label("Types of events")).to_have_value("io.oms.ontology.*")
    page.get_by_label("URL").fill(receiver)
    page.get_by_role("button", name="Register and verify").click()
    expect(page.get_by_text("The receiver proved that it wants these events.")).to_be_visible()
    assert page.get_by_role("textbox", name="Secret").input_value().startswith("whsec_")
    page.get_by_role("button", name="Send a test event").click()
    expect(page.get_by_role("status").get_by_text("A test event is on its way")).to_be_visible()
    expect(page.get_by_role("textbox", name="Secret")).to_have_count(0)

    def delivered() -> bool:
        page.reload()
        return page.get_by_role("cell", name="delivered test").count() > 0

    until(delivered)
    page.get_by_role("region", name="Deliveries").get_by_role("rowheader").get_by_role(
        "link"
    ).click()
    expect(page.get_by_role("heading", name=re.compile("^Delivery .* delivered$"))).to_be_visible()
    expect(page.get_by_text("thanks")).to_be_visible()
    assert any("Webhook-Signature" in one or "webhook-signature" in one for one in Receiver.got)
    check(page)
    page.get_by_role("link", name="Webhook: my hook").click()
    expect(page.get_by_text(re.compile("Last 24 hours: 1 succeeded, 0 failed"))).to_be_visible()
    check(page)
    for step in ("Edit", "Send again", "New secret", "Delete"):
        page.get_by_role("link", name=step, exact=True).click()
        page.get_by_role("link", name="Cancel").wait_for()
        check(page)
        page.get_by_role("link", name="Cancel").click()
        page.get_by_role("heading", name="How it does").wait_for()
    page.get_by_role("link", name="Send again", exact=True).click()
    page.get_by_label("From number").fill("1")
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_text(re.compile("events in this range would go out"))).to_be_visible()
    check(page)
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("status").get_by_text("sent again")).to_be_visible()
    page.goto(f"{EVENTS}/webhooks/")
    check(page)
    page.goto(f"{EVENTS}/deliveries/")
    check(page)


def test_a_rule_and_the_streams(window: Page) -> None:
    page = window
    page.goto(f"{EVENTS}/rules/new/")
    page.get_by_label("Name").fill("my rule")
    page.get_by_label("Sink").select_option("channel")
    page.get_by_label("Target").fill("my.group")
    page.get_by_role("button", name="Make the rule").click()
    expect(page.get_by_role("heading", name="my rule enabled")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("heading", name="my rule disabled")).to_be_visible()
    page.goto(f"{EVENTS}/rules/")
    check(page)
    page.get_by_role("link", name="Streams and lag").click()
    expect(page.get_by_role("heading", name="Quarantine")).to_be_visible()
    check(page)


def until(holds: object) -> None:
    """Wait for what the server does by itself."""
    for _ in range(60):
        if callable(holds) and holds():
            return
        threading.Event().wait(0.5)
    raise AssertionError("It did not happen.")


def check(page: Page) -> None:
    """The page is accessible in both themes, and fits a narrow window."""
    page.evaluate(AXE.read_text(encoding="utf-8"))  # past the policy, as extensions are
    problems = serious(page)
    page.evaluate("document.documentElement.classList.add('dark')")
    problems += serious(page, "color-contrast")
    page.evaluate("document.documentElement.classList.remove('dark')")
    assert problems == [], page.url
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(VIEWPORT)  # type: ignore[arg-type]
    assert width <= NARROW["width"], page.url
