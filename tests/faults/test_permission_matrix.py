"""Role × operation × object over REST, console and commands: who may not, changes nothing.

`permission_rows.txt` says who may call what. It is held against the routes: a route without a row
fails, and so does one that lets in whom its row keeps out. What each role holds is written here
once more, apart from the code that is under test.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from events.domain.handshake import Verification
from events.models import Delivery, Quarantined, Rule, Webhook
from oms_project.core.clock import utc_now
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.routes import declaration_of, need_of
from oms_project.identity.contract import Role
from oms_project.identity.models import (
    Delegation,
    ProtectionRule,
    RoleBinding,
    ServiceAccount,
    User,
)
from oms_project.identity.services.sessions import open_session
from oms_project.identity.tokens.jwt import mint
from oms_project.middleware.declarations import declared_for, routes
from ontology import selectors, services
from ontology.api.addresses import COLLECTIONS
from ontology.contract import Change
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS, Kind
from tests.conftest import MakePerson

pytestmark = [pytest.mark.django_db, pytest.mark.data]

_VIEWER = {"ontology.read", "jobs.read", "events.read", "kernel.query"}
_EDITOR = _VIEWER | {
    "ontology.write", "ontology.branch", "actions.run", "jobs.submit", "events.publish",
    "graphql.introspect",
}  # fmt: skip
_REVIEWER = _EDITOR | {"ontology.review"}
_MAINTAINER = _REVIEWER | {"ontology.merge", "ontology.create"}
_ADMINISTRATOR = _MAINTAINER | {
    "ontology.administer", "ontology.erase", "jobs.administer", "identity.administer", "policy.read",
    "policy.administer", "audit.read", "audit.administer", "system.read", "events.administer",
    "kernel.home",
}  # fmt: skip
HELD = {
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.REVIEWER: _REVIEWER,
    Role.MAINTAINER: _MAINTAINER,
    Role.ADMINISTRATOR: _ADMINISTRATOR,
    Role.AUDITOR: _VIEWER | {"policy.read", "audit.read"},
    Role.GATEWAY: {"kernel.home"},
}
OWN, OTHER, NOTHING = "own", "other", "nothing"
SOME_ID = "5a4c7f7e-2f6a-4d1e-9d1c-3f0f6f5b2a10"


# -- the table -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One method of one address, and who may call it."""

    method: str
    path: str
    need: str
    where: str

    @property
    def is_page(self) -> bool:
        """Of the console."""
        return self.path.startswith("/console/")


def _rows() -> Iterator[Row]:
    text = (Path(__file__).parent / "permission_rows.txt").read_text()
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        methods, path, need, *where = line.split()
        for method in methods.split(","):
            yield Row(method, path, need, where[0] if where else "")


ROWS = tuple(_rows())


def _collected(path: str) -> str:
    path = re.sub(r"\^\(\?P<app_label>.*\)/\$", "{app}/", path)
    for name, kinds in {
        "instances": INSTANCE_KINDS,
        "resources": (Kind.RESOURCE,),
        "kind": DEFINITION_KINDS,
    }.items():
        collections = "|".join(COLLECTIONS[kind] for kind in kinds)
        path = re.sub(rf"(<segment:ontology>)/({collections})(?=/|$)", rf"\1/{{{name}}}", path)
    return path


def test_every_route_has_a_row_and_declares_no_less() -> None:
    """A new route says here, too, who may call it."""
    told = {(row.method, row.path): row for row in ROWS}
    missing: list[str] = []
    for route in routes():
        declaration = declared_for(route.view, route.name) or {}
        methods = route.methods if declaration_of(route.view) else ("GET", "POST")
        for method in methods or ("GET", "POST"):
            need = need_of(declaration, method)
            if need is None:
                continue
            row = told.get((method, f"/{_collected(route.path)}"))
            if row is None:
                missing.append(f"{method} /{route.path}")
            elif row.need not in {"public", "signed-in", "nobody"}:
                assert need == row.need, f"{method} /{route.path} declares {need}"
            elif row.need == "signed-in":
                assert type(need).__name__ == "Authenticated", f"{method} /{route.path}"
    assert not missing, f"no row in permission_rows.txt: {missing}"


# -- who tries -------------------------------------------------------------------------------------


