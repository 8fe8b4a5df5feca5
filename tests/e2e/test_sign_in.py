"""A person signs in."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests import services


def test_the_console_opens_for_the_administrator(page: Page) -> None:
    answer = page.goto("/console/")
    assert answer is not None
    assert answer.status == 200
    assert "/login" not in page.url


def test_a_wrong_password_stays_outside(browser: Browser, oms_server: services.OmsServer) -> None:
    context = browser.new_context(base_url=oms_server.url)
    page = context.new_page()
    page.goto("/console/login/")
    page.fill("input[name=username]", oms_server.username)
    page.fill("input[name=password]", "not the password")
    page.click("button[type=submit]")
    assert "/login" in page.url
    page.goto("/console/")
    assert "/login" in page.url
    context.close()


def test_the_api_page_loads_every_asset_from_here(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/v1/docs")
    page.wait_for_selector(".swagger-ui .opblock")
    origin = page.url.partition("/api/")[0]
    assert [url for url in asked if not url.startswith((origin, "data:"))] == []
