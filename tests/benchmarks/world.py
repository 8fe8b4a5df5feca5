"""Where the rows run: a database of their own, a user with a role, ontologies of any size."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.peer import Doltlite, doltlite
from tests.services import postgresql

#: Documents of one commit while a state is built (a change set holds no more).
_CHUNK = 10_000


@dataclass
class World:
    """What a row needs.

    Attributes:
        folder: for files, gone afterwards.
        database: ``sqlite`` or ``postgresql``.
        rounds: how often each work is done.
        sizes: numbers of documents, smallest first.
        changes: numbers of changes in a commit.
    """

    folder: Path
    database: str
    rounds: int
    quick: bool
    peer: Doltlite
    url: str = ""
    _states: dict[int, State] = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[int, ...]:
        return (1_000, 10_000) if self.quick else (1_000, 10_000, 100_000)

    @property
    def changes(self) -> tuple[int, ...]:
        return (1, 100) if self.quick else (1, 100, 1_000)

    def state(self, size: int) -> State:
        """An ontology of ``size`` object types, and the same documents in doltlite."""
        if size not in self._states:
            state = State(f"types-{size}", size, self.peer)
            state.build()
            self.peer.build(state.name, state.rows())
            self._states[size] = state
        return self._states[size]


@dataclass
class State:
    """An ontology of ``size`` object types in a tree, ten below each, with one property each."""

    name: str
    size: int
    peer: Doltlite
    _turn: int = 0

    def build(self) -> None:
        from ontology import services

        services.create_ontology(name=self.name, base_iri=f"https://example.org/{self.name}/")
        for start in range(0, self.size, _CHUNK):
            services.commit_changes(
                ontology=self.name,
                message="Build",
                changes=[_type(i) for i in range(start, min(self.size, start + _CHUNK))],
            )

    def rows(self) -> Iterator[Sequence[str]]:
        """The documents as rows of the peer: rid, kind, name, body as it is stored."""
        from ontology.store import store

        info = store.get_ontology(self.name)
        for document in store.reader(info.id, store.resolve(info.id, "main")).scan():
            name = str(document.body.get("apiName", ""))
            yield document.rid, document.kind.value, name, document.text

    def pick(self, count: int, half: int = 0) -> list[int]:
        """Numbers of ``count`` types: others each time, spread over all of them; those of one
        ``half`` are never those of the other.
        """
        self._turn += 1
        step = max(2, self.size // count // 2 * 2)
        return [(self._turn * 14 + i * step) // 2 * 2 % self.size + half for i in range(count)]

    def commit(self, numbers: Sequence[int], text: str, branch: str = "") -> Any:
        """Describe types anew, as a user would; gives the result."""
        from ontology import services
        from ontology.contract import Change

        changes = [
            Change("update", target=f"ObjectType/T{i}", fields={"description": {"en": text}})
            for i in numbers
        ]
        return services.commit_changes(
            ontology=self.name, branch=branch, message=text, changes=changes
        )

    def peer_commit(self, numbers: Sequence[int], text: str) -> Any:
        """The same changes in the peer, on its current branch."""
        import json

        patch = json.dumps({"description": {"en": text}})
        changes = [(patch, "ObjectType", f"T{i}") for i in numbers]
        return self.peer.call(self.name, "commit", changes, text)


def _type(number: int) -> Any:
    from ontology.contract import Change

    fields: dict[str, Any] = {
        "apiName": f"T{number}",
        "displayName": {"en": f"Type {number}"},
        "description": {"en": f"Some words about type number {number}."},
        "properties": [{"apiName": f"p{number}", "dataTypes": ["string"]}],
    }
    if number:
        fields["parents"] = [f"T{(number - 1) // 10}"]
    return Change("create", kind="ObjectType", fields=fields)


@contextmanager
def world(database: str, rounds: int, *, quick: bool) -> Iterator[World]:
    """A migrated database outside the repository, and an editor who acts."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="oms-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if database == "postgresql":
            url = stack.enter_context(postgresql(durable=True)).url
        else:
            url = f"sqlite:///{folder / 'oms.sqlite3'}"
        os.environ.update(
            DATABASE_URL=url,
            DJANGO_SETTINGS_MODULE="oms_project.settings.dev",
            OMS_DATA_DIR=str(folder),
            DEBUG="false",  # no log of queries
            LOG_LEVEL="WARNING",
        )
        _set_up(stack)
        peer = stack.enter_context(doltlite(folder))
        yield World(folder, database, rounds, quick, peer, url)


def _set_up(stack: ExitStack) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from oms_project.core.context import SYSTEM, acting_as
    from oms_project.identity.contract import BindingInfo, Role, actor_of
    from oms_project.identity.models import User
    from oms_project.identity.services import create_user

    stack.callback(connections.close_all)
    call_command("migrate", verbosity=0)
    with acting_as(SYSTEM):
        create_user(
            username="bench",
            password="a-long-password-for-nothing",
            bindings=(BindingInfo(Role.MAINTAINER),),
        )
    stack.enter_context(acting_as(actor_of(User.objects.get(username="bench"))))