def _of_branch(pattern: str, permission: str, ontology: str | None, branch: str | None) -> bool:
    """Whether a role for branches holds there: it changes those, and reads the ontology."""
    if not pattern or (permission in {"ontology.read", "kernel.query"} and ontology):
        return True
    return branch is not None and branch.startswith(pattern.rstrip("*"))


@dataclass
class Subject:
    """Somebody who tries.

    Attributes:
        parties: what each party holds: (role, ontology or empty for everything, branches).
        usable: whether his credentials hold at all.
    """

    name: str
    parties: list[list[tuple[Role, str, str]]]
    api: APIClient = field(default_factory=APIClient)
    browser: Client | None = None
    username: str = ""
    usable: bool = True

    def may(self, permission: str, ontology: str | None, branch: str | None = None) -> bool:
        """Whether every party holds the permission there."""
        return self.usable and all(
            any(
                permission in HELD[role]
                and scope in {"", ontology}
                and _of_branch(pattern, permission, ontology, branch)
                for role, scope, pattern in party
            )
            for party in self.parties
        )

    def anywhere(self, permission: str) -> bool:
        """Whether every party holds the permission for anything."""
        return self.usable and all(
            any(permission in HELD[role] for role, _, _ in party) for party in self.parties
        )


#: Tables of what comes and goes with requests, and of denials.
_FLEETING = ("audit_", "django_session", "sqlite", "identity_tokensession", "identity_revoked")


@dataclass
class World:
    """Two ontologies alike, and everybody who tries."""

    heads: dict[str, str]
    victim: User
    binding: str
    subjects: dict[str, Subject]
    receivers: dict[str, str]

    def state(self) -> str:
        """All that somebody could have changed, as a hash."""
        digest = hashlib.sha256()
        with connection.cursor() as cursor:
            for table in sorted(connection.introspection.table_names(cursor)):
                if table.startswith(_FLEETING):
                    continue
                cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}")
                digest.update(f"{table}{cursor.fetchone()}".encode())
        with acting_as(SYSTEM):
            for name in (OWN, OTHER):
                digest.update(repr(selectors.get_ontology(ontology=name)).encode())
                digest.update(repr(selectors.list_branches(ontology=name)).encode())
                digest.update(repr(selectors.list_tags(ontology=name)).encode())
        digest.update(repr(list(RoleBinding.objects.order_by("pk").values_list())).encode())
        people = User.objects.order_by("pk").values_list(
            "username", "password", "is_active", "is_superuser", "display_name", "email"
        )
        digest.update(repr(list(people)).encode())
        return digest.hexdigest()


async def _silent(**_asked: Any) -> Verification:
    return Verification(ok=False, method="options", allowed_rate=None, detail="Not asked.")


