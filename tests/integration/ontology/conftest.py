"""An ontology to work on through the services, and a proof that nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from oms_project.core.services import forget_services
from ontology import selectors, services
from ontology.contract import Change, CommitResult
from ontology.store.home_models import Intent
from tests.fakes.home import FOLDER, FolderHome

NAME = "world"
Untouched = Callable[[], AbstractContextManager[None]]


class Ontology:
    """The ontology ``world``, and short names for what tests do with it."""

    name = NAME

    def commit(self, *changes: Change, branch: str = "", **options: Any) -> CommitResult:
        return services.commit_changes(
            ontology=NAME, branch=branch, changes=changes, **{"message": "Change", **options}
        )

    def create(self, kind: str, name: str, *, branch: str = "", **fields: Any) -> str:
        """Create a definition; its ``rid``."""
        result = self.commit(create(kind, name, **fields), branch=branch)
        return result.documents[0].rid

    def update(self, target: str, *, branch: str = "", **fields: Any) -> CommitResult:
        return self.commit(Change("update", target=target, fields=fields), branch=branch)

    def body(self, target: str, ref: str = "") -> dict[str, Any]:
        return dict(selectors.get_document(ontology=NAME, target=target, ref=ref).body)

    def head(self, branch: str = "main") -> str:
        return selectors.resolve_ref(ontology=NAME, ref=branch).id

    def names(self, ref: str = "") -> list[str]:
        """Of every definition."""
        page = selectors.list_documents(ontology=NAME, ref=ref, limit=500)
        return [document.id for document in page.items if document.kind != "Ontology"]

    def merge(self, source: str, into: str = "main", **options: Any) -> Any:
        return services.merge(ontology=NAME, source=source, into=into, **options)

    def branch(self, name: str, from_ref: str = "") -> None:
        services.create_branch(ontology=NAME, name=name, from_ref=from_ref)

    def everything(self) -> object:
        """All that a write could change."""
        branches = selectors.list_branches(ontology=NAME).items
        return (
            selectors.list_ontologies(),
            branches,
            selectors.list_tags(ontology=NAME).items,
            [selectors.log(ontology=NAME, ref=branch.name).items for branch in branches],
            [
                [document.json for document in page.items]
                for branch in branches
                for page in [
                    selectors.list_documents(
                        ontology=NAME, ref=branch.name, include_deleted=True, limit=500
                    )
                ]
            ],
            selectors.verify(ontology=NAME),
        )

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """What is done in the block changes nothing, and the ontology is sound."""
        before = self.everything()
        yield
        assert self.everything() == before
        assert selectors.verify(ontology=NAME).ok


def create(kind: str, name: str, **fields: Any) -> Change:
    return Change("create", kind=kind, fields={"apiName": name, **fields})


def prop(name: str, *data_types: str, **fields: Any) -> dict[str, Any]:
    part = {"apiName": name, **fields}
    return {**part, "dataTypes": list(data_types)} if data_types else part


@pytest.fixture
def world(as_system: None, db: None) -> Ontology:
    """An empty ontology; the system acts."""
    services.create_ontology(name=NAME, base_iri="https://example.org/world/")
    return Ontology()


@pytest.fixture
def homes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    django_db_setup: None,
    django_db_blocker: Any,
) -> Iterator[FolderHome]:
    """New ontologies live in a home that is a folder."""
    with django_db_blocker.unblock():
        # On PostgreSQL they are written beside the transaction that ends with a test.
        Intent.objects.all().delete()
    monkeypatch.setenv(FOLDER, str(tmp_path))
    settings.OMS_DEFAULT_HOME = "terminusdb"
    settings.OMS_SERVICES = {
        **settings.OMS_SERVICES,
        "ontology_home": "tests.fakes.home.FolderHome",
    }
    forget_services()
    monkeypatch.setattr(FolderHome, "hook", None)
    yield FolderHome()
    forget_services()
