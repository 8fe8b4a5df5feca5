"""The hierarchy by keyboard (ARIA Authoring Practices, Tree View)."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.console import DEMO


def _here(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def test_arrows_walk_open_and_close(page: Page) -> None:
    page.goto(f"{DEMO}/?ref=main&kind=ObjectType")
    page.locator("[role=treeitem]").first.focus()
    assert _here(page) == "Asset"
    page.keyboard.press("ArrowRight")
    asset = page.get_by_role("treeitem", name="Asset")
    expect(asset).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowRight")
    assert _here(page) == "Container"
    page.keyboard.press("ArrowDown")
    assert _here(page) == "Vehicle"
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("treeitem", name="Truck")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    assert _here(page) == "Vehicle"
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("treeitem", name="Truck")).to_be_hidden()
    page.keyboard.press("End")
    assert _here(page) == "TransportLeg"
    page.keyboard.press("Home")
    assert _here(page) == "Asset"
    page.keyboard.type("sh")
    assert _here(page) == "Shipment"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Shipment")).to_be_visible()


def test_only_one_item_is_in_the_tab_order(page: Page) -> None:
    page.goto(f"{DEMO}/d/ObjectType/Vessel/?ref=main")
    assert page.locator("[role=treeitem][tabindex='0']").count() == 1
    current = page.get_by_role("treeitem", name="Vessel")
    expect(current).to_have_attribute("aria-current", "page")
    expect(current).to_have_attribute("tabindex", "0")
    expect(current).to_have_attribute("aria-level", "3")


def test_slash_searches_while_typing(page: Page) -> None:
    page.goto(f"{DEMO}/?ref=main")
    page.keyboard.press("/")
    search = page.get_by_role("searchbox", name="Search the hierarchy")
    expect(search).to_be_focused()
    page.keyboard.type("ves")
    expect(page.locator(".oms-matched")).to_have_text(["Vessel"])
    expect(page.get_by_role("treeitem", name="Vehicle")).to_be_visible()  # the way there
    expect(page.locator("[data-tree-status]")).to_have_text("1 matches")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Vessel")).to_be_visible()


def test_nothing_found_is_said(page: Page) -> None:
    page.goto(f"{DEMO}/?ref=main")
    page.keyboard.press("/")
    page.keyboard.type("xyzzy")
    expect(page.locator("[data-tree-status]")).to_have_text("Nothing matches.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("treeitem", name="Asset")).to_be_visible()
