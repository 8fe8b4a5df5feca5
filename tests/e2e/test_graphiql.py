"""GraphiQL in the browser: opened from the console, signed in already."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.console import AXE
from tests.e2e.test_console_pages import NARROW

WRITE = """(text) => document.querySelector('.graphiql-query-editor .CodeMirror')
  .CodeMirror.setValue(text)"""


def ask(page: Page, text: str) -> None:
    expect(page.locator(".graphiql-query-editor .CodeMirror")).to_be_visible()
    page.evaluate(WRITE, text)
    page.locator(".graphiql-execute-button").click()


def own_faults(page: Page) -> list[str]:
    """What axe finds that is serious in our own bar; GraphiQL is somebody else's."""
    page.evaluate("document.fonts.ready.then(() => true)")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run('.bar', { resultTypes: ['violations'] })")
    return [one["id"] for one in found["violations"] if one["impact"] in ("serious", "critical")]


def test_a_question_is_asked_and_answered(page: Page) -> None:
    page.goto("/console/")
    page.get_by_role("link", name="GraphQL").first.click()
    ask(page, "{ ontologies { nodes { name defaultBranch } } }")
    answer = page.locator(".result-window")
    expect(answer).to_contain_text('"name": "logistics"')
    expect(answer).to_contain_text('"requested"')
    page.locator("button[aria-label='Show GraphiQL Explorer']").click()
    expect(page.locator(".docExplorerWrap, .graphiql-explorer-root").first).to_contain_text(
        "ontologies"
    )
    assert own_faults(page) == []


def test_the_endpoint_of_an_ontology_is_chosen(page: Page) -> None:
    page.goto("/graphql")
    page.get_by_label("Endpoint").select_option("logistics")
    page.get_by_label("Branch, tag or commit").fill("main")
    page.get_by_role("button", name="Open endpoint").click()
    page.wait_for_url("**/graphql/logistics?ref=main")
    ask(page, "{ __typename }")
    expect(page.locator(".result-window")).to_contain_text('"__typename": "Query"')


def test_the_bar_is_korean_and_fits_a_telephone(page: Page) -> None:
    page.goto("/graphql")
    page.context.add_cookies([{"name": "django_language", "value": "ko", "url": page.url}])
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    page.reload()
    assert page.evaluate("document.documentElement.lang") == "ko"
    expect(page.get_by_role("button", name="열기")).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= NARROW["width"]


def test_who_is_not_signed_in_is_sent_to_sign_in(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/graphql")
    page.wait_for_url("**/console/login/?next=/graphql")