@pytest.fixture
def world(person: MakePerson, settings: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("events.adapters.verifying.ask_receiver", _silent)
    settings.OMS_RATE_CLIENT = settings.OMS_RATE_ANONYMOUS = settings.OMS_RATE_AUTH = 0
    person("root", Role.ADMINISTRATOR)
    ProtectionRule.objects.create(pattern="release/*")
    heads: dict[str, str] = {}
    with acting_as(SYSTEM):
        for name in (OWN, OTHER):
            services.create_ontology(name=name, base_iri=f"https://example.org/{name}/")
            made = services.commit_changes(
                ontology=name,
                branch="",
                message="Person",
                changes=[
                    Change(op="create", kind=Kind.OBJECT_TYPE, fields={"apiName": "Person"}),
                    Change(op="create", kind=Kind.ACTION_TYPE, fields={"apiName": "look"}),
                ],
            )
            assert made.commit is not None
            heads[name] = made.commit.id
            services.create_branch(ontology=name, name="work")
            services.create_branch(ontology=name, name="locked", protected=True)
            services.create_branch(ontology=name, name="release/1")
            services.create_tag(ontology=name, name="v1")
    victim = person("victim", Role.VIEWER, OWN)
    subjects = dict(_subjects(person))
    return World(heads, victim, str(victim.bindings.get().pk), subjects, _receivers())


def _receivers() -> dict[str, str]:
    """A webhook and a rule about everything, and what is on its way to them: parameter → value."""
    owner = {"owner_id": "1", "owner_username": "root"}
    hook = Webhook.objects.create(name="w", url="https://w.invalid/", **owner)
    rule = Rule.objects.create(name="r", sink="channel", target="everybody", **owner)
    event = {"lane": hook.lane, "seq": 1, "key": "k"}
    delivery = Delivery.objects.create(**event, type="x")
    entry = Quarantined.objects.create(**event, error="x", failures=1)
    found = {"webhook": hook.pk, "rule": rule.pk, "delivery": delivery.pk, "entry": entry.pk}
    return {name: str(value) for name, value in found.items()}


def _subjects(person: MakePerson) -> Iterator[tuple[str, Subject]]:
    yield "anonymous", Subject("anonymous", [[]], browser=Client(), usable=False)

    def make(name: str, *held: tuple[Role, str, str]) -> User:
        user = person(name)
        for role, scope, pattern in held:
            RoleBinding.objects.create(user=user, role=role, ontology=scope, branch=pattern)
        return user

    def client(user: User, delegation: Delegation | None = None) -> APIClient:
        found = APIClient()
        token = mint(open_session(user=user, delegation=delegation, renewable=False)).access
        found.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return found

    people: dict[str, list[tuple[Role, str, str]]] = {
        "stranger": [],
        **{f"{role}-of-own": [(role, OWN, "")] for role in Role},
        **{f"{role}-of-all": [(role, "", "")] for role in Role},
        "mixed": [(Role.VIEWER, OWN, ""), (Role.ADMINISTRATOR, OTHER, "")],
        "releaser": [(Role.MAINTAINER, OWN, "release/*")],
    }
    for name, held in people.items():
        user = make(name, *held)
        browser = Client()
        browser.force_login(user)
        yield name, Subject(name, [held], client(user), browser, name)

    gone = make("gone", (Role.ADMINISTRATOR, "", ""))
    api, browser = client(gone), Client()
    browser.force_login(gone)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    yield "gone", Subject("gone", [[]], api, browser, "", usable=False)

    for name, service, principal in (
        ("weak-robot", [(Role.VIEWER, "", "")], [(Role.ADMINISTRATOR, "", "")]),
        ("strong-robot", [(Role.ADMINISTRATOR, "", "")], [(Role.EDITOR, OWN, "")]),
    ):
        robot, boss = make(name, *service), make(f"{name}-boss", *principal)
        User.objects.filter(pk=robot.pk).update(kind=User.Kind.SERVICE)
        robot.refresh_from_db()
        ServiceAccount.objects.create(user=robot, client_id=f"svc_{name}")
        grant = Delegation.objects.create(
            service=robot, user=boss, reason="x", expires_at=utc_now() + timedelta(hours=1)
        )
        yield name, Subject(name, [service, principal], client(robot, grant))


# -- every route -----------------------------------------------------------------------------------

#: Bodies that a service gets to see, so that it is the service that refuses.
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/ontologies"): {"name": "mine", "baseIri": "https://example.org/m/"},
    ("PATCH", "/ontologies/<segment:ontology>"): {"description": "mine"},
    ("POST", "/branches"): {"name": "mine"},
    ("PATCH", "/branches/<rest:branch>"): {"protected": True},
    ("POST", "/tags"): {"name": "mine"},
    ("PATCH", "/header"): {"prefixes": {"x": "https://example.org/x/"}},
    ("POST", "/changesets"): {"changes": [{"op": "delete", "target": "ObjectType/Person"}]},
    ("POST", "/merges"): {"source": "main", "into": "work"},
    ("POST", "/exports"): {"format": "turtle"},
    ("POST", "/{kind}"): {"apiName": "Airport"},
    ("PUT", "/{kind}/<segment:item>"): {"apiName": "Person", "description": {"en": "x"}},
    ("PATCH", "/{kind}/<segment:item>"): {"description": {"en": "x"}},
    ("POST", "/{instances}/<segment:type_name>"): {},
    ("POST", "/rename"): {"apiName": "Human"},
    ("POST", "/restore"): {},
    ("POST", "/redactions"): {"target": "Person/42", "reason": "asked for"},
    ("POST", "/role-bindings"): {"role": "viewer", "user": "victim"},
    ("PATCH", "/role-bindings/<str:policy_id>"): {"expires_at": "2999-01-01T00:00:00Z"},
    ("POST", "/protection-rules"): {"pattern": "mine/*"},
    ("PATCH", "/protection-rules/<str:policy_id>"): {"note": "x"},
    ("POST", "/attribute-rules"): {"level": "public", "role": "viewer"},
    ("PATCH", "/attribute-rules/<str:policy_id>"): {"level": "public"},
    ("POST", "/action-rules"): {"role": "viewer", "action": "Book"},
    ("PATCH", "/action-rules/<str:policy_id>"): {"allowed": False},
    ("POST", "/identity/users"): {"username": "mine", "password": "a-long-enough-secret-42"},
    ("PATCH", "/users/<str:username>"): {"is_active": False},
    ("PUT", "/password"): {"password": "a-long-enough-secret-42"},
    ("POST", "/identity/groups"): {"name": "mine"},
    ("POST", "/service-accounts"): {"username": "mine", "client_id": "mine"},
    ("PATCH", "/service-accounts/<str:client_id>"): {"is_active": False},
    ("POST", "/api/v1/events"): {
        "specversion": "1.0",
        "id": "1",
        "source": "/x",
        "type": "com.example.x",
    },
    ("POST", "/api/v1/webhooks"): {
        "name": "mine",
        "url": "https://mine.invalid/",
        "verify": False,
    },
    ("PATCH", "/webhooks/<str:webhook>"): {"description": "x"},
    ("POST", "/replay"): {"from_sequence": 1, "to_sequence": 2},
    ("POST", "/routing-rules"): {"name": "mine", "sink": "channel", "target": "x"},
    ("PATCH", "/routing-rules/<str:rule>"): {"description": "x"},
    # forms of the console
    ("POST", "/-/new/"): {"name": "mine", "base_iri": "https://example.org/m/"},
    ("POST", "/branches/new/"): {"name": "mine", "from_ref": "main", "branch_name": "mine"},
    ("POST", "/branches/act/"): {"name": "work", "action": "delete"},
    ("POST", "/merge/"): {"source": "main", "into": "work"},
    ("POST", "/tags/new/"): {"tag_name": "mine", "tag_ref": "main"},
    ("POST", "/tags/act/"): {"name": "v1", "action": "delete"},
    ("POST", "/delete/"): {"confirm": OWN},
    ("POST", "/rename/<path:target>/"): {"api_name": "Human"},
}


