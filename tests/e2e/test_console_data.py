"""A person looks at objects, makes and links them, and deletes one."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.console import AXE, DEMO, commit, make_branch
from tests.e2e.test_console_pages import NARROW, serious

#: Every page about data that can be opened with the demo alone.
PAGES = {
    "data": f"{DEMO}/data/?ref=main",
    "objects": f"{DEMO}/data/of/Shipment/?ref=main&p=orderedBy.address.country&op=eq&v=KR",
    "objects of an abstract type": f"{DEMO}/data/of/Asset/?ref=main",
    "no objects": f"{DEMO}/data/of/Shipment/?ref=v1.0",
    "links": f"{DEMO}/data/of/packedIn/?ref=main",
    "bad filter": f"{DEMO}/data/of/Shipment/?ref=main&p=nothing&op=eq&v=1",
    "search": f"{DEMO}/data/search/?ref=main&q=busan",
    "object": f"{DEMO}/d/Shipment/S-2026-001/?ref=main",
    "object in a struct": f"{DEMO}/d/Warehouse/WH-ICN-1/?ref=main",
    "new object": f"{DEMO}/data/new/Vessel/?ref=main",
    "new object with links": f"{DEMO}/data/new/TransportLeg/?ref=main",
    "edit": f"{DEMO}/data/edit/Warehouse/WH-ICN-1/?ref=main",
    "choose a link": f"{DEMO}/data/link/Shipment/S-2026-001/?ref=main",
    "link": f"{DEMO}/data/link/Shipment/S-2026-001/?ref=main&link=packedIn&direction=outgoing",
    "delete": f"{DEMO}/data/remove/Shipment/S-2026-001/?ref=main",
    "delete refused": f"{DEMO}/data/remove/Customer/K-TULIP/?ref=main",
    "history": f"{DEMO}/history/Shipment/S-2026-001/?ref=main",
}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_axe_finds_nothing_serious_in_either_theme(page: Page, language: str) -> None:
    page.goto("/console/")
    page.context.add_cookies([{"name": "django_language", "value": language, "url": page.url}])
    found = {}
    for name, address in PAGES.items():
        page.goto(address)
        assert page.evaluate("document.documentElement.lang") == language
        page.evaluate(AXE.read_text(encoding="utf-8"))  # past the policy, as extensions are
        problems = serious(page)
        # The themes share their markup: what differs is colours.
        page.evaluate("document.documentElement.classList.add('dark')")
        problems += serious(page, "color-contrast")
        if problems:
            found[name] = problems
    assert found == {}


def test_pages_fit_a_narrow_window(page: Page) -> None:
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    wide = {}
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
    for name, address in PAGES.items():
        page.goto(address)
        page.evaluate(
            "document.querySelectorAll('.oms details:not([data-menu])')"
            ".forEach((one) => { one.open = true; })"
        )
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW["width"]:
            wide[name] = width
    assert wide == {}
    assert errors == []


def test_from_the_types_to_one_object(page: Page) -> None:
    page.goto(f"{DEMO}/?ref=main")
    page.get_by_role("link", name="Data", exact=True).click()
    page.get_by_role("row", name="Consignment").get_by_role("link").click()
    expect(page.get_by_role("row")).to_have_count(7)
    page.get_by_role("link", name="Gross weight").click()
    rows = page.locator("tbody tr")
    expect(rows.first).to_contain_text("S-2026-006")
    page.get_by_role("link", name="Gross weight").click()
    expect(rows.first).to_contain_text("S-2026-003")

    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Property").last.fill("orderedBy.address.country")
    page.get_by_label("Value", exact=True).last.fill("KR")
    page.get_by_role("button", name="Apply").click()
    expect(rows).to_have_count(2)
    page.get_by_label("Property").last.fill("grossWeight")
    page.get_by_label("Operator").last.select_option("gt")
    page.get_by_label("Value", exact=True).last.fill("30000")
    page.get_by_role("button", name="Apply").click()
    expect(rows).to_have_count(1)
    page.get_by_role("link", name="S-2026-003").click()
    article = page.get_by_role("article")
    expect(article).to_contain_text("Daehan Batteries")
    expect(article).to_contain_text("41800")


def test_an_object_is_made_after_a_mistake_with_its_links(page: Page) -> None:
    branch = make_branch(page, "object")
    page.goto(f"{DEMO}/data/new/Vessel/?ref={branch}")
    page.locator("[name='v.name.r0.text']").fill("Busan Bell")
    page.locator("[name='v.mode']").select_option("SEA")
    page.locator("[name='v.payload']").fill("-5")
    page.get_by_role("button", name=f"Commit to {branch}").click()
    summary = page.locator("#oms-errors")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("imoNumber")
    payload = page.locator("#f-v-payload")
    expect(payload).to_have_attribute("aria-invalid", "true")
    summary.get_by_role("link", name=re.compile("Payload")).click()
    expect(payload).to_be_focused()
    payload.fill("1000")
    page.locator("#f-v-imoNumber").fill("9876543")

    # The operator is picked by typing a part of its name.
    operator = page.get_by_role("combobox", name=re.compile("^operated by"))
    operator.fill("Hanb")
    operator.press("ArrowDown")
    expect(page.locator(".oms-option[aria-selected=true]")).to_contain_text("Hanbada Line")
    operator.press("Enter")
    expect(operator).to_have_value("Carrier/C-HANBADA")
    commit(page, branch)
    article = page.get_by_role("article")
    expect(page.get_by_role("heading", name="Busan Bell")).to_be_visible()
    expect(article).to_contain_text("Hanbada Line")


def test_an_edit_and_a_link_with_a_value_of_its_own(page: Page) -> None:
    branch = make_branch(page, "edit-object")
    page.goto(f"{DEMO}/d/Shipment/S-2026-004/?ref={branch}")
    page.get_by_role("link", name="Edit", exact=True).click()
    page.locator("[name='v.status']").select_option("IN_TRANSIT")
    page.locator("[name='v.deliverBy']").fill("2026-08-15")
    commit(page, branch)
    article = page.get_by_role("article")
    expect(article).to_contain_text("2026-08-15")
    expect(article).to_contain_text("9600.25")

    page.get_by_role("link", name="Link to something").click()
    page.get_by_role("link", name="packed in").click()
    box = page.get_by_role("combobox", name=re.compile("^packed in"))
    box.fill("NDSU")
    box.press("ArrowDown")
    expect(page.locator(".oms-option[aria-selected=true]")).to_contain_text("NDSU")
    box.press("Enter")
    page.locator("[name='v.sealNumber']").fill("KR99999")
    commit(page, branch)
    group = page.get_by_role("region", name="packed in")
    expect(group).to_contain_text("NDSU")
    expect(group).to_contain_text("KR99999")


def test_a_delete_takes_along_what_it_says_and_comes_back(page: Page) -> None:
    branch = make_branch(page, "delete-object")
    page.goto(f"{DEMO}/d/Container/NDSU7700135/?ref={branch}")
    address = page.url
    page.get_by_role("link", name="Delete", exact=True).click()
    told = page.get_by_role("region", name="What goes with it")
    expect(told).to_contain_text("packedIn")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("status").get_by_text("Committed:").wait_for()
    expect(page.get_by_role("link", name="NDSU7700135")).to_have_count(0)
    page.goto(f"{DEMO}/data/of/Container/?ref={branch}&deleted=1")
    page.get_by_role("link", name="NDSU7700135").click()
    expect(page.get_by_text("This was deleted here.")).to_be_visible()
    page.get_by_role("button", name="Restore").click()
    page.get_by_role("status").get_by_text("Committed:").wait_for()
    page.goto(address)
    expect(page.get_by_role("article")).to_contain_text("NDSU7700135")


def test_what_must_not_be_deleted_says_why(page: Page) -> None:
    page.goto(f"{DEMO}/data/remove/Customer/K-TULIP/?ref=main")
    expect(page.get_by_role("alert")).to_contain_text("orderedBy")
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)


def test_data_is_found_by_its_words(page: Page) -> None:
    page.goto(f"{DEMO}/data/?ref=main")
    page.get_by_role("searchbox", name="Words").fill("hanbada")
    page.get_by_role("button", name="Search").last.click()
    expect(page.get_by_role("link", name="Hanbada Line")).to_be_visible()
    expect(page.get_by_role("link", name="Hanbada Dawn")).to_be_visible()
