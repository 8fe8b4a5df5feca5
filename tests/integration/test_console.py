"""The console's pages over HTTP: roles, odd requests, and that nothing but a POST writes."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from oms_project.core.context import SYSTEM, acting_as
from oms_project.identity.contract import Role
from ontology import selectors, services
from ontology.contract import Change
from tests.conftest import PASSWORD, MakePerson

pytestmark = pytest.mark.django_db

HOME = "/console/ontology/fleet/"


@pytest.fixture(autouse=True)
def fleet(db: None) -> None:
    with acting_as(SYSTEM):
        services.create_ontology(name="fleet", base_iri="https://example.org/fleet/")
        services.commit_changes(
            ontology="fleet",
            branch="main",
            changes=[
                Change(op="create", kind="ObjectType", fields={"apiName": "Vehicle"}),
                Change(
                    op="create",
                    kind="ObjectType",
                    fields={
                        "apiName": "Ship",
                        "parents": ["Vehicle"],
                        "displayName": {"en": "<b>Ship</b>"},
                    },
                ),
            ],
            message="First",
        )
        services.create_branch(ontology="fleet", name="guarded", protected=True)


def _client(person: MakePerson, role: Role | None) -> Client:
    person("ann", role)
    client = Client(HTTP_HOST="testserver")
    assert client.login(username="ann", password=PASSWORD)
    return client


def _head() -> str:
    with acting_as(SYSTEM):
        return selectors.resolve_ref(ontology="fleet").id


def test_nobody_gets_in_without_signing_in() -> None:
    answer = Client().get(HOME)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/console/login/")


def test_somebody_without_a_role_reads_why(person: MakePerson) -> None:
    client = _client(person, None)
    answer = client.get(HOME)
    assert answer.status_code == 403
    assert "You may not do this" in answer.content.decode()
    # The list of ontologies is empty for them, and the home page still opens.
    assert client.get("/console/").status_code == 200
    assert client.get("/console/ontology/").status_code == 200


def test_a_viewer_sees_no_buttons_and_cannot_write(person: MakePerson) -> None:
    client = _client(person, Role.VIEWER)
    page = client.get(f"{HOME}d/ObjectType/Ship/").content.decode()
    assert "You may read this ontology, but not change it." in page
    assert "/edit/ObjectType/Ship/" not in page
    before = _head()
    for answer in (
        client.get(f"{HOME}edit/ObjectType/Ship/"),
        client.post(f"{HOME}new/ObjectType/", {"apiName": "Boat"}),
        client.post(f"{HOME}remove/ObjectType/Ship/"),
        client.post(f"{HOME}rename/ObjectType/Ship/", {"api_name": "Boat"}),
        client.post(f"{HOME}branches/new/", {"branch_name": "mine"}),
        client.post(f"{HOME}branches/act/", {"name": "main", "action": "protect"}),
        client.post(f"{HOME}tags/new/", {"tag_name": "v1"}),
        client.post(f"{HOME}transfer/import/", {"branch": "main"}),
        client.post(f"{HOME}merge/", {"source": "guarded", "into": "main"}),
        client.post("/console/ontology/-/new/", {"name": "x", "base_iri": "https://x.org/"}),
        client.post(f"{HOME}delete/", {"confirm": "fleet"}),
    ):
        assert answer.status_code == 403, answer.request["PATH_INFO"]
    assert _head() == before


def test_a_protected_branch_is_read_only_for_an_editor(person: MakePerson) -> None:
    client = _client(person, Role.EDITOR)
    page = client.get(f"{HOME}d/ObjectType/Ship/?ref=guarded").content.decode()
    assert "This branch is protected." in page
    assert client.get(f"{HOME}edit/ObjectType/Ship/?ref=guarded").status_code == 403
    assert client.get(f"{HOME}edit/ObjectType/Ship/?ref=main").status_code == 200


def test_nothing_is_written_without_the_forms_token(person: MakePerson) -> None:
    person("bob", Role.ADMINISTRATOR)
    client = Client(HTTP_HOST="testserver", enforce_csrf_checks=True)
    client.login(username="bob", password=PASSWORD)
    before = _head()
    answer = client.post(f"{HOME}new/ObjectType/", {"apiName": "Boat"})
    assert answer.status_code == 403
    assert _head() == before


def test_reading_pages_writes_nothing(person: MakePerson) -> None:
    client = _client(person, Role.ADMINISTRATOR)
    before = _head()
    for address in (
        "remove/ObjectType/Ship/",
        "rename/ObjectType/Ship/",
        f"commits/{before}/revert/",
    ):
        client.get(HOME + address)
    for name in ("create_branch", "branch_action", "create_tag", "tag_action", "import", "verify"):
        assert client.get(reverse(f"console:{name}", args=("fleet",))).status_code == 405
    assert client.get(f"{HOME}restore/ObjectType/Ship/").status_code == 405
    assert _head() == before


def test_texts_of_people_never_become_markup(person: MakePerson) -> None:
    client = _client(person, Role.ADMINISTRATOR)
    for address in ("", "d/ObjectType/Ship/", "history/ObjectType/Ship/", f"commits/{_head()}/"):
        page = client.get(HOME + address).content.decode()
        assert "<b>Ship</b>" not in page
    answer = client.get(f'{HOME}?q="><script>alert(1)</script>&tag=<i>')
    assert "<script>alert(1)" not in answer.content.decode()
    assert "<i>" not in answer.content.decode()


ODD = (
    "?ref=nothing",
    "?ref=main@nonsense",
    "?ref=%00",
    "?ref=" + "x" * 3000,
    "?kind=Nonsense",
    "?cursor=nonsense",
    "?cursor=" + "A" * 5000,
    "?parent=nothing",
    "?status=nonsense&tag=%00&q=%00",
    "d/ObjectType/",
    "d/Nothing/At/All/",
    "d/%2e%2e/%2e%2e/",
    "d/00000000-0000-0000-0000-000000000000/",
    "edit/ObjectType/Nothing/",
    "new/Nonsense/",
    "new/Object/",
    "history/ObjectType/Ship/?cursor=nonsense",
    "log/?cursor=nonsense",
    "branches/?branches=nonsense&tags=nonsense",
    "commits/nonsense/",
    "commits/main/revert/?branch=nothing&mainline=9",
    "compare/?from=nothing&to=main",
    "compare/?from=main&to=guarded&page=-1&kind=x&operation=x",
    "compare/?from=main&to=guarded&page=99999999999999999999",
    "merge/?source=nothing&into=main",
    "merge/?source=main&into=main",
    "merge/?source=guarded&into=v1",
    "tree/?parent=nothing&level=99999",
    "tree/?kind=Nonsense&q=x",
    "suggest/?kinds=Nonsense&q=x",
    "suggest/?q=%00",
    "transfer/export/?format=nonsense",
    "transfer/import/nonsense/",
)


@pytest.mark.parametrize("address", ODD)
def test_an_odd_request_is_answered_readably(person: MakePerson, address: str) -> None:
    client = _client(person, Role.ADMINISTRATOR)
    client.raise_request_exception = True
    answer = client.get(HOME + address, headers={"accept": "text/html"})
    assert answer.status_code in (200, 302, 400, 403, 404, 409, 422), answer.status_code


def test_odd_forms_are_answered_readably(person: MakePerson) -> None:
    client = _client(person, Role.ADMINISTRATOR)
    edit = f"{HOME}edit/ObjectType/Ship/"
    for address, data in (
        (edit, {}),
        (edit, {"etag": "nonsense", "base": "nonsense"}),
        (edit, {"_do": "remove:properties.r9.x.r1", "properties": "r9"}),
        (edit, {"properties": "r0", "properties.r0._item": "{", "properties.r0.apiName": "9"}),
        (f"{HOME}rename/ObjectType/Ship/", {"api_name": ""}),
        (f"{HOME}rename/ObjectType/Ship/", {"api_name": "vehicle"}),
        (f"{HOME}deprecate/ObjectType/Ship/", {"replacedBy": "Nothing"}),
        (f"{HOME}new/ObjectType/", {"apiName": "ship"}),
        (f"{HOME}new/ActionType/", {"apiName": "go", "batchLimit": "-1"}),
        (f"{HOME}merge/", {"source": "guarded", "into": "main", "general": "x"}),
        (
            f"{HOME}merge/",
            {
                "source": "guarded",
                "into": "main",
                "conflict": "c0",
                "c0.document": "ObjectType/Ship",
                "c0.path": "/nothing",
                "c0.choice": "value",
                "c0.value": "{",
            },
        ),
        (f"{HOME}merge/", {"source": "guarded", "into": "main", "head": "0" * 64}),
        (f"{HOME}branches/act/", {"name": "nothing", "action": "delete"}),
        (f"{HOME}branches/act/", {"name": "main", "action": "delete"}),
        (f"{HOME}tags/act/", {"name": "nothing"}),
        (f"{HOME}transfer/import/", {"branch": "main"}),
        (f"{HOME}transfer/import/", {"branch": "main", "kept": "../../etc"}),
    ):
        answer = client.post(address, data)
        assert answer.status_code in (200, 302, 404, 409, 412, 422), (address, data)


def test_a_large_form_is_read_whole(person: MakePerson) -> None:
    client = _client(person, Role.ADMINISTRATOR)
    data: dict[str, str | list[str]] = {"apiName": "Wide"}
    tokens = [f"r{number}" for number in range(400)]
    data["properties"] = tokens
    for number, token in enumerate(tokens):
        data[f"properties.{token}.apiName"] = f"p{number}"
        data[f"properties.{token}.dataTypes"] = ["string", ""]
        data[f"properties.{token}._item"] = ""
    answer = client.post(f"{HOME}new/ObjectType/", data)
    assert answer.status_code == 302
    with acting_as(SYSTEM):
        made = selectors.get_document(ontology="fleet", target="ObjectType/Wide")
    assert [item["apiName"] for item in made.body["properties"]] == [f"p{n}" for n in range(400)]
