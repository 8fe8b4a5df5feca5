"""What the tests of the console share: addresses, and what a person does again and again."""

from __future__ import annotations

import itertools
from pathlib import Path

from playwright.sync_api import Page

ROOT = "/console/ontology"
DEMO = f"{ROOT}/logistics"
EVENTS = "/console/events"
AXE = Path(__file__).with_name("vendor") / "axe.min.js"

#: Every page that can be opened with the demo alone.
PAGES = {
    "home": "/console/",
    "ontologies": f"{ROOT}/",
    "new ontology": f"{ROOT}/-/new/",
    "delete ontology": f"{DEMO}/delete/",
    "explorer": f"{DEMO}/?ref=main",
    "explorer of everything": f"{DEMO}/?ref=main&kind=&status=deleted",
    "explorer at a tag": f"{DEMO}/?ref=v1.0",
    "object type": f"{DEMO}/d/ObjectType/Vessel/?ref=main",
    "link type": f"{DEMO}/d/LinkType/hasLeg/?ref=main",
    "enum type": f"{DEMO}/d/EnumType/ShipmentStatus/?ref=main",
    "action type": f"{DEMO}/d/ActionType/dispatchShipment/?ref=main",
    "deprecated": f"{DEMO}/d/SharedProperty/remarks/?ref=main",
    "history of one": f"{DEMO}/history/ObjectType/Shipment/?ref=main",
    "blame": f"{DEMO}/blame/ObjectType/Shipment/?ref=main",
    "two revisions": f"{DEMO}/revisions/ObjectType/Shipment/?ref=main&from=v1.0&to=main",
    "the past": f"{DEMO}/?ref=main&at=2099-12-31T23:59:59",
    "erased values": f"{DEMO}/erased/?ref=main",
    "new object type": f"{DEMO}/new/ObjectType/?ref=main",
    "new shared property": f"{DEMO}/new/SharedProperty/?ref=main",
    "new link type": f"{DEMO}/new/LinkType/?ref=main",
    "new interface": f"{DEMO}/new/Interface/?ref=main",
    "new value type": f"{DEMO}/new/ValueType/?ref=main",
    "new enum type": f"{DEMO}/new/EnumType/?ref=main",
    "new struct type": f"{DEMO}/new/StructType/?ref=main",
    "new action type": f"{DEMO}/new/ActionType/?ref=main",
    "edit object type": f"{DEMO}/edit/ObjectType/Vessel/?ref=main",
    "edit action type": f"{DEMO}/edit/ActionType/dispatchShipment/?ref=main",
    "rename": f"{DEMO}/rename/ObjectType/Vessel/?ref=main",
    "deprecate": f"{DEMO}/deprecate/ObjectType/Vessel/?ref=main",
    "delete": f"{DEMO}/remove/ObjectType/Location/?ref=main",
    "actions": f"{DEMO}/actions/?ref=main",
    "action": f"{DEMO}/actions/dispatchShipment/?ref=main",
    "branches": f"{DEMO}/branches/",
    "log": f"{DEMO}/log/?ref=main",
    "compare": f"{DEMO}/compare/?from=main&to=cold-chain",
    "merge with conflicts": f"{DEMO}/merge/?source=cold-chain&into=main",
    "import and export": f"{DEMO}/transfer/?ref=main",
    "events": f"{EVENTS}/",
    "events of one type": f"{EVENTS}/?type=io.oms.ontology.*&until=2099-01-01T00:00",
    "first event": f"{EVENTS}/log/1/",
    "webhooks": f"{EVENTS}/webhooks/",
    "new webhook": f"{EVENTS}/webhooks/new/",
    "deliveries": f"{EVENTS}/deliveries/",
    "routing": f"{EVENTS}/rules/",
    "new rule": f"{EVENTS}/rules/new/",
    "streams": f"{EVENTS}/streams/",
    "not found": f"{DEMO}/d/ObjectType/Nothing/?ref=main",
}

_numbers = itertools.count(1)


def make_branch(page: Page, purpose: str, *, start: str = "main") -> str:
    """A new branch of the demo, so that tests do not meet; the page is in its explorer then."""
    name = f"e2e-{purpose}-{next(_numbers)}"
    page.goto(f"{DEMO}/branches/?ref={start}")
    page.get_by_label("Name").first.fill(name)
    page.get_by_label("From").fill(start)
    page.get_by_role("button", name="Create branch").click()
    page.wait_for_url(f"**/logistics/?ref={name}")
    return name


def commit(page: Page, branch: str) -> None:
    """Press the form's button, and wait for what comes after a commit."""
    page.get_by_role("button", name=f"Commit to {branch}").click()
    page.get_by_role("status").get_by_text("Committed:").wait_for()
