"""The store whose ontologies live in TerminusDB, for the contract suite."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

import requests
from django.db import connection

from ontology.store.home_models import HomedOntology, Intent
from ontology.store.home_rows import home_of, identifier_of
from ontology.store.homed import HomedStore, home
from ontology.store.terminusdb import woql
from ontology.store.terminusdb.client import COMMITS, Server, branch_place
from tests.contract.store.harness import Cost, OrmHarness
from tests.contract.store.world import rid

__all__ = ["HOME_TAMPERINGS", "HomedHarness"]

_SOMEBODY = {"author": "somebody", "message": "by hand"}


class HomedHarness(OrmHarness):
    """``HomedStore``, new ontologies of which live in the home that the settings name."""

    def __init__(self) -> None:
        self.store = HomedStore()

    @property
    def deeds(self) -> Collection[str]:
        return (*super().deeds, *HOME_TAMPERINGS)

    @contextmanager
    def tampered(self, deed: str, ontology: str) -> Iterator[None]:
        if deed in HOME_TAMPERINGS:
            # The database is of this test only: nothing has to be undone.
            HOME_TAMPERINGS[deed](ontology)
            yield
        else:
            with super().tampered(deed, ontology):
                yield

    @contextmanager
    def measure(self) -> Iterator[Cost]:
        """Requests to both; an intent and its end are the price of there being two, and no rows of
        what is written.
        """
        sent = requests.Session.send
        asked: list[str] = []

        caller = threading.get_ident()

        def counted(session: requests.Session, *args: object, **options: object) -> object:
            # Upkeep of the home goes on beside, every so many commits.
            if threading.get_ident() == caller:
                asked.append("")
            return sent(session, *args, **options)  # type: ignore[arg-type]

        intents = _ended_intents()
        requests.Session.send = counted  # type: ignore[method-assign,assignment]
        try:
            with super().measure() as cost:
                yield cost
        finally:
            requests.Session.send = sent  # type: ignore[method-assign]
        cost.requests += len(asked)
        cost.rows -= 2 * (_ended_intents() - intents)

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """Neither the index nor the home answers."""
        sent = requests.Session.send

        def refuse(*_args: object, **_options: object) -> object:
            raise requests.exceptions.ConnectionError

        requests.Session.send = refuse  # type: ignore[method-assign,assignment]
        try:
            with super().unreachable():
                yield
        finally:
            requests.Session.send = sent  # type: ignore[method-assign]

    def close(self) -> None:
        """Drop the databases that a test has made."""
        for database in HomedOntology.objects.values_list("database", flat=True):
            home.drop(database)


def _ended_intents() -> int:
    return Intent.objects.filter(state=Intent.CONFIRMED).count()


# --- what the owner of a TerminusDB can do --------------------------------------------------------
def _place(ontology: str) -> tuple[Server, str]:
    homed = home_of(ontology)
    assert homed is not None
    return Server(), homed.database


def _written(ontology: str, query: woql.Query, place: str = branch_place("main")) -> None:
    server, database = _place(ontology)
    answer = server.woql(database, place, query, commit_info=_SOMEBODY)
    assert answer.bindings, "the deed has to do something"


def _a_text(ontology: str) -> None:
    document = f"OmsDocument/{rid('cat')}"
    old = woql.value("old")
    _written(
        ontology,
        woql.all_of(
            [
                woql.triple(woql.node(document), "text", old),
                woql.remove(document, "text", old),
                woql.add(document, "text", woql.text('{"apiName":"Lion"}')),
            ]
        ),
    )


def _a_document_less(ontology: str) -> None:
    _written(ontology, woql.delete_document(f"OmsDocument/{rid('cat')}"))


def _commit_field(ontology: str, name: str) -> None:
    head = _identifier_of_head(ontology)
    commit, old, id_ = woql.variable("commit"), woql.value("old"), woql.text(head)
    predicate = woql.node(name)
    _written(
        ontology,
        woql.all_of(
            [
                woql.triple(commit, "identifier", id_),
                woql.triple(commit, name, old),
                {"@type": "DeleteTriple", "subject": commit, "predicate": predicate, "object": old},
                {
                    "@type": "AddTriple",
                    "subject": commit,
                    "predicate": predicate,
                    "object": woql.text("mallory (7)|forged"),
                },
            ]
        ),
        COMMITS,
    )


def _identifier_of_head(ontology: str) -> str:
    head = HomedStore().get_branch(ontology, "main").head
    return identifier_of(ontology, head)


def _back(ontology: str) -> None:
    store = HomedStore()
    info = store.resolve(ontology, "main")
    _, database = _place(ontology)
    home.move_branch(
        database,
        "main",
        to=identifier_of(ontology, info.parents[0]),
        expected=identifier_of(ontology, info.id),
    )


def _a_branch_less(ontology: str) -> None:
    _, database = _place(ontology)
    home.delete_branch(database, "side")


def _a_branch_more(ontology: str) -> None:
    _, database = _place(ontology)
    home.create_branch(database, "theirs", at=_identifier_of_head(ontology))


def _a_tag_moved(ontology: str) -> None:
    store = HomedStore()
    _, database = _place(ontology)
    home.move_branch(
        database,
        "tag:v1",
        to=_identifier_of_head(ontology),
        expected=identifier_of(ontology, store.resolve(ontology, "v1").id),
    )


def _a_commit_more(ontology: str) -> None:
    _written(
        ontology,
        woql.insert(
            {
                "@type": "OmsDocument",
                "@id": "OmsDocument/theirs",
                "kind": "ObjectType",
                "text": "{}",
                "hash": "",
                "commit": "",
                "created": "",
                "updated": "",
                "deleted": False,
            }
        ),
    )


def _another_name(ontology: str) -> None:
    """The ORM knows the commits of the home by other names."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ontology_homedcommit SET identifier = substr(identifier, 2) "
            "WHERE ontology_id = %s",
            [ontology],
        )


#: Name -> what is done to the ontology that ``test_verify.py`` has made.
HOME_TAMPERINGS: Mapping[str, Callable[[str], None]] = {
    "home: a document's text": _a_text,
    "home: a document less": _a_document_less,
    "home: a commit's author": lambda ontology: _commit_field(ontology, "author"),
    "home: a branch set back": _back,
    "home: a branch less": _a_branch_less,
    "home: a branch more": _a_branch_more,
    "home: a tag moved": _a_tag_moved,
    "home: a commit more": _a_commit_more,
    "home: commits under other names": _another_name,
}
