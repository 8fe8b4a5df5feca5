"""Branches, differences, merges with conflicts, reverts, files."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.console import DEMO, ROOT, make_branch


def test_a_branch_with_a_bad_name_is_refused_beside_its_box(page: Page) -> None:
    page.goto(f"{DEMO}/branches/?ref=main")
    page.get_by_label("Name").first.fill("Bad Name")
    page.get_by_role("button", name="Create branch").click()
    expect(page.locator("#e-branch_name")).to_contain_text("cannot name a branch")
    expect(page.get_by_label("Name").first).to_have_value("Bad Name")


def test_a_branch_is_protected_opened_and_deleted(page: Page) -> None:
    branch = make_branch(page, "guard")
    page.goto(f"{DEMO}/branches/?ref=main")
    for action, told in (
        ("Protect", f"{branch} is protected now."),
        ("Remove protection", f"{branch} is open now."),
    ):
        page.get_by_text(f"More: {branch}").locator("..").click()
        page.get_by_role("button", name=action, exact=True).locator("visible=true").click()
        expect(page.get_by_role("status").first).to_contain_text(told)
    page.get_by_text(f"More: {branch}").locator("..").click()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete", exact=True).locator("visible=true").click()
    expect(page.get_by_role("status").first).to_contain_text(f"The branch {branch} was deleted.")


def test_a_difference_is_read_filtered_and_opened(page: Page) -> None:
    page.goto(f"{DEMO}/compare/?ref=main")
    page.get_by_label("From").fill("main")
    page.get_by_label("To", exact=True).fill("cold-chain")
    page.get_by_role("button", name="Compare").click()
    shipment = page.locator(".oms-change", has_text="Shipment").first
    expect(shipment.locator("del")).to_have_text("Consignment")
    expect(shipment.locator("ins").first).to_have_text("Cold-chain shipment")
    page.get_by_label("Kind").select_option("ValueType")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".oms-change-group")).to_have_count(1)
    page.get_by_role("button", name="Unfold all").click()
    page.get_by_role("link", name="Open the definition").first.click()
    expect(page.get_by_role("article")).to_be_visible()


def test_a_merge_with_conflicts_is_settled_one_by_one(page: Page) -> None:
    target = make_branch(page, "merge")
    page.goto(f"{DEMO}/merge/?source=cold-chain&into={target}")
    expect(page.get_by_role("heading", name="2 conflicts need your decision")).to_be_visible()
    label = page.get_by_role("group", name="Shipment")
    label.locator("[data-own]").fill("Consignment, chilled")
    expect(label.get_by_role("radio", name="Write it myself")).to_be_checked()

    # One answer of two: nothing is written, and the answer is not lost.
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_role("heading", name="1 conflict needs your decision")).to_be_visible()
    expect(label).to_contain_text("Settled")
    expect(label.locator("[data-own]")).to_have_value("Consignment, chilled")

    page.get_by_role("group", name="For everything").get_by_label("take theirs").check()
    page.get_by_role("button", name="Preview").last.click()
    expect(page.get_by_text("No conflicts are left")).to_be_visible()
    page.locator("[name=message]").fill("Bring in the cold chain")
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_role("heading", name="Bring in the cold chain")).to_be_visible()
    page.goto(f"{DEMO}/d/ObjectType/Shipment/?ref={target}")
    expect(page.get_by_role("article")).to_contain_text("Consignment, chilled")
    page.goto(f"{DEMO}/d/ValueType/Weight/?ref={target}")
    expect(page.get_by_role("article")).to_contain_text("900000000")


def test_the_graph_names_branches_and_tags(page: Page) -> None:
    page.goto(f"{DEMO}/log/?ref=main")
    expect(page.locator(".oms-mark-tag", has_text="v1.0")).to_be_visible()
    assert page.locator(".oms-graph circle").count() >= 10
    page.get_by_role("link", name="Merge customs").click()
    expect(page.get_by_text("Parents").locator("..").get_by_role("link")).to_have_count(2)


def test_a_file_is_tried_imported_exported_and_verified(page: Page, tmp_path: Path) -> None:
    page.goto(f"{ROOT}/-/new/")
    page.get_by_label("Name").fill("e2e-library")
    page.get_by_label("Base IRI").fill("https://example.org/library/")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="This ontology is empty")).to_be_visible()
    file = tmp_path / "library.ttl"
    file.write_text(
        "@prefix : <https://example.org/library/> .\n"
        "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        ':Book a owl:Class ; rdfs:label "Book"@en , "책"@ko .\n'
        ":Novel a owl:Class ; rdfs:subClassOf :Book .\n",
        encoding="utf-8",
    )
    page.get_by_role("main").get_by_role("link", name="Import a file").click()
    page.get_by_label("Files", exact=True).set_input_files(file)
    page.get_by_role("button", name="Try it").click()
    page.get_by_text("Nothing is written yet.").wait_for()
    expect(page.get_by_role("row", name="Object types")).to_contain_text("2")
    page.get_by_role("button", name="Commit to main").click()
    page.get_by_text("The import is committed.").wait_for()
    page.goto(f"{ROOT}/e2e-library/d/ObjectType/Novel/")
    expect(page.get_by_role("navigation", name="Where it stands")).to_contain_text("Book")

    page.goto(f"{ROOT}/e2e-library/transfer/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Turtle").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert "책" in text
    page.get_by_role("button", name="Verify the history").click()
    page.get_by_text("Everything is as it was committed").wait_for()


def test_a_broken_file_is_a_readable_failure(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "broken.ttl"
    file.write_text("this is not turtle", encoding="utf-8")
    branch = make_branch(page, "broken")
    page.goto(f"{DEMO}/transfer/?ref={branch}")
    page.get_by_label("Files", exact=True).set_input_files(file)
    page.get_by_role("button", name="Try it").click()
    page.get_by_role("heading", name="It did not work").wait_for()
    expect(page.get_by_role("alert")).to_contain_text("broken.ttl")
