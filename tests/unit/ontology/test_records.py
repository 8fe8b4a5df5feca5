"""A commit as text and back: exact, and refused when it says anything else than its id."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_project.core.canonical_json import dumps_text, loads
from oms_project.core.errors import Invalid
from ontology.contract import CommitInfo
from ontology.store.hashing import commit_id
from ontology.store.records import info_of, ontology_of, record_of

ONTOLOGY = "6f1c1d52-1f0e-4b7c-9a64-0b1f6c7d8e90"
TIME = dt.datetime(2026, 7, 5, 12, 0, 0, 123456, tzinfo=dt.UTC)
texts = st.text(st.characters(codec="utf-8"), max_size=40)


def a_commit(**said: object) -> CommitInfo:
    fields = {
        "parents": ("a" * 64,),
        "author_id": "1",
        "author_username": "alice",
        "time": TIME,
        "message": "Change",
        "content_hash": "c" * 64,
        "change_count": 3,
        "signature": "alice (1)|sig",
        "on_behalf_of_id": "",
        **said,
    }
    return CommitInfo(
        id=commit_id(
            ontology_id=ONTOLOGY,
            parents=fields["parents"],
            content=fields["content_hash"],
            author_id=fields["author_id"],
            author_username=fields["author_username"],
            time=fields["time"],
            message=fields["message"],
            signature=fields["signature"],
            on_behalf_of=fields["on_behalf_of_id"],
        ),
        author=f"{fields['author_username']} ({fields['author_id']})",
        **fields,
    )


@given(texts, texts, texts, st.sampled_from([(), ("a" * 64,), ("a" * 64, "b" * 64)]))
def test_a_record_comes_back_as_it_went(
    message: str, username: str, other: str, parents: tuple[str, ...]
) -> None:
    info = a_commit(
        message=message, author_username=username, on_behalf_of_id=other, parents=parents
    )
    record = record_of(ONTOLOGY, info)
    assert info_of(record) == info
    assert ontology_of(record) == ONTOLOGY
    assert record_of(ONTOLOGY, info_of(record)) == record


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("ontology", "another"),
        ("parents", []),
        ("contentHash", "d" * 64),
        ("authorId", "2"),
        ("authorUsername", "mallory"),
        ("onBehalfOfId", "7"),
        ("time", "2026-07-05T12:00:00.123457Z"),
        ("message", "Another"),
        ("signature", "mallory (2)|sig"),
        ("id", "e" * 64),
    ],
)
def test_a_record_that_was_changed_is_refused(member: str, value: object) -> None:
    said = loads(record_of(ONTOLOGY, a_commit()))
    said[member] = value
    with pytest.raises(Invalid) as refused:
        info_of(dumps_text(said))
    assert refused.value.error_code == "broken_record"


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"format":2}', "no JSON", '{"format":1}'])
def test_what_is_no_record_is_refused(record: str) -> None:
    with pytest.raises(Invalid) as refused:
        info_of(record)
    assert refused.value.error_code == "broken_record"
