"""A person runs an action: picks the object, looks at the preview, runs it, takes it back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests import services
from tests.e2e.console import DEMO, make_branch

OBJECTS = [
    {
        "op": "create",
        "type": "Customer",
        "fields": {"code": "CUS-E2E-1", "name": {"en": "Han River"}},
    },
    {
        "op": "create",
        "type": "Shipment",
        "fields": {
            "code": "SHP-E2E-1",
            "status": "BOOKED",
            "grossWeight": 12,
            "bookedAt": "2026-07-01T08:00:00Z",
        },
    },
    {
        "op": "create",
        "type": "orderedBy",
        "source": "Shipment/SHP-E2E-1",
        "target": "Customer/CUS-E2E-1",
    },
]


def test_an_action_is_previewed_run_and_taken_back(
    page: Page, oms_server: services.OmsServer
) -> None:
    branch = make_branch(page, "action")
    made = oms_server.client().post(
        f"/api/v1/ontologies/logistics/changesets?branch={branch}",
        json={"changes": OBJECTS},
    )
    assert made.status_code == 201, made.text
    page.goto(f"{DEMO}/actions/?ref={branch}")
    page.get_by_role("link", name=re.compile("Run.*Cancel shipments")).click()

    # What is missing is told beside its box.
    page.get_by_role("button", name="Preview").locator("visible=true").last.click()
    summary = page.locator("#oms-errors")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Give at least 1 items")

    shipments = page.get_by_role("combobox", name="Shipments")
    shipments.fill("SHP-E2E")
    shipments.press("ArrowDown")
    shipments.press("Enter")
    expect(page.get_by_role("button", name="Remove SHP-E2E-1")).to_be_visible()
    page.get_by_role("button", name="Preview").locator("visible=true").last.click()
    preview = page.get_by_role("region", name="Preview")
    expect(preview).to_contain_text("Nothing is written yet")
    expect(preview).to_contain_text("CANCELLED")
    expect(page.get_by_role("button", name="Remove SHP-E2E-1")).to_be_visible()

    page.get_by_role("button", name=f"Run on {branch}").click()
    expect(page.get_by_role("status").first).to_contain_text("Done: Run cancelShipments")
    expect(page.locator(".oms-change", has_text="Shipment/SHP-E2E-1").first).to_be_visible()

    # A criterion that fails is told as its author wrote it.
    page.goto(f"{DEMO}/actions/cancelShipments/?ref={branch}&shipments=Shipment/SHP-E2E-1")
    page.get_by_role("button", name=f"Run on {branch}").click()
    expect(summary).to_contain_text("Only booked shipments can be cancelled.")

    page.goto(f"{DEMO}/log/?ref={branch}")
    page.get_by_role("link", name="Run cancelShipments").first.click()
    page.get_by_role("link", name="Take back this run").click()
    expect(page.get_by_text("No conflicts are left")).to_be_visible()
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("status").first).to_contain_text("Committed:")
