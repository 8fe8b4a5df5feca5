"""TerminusDB as the home of ontologies: a database each."""

from __future__ import annotations

import contextlib
import re
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from django.conf import settings

from oms_project.core.errors import Conflict, Invalid, NotFound, OmsError
from ontology.domain.native.names import prefixes
from ontology.store.home import HomeBranch, HomeCommit, HomeDocument, Landing, ServerInfo
from ontology.store.terminusdb import documents, landing, reading, woql
from ontology.store.terminusdb.client import (
    STATE,
    Server,
    branch_place,
    commit_place,
    encoded,
)
from ontology.store.terminusdb.errors import Broken, NoAnswer

__all__ = ["TerminusHome"]

log = structlog.get_logger("oms.home")

_DATABASE = re.compile(r"[a-z0-9_]{1,100}")
#: Landings in a database after which its layers are put together.
_OPTIMISE_EVERY = 50


class TerminusHome:
    """A ``Home``, at the server that the settings name."""

    def __init__(self) -> None:
        self._server = Server()
        self._landings: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._optimiser = ThreadPoolExecutor(max_workers=1, thread_name_prefix="oms-home")

    # --- the server -----------------------------------------------------------------------------
    def info(self) -> ServerInfo:
        return self._server.info()

    # --- databases ------------------------------------------------------------------------------
    def create(self, database: str, *, label: str, base_iri: str) -> None:
        self._check(database)
        server = self._server
        unsure = False

        def make() -> None:
            nonlocal unsure
            try:
                server.client(database).create_database(
                    database,
                    team=server.team,
                    label=label,
                    prefixes=dict(
                        zip(("@base", "@schema"), prefixes(base_iri, database), strict=True)
                    ),
                )
            except NoAnswer:
                unsure = True
                raise
            except Conflict:
                # Made, but the answer was lost, or its maker died before it had a commit.
                if not unsure and self._has_commits(database):
                    raise

        server.repeated(make)

    def _has_commits(self, database: str) -> bool:
        query = woql.triple(woql.node(STATE), "commit", woql.value("commit"))
        return bool(self._server.woql(database, branch_place("main"), query).bindings)

    def drop(self, database: str) -> None:
        self._check(database)
        client = self._server.client(database)

        def delete() -> None:
            with contextlib.suppress(NotFound):
                client.delete_database(database, team=self._server.team, force=True)

        self._server.repeated(delete)
        with self._lock:
            self._landings.pop(database, None)

    def databases(self) -> Sequence[str]:
        rows = self._server.repeated(lambda: self._server.get("db"))
        team = f"{self._server.team}/{settings.TERMINUSDB_DB_PREFIX}"
        paths = (str(row.get("path", "")) for row in rows if isinstance(row, dict))
        return sorted(path.partition("/")[2] for path in paths if path.startswith(team))

    # --- writing --------------------------------------------------------------------------------
    def land(
        self, database: str, branch: str, landings: Sequence[Landing], *, expected: str
    ) -> Sequence[str]:
        self._check(database)
        if not landings:
            return []
        identifiers = landing.land(self._server, database, branch, landings, expected)
        self._landed(database, branch, len(landings))
        return identifiers

    def create_branch(self, database: str, name: str, *, at: str) -> None:
        self._check(database)
        server = self._server
        place = commit_place(at)

        def create() -> None:
            try:
                server.client(database, place=place).create_branch(encoded(name))
            except Conflict:
                stands = reading.branch_of(server, database, name)
                if stands is None or stands.identifier != at:
                    raise

        server.repeated(create)

    def move_branch(self, database: str, name: str, *, to: str, expected: str) -> None:
        self._check(database)
        server = self._server
        commit_place(to), commit_place(expected)
        if server.repeated(
            lambda: landing.move_branch(server, database, name, to=to, expected=expected)
        ):
            return
        stands = self.branch(database, name)
        if stands is None:
            raise NotFound(
                f"TerminusDB has no branch {name!r} in {database}.", code="home_branch_not_found"
            )
        if stands.identifier != to:
            raise Conflict(
                f"The branch {name!r} in TerminusDB is not where OMS left it.",
                code="stale_home",
                data={"commit": stands.commit},
            )

    def delete_branch(self, database: str, name: str) -> None:
        self._check(database)

        def delete() -> None:
            try:
                self._server.client(database).delete_branch(encoded(name))
            except NotFound as error:
                if error.error_code != "home_branch_not_found":
                    raise

        self._server.repeated(delete)

    # --- reading --------------------------------------------------------------------------------
    def branches(self, database: str) -> Sequence[HomeBranch]:
        self._check(database)
        return reading.branches_of(self._server, database)

    def branch(self, database: str, name: str) -> HomeBranch | None:
        self._check(database)
        return self._server.repeated(lambda: reading.branch_of(self._server, database, name))

    def log(
        self, database: str, identifier: str, *, until: Collection[str] = ()
    ) -> Iterator[HomeCommit]:
        self._check(database)
        return reading.log_of(self._server, database, identifier, until)

    def written(self, database: str, identifier: str, commit: str) -> Iterator[HomeDocument]:
        self._check(database)
        return documents.written_by(self._server, database, identifier, commit)

    def documents(
        self, database: str, identifier: str, rids: Collection[str] | None = None
    ) -> Iterator[HomeDocument]:
        self._check(database)
        return documents.documents_of(self._server, database, identifier, rids)

    def query(
        self,
        database: str,
        ref: str,
        query: Mapping[str, Any],
        *,
        timeout: float | None = None,
    ) -> Mapping[str, Any]:
        self._check(database)
        kind, _, name = ref.partition("/")
        place = commit_place(name) if kind == "commit" else branch_place(name)
        try:
            return self._server.repeated(
                lambda: self._server.woql(database, place, query, timeout=timeout)
            ).data
        except Broken:
            if kind == "commit":
                reading.check_commit(self._server, database, name)
            raise

    # --- upkeep ---------------------------------------------------------------------------------
    def _landed(self, database: str, branch: str, count: int) -> None:
        """Put layers together now and then, in case the server does not do it itself: without, a
        commit after 500 others costs three times the first.
        """
        with self._lock:
            self._landings[database] += count
            if self._landings[database] < _OPTIMISE_EVERY:
                return
            self._landings[database] = 0
        self._optimiser.submit(self._optimise, database, branch)

    def _optimise(self, database: str, branch: str) -> None:
        base = f"{self._server.team}/{database}"
        try:
            for path in (f"local/branch/{encoded(branch)}", "local/_commits", "_meta"):
                self._server.client(database).optimize(f"{base}/{path}")
        except OmsError as error:
            log.info("database not optimised", database=database, error=str(error))

    def _check(self, database: str) -> None:
        """Let OMS near nothing but what it made."""
        prefix = settings.TERMINUSDB_DB_PREFIX
        if not database.startswith(prefix) or _DATABASE.fullmatch(database) is None:
            raise Invalid(
                f"{database[:120]!r} is no name of a database of OMS: small letters, digits and "
                f"_, and TERMINUSDB_DB_PREFIX ({prefix}) first.",
                code="home_refused",
                data={"answer": ""},
            )
