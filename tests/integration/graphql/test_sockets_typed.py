"""Subscriptions of the typed endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.identity.contract import Role
from oms_project.identity.models import User
from ontology.contract import Change
from tests.conftest import MakePerson
from tests.integration.graphql.sockets import Socket, run, signed_in, thread
from tests.integration.graphql.test_sockets_events import _commit, begun, people
from tests.integration.instances.conftest import link, thing, update

__all__ = ["people"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.data]

PERSON = """subscription($f: PersonFilter, $id: ID, $r: String) {
  personChanged(filter: $f, id: $id, resumeFrom: $r) {
    commit branch last resumeToken
    changes { operation matches fields _type node { code name age employer { name } } }
  }
}"""


def test_objects_of_a_type_with_their_links(administrator: User, people: None) -> None:
    async def scenario() -> Any:
        socket = await signed_in(administrator, "/graphql/people")
        await begun(socket, "1", PERSON)
        made = await thread(
            _commit,
            thing("Company", code="acme", name="Acme"),
            thing("Person", code="ann", name="Ann", age=30),
            link("worksFor", "Person/ann", "Company/acme"),
        )
        told = (await socket.next())["personChanged"]
        assert told.pop("resumeToken")
        assert told == {
            "commit": made,
            "branch": "main",
            "last": True,
            "changes": [
                {
                    "operation": "CREATED",
                    "matches": True,
                    "fields": [],
                    "_type": "Person",
                    "node": {
                        "code": "ann", "name": "Ann", "age": 30, "employer": {"name": "Acme"},
                    },
                }
            ],
        }  # fmt: skip
        await socket.end()

    run(scenario())


def test_a_filter_and_one_object(administrator: User, people: None) -> None:
    async def scenario() -> None:
        await thread(
            _commit,
            thing("Person", code="ann", name="Ann", age=17),
            thing("Person", code="bob", name="Bob", age=40),
        )
        socket = await signed_in(administrator, "/graphql/people")
        await begun(socket, "f", PERSON, f={"age": {"gte": 18}})
        await begun(socket, "o", PERSON, id="Person/bob")
        await thread(_commit, update("Person/ann", age=18))
        told = await socket.receive()
        assert (told["id"], told["type"]) == ("f", "next")
        (change,) = told["payload"]["data"]["personChanged"]["changes"]
        assert (change["operation"], change["fields"], change["matches"]) == (
            "UPDATED",
            ["age"],
            True,
        )
        await thread(_commit, Change(op="delete", target="Person/bob"))
        got = {}
        for _ in range(2):
            message = await socket.receive()
            got[message["id"]] = message["payload"]["data"]["personChanged"]["changes"]
        for key in ("f", "o"):
            (change,) = got[key]
            assert (change["operation"], change["matches"], change["node"]) == (
                "DELETED",
                False,
                None,
            )
        await socket.end()

    run(scenario())


def test_queries_of_the_typed_endpoint_run_over_the_socket(
    administrator: User, people: None
) -> None:
    async def scenario() -> None:
        await thread(_commit, thing("Person", code="ann", name="Ann", age=17))
        socket = await signed_in(administrator, "/graphql/people?ref=main")
        await socket.subscribe("1", '{ person(code: "ann") { name } }')
        assert await socket.next() == {"person": {"name": "Ann"}}
        await socket.end()

    run(scenario())


def test_who_may_not_read_the_ontology(person: MakePerson, people: None) -> None:
    stranger = person("sam", Role.VIEWER, "elsewhere")

    async def scenario() -> list[dict[str, Any]]:
        got = []
        for path in ("/graphql/people", "/graphql/nothing"):
            socket: Socket = await signed_in(stranger, path)
            await socket.subscribe("1", PERSON)
            got.append(await socket.receive())
            await socket.end()
        return got

    for refused in run(scenario()):
        assert refused["type"] == "error"
        assert refused["payload"][0]["extensions"]["code"] in (
            "permission_denied",
            "ontology_not_found",
        )
