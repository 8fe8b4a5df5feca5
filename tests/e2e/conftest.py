"""A browser and a real server: `page` is signed in as the administrator of the demo."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import services

VIEWPORT = {"width": 1280, "height": 900}
#: Milliseconds for a step, a commit among them; a busy machine with two cores needs them.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is marked ``e2e``."""
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window; fails when there is none."""
    path = services.chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def signed_in_state(browser: Browser, oms_server: services.OmsServer) -> dict[str, object]:
    """Cookies of the administrator, obtained once through the sign-in page."""
    context = browser.new_context(base_url=oms_server.url)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/console/login/")
    page.fill("input[name=username]", oms_server.username)
    page.fill("input[name=password]", oms_server.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login/" not in url)
    state = dict(context.storage_state())
    context.close()
    return state


@pytest.fixture
def context(
    browser: Browser, oms_server: services.OmsServer, signed_in_state: dict[str, object]
) -> Iterator[BrowserContext]:
    """A fresh, signed-in window in English that refuses every other host."""
    opened = browser.new_context(
        base_url=oms_server.url,
        storage_state=signed_in_state,  # type: ignore[arg-type]
        viewport=VIEWPORT,  # type: ignore[arg-type]
        locale="en-GB",
    )
    opened.route(
        lambda url: not url.startswith((oms_server.url, "data:", "blob:")),
        lambda route: route.abort(),
    )
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page in that window."""
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    return opened
