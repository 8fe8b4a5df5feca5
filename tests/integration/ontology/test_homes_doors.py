"""Homes through REST, the console and the command line."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from rest_framework.test import APIClient

from oms_project.identity.contract import Role
from ontology.store.home_models import HomedOntology
from tests.conftest import MakePerson
from tests.fakes.home import FolderHome
from tests.integration.ontology.conftest import NAME, Ontology
from tests.integration.ontology.homed import audited, database, dying, reconciled, sound, strays

URL = f"/api/v1/ontologies/{NAME}/home"


@pytest.fixture
def world(homes: FolderHome, world: Ontology) -> Ontology:
    world.create("ObjectType", "Person")
    return world


# --- REST -----------------------------------------------------------------------------------------
def test_rest_shows_the_home_and_settles(
    world: Ontology, homes: FolderHome, admin_client: APIClient
) -> None:
    status = admin_client.get(URL).json()
    assert (status["home"], status["database"]) == ("terminusdb", database())
    assert (status["ahead"], status["strays"], status["erasePending"]) == (0, 0, False)
    with dying("landed"):
        world.create("ObjectType", "Place")
    report = admin_client.post(f"{URL}/reconcile").json()
    assert (report["finished"], report["problems"]) == (1, [])
    homes.meddle(database(), "main")
    assert admin_client.post(f"{URL}/reconcile").json()["strays"] == 1
    (stray,) = admin_client.get(f"{URL}/strays?state=open").json()["items"]
    assert (stray["kind"], stray["author"]) == ("commit", "mallory")
    answer = admin_client.post(
        f"/api/v1/ontologies/{NAME}/object-types", {"apiName": "Thing"}, format="json"
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "home_diverged")
    ended = admin_client.post(f"{URL}/strays/{stray['id']}/settle").json()
    assert ended["state"] == "settled"
    assert admin_client.post(f"{URL}/strays/{stray['id']}/settle").status_code == 409
    assert admin_client.post(f"{URL}/strays/999/settle").status_code == 404
    assert admin_client.get(f"{URL}/strays?state=open").json()["items"] == []
    (event,) = audited("home.stray_settled")
    assert event["actor"]["username"] == "root"


def test_rest_refuses_who_does_not_administer(
    world: Ontology, person: MakePerson, client_of: Any
) -> None:
    client = client_of(person("ed", Role.EDITOR))
    assert client.get(URL).status_code == 403
    assert client.get(f"{URL}/strays").status_code == 403
    assert client.post(f"{URL}/reconcile").status_code == 403
    assert client.post(f"{URL}/strays/1/settle").status_code == 403


# --- the console ----------------------------------------------------------------------------------
def test_the_console_shows_the_home_and_settles(
    world: Ontology, homes: FolderHome, administrator: Any
) -> None:
    client = Client()
    client.force_login(administrator)
    page = reverse("console:home", args=(NAME,))
    assert database() in client.get(page).content.decode()
    homes.meddle(database(), "main")
    act = reverse("console:home_act", args=(NAME,))
    assert client.post(act).status_code == 302
    (stray,) = strays()
    text = client.get(page).content.decode()
    assert "quick fix" in text
    assert "Discard it" in text
    explorer = client.get(reverse("console:explorer", args=(NAME,))).content.decode()
    assert '<span class="oms-badge oms-status-deprecated">1</span>' in explorer
    with override("ko"):
        client.cookies["django_language"] = "ko"
        assert "다른 사람이 바꾼 것" in client.get(page).content.decode()
    assert client.post(act, {"settle": str(stray.pk)}).status_code == 302
    assert strays() == []
    assert client.post(act, {"settle": "x"}).status_code == 400


def test_the_console_says_who_may(world: Ontology, person: MakePerson) -> None:
    client = Client()
    client.force_login(person("ed", Role.EDITOR))
    assert client.get(reverse("console:home", args=(NAME,))).status_code == 403
    explorer = client.get(reverse("console:explorer", args=(NAME,))).content.decode()
    assert reverse("console:home", args=(NAME,)) not in explorer


# --- commands -------------------------------------------------------------------------------------
def command(*words: str) -> Any:
    out = StringIO()
    call_command("ontology", *words, "--format", "json", stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


def text(*words: str) -> str:
    out = StringIO()
    call_command("ontology", *words, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_commands_move_an_ontology_there_and_back(world: Ontology, homes: FolderHome) -> None:
    assert command("home", NAME)["home"] == "terminusdb"
    assert "0 commits ahead" in text("home", NAME)
    homes.create("oms_other", label="", base_iri="")
    assert command("home")["unknown"] == ["oms_other"]
    report = command("transfer", NAME, "--to", "embedded")
    assert (report["home"], report["commits"], report["dropped"]) == ("embedded", 2, True)
    assert not HomedOntology.objects.exists()
    assert "lives in terminusdb now: 2 commits" in text("transfer", NAME, "--to", "terminusdb")
    assert command("rebuild", NAME)["commits"] == 2
    assert "made of 2 commits" in text("rebuild", NAME)
    assert sound()


def test_commands_reconcile_and_settle(world: Ontology, homes: FolderHome) -> None:
    with dying("landed"):
        world.create("ObjectType", "Place")
    assert command("reconcile")["finished"] == 1
    homes.meddle(database(), "main")
    with pytest.raises(CommandError):
        text("reconcile", NAME)
    (stray,) = command("strays", NAME)["items"]
    assert "mallory" in text("strays", NAME)
    with pytest.raises(CommandError):
        text("home", NAME)
    assert "is settled" in text("strays", NAME, "--settle", str(stray["id"]))
    assert command("strays", NAME)["items"] == []
    assert len(command("strays", NAME, "--all")["items"]) == 1
    assert reconciled().strays == 0
