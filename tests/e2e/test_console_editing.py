"""A person makes and changes definitions."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.console import DEMO, commit, make_branch


def test_a_mistake_is_shown_at_its_box_and_then_mended(page: Page) -> None:
    branch = make_branch(page, "mistake")
    page.goto(f"{DEMO}/new/ObjectType/?ref={branch}")
    page.locator("[name=apiName]").fill("drone")
    page.locator("button[value='add:properties']").click()
    name = page.locator("[name='properties.r0.apiName']")
    expect(name).to_be_focused()
    name.fill("payload")
    types = page.locator("#f-properties-r0-dataTypes")
    types.fill("nosuchtype")
    types.press("Enter")
    page.get_by_role("button", name=f"Commit to {branch}").click()

    summary = page.locator("#oms-errors")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("There is no 'nosuchtype'")
    box = page.locator("#f-properties-r0-dataTypes")
    expect(box).to_have_attribute("aria-invalid", "true")
    summary.get_by_role("link").first.click()
    expect(box).to_be_focused()

    page.get_by_role("button", name="Remove nosuchtype").click()
    box.fill("deci")
    box.press("ArrowDown")
    box.press("Enter")
    # The options come from the server: who leaves the box before they are there has typed "deci".
    expect(page.get_by_role("button", name=re.compile("^Remove decimal"))).to_be_visible()
    page.get_by_role("button", name=f"Commit to {branch}").click()
    # The first refusal hid a second mistake: the name of a type begins with a capital.
    expect(page.locator("#oms-errors")).to_contain_text("UpperCamelCase")
    page.locator("[name=apiName]").fill("Drone")
    commit(page, branch)
    expect(page.get_by_role("heading", name="Drone")).to_be_visible()
    expect(page.get_by_role("row", name="payload")).to_contain_text("decimal")


def test_references_are_picked_by_keyboard(page: Page) -> None:
    branch = make_branch(page, "pick")
    page.goto(f"{DEMO}/new/ObjectType/?ref={branch}")
    page.locator("[name=apiName]").fill("Ferry")
    parents = page.get_by_role("combobox", name="Parents")
    parents.fill("vess")
    parents.press("ArrowDown")
    expect(page.locator(".oms-option[aria-selected=true]")).to_contain_text("Vessel")
    parents.press("Enter")
    expect(page.get_by_role("button", name="Remove Vessel")).to_be_visible()
    commit(page, branch)
    expect(page.get_by_role("navigation", name="Where it stands")).to_contain_text("Vessel")
    # A new definition says at once what it inherits, and from where.
    expect(page.get_by_role("row", name="imoNumber")).to_contain_text("Vessel")


def test_properties_are_moved_and_removed(page: Page) -> None:
    branch = make_branch(page, "move", start="v1.0")
    page.goto(f"{DEMO}/edit/ObjectType/Vessel/?ref={branch}")
    rows = page.locator("#f-properties [data-rows] > [data-row]")
    names = rows.locator("[name$='.apiName']")
    before = [box.input_value() for box in names.all()]
    assert before[-2:] == ["capacityTeu", "callSign"]
    rows.last.get_by_role("button", name="Move up").click()
    rows.last.get_by_role("button", name="Remove: capacityTeu").click()
    rows.last.get_by_role("button", name="Move up").click()
    after = [box.input_value() for box in names.all()]
    assert after == [*before[:-3], "callSign", before[-3]]
    commit(page, branch)
    page.get_by_role("link", name="View changes").click()
    expect(page.locator(".oms-change")).to_contain_text("capacityTeu")
    page.goto(f"{DEMO}/edit/ObjectType/Vessel/?ref={branch}")
    assert [box.input_value() for box in names.all()] == after


def test_opening_and_saving_changes_nothing(page: Page) -> None:
    branch = make_branch(page, "same")
    for target in (
        "ObjectType/Vessel",
        "LinkType/hasLeg",
        "EnumType/ShipmentStatus",
        "ValueType/Weight",
        "StructType/PostalAddress",
        "Interface/Trackable",
        "ActionType/dispatchShipment",
        "SharedProperty/remarks",
    ):
        page.goto(f"{DEMO}/edit/{target}/?ref={branch}")
        page.get_by_role("button", name=f"Commit to {branch}").click()
        expect(page.get_by_role("status").first).to_contain_text("Nothing was different")


def test_a_preview_writes_nothing(page: Page) -> None:
    branch = make_branch(page, "preview")
    page.goto(f"{DEMO}/edit/ObjectType/Vessel/?ref={branch}")
    page.locator("[name='displayName.r0.text']").fill("Ship")
    page.get_by_role("button", name="Preview", exact=True).click()
    preview = page.get_by_label("Preview", exact=True)
    expect(preview).to_contain_text("Nothing is saved yet")
    expect(preview.locator("ins")).to_have_text("Ship")
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto(f"{DEMO}/d/ObjectType/Vessel/?ref={branch}")
    expect(page.get_by_role("article")).not_to_contain_text("Ship")


def test_a_change_made_meanwhile_is_shown_and_merged(page: Page) -> None:
    branch = make_branch(page, "meanwhile")
    address = f"{DEMO}/edit/ObjectType/Truck/?ref={branch}"
    page.goto(address)
    other = page.context.new_page()
    other.goto(address)
    other.locator("[name='description.r0.text']").fill("A lorry.")
    commit(other, branch)
    other.close()

    page.locator("[name='displayName.r0.text']").fill("Lorry")
    page.get_by_role("button", name=f"Commit to {branch}").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Somebody changed this meanwhile")
    expect(told.locator("ins")).to_have_text("A lorry.")
    expect(page.locator("[name='displayName.r0.text']")).to_have_value("Lorry")
    expect(page.locator("[name='description.r0.text']")).to_have_value("A lorry.")
    commit(page, branch)
    article = page.get_by_role("article")
    expect(article).to_contain_text("Lorry")
    expect(article).to_contain_text("A lorry.")


def test_undo_takes_a_commit_back(page: Page) -> None:
    branch = make_branch(page, "undo")
    page.goto(f"{DEMO}/edit/ObjectType/Port/?ref={branch}")
    page.locator("[name='displayName.r0.text']").fill("Haven")
    page.locator("[name=message]").fill("Call it a haven")
    commit(page, branch)
    page.get_by_role("status").get_by_role("link", name="Undo").click()
    expect(page.get_by_role("heading", name="Revert: Call it a haven")).to_be_visible()
    page.get_by_role("button", name="Revert").click()
    expect(page.get_by_role("status").first).to_contain_text('Revert "Call it a haven"')
    page.goto(f"{DEMO}/d/ObjectType/Port/?ref={branch}")
    expect(page.get_by_role("article")).not_to_contain_text("Haven")


def test_rename_deprecate_delete_and_restore(page: Page) -> None:
    branch = make_branch(page, "life", start="v1.0")
    page.goto(f"{DEMO}/rename/ObjectType/Warehouse/?ref={branch}")
    page.get_by_label("New name").fill("Depot")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="Depot")).to_be_visible()
    page.goto(f"{DEMO}/d/ObjectType/Warehouse/?ref={branch}")
    expect(page.get_by_role("heading", name="Depot")).to_be_visible()  # the alias leads here

    page.goto(f"{DEMO}/deprecate/ObjectType/Depot/?ref={branch}")
    page.get_by_label("Reason").fill("Ports do it all")
    page.get_by_role("combobox", name="Use instead").fill("ObjectType/Port")
    page.get_by_role("button", name="Deprecate").click()
    article = page.get_by_role("article")
    expect(article).to_contain_text("Ports do it all")
    expect(article.locator(".oms-note").get_by_role("link", name="Port")).to_be_visible()

    page.goto(f"{DEMO}/remove/ObjectType/Depot/?ref={branch}")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status").first).to_contain_text("Committed: Delete")
    page.goto(f"{DEMO}/?ref={branch}&kind=ObjectType&status=deleted")
    page.locator(".oms-list").get_by_role("link", name="Depot").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("heading", name="Depot")).to_be_visible()


def test_a_definition_in_use_says_who_uses_it(page: Page) -> None:
    page.goto(f"{DEMO}/remove/ObjectType/Location/?ref=main")
    expect(page.get_by_role("heading", name="It cannot be deleted now")).to_be_visible()
    expect(page.locator(".oms-note").first.get_by_role("link", name="Port")).to_be_visible()
    assert page.get_by_role("button", name="Delete", exact=True).count() == 0
