"""The console's pages of objects and links: lists, forms, links, deleting, what may be seen."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from oms_project.core.canonical_json import loads
from oms_project.core.context import SYSTEM, acting_as
from oms_project.identity.contract import Role
from ontology import selectors, services
from ontology.contract import Change
from tests.conftest import PASSWORD, MakePerson
from tests.integration.instances.conftest import NAME, definition, link, thing, update

pytestmark = [pytest.mark.django_db, pytest.mark.data]

HOME = f"/console/ontology/{NAME}/"


def _client(person: MakePerson, role: Role | None) -> Client:
    person("ann", role)
    client = Client(HTTP_HOST="testserver")
    assert client.login(username="ann", password=PASSWORD)
    return client


@pytest.fixture
def editor(staff: None, person: MakePerson) -> Client:
    return _client(person, Role.EDITOR)


def _page(client: Client, address: str, status: int = 200, **query: str) -> str:
    answer = client.get(f"{HOME}{address}", query)
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def _main(page: str) -> str:
    """What stands in the page itself, without markup."""
    inside = page[page.index('id="oms-main"') :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", inside))


def _rid(target: str) -> str:
    with acting_as(SYSTEM):
        return selectors.get_document(ontology=NAME, target=target, include_deleted=True).rid


def _body(target: str, ref: str = "") -> dict[str, Any]:
    with acting_as(SYSTEM):
        shown: dict[str, Any] = loads(
            selectors.get_document(ontology=NAME, target=target, ref=ref).json
        )
    return {name: value for name, value in shown.items() if name[0] not in "@_" and name != "rid"}


def _head() -> str:
    with acting_as(SYSTEM):
        return selectors.resolve_ref(ontology=NAME).id


def _boxes(page: str) -> dict[str, list[str]]:
    """What a browser would send of the form: names and values of its boxes."""
    form = page[page.index('id="oms-edit"') : page.index('class="oms-save"')]
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input\b[^>]*>", form):
        name = re.search(r'\bname="([^"]*)"', tag)
        value = re.search(r'\bvalue="([^"]*)"', tag)
        if name:
            found.setdefault(name.group(1), []).append(_text(value.group(1) if value else ""))
    for name, text in re.findall(
        r'<textarea\b[^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL
    ):
        found.setdefault(name, []).append(_text(text).replace("\n", "\r\n"))
    for name, options in re.findall(
        r'<select\b[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        first = re.search(r'<option value="([^"]*)"', options)
        picked = chosen or first
        found.setdefault(name, []).append(_text(picked.group(1)) if picked else "")
    found.pop("_do", None)
    found.pop("csrfmiddlewaretoken", None)
    return found


def _text(html: str) -> str:
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#x27;", "'")):
        html = html.replace(entity, char)
    return html.replace("&amp;", "&")


# --- lists ----------------------------------------------------------------------------------------
def test_the_types_are_listed_with_how_many_objects_they_have(editor: Client) -> None:
    page = _main(_page(editor, "data/"))
    assert re.search(r"Party Abstract 5 ", page)
    assert re.search(r"Person 3 ", page)
    assert re.search(r"worksFor 3 ", page)


def test_an_ontology_without_data_says_what_to_do(person: MakePerson, people: None) -> None:
    page = _page(_client(person, Role.EDITOR), "data/")
    assert "There is no data here yet" in page
    assert f"{HOME}data/new/Company/?ref=main" in page


def test_a_list_shows_filters_and_sorts(editor: Client) -> None:
    page = _page(editor, "data/of/Person/")
    assert [name in page for name in ("Ann Lee", "Bob Stone", "Cho Min-ji")] == [True] * 3
    assert "3 found" in page
    assert f"/api/v1/ontologies/{NAME}/objects/Person?ref=main" in page

    def names(**query: Any) -> list[str]:
        answer = editor.get(f"{HOME}data/of/Person/", query)
        return re.findall(
            r'<th scope="row">\s*<a href="[^"]*">([^<]*)</a>', answer.content.decode()
        )

    assert names(sort="-age") == ["Bob Stone", "Ann Lee", "Cho Min-ji"]
    assert names(p="age", op="gt", v="30", sort="name") == ["Ann Lee", "Bob Stone"]
    assert names(p=["age", "grade"], op=["gt", "eq"], v=["30", "B"]) == ["Bob Stone"]
    assert names(p="worksFor.country", op="eq", v="DE") == ["Cho Min-ji"]
    assert names(p="home.city", op="startsWith", v="Se") == ["Ann Lee"]
    assert names(q="min") == ["Cho Min-ji"]
    assert names(p=["", "age"], op=["eq", "isNull"], v=["", "true"]) == []


def test_a_list_of_an_abstract_type_tells_the_types_apart(editor: Client) -> None:
    page = _main(_page(editor, "data/of/Party/"))
    assert "Bolt GmbH Company" in page
    assert "Ann Lee Person" in page
    assert "5 found" in page


def test_a_list_has_pages(editor: Client) -> None:
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology=NAME,
            changes=[thing("Person", code=f"p{number:03}", age=number) for number in range(60)],
            message="Many",
        )
    first = _page(editor, "data/of/Person/", sort="age")
    following = re.search(r'href="([^"]*cursor=[^"]*)" rel="next"', first)
    assert following is not None
    second = editor.get(_text(following.group(1))).content.decode()
    assert second.count('<th scope="row">') == 13
    assert "First page" in second


def test_a_bad_filter_is_told_and_can_be_mended(editor: Client) -> None:
    page = _page(editor, "data/of/Person/", 400, p="shoe", op="eq", v="44")
    assert "has no property &#x27;shoe&#x27;" in page
    assert 'value="shoe"' in page
    page = _page(editor, "data/of/Person/", 400, p="age", op="gt", v="old")
    assert "&#x27;age&#x27; is a integer" in page
    assert editor.get(f"{HOME}data/of/Nothing/").status_code == 404


def test_columns_are_chosen(editor: Client) -> None:
    page = _main(editor.get(f"{HOME}data/of/Person/?column=salary").content.decode())
    assert "Ann Lee 5200.5 " in page
    assert "Ann Lee ann" not in page


def test_links_are_listed_by_their_ends(editor: Client) -> None:
    page = _main(_page(editor, "data/of/worksFor/"))
    assert "Ann Lee Acme Ltd 2020-01-01" in page


def test_search_finds_objects_of_every_type(editor: Client) -> None:
    page = _page(editor, "data/search/", q="ann")
    assert "Ann Lee" in page
    assert "Acme" not in page
    assert "Nothing found." in _page(editor, "data/search/", q="zebra")
    assert "at least one word" in _page(editor, "data/search/", 400, q="!!")


def test_pickers_suggest_by_title_and_by_key(editor: Client) -> None:
    def found(**query: str) -> list[str]:
        return [
            one["value"] for one in json.loads(_page(editor, "data/suggest/", **query))["items"]
        ]

    assert found(q="acm", kinds="Company") == ["Company/acme"]
    assert found(q="Bol", kinds="Company") == ["Company/bolt"]
    assert found(q="", kinds="Company") == ["Company/acme", "Company/bolt"]
    assert found(q="stone") == ["Person/bob"]
    assert found(q="x", kinds="Nothing") == []


# --- one object -----------------------------------------------------------------------------------
def test_an_object_shows_its_values_and_links(editor: Client) -> None:
    page = _main(_page(editor, f"d/{_rid('Person/ann')}/"))
    for part in ("age 34", "city Seoul", "annie", "5200.5", "worksFor", "Acme Ltd", "since: 2020"):
        assert part in page, part
    page = _main(_page(editor, "d/Company/acme/"))
    assert "Ann Lee" in page
    assert "incoming" in page


def test_links_beyond_a_page_have_a_page_of_their_own(editor: Client) -> None:
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology=NAME,
            changes=[
                *(thing("Person", code=f"p{number:03}") for number in range(220)),
                *(
                    link("worksFor", f"Person/p{number:03}", "Company/bolt")
                    for number in range(220)
                ),
            ],
            message="Many",
        )
    page = _page(editor, "d/Company/bolt/")
    more = re.search(r'href="([^"]*data/links/[^"]*)"', page)
    assert more is not None
    every = _text(more.group(1))
    names: list[str] = []
    while every:
        shown = editor.get(every).content.decode()
        names += re.findall(r'class="oms-ref" href="[^"]*">.*?</span>([^<]*)</a>', shown)
        following = re.search(r'href="([^"]*cursor=[^"]*)" rel="next"', shown)
        every = _text(following.group(1)) if following else ""
    assert len(set(names)) == 221


def test_a_link_has_a_page(editor: Client) -> None:
    with acting_as(SYSTEM):
        works = selectors.list_objects(ontology=NAME, type="worksFor").items
    page = _main(_page(editor, f"d/{works[0].rid}/"))
    assert "From" in page
    assert "To" in page


def test_texts_of_people_never_become_markup(editor: Client) -> None:
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology=NAME,
            changes=[
                update("Person/ann", name="<b>Ann</b>", home={"city": "<i>Seoul</i>"}),
                link("owns", "Company/acme", "Company/bolt"),
            ],
            message="Markup",
        )
    for address in (
        "data/of/Person/",
        "d/Person/ann/",
        "d/Company/acme/",
        "data/edit/Person/ann/",
        "data/remove/Person/ann/",
        "data/search/?q=ann",
        f"history/{_rid('Person/ann')}/",
        f"commits/{_head()}/",
    ):
        page = editor.get(HOME + address).content.decode()
        assert "Ann" in page or "Acme" in page
        assert "<b>Ann" not in page
        assert "<i>Seoul" not in page


# --- forms ----------------------------------------------------------------------------------------
def test_a_form_has_a_box_for_every_kind_of_value(editor: Client) -> None:
    page = _page(editor, "data/new/Person/")
    assert '<option value="A"' in page
    assert "At least 0." in page
    assert 'type="datetime-local"' in page
    assert 'name="v.home.city"' in page
    assert 'name="v.nicknames" value="r0"' in page
    assert "At most 3 items." in page
    assert "Deprecated: new data should not use it." in page
    assert 'name="out.worksFor"' in page
    assert 'data-kinds="Company"' in page


def test_an_object_is_made_with_its_links(editor: Client) -> None:
    data = {
        "v.code": "dan",
        "v.name": "Dan",
        "v.age": "40",
        "v.grade": "B",
        "v.home.city": "Busan",
        "v.nicknames": ["r0", "r1", "r2"],
        "v.nicknames.r0": "d",
        "v.nicknames.r1": "",
        "v.nicknames.r2": "dd",
        "v.salary": "1000.50",
        "v.born": "1990-01-02T03:04",
        "out.worksFor": "Company/bolt",
        "message": "Hire Dan",
    }
    answer = editor.post(f"{HOME}data/new/Person/", data)
    assert answer.status_code == 302, _main(answer.content.decode())
    assert _body("Person/dan") == {
        "age": 40,
        "born": "1990-01-02T03:04:00Z",
        "code": "dan",
        "grade": "B",
        "home": {"city": "Busan"},
        "name": "Dan",
        "nicknames": ["d", "dd"],
        "salary": "1000.5",
    }
    assert "Bolt GmbH" in _main(editor.get(answer["Location"]).content.decode())
    with acting_as(SYSTEM):
        commit_info, _diff = selectors.show_commit(ontology=NAME, commit="main")
    assert commit_info.message == "Hire Dan"


def test_opened_and_saved_nothing_changes(editor: Client) -> None:
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology=NAME,
            changes=[
                update(
                    "Person/ann",
                    name=" Ann\nLee ",
                    born="1992-03-01T00:00:00.123456Z",
                    nicknames=["", " a "],
                    home={"city": "Seoul", "zip": ""},
                )
            ],
            message="Odd values",
        )
    before, head = _body("Person/ann"), _head()
    boxes = _boxes(_page(editor, "data/edit/Person/ann/"))
    answer = editor.post(f"{HOME}data/edit/Person/ann/", boxes)
    assert answer.status_code == 302, _main(answer.content.decode())
    assert _body("Person/ann") == before
    assert _head() == head


def test_only_what_was_touched_is_changed(editor: Client) -> None:
    boxes = _boxes(_page(editor, "data/edit/Person/ann/"))
    boxes["v.age"] = ["35"]
    boxes["v.grade"] = [""]
    boxes["v.home.zip"] = ["04524"]
    boxes["v.nicknames"] = ["r1"]
    assert editor.post(f"{HOME}data/edit/Person/ann/", boxes).status_code == 302
    with acting_as(SYSTEM):
        _commit, diff = selectors.show_commit(ontology=NAME, commit="main")
    assert [field.path for field in diff.changes[0].fields] == [
        "/age",
        "/grade",
        "/home",
        "/nicknames",
    ]
    assert _body("Person/ann")["home"] == {"city": "Seoul", "zip": "04524"}
    assert _body("Person/ann")["nicknames"] == ["al"]


def test_every_error_stands_at_its_box(editor: Client) -> None:
    before = _head()
    data = {
        "v.code": "",
        "v.age": "-1",
        "v.salary": "much",
        "v.home.zip": "1",
        "v.nicknames": ["r0", "r1", "r2", "r3"],
        **{f"v.nicknames.r{number}": f"n{number}" for number in range(4)},
        "out.worksFor": "Company/nobody",
    }
    answer = editor.post(f"{HOME}data/new/Person/", data)
    assert answer.status_code == 422
    page = answer.content.decode()
    for anchor, told in (
        ("f-v-code", "needs a &#x27;code&#x27;"),
        ("f-v-age", "at least 0"),
        ("f-v-salary", "use a number"),
        ("f-v-home-city", "This field is required."),
        ("f-v-nicknames", "at most 3 items"),
    ):
        assert f'href="#{anchor}"' in page, anchor
        assert told in page, told
    assert 'value="much"' in page
    # Once the object itself is right, its links are looked at.
    answer = editor.post(
        f"{HOME}data/new/Person/", {"v.code": "dan", "out.worksFor": "Company/nobody"}
    )
    assert answer.status_code == 422
    assert 'href="#f-out-worksFor"' in answer.content.decode()
    assert _head() == before


def test_a_taken_key_is_told_at_its_box(editor: Client) -> None:
    answer = editor.post(f"{HOME}data/new/Person/", {"v.code": "ann"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'href="#f-v-code"' in page
    assert "has the same primary key" in page


def test_an_abstract_type_leads_to_its_subtypes(editor: Client) -> None:
    page = _page(editor, "data/new/Party/")
    assert "choose one of its subtypes" in page
    assert f"{HOME}data/new/Person/" in page
    assert 'id="oms-edit"' not in page


def test_a_list_gets_another_box_without_losing_anything(editor: Client) -> None:
    data = {
        "v.code": "dan",
        "v.nicknames": ["r0"],
        "v.nicknames.r0": "d",
        "_do": "add:v.nicknames",
    }
    page = editor.post(f"{HOME}data/new/Person/", data).content.decode()
    assert 'name="v.nicknames.r0" value="d"' in page or ">\nd</textarea>" in page
    assert 'name="v.nicknames" value="r1"' in page
    assert "There is" not in _main(page)


def test_a_stale_edit_shows_what_changed_and_keeps_both(editor: Client) -> None:
    boxes = _boxes(_page(editor, "data/edit/Person/ann/"))
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology=NAME, changes=[update("Person/ann", age=36, grade="B")], message="Meanwhile"
        )
    boxes["v.age"] = ["40"]
    boxes["v.email"] = ["lee@example.org"]
    answer = editor.post(f"{HOME}data/edit/Person/ann/", boxes)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Somebody changed this meanwhile" in page
    assert re.search(r"You both changed these.*?age", page, re.DOTALL)
    again = _boxes(page)
    assert (again["v.age"], again["v.grade"]) == (["40"], ["B"])
    assert editor.post(f"{HOME}data/edit/Person/ann/", again).status_code == 302
    ann = _body("Person/ann")
    assert (ann["age"], ann["grade"], ann["email"]) == (40, "B", "lee@example.org")


def test_a_preview_writes_nothing(editor: Client) -> None:
    before = _head()
    boxes = _boxes(_page(editor, "data/edit/Person/ann/"))
    boxes["v.age"] = ["35"]
    boxes["preview"] = ["1"]
    page = editor.post(f"{HOME}data/edit/Person/ann/", boxes).content.decode()
    assert "Nothing is saved yet" in page
    assert "Person/ann" in _main(page)
    assert _head() == before


def test_objects_are_linked_with_values_of_the_link(editor: Client) -> None:
    address = f"{HOME}data/link/Company/acme/"
    page = editor.get(address).content.decode()
    assert "Which link should it be?" in page
    data = {"link": "owns", "direction": "outgoing", "out.owns": "Company/bolt"}
    assert editor.post(address, data).status_code == 302
    assert "Bolt GmbH" in _main(_page(editor, "d/Company/acme/"))
    # From the other end, with a value, and refused: everybody works for one company at most.
    data = {
        "link": "worksFor",
        "direction": "incoming",
        "in.worksFor": "Person/ann",
        "v.since": "2024-01-01",
    }
    answer = editor.post(f"{HOME}data/link/Company/bolt/", data)
    assert answer.status_code == 422
    assert "at most 1 may be" in answer.content.decode()
    answer = editor.post(address, {"link": "owns", "direction": "outgoing", "out.owns": ""})
    assert answer.status_code == 422
    assert "Choose an object." in answer.content.decode()


def test_a_links_own_values_are_edited(editor: Client) -> None:
    with acting_as(SYSTEM):
        works = selectors.list_objects(ontology=NAME, type="worksFor").items[0]
    boxes = _boxes(_page(editor, f"data/edit/{works.rid}/"))
    boxes["v.since"] = ["2021-05-06"]
    assert editor.post(f"{HOME}data/edit/{works.rid}/", boxes).status_code == 302
    assert "2021-05-06" in _main(_page(editor, f"d/{works.rid}/"))


# --- deleting -------------------------------------------------------------------------------------
def test_a_delete_shows_what_goes_along_and_can_be_taken_back(editor: Client) -> None:
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology=NAME, changes=[link("owns", "Company/acme", "Company/bolt")], message="Own"
        )
    before = _head()
    page = _main(_page(editor, "data/remove/Company/acme/"))
    assert "Bolt GmbH" in page
    assert "3 links worksFor" in page
    assert _head() == before
    rid = _rid("Company/acme")
    answer = editor.post(f"{HOME}data/remove/Company/acme/", {"message": "Closed"})
    assert answer.status_code == 302
    assert "Restore" in _page(editor, f"d/{rid}/", 410)
    assert "Deleted" in _page(editor, "data/of/Company/", deleted="1")
    assert editor.post(f"{HOME}restore/{rid}/").status_code == 302
    assert _body("Company/acme")["name"] == "Acme Ltd"


def test_a_delete_that_a_link_forbids_says_so(editor: Client) -> None:
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology=NAME,
            changes=[link("insures", "Company/bolt", "Person/cho")],
            message="Insure",
        )
    before = _head()
    page = _page(editor, "data/remove/Person/cho/", 422)
    assert "It cannot be deleted now" in page
    assert "insures" in page
    assert editor.post(f"{HOME}data/remove/Person/cho/").status_code == 422
    assert _head() == before


# --- who may --------------------------------------------------------------------------------------
def test_a_viewer_reads_and_writes_nothing(staff: None, person: MakePerson) -> None:
    client = _client(person, Role.VIEWER)
    page = _page(client, "d/Person/ann/")
    assert "data/edit/" not in page
    assert "data/remove/" not in page
    assert "data/new/" not in _page(client, "data/")
    before = _head()
    for address in (
        "data/new/Person/",
        "data/edit/Person/ann/",
        "data/remove/Person/ann/",
        "data/link/Person/ann/",
    ):
        assert client.get(HOME + address).status_code == 403, address
        assert client.post(HOME + address, {"v.code": "x"}).status_code == 403, address
    assert _head() == before


def test_somebody_without_a_role_sees_no_data(staff: None, person: MakePerson) -> None:
    client = _client(person, None)
    for address in ("data/", "data/of/Person/", "d/Person/ann/", "data/search/?q=ann"):
        assert client.get(HOME + address).status_code == 403, address
    assert client.get(f"{HOME}data/suggest/?q=a&kinds=Person").status_code == 403


@pytest.fixture
def secret(staff: None) -> None:
    """Salaries are secret."""
    with acting_as(SYSTEM):
        body = selectors.get_document(ontology=NAME, target="ObjectType/Person").body
        properties = [dict(item) for item in body["properties"]]
        for item in properties:
            if item["apiName"] == "salary":
                item["sensitivity"] = "secret"
        services.commit_changes(
            ontology=NAME,
            changes=[
                Change(op="update", target="ObjectType/Person", fields={"properties": properties})
            ],
            message="Hide salaries",
        )


def test_masked_values_are_shown_nowhere_and_survive_an_edit(
    secret: None, person: MakePerson
) -> None:
    client = _client(person, Role.EDITOR)
    listed = client.get(f"{HOME}data/of/Person/?column=salary").content.decode()
    assert "masked" in listed
    page = _page(client, "d/Person/ann/")
    assert "You may not see this value." in page
    form = _page(client, "data/edit/Person/ann/")
    assert "Values that you may not see stay as they are: salary" in form
    for text in (listed, page, form, _page(client, f"history/{_rid('Person/ann')}/")):
        assert "5200" not in text
    answer = client.get(f"{HOME}data/of/Person/?p=salary&op=gt&v=1")
    assert answer.status_code == 403
    boxes = _boxes(form)
    boxes["v.age"] = ["35"]
    assert client.post(f"{HOME}data/edit/Person/ann/", boxes).status_code == 302
    assert (_body("Person/ann")["age"], _body("Person/ann")["salary"]) == (35, "5200.5")


def test_masked_values_are_in_no_comparison_and_no_conflict(
    secret: None, person: MakePerson
) -> None:
    with acting_as(SYSTEM):
        services.create_branch(ontology=NAME, name="raise")
        for branch, salary in (("main", "7777.77"), ("raise", "8888.88")):
            services.commit_changes(
                ontology=NAME,
                branch=branch,
                changes=[update("Person/ann", salary=salary, age=40 if branch == "main" else 41)],
                message="Pay",
            )
    client = _client(person, Role.MAINTAINER)
    for address in (
        "compare/?from=main&to=raise",
        f"commits/{_head()}/",
        "merge/?source=raise&into=main",
    ):
        page = client.get(HOME + address).content.decode()
        assert "7777" not in page, address
        assert "8888" not in page, address
        assert "Person/ann" in page, address


# --- differences ----------------------------------------------------------------------------------
def test_a_commit_tells_objects_and_links_by_their_names(editor: Client) -> None:
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology=NAME,
            changes=[
                update("Person/ann", age=35),
                link("owns", "Company/acme", "Company/bolt"),
                thing("Person", code="dan", name="Dan", fax="1"),
            ],
            message="Three",
        )
    page = _main(_page(editor, f"commits/{_head()}/"))
    assert "Person/ann" in page
    assert "owns: Company/acme → Company/bolt" in page
    assert "_key" not in page


def test_a_property_is_told_by_its_own_name(editor: Client) -> None:
    """`status` of an object is no status of a definition: nothing of it is translated."""
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology=NAME,
            changes=[
                definition(
                    "ObjectType",
                    {
                        "apiName": "Ticket",
                        "primaryKey": ["no"],
                        "properties": [
                            {"apiName": "no", "dataTypes": ["integer"], "required": True},
                            {"apiName": "status", "dataTypes": ["string"]},
                        ],
                    },
                ),
                thing("Ticket", no=1, status="active"),
            ],
            message="Tickets",
        )
        services.commit_changes(
            ontology=NAME, changes=[update("Ticket/1", status="deprecated")], message="Change it"
        )
    editor.cookies["django_language"] = "ko"
    page = _main(_page(editor, f"history/{_rid('Ticket/1')}/"))
    assert re.search(r"status .*active.*deprecated", page)


# --- words ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "address",
    [
        "data/",
        "data/of/Person/",
        "data/of/worksFor/",
        "d/Person/ann/",
        "data/new/Person/",
        "data/edit/Person/ann/",
        "data/link/Person/ann/",
        "data/remove/Person/ann/",
        "data/search/?q=ann",
    ],
)
def test_pages_speak_korean(editor: Client, address: str) -> None:
    editor.cookies["django_language"] = "ko"
    page = editor.get(HOME + address)
    assert page.status_code == 200
    text = page.content.decode()
    assert 'lang="ko"' in text
    assert "데이터" in text


ODD = (
    "data/of/Person/?sort=nothing",
    "data/of/Person/?sort=nicknames",
    "data/of/Person/?cursor=nonsense",
    "data/of/Person/?p=age&op=nonsense&v=1",
    "data/of/Person/?p=..&op=eq&v=1",
    "data/of/Person/?p=%00&op=eq&v=%00",
    "data/of/Person/?column=nothing&only=x&deleted=x",
    "data/of/worksFor/?q=x",
    "data/of/ObjectType/",
    "data/search/?q=%00",
    "data/search/?q=ann&cursor=nonsense",
    "data/suggest/?q=%00&kinds=Person",
    "data/suggest/?q=9&kinds=,,Person,Person/ann",
    "data/new/worksFor/",
    "data/new/Nothing/",
    "data/edit/ObjectType/Person/",
    "data/edit/Person/nobody/",
    "data/link/Person/ann/?link=nothing",
    "data/link/ObjectType/Person/",
    "data/links/Person/ann/?link=nothing",
    "data/links/Person/ann/?link=worksFor&cursor=nonsense",
    "data/remove/ObjectType/Person/",
    "d/Person/nobody/",
)


@pytest.mark.parametrize("address", ODD)
def test_an_odd_request_is_answered_readably(editor: Client, address: str) -> None:
    editor.raise_request_exception = True
    answer = editor.get(HOME + address, headers={"accept": "text/html"})
    assert answer.status_code in (200, 302, 400, 403, 404, 422), answer.status_code


def test_odd_forms_are_answered_readably(editor: Client) -> None:
    editor.raise_request_exception = True
    for address, data in (
        ("data/new/Person/", {}),
        ("data/new/Person/", {"v.nicknames": "r0", "_do": "remove:v.nicknames.r9"}),
        ("data/new/Person/", {"v.nicknames": ["../x", "r0"], "v.nicknames.r0": "x"}),
        ("data/new/Person/", {"v.code": "a/b+c d%", "out.worksFor": "Company/acme"}),
        ("data/edit/Person/bob/", {"etag": "nonsense", "base": "nonsense"}),
        ("data/edit/Person/bob/", {"v.code": "bob", "v.age": "1e400"}),
        ("data/link/Person/ann/", {"link": "worksFor", "out.worksFor": "%00"}),
        ("data/remove/Person/bob/", {"etag": "0" * 64}),
    ):
        answer = editor.post(HOME + address, data)
        assert answer.status_code in (200, 302, 400, 404, 409, 422), (address, data)
