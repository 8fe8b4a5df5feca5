"""What subscriptions tell, to whom, and how one goes on after a token."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
from typing import Any

import pytest
from django.conf import LazySettings

from events.models import Event
from events.selectors import following
from oms_project.core.clock import utc_now
from oms_project.core.context import SYSTEM, acting_as
from oms_project.graphql import live as live_source
from oms_project.identity.contract import Role
from oms_project.identity.models import User
from ontology import services
from ontology.contract import Change
from tests.conftest import MakePerson
from tests.integration.graphql.sockets import Socket, run, signed_in, thread
from tests.integration.instances.conftest import DEFINITIONS, definition, thing, update

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.data]

COMMITS = """subscription($o: String!, $b: String! = "", $r: String) {
  commits(ontology: $o, branch: $b, resumeFrom: $r) {
    resumeToken branch fastForward commit { commitId message }
  }
}"""
OBJECTS = """subscription($b: String! = "", $t: String! = "", $x: String! = "", $w: FilterInput) {
  objectChanges(ontology: "people", branch: $b, type: $t, target: $x, where: $w) {
    resumeToken last changes {
      type operation matches fields instance { type values masked }
    }
  }
}"""


@pytest.fixture(autouse=True)
def _impatient(settings: LazySettings) -> None:
    settings.OMS_GRAPHQL_LOOK_SECONDS = 0.5
    settings.OMS_GRAPHQL_CHECK_SECONDS = 0.5


def _commit(*changes: Change, ontology: str = "people", branch: str = "main") -> str:
    with acting_as(SYSTEM):
        return services.commit_changes(
            ontology=ontology, branch=branch, changes=changes, message=f"{len(changes)} changes"
        ).commit.id


def _ontology(name: str) -> None:
    with acting_as(SYSTEM):
        services.create_ontology(name=name, base_iri=f"https://example.org/{name}/")


@pytest.fixture
def people(transactional_db: None) -> None:
    _ontology("people")
    _commit(*(definition(kind, fields) for kind, fields in DEFINITIONS))


def _begun() -> int:
    watcher = live_source._watchers.get(asyncio.get_running_loop())
    return 0 if watcher is None else watcher.begun


async def begun(socket: Socket, key: str, query: str, **variables: Any) -> None:
    """Subscribe, and wait until the subscription stands."""
    before = _begun()
    await socket.subscribe(key, query, variables=variables)
    async with asyncio.timeout(60):
        while _begun() <= before:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


def test_commits_are_told_in_their_order(administrator: User, people: None) -> None:
    async def scenario() -> tuple[list[Any], list[str]]:
        socket = await signed_in(administrator)
        await begun(socket, "1", COMMITS, o="people")
        made = [
            await thread(_commit, thing("Company", code=f"c{number}", name="C"))
            for number in range(5)
        ]
        told = [(await socket.next())["commits"] for _ in made]
        await socket.end()
        return told, made

    told, made = run(scenario())
    assert [one["commit"]["commitId"] for one in told] == made
    assert len({one["resumeToken"] for one in told}) == 5


def test_a_token_replays_what_was_missed(administrator: User, people: None) -> None:
    async def scenario() -> None:
        socket = await signed_in(administrator)
        await begun(socket, "1", COMMITS, o="people")
        first = await thread(_commit, thing("Company", code="a", name="A"))
        told = (await socket.next())["commits"]
        assert told["commit"]["commitId"] == first
        await socket.end()
        missed = [
            await thread(_commit, thing("Company", code=f"m{number}", name="M"))
            for number in range(30)
        ]
        socket = await signed_in(administrator)
        await socket.subscribe("2", COMMITS, variables={"o": "people", "r": told["resumeToken"]})
        got = [(await socket.next())["commits"]["commit"]["commitId"] for _ in missed]
        assert got == missed
        last = await thread(_commit, thing("Company", code="z", name="Z"))
        assert (await socket.next())["commits"]["commit"]["commitId"] == last
        await socket.end()

    run(scenario())


@pytest.mark.parametrize("token", ["x", "", "MS4xLng", "!!", "MS4tMS4w", "Mi4xLjE"])
def test_a_token_that_is_none(token: str, administrator: User, people: None) -> None:
    async def scenario() -> dict[str, Any]:
        socket = await signed_in(administrator)
        await socket.subscribe("1", COMMITS, variables={"o": "people", "r": token or "="})
        got = await socket.receive()
        await socket.end()
        return got

    got = run(scenario())
    assert got["type"] == "error"
    assert got["payload"][0]["extensions"]["code"] == "bad_resume_token"


def test_a_token_that_is_older_than_what_is_kept(administrator: User, people: None) -> None:
    async def scenario() -> dict[str, Any]:
        socket = await signed_in(administrator)
        await begun(socket, "1", COMMITS, o="people")
        await thread(_commit, thing("Company", code="a", name="A"))
        token = (await socket.next())["commits"]["resumeToken"]
        await thread(_commit, thing("Company", code="b", name="B"))
        await socket.send(id="1", type="complete")
        # Everything of that day is gone, and something happened since.
        old = utc_now() - dt.timedelta(days=40)

        await thread(lambda: Event.objects.all().delete())
        await thread(_commit, thing("Company", code="c", name="C"))
        sequence, _ = _parts(token)
        await socket.subscribe("2", COMMITS, variables={"o": "people", "r": _token(sequence, old)})
        while (got := await socket.receive())["id"] != "2":
            pass
        await socket.end()
        return got

    got = run(scenario())
    assert got["type"] == "error"
    assert got["payload"][0]["extensions"]["code"] == "resume_token_expired"


def _parts(token: str) -> tuple[int, dt.datetime]:
    return live_source._place_of(token)


def _token(sequence: int, at: dt.datetime) -> str:
    raw = f"1.{sequence}.{int(at.timestamp())}".encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_branch_is_told_of_alone(administrator: User, people: None) -> None:
    def branch() -> None:
        with acting_as(SYSTEM):
            services.create_branch(ontology="people", name="work")

    async def scenario() -> None:
        await thread(branch)
        socket = await signed_in(administrator)
        await begun(socket, "1", COMMITS, o="people", b="work")
        await thread(_commit, thing("Company", code="a", name="A"))
        on_branch = await thread(_commit, thing("Company", code="b", name="B"), branch="work")
        told = (await socket.next())["commits"]
        assert (told["branch"], told["commit"]["commitId"]) == ("work", on_branch)
        assert await socket.silent()
        await socket.end()

    run(scenario())


def test_what_is_not_there_or_not_yours(
    administrator: User, person: MakePerson, people: None
) -> None:
    stranger = person("sam", Role.VIEWER, "elsewhere")

    async def scenario() -> list[str]:
        codes = []
        for user, variables in (
            (administrator, {"o": "nothing"}),
            (administrator, {"o": "people", "b": "nothing"}),
            (stranger, {"o": "people"}),
        ):
            socket = await signed_in(user)
            await socket.subscribe("1", COMMITS, variables=variables)
            got = await socket.receive()
            assert got["type"] == "error"
            codes.append(got["payload"][0]["extensions"]["code"])
            await socket.end()
        return codes

    assert run(scenario()) == ["ontology_not_found", "branch_not_found", "permission_denied"]


def test_objects_of_a_type_and_its_subtypes(administrator: User, people: None) -> None:
    async def scenario() -> None:
        socket = await signed_in(administrator)
        await begun(socket, "1", OBJECTS, t="Party")
        await begun(socket, "2", OBJECTS, t="Company")
        await thread(
            _commit,
            thing("Company", code="acme", name="Acme"),
            thing("Person", code="ann", name="Ann", age=30),
        )
        got = {}
        for _ in range(2):
            message = await socket.receive()
            got[message["id"]] = message["payload"]["data"]["objectChanges"]
        assert sorted(one["type"] for one in got["1"]["changes"]) == ["Company", "Person"]
        (company,) = got["2"]["changes"]
        assert (company["operation"], company["matches"]) == ("CREATED", True)
        assert company["instance"]["values"] == {"code": "acme", "name": "Acme"}
        await socket.end()

    run(scenario())


def test_one_object_and_a_filter(administrator: User, people: None) -> None:
    grown = {"property": "age", "op": "GTE", "value": 18}

    async def scenario() -> None:
        await thread(
            _commit,
            thing("Person", code="ann", name="Ann", age=17),
            thing("Person", code="bob", name="Bob", age=40),
        )
        socket = await signed_in(administrator)
        await begun(socket, "one", OBJECTS, t="Person", x="Person/ann")
        await begun(socket, "grown", OBJECTS, t="Person", w=grown)

        async def told() -> dict[str, Any]:
            await asyncio.sleep(0.8)
            found: dict[str, Any] = {}
            while not await socket.silent(0.2):
                message = await socket.receive()
                assert message["type"] == "next", message
                found[message["id"]] = [
                    (
                        one["operation"],
                        one["matches"],
                        one["instance"] and one["instance"]["values"]["name"],
                    )
                    for one in message["payload"]["data"]["objectChanges"]["changes"]
                ]
            return found

        await thread(_commit, update("Person/ann", name="Anne"))
        assert await told() == {"one": [("UPDATED", True, "Anne")]}
        await thread(_commit, update("Person/ann", age=18))
        assert await told() == {
            "one": [("UPDATED", True, "Anne")],
            "grown": [("UPDATED", True, "Anne")],
        }
        await thread(_commit, update("Person/bob", age=3))
        assert await told() == {"grown": [("UPDATED", False, "Bob")]}
        await thread(_commit, Change(op="delete", target="Person/ann"))
        assert await told() == {
            "one": [("DELETED", False, None)],
            "grown": [("DELETED", False, None)],
        }
        await socket.end()

    run(scenario())


def test_masked_values_are_not_told(person: MakePerson, people: None) -> None:
    viewer = person("vera", Role.VIEWER)

    def hide() -> None:
        with acting_as(SYSTEM):
            fields = next(fields for kind, fields in DEFINITIONS if fields["apiName"] == "Person")
            properties = [
                {**item, "sensitivity": "secret"} if item["apiName"] == "salary" else item
                for item in fields["properties"]
            ]
            _commit(
                Change(op="update", target="ObjectType/Person", fields={"properties": properties})
            )

    async def scenario() -> tuple[Any, Any]:
        await thread(hide)
        socket = await signed_in(viewer)
        await begun(socket, "1", OBJECTS, t="Person")
        await thread(_commit, thing("Person", code="ann", name="Ann", salary=4711))
        raw = await socket.receive()
        await socket.subscribe(
            "2",
            OBJECTS,
            variables={"t": "Person", "w": {"property": "salary", "op": "GT", "value": 1}},
        )
        refused = await socket.receive()
        await socket.end()
        return raw, refused

    raw, refused = run(scenario())
    (change,) = raw["payload"]["data"]["objectChanges"]["changes"]
    assert change["instance"]["values"] == {"code": "ann", "name": "Ann"}
    assert change["instance"]["masked"] == ["salary"]
    assert "4711" not in str(raw)
    assert refused["payload"][0]["extensions"]["code"] == "masked_property"


def test_definitions(administrator: User, people: None) -> None:
    query = """subscription { definitionChanges(ontology: "people", kind: "EnumType") {
      commit { message } changes { target operation fields definition { __typename rid } } } }"""

    async def scenario() -> dict[str, Any]:
        socket = await signed_in(administrator)
        await begun(socket, "1", query)
        members = [{"code": "A"}, {"code": "B"}, {"code": "C"}]
        await thread(
            _commit,
            Change(op="update", target="EnumType/Grade", fields={"members": members}),
            definition("ValueType", {"apiName": "Size", "baseType": "integer"}),
        )
        got: dict[str, Any] = (await socket.next())["definitionChanges"]
        await socket.end()
        return got

    got = run(scenario())
    (change,) = got["changes"]
    assert (change["operation"], change["fields"]) == ("UPDATED", ["members"])
    assert change["definition"]["__typename"] == "EnumType"


def test_equal_subscribers_share_what_is_read(
    administrator: User, people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    whole = following.events_page

    def counted(*arguments: Any, **named: Any) -> Any:
        reads.append("!")
        return whole(*arguments, **named)

    monkeypatch.setattr(following, "events_page", counted)

    async def scenario() -> None:
        socket = await signed_in(administrator)
        for key in range(20):
            await begun(socket, str(key), COMMITS, o="people")
        await asyncio.sleep(1)
        reads.clear()
        await thread(_ontology, "elsewhere")  # concerns nobody: nobody reads
        await asyncio.sleep(1.2)
        assert reads == []
        await thread(_commit, thing("Company", code="a", name="A"))
        told = [await socket.receive() for _ in range(20)]
        assert {one["id"] for one in told} == {str(key) for key in range(20)}
        await socket.end()

    run(scenario())
    assert 0 < len(reads) <= 6


def test_events_by_an_expression(administrator: User, people: None) -> None:
    query = """subscription($f: EventFilterInput) { events(filter: $f) { event { type } } }"""

    async def scenario() -> None:
        socket = await signed_in(administrator)
        await begun(
            socket,
            "1",
            query,
            f={"types": ["io.oms.ontology.commit.*"], "expression": "data.documents > 1"},
        )
        await thread(_commit, thing("Company", code="a", name="A"))
        await thread(
            _commit, thing("Company", code="b", name="B"), thing("Company", code="c", name="C")
        )
        told = await socket.next()
        assert told == {"events": {"event": {"type": "io.oms.ontology.commit.created.v1"}}}
        assert await socket.silent()
        await socket.subscribe("2", query, variables={"f": {"expression": "data.("}})
        refused = await socket.receive()
        assert refused["payload"][0]["extensions"]["code"] == "invalid_filter"
        await socket.end()

    run(scenario())