def _body(row: Row) -> Any:
    if row.path.endswith("/reverts"):
        return {"commit": "main"}
    fitting = [key for key in BODIES if key[0] == row.method and row.path.endswith(key[1])]
    return BODIES[max(fitting, key=lambda key: len(key[1]))] if fitting else {}


def _address(row: Row, world: World, ontology: str) -> str:
    path = row.path.replace("{app}", "identity")
    path = path.replace("^.*$", "nothing").replace("(?P<url>.*)$", "nothing/")
    path = path.replace("{kind}", "object-types").replace("{instances}", "objects")
    path = path.replace("{resources}", "resources")
    if "/identity/user/" in path:
        path = path.replace("<path:object_id>", str(world.victim.pk))
    if re.search("/identity/(serviceaccount|tokensession|delegation)/", path):
        path = path.replace("<path:object_id>", SOME_ID)
    if row.method == "DELETE" and path.endswith("<rest:branch>"):
        path = path.replace("<rest:branch>", "work")
    head = world.heads.get(ontology, "0" * 64)
    for parameter, value in {
        "<segment:team>": "oms", "<segment:ontology>": ontology, "<str:ontology>": ontology, "<segment:item>": "Person", "<segment:type_name>": "Person", "<rest:key>": "42", "<str:type>": "Person",
        "<rest:branch>": "work", "<rest:tag>": "v1", "<rest:ref>": "main",
        "<rest:target>": "ObjectType/Person", "<path:target>": "ObjectType/Person",
        "<segment:action>": "look", "<str:action>": "look",
        "<segment:commit>": head, "<str:commit>": head, "<str:kind>": "ObjectType",
        "<uuid:job>": SOME_ID, "<uuid:job_id>": SOME_ID, "<str:job>": SOME_ID,
        "<str:username>": "victim", "<str:name>": "mine", "<str:client_id>": "mine",
        "<int:secret_id>": "1", "<int:stray>": "1", "<str:session>": SOME_ID, "<str:delegation>": SOME_ID,
        "<str:policy_id>": world.binding, "<path:object_id>": world.binding,
        "<path:content_type_id>": "1", "<str:event_id>": SOME_ID, "<id>": str(world.victim.pk),
        "<path:event>": SOME_ID, "<str:event>": SOME_ID, "<str:event_type>": "io.oms.ontology.created.v1",
        "<str:webhook>": world.receivers["webhook"], "<str:rule>": world.receivers["rule"], "<str:stream>": "outbox",
        "<int:delivery>": world.receivers["delivery"], "<int:entry>": world.receivers["entry"],
    }.items():  # fmt: skip
        path = path.replace(parameter, value)
    assert "<" not in path, path
    return path


