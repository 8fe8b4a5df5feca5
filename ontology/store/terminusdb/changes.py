"""What commits wrote of objects and links, in exact text: many of them in one ``OmsChanges``.

A definition is an ``OmsDocument`` of its own. Objects and links are there twice: as native documents,
which queries read, and in the texts that hashes and signatures speak of. A document for each text made
a commit of objects twice to three times as dear; one text for all of a portion costs next to nothing,
and nobody asks for one of them alone. See ``docs/adr/0023``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from oms_project.core.errors import Invalid
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.native.terms import RDF_TYPE, Literal, Node, Triple
from ontology.store.home import HomeDocument

__all__ = ["CHANGES", "MEMBERS", "changes_triples", "documents_in", "is_bundled"]

#: Name of the class, and its members.
CHANGES = "OmsChanges"
MEMBERS = {"commit": "xsd:string", "count": "xsd:integer", "text": "xsd:string"}


def is_bundled(document: HomeDocument) -> bool:
    """Whether a document stands in an ``OmsChanges``, not in an ``OmsDocument`` of its own."""
    return document.kind in INSTANCE_KINDS


def changes_triples(
    commit: str, number: int, documents: Sequence[HomeDocument]
) -> tuple[Triple, ...]:
    """The ``OmsChanges`` with the objects and links of a portion; nothing when there are none.

    Args:
        number: of the portion in its commit.
    """
    if not documents:
        return ()
    name = f"{CHANGES}/{commit}.{number:05d}"
    text = "\n".join(map(_line, documents))
    return (
        Triple(name, RDF_TYPE, Node(f"@schema:{CHANGES}")),
        Triple(name, "commit", Literal("xsd:string", commit)),
        Triple(name, "count", Literal("xsd:integer", str(len(documents)))),
        Triple(name, "text", Literal("xsd:string", text)),
    )


def documents_in(body: dict[str, Any]) -> Iterator[HomeDocument]:
    """The documents that an ``OmsChanges`` tells of.

    Raises:
        Invalid: ``broken_record``; it is not as OMS writes them.
    """
    for number, line in enumerate(str(body["text"]).split("\n"), start=1):
        try:
            rid, kind, hash_, created, updated, deleted, text = line.split("\t")
            document = HomeDocument(
                rid=rid,
                kind=Kind(kind),
                text=text,
                hash=hash_,
                commit=str(body["commit"]),
                created=created,
                updated=updated,
                deleted={"0": False, "1": True}[deleted],
            )
        except (KeyError, ValueError) as error:
            raise Invalid(
                f"Line {number} of {body['@id']} in the home is not one that OMS has written.",
                code="broken_record",
                data={"document": body["@id"]},
            ) from error
        yield document


def _line(document: HomeDocument) -> str:
    """Canonical JSON has no tabs and line ends, so nothing has to be escaped again."""
    line = "\t".join(
        (
            document.rid,
            document.kind.value,
            document.hash,
            document.created,
            document.updated,
            "1" if document.deleted else "0",
            document.text,
        )
    )
    if line.count("\t") != 6 or "\n" in line:
        raise Invalid(
            f"The text of {document.rid} is not canonical JSON: it has a tab or a line end.",
            code="home_refused",
            data={"answer": ""},
        )
    return line
