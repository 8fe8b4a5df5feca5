"""Every page: accessible, narrow, in both languages and themes, with and without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests import services
from tests.e2e.console import AXE, DEMO, PAGES, ROOT

NARROW = {"width": 380, "height": 800}


def serious(page: Page, rules: str = "") -> list[str]:
    """What axe finds that is serious or critical, with folded parts opened."""
    # Icons are letters of a font: until it is there, axe reads the letters as text.
    page.evaluate("document.fonts.ready.then(() => true)")
    page.evaluate(
        "document.querySelectorAll('.oms details').forEach((one) => { one.open = true; })"
    )
    options = "{ resultTypes: ['violations'] }"
    if rules:
        options = f"{{ resultTypes: ['violations'], runOnly: ['{rules}'] }}"
    found = page.evaluate(f"axe.run(document, {options})")
    return [
        f"{one['id']}: {node['html'][:160]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


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


def test_axe_finds_nothing_serious_where_people_sign_in(
    browser: Browser, oms_server: services.OmsServer
) -> None:
    context = browser.new_context(base_url=oms_server.url)
    page = context.new_page()
    page.goto("/console/login/")
    page.evaluate(AXE.read_text(encoding="utf-8"))  # past the policy, as extensions are
    assert serious(page) == []
    context.close()


def test_pages_fit_a_narrow_window_and_need_nothing_from_elsewhere(page: Page) -> None:
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    asked: list[str] = []
    errors: list[str] = []
    wide = {}
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
    for name, address in PAGES.items():
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW["width"]:
            wide[name] = width
    origin = page.url.partition("/console/")[0]
    assert wide == {}
    assert errors == []
    assert [url for url in asked if not url.startswith((origin, "data:"))] == []


def test_the_language_switch_stays_on_the_page(page: Page) -> None:
    page.goto(f"{DEMO}/log/?ref=main")
    page.get_by_role("button", name="한국어").click()
    page.get_by_role("heading", name="main 이력").wait_for()
    assert page.url.endswith("/log/?ref=main")
    page.get_by_role("button", name="English").click()
    page.get_by_role("heading", name="History of main").wait_for()


def test_the_home_page_leads_to_the_ontologies(page: Page) -> None:
    page.goto("/console/")
    page.get_by_role("heading", name="logistics").get_by_role("link").click()
    page.wait_for_url(f"**{DEMO}/")
    assert page.get_by_role("heading", name="Object types").is_visible()


def test_what_is_not_there_is_a_readable_page(page: Page) -> None:
    answer = page.goto(f"{ROOT}/no-such-ontology/")
    assert answer is not None
    assert answer.status == 404
    assert page.get_by_role("heading", name="Not found").is_visible()
    assert page.get_by_role("link", name="All ontologies").first.is_visible()


def test_a_tag_says_why_nothing_can_be_edited(page: Page) -> None:
    page.goto(f"{DEMO}/d/ObjectType/Vessel/?ref=v1.0")
    assert page.get_by_text("A tag never changes. Switch to a branch to edit.").is_visible()
    assert page.get_by_role("link", name="Edit").count() == 0
    answer = page.goto(f"{DEMO}/edit/ObjectType/Vessel/?ref=v1.0")
    assert answer is not None
    assert answer.status == 403


def test_the_chosen_branch_is_remembered(page: Page) -> None:
    page.goto(f"{DEMO}/?ref=cold-chain")
    page.goto(f"{DEMO}/log/")
    assert page.get_by_role("heading", name="History of cold-chain").is_visible()
    page.goto(f"{DEMO}/?ref=main")


def test_core_paths_work_without_scripts(
    browser: Browser, oms_server: services.OmsServer, signed_in_state: dict[str, object]
) -> None:
    context = browser.new_context(
        base_url=oms_server.url,
        storage_state=signed_in_state,  # type: ignore[arg-type]
        java_script_enabled=False,
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(f"{DEMO}/branches/")
    page.get_by_label("Name").first.fill("e2e-no-script")
    page.get_by_role("button", name="Create branch").click()
    page.goto(f"{DEMO}/new/ObjectType/?ref=e2e-no-script")
    page.locator("[name=apiName]").fill("Barge")
    page.locator("button[value='add:properties']").click()
    page.locator("[name='properties.r0.apiName']").fill("length")
    page.locator("[name='properties.r0.dataTypes']").fill("decimal(6,2)")
    page.locator("button[value='open:properties.r0']").click()
    page.locator("[name='properties.r0.unit']").fill("m")
    page.get_by_role("button", name="Commit to e2e-no-script").click()
    assert page.get_by_role("heading", name="Barge").is_visible()
    assert page.get_by_text("decimal(6,2)").first.is_visible()
    page.goto(f"{DEMO}/?ref=e2e-no-script&q=barge")
    assert page.locator(".oms-list").get_by_role("link", name="Barge").is_visible()
    context.close()