def _allowed(subject: Subject, row: Row, ontology: str) -> bool:
    match row.need, row.where:
        case "public", _:
            return True
        case "nobody", _:
            return False
        case "signed-in", _:
            return subject.usable
        case permission, "here":
            changes = {"ontology.write", "ontology.branch", "actions.run"}
            branch = "work" if permission in changes else None
            return subject.may(permission, ontology, branch)
        case permission, "any" | "some":
            return subject.anywhere(permission)
        case permission, _:
            return subject.may(permission, None)


def _send(subject: Subject, row: Row, address: str) -> Any:
    body = _body(row)
    if row.is_page:
        assert subject.browser is not None
        return subject.browser.generic(
            row.method,
            address,
            "&".join(f"{key}={value}" for key, value in body.items()),
            content_type="application/x-www-form-urlencoded",
        )
    if address.endswith("/imports"):
        return subject.api.generic(
            row.method, address, "<a:b> <c:d> <e:f> .", content_type="application/n-triples"
        )
    if address == "/api/v1/events" and row.method == "POST":
        return subject.api.generic(
            row.method, address, json.dumps(body), content_type="application/cloudevents+json"
        )
    if row.method in {"GET", "DELETE"}:
        return getattr(subject.api, row.method.lower())(address)
    return getattr(subject.api, row.method.lower())(address, body)


def _kept_out(row: Row, answer: Any) -> bool:
    if row.is_page and answer.status_code == 302:
        return str(answer["Location"]).startswith("/console/login/")
    return answer.status_code in {401, 403}


def _objects(row: Row, *, full: bool) -> tuple[str, ...]:
    if row.where != "here":
        return (OWN,)
    return (OWN, OTHER, NOTHING) if full else (OWN, OTHER)


#: Rows that end the subject's own session, want a right password, or parameters of a script.
_APART = (
    "/auth/", "/console/logout/", "/console/password_change/", "/console/login/", "/health",
    "/console/autocomplete/",
)  # fmt: skip
#: Answers that tell nothing: not understood, not this method, go elsewhere.
_TELLING_NOTHING = frozenset({302, 400, 405, 415})


def _try_all(world: World, subject: Subject, *, pages: bool, full: bool) -> list[str]:
    wrong: list[str] = []
    before = world.state()
    for row in ROWS:
        if row.is_page is not pages or any(part in row.path for part in _APART):
            continue
        for ontology in _objects(row, full=full):
            address = _address(row, world, ontology)
            allowed = _allowed(subject, row, ontology)
            with transaction.atomic():
                answer = _send(subject, row, address)
                # What is refused stays as it left things, so that a change is seen at the end.
                transaction.set_rollback(allowed)
            code, kept_out = answer.status_code, _kept_out(row, answer)
            about = f"{subject.name} {row.method} {address} ({code})"
            if code >= 500:
                wrong.append(f"{about}: broke")
            elif allowed and kept_out and row.where not in {"most", "some"} and subject.usable:
                wrong.append(f"{about}: kept out")
            elif not allowed and not kept_out and code not in _TELLING_NOTHING:
                wrong.append(f"{about}: let in")
    if world.state() != before:
        wrong.append(f"{subject.name}: something that was refused changed something")
    return wrong


_ROLES = [f"{role}-of-{scope}" for scope in ("own", "all") for role in Role]
_SUBJECTS = ["anonymous", "stranger", "gone", "mixed", "releaser", *_ROLES]
_ROBOTS = ["weak-robot", "strong-robot"]
#: Who tries in the short form.
_FEW = ["anonymous", "stranger", "gone", "mixed", "editor-of-own", "administrator-of-all"]
_SOME = [
    *_FEW[:-1], "releaser", "viewer-of-all", "administrator-of-own", "gateway-of-all", *_ROBOTS,
]  # fmt: skip


def test_rest(world: World, full: bool) -> None:
    wrong: list[str] = []
    for name in [*_SUBJECTS, *_ROBOTS] if full else _SOME:
        wrong += _try_all(world, world.subjects[name], pages=False, full=full)
    assert not wrong, "\n".join(wrong)


def test_console(world: World, full: bool) -> None:
    wrong: list[str] = []
    for name in _SUBJECTS if full else _FEW:
        wrong += _try_all(world, world.subjects[name], pages=True, full=full)
    assert not wrong, "\n".join(wrong)


# -- branches that are open, locked, and protected by their name -----------------------------------


@pytest.mark.parametrize("branch", ["main", "work", "locked", "release/1"])
def test_branches(world: World, branch: str, full: bool) -> None:
    """A change takes ``ontology.write``, on a protected branch ``ontology.merge`` as well."""
    wrong: list[str] = []
    protected = branch in {"locked", "release/1"}
    for name in [*_SUBJECTS, *_ROBOTS] if full else [*_SOME, "maintainer-of-own"]:
        subject = world.subjects[name]
        for ontology in (OWN, OTHER):
            base = f"/api/v1/ontologies/{ontology}"
            tries: dict[str, Callable[[], Any]] = {
                "changesets": lambda: subject.api.post(  # noqa: B023 - called at once
                    f"{base}/changesets?branch={branch}", BODIES["POST", "/changesets"]  # noqa: B023
                ),
                "merges": lambda: subject.api.post(  # noqa: B023
                    f"{base}/merges", {"source": "main", "into": branch}  # noqa: B023
                ),
                "imports": lambda: subject.api.generic(  # noqa: B023
                    "POST", f"{base}/imports?branch={branch}", "<a:b> <c:d> <e:f> .",  # noqa: B023
                    content_type="application/n-triples",
                ),
            }  # fmt: skip
            allowed = subject.may("ontology.write", ontology, branch) and (
                not protected or subject.may("ontology.merge", ontology, branch)
            )
            for what, attempt in tries.items():
                before = world.state()
                with transaction.atomic():
                    code = attempt().status_code
                    changed = world.state() != before
                    transaction.set_rollback(True)
                if (code in {401, 403}) is allowed or (changed and not allowed):
                    wrong.append(f"{name} {what} {ontology}:{branch} ({code})")
    assert not wrong, "\n".join(wrong)


# -- commands --------------------------------------------------------------------------------------

#: Words of a command, and what it takes; `{o}` is the ontology.
COMMANDS: list[tuple[tuple[str, ...], str, str]] = [
    (("ontology", "branch", "{o}", "list"), "ontology.read", ""),
    (("ontology", "branch", "{o}", "create", "mine"), "ontology.branch", "mine"),
    (("ontology", "branch", "{o}", "delete", "work"), "ontology.branch", "work"),
    (("ontology", "branch", "{o}", "protect", "work"), "ontology.administer", "work"),
    (("ontology", "tag", "{o}", "create", "mine"), "ontology.write", ""),
    (("ontology", "merge", "{o}", "main", "--into", "work"), "ontology.write", "work"),
    (("ontology", "delete", "{o}", "--yes"), "ontology.administer", ""),
    (("policy", "grant", "viewer", "--user", "root", "--ontology", "{o}"), "policy.administer", ""),
    (("policy", "protect", "mine/*", "--ontology", "{o}"), "policy.administer", ""),
    (("policy", "rule", "public", "--role", "viewer", "--ontology", "{o}"),
     "policy.administer", ""),
    (("policy", "allow", "look", "--role", "viewer", "--ontology", "{o}"),
     "policy.administer", ""),
    (("ontology", "actions", "{o}", "run", "look"), "actions.run", "main"),
]  # fmt: skip


def test_commands(world: World, full: bool) -> None:
    """``--as`` somebody: that one's permissions hold, and the exit code says what came of it."""
    wrong: list[str] = []
    for name in ["stranger", "mixed", "releaser", *(_ROLES if full else _ROLES[: len(Role)])]:
        subject = world.subjects[name]
        before = world.state()
        for words, permission, branch in COMMANDS:
            for ontology in (OWN, OTHER):
                line = [word.replace("{o}", ontology) for word in words]
                allowed = subject.may(permission, ontology, branch or None)
                code = 0
                with transaction.atomic():
                    try:
                        call_command(*line, "--as", name, stdout=StringIO(), stderr=StringIO())
                    except CommandError as error:
                        code = error.returncode
                    transaction.set_rollback(allowed)
                if (code == 0) is not allowed:
                    wrong.append(f"{name} {' '.join(line)} ({code})")
        if world.state() != before:
            wrong.append(f"{name}: something that was refused changed something")
    assert not wrong, "\n".join(wrong)
