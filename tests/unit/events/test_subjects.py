"""Names of ontologies and types on a broker: legal, reversible, never the same for two."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events.domain.subjects import (
    name_of,
    stream_of,
    stream_subjects,
    subject_of,
    subjects_in,
    token_of,
)

NAMES = st.text(st.characters(), max_size=30) | st.text("a._-%*> /\\é\n", max_size=8)
LEGAL = re.compile(r"(?:(?![.*>/\\])[!-~])+")


def test_subjects_read_as_the_types_do() -> None:
    assert (
        subject_of("logistics", "io.oms.ontology.commit.created.v1")
        == "oms.logistics.ontology.commit.created.v1"
    )
    assert (
        subject_of("", "io.oms.identity.user.created.v1")
        == "oms._platform.identity.user.created.v1"
    )
    assert subject_of("a.b", "com.example.x") == "oms.a%2Eb.ext.com%2Eexample%2Ex"
    assert stream_of("a_b-c") == "OMS_a_b-c"
    assert stream_of("") == "OMS__platform"
    assert stream_subjects("a.b") == ["oms.a%2Eb.>"]


def test_a_name_is_never_that_of_the_platform() -> None:
    assert token_of("_platform") == "%5Fplatform"
    assert name_of("%5Fplatform") == "_platform"
    assert token_of("%5Fplatform") == "%255Fplatform"


@given(NAMES)
@example("_platform")
@example("%5Fplatform")
@example("\udc80")
def test_every_name_is_a_legal_token_and_comes_back(name: str) -> None:
    token = token_of(name)
    assert LEGAL.fullmatch(token)
    assert name_of(token) == name
    assert subjects_in(stream_of(name)) == stream_subjects(name)


@given(NAMES, NAMES)
def test_two_names_have_two_streams(one: str, other: str) -> None:
    assert (one == other) == (stream_of(one) == stream_of(other))


@given(NAMES, NAMES | NAMES.map("io.oms.".__add__), NAMES, NAMES | NAMES.map("io.oms.".__add__))
@example("a", "io.oms.ext.b", "a", "b")
@example("a", "io.oms.", "a", "io.oms")
@example("a", "", "a", "%")
def test_subjects_are_legal_and_different(
    name: str, event_type: str, other: str, other_type: str
) -> None:
    subject = subject_of(name, event_type)
    assert all(LEGAL.fullmatch(token) for token in subject.split("."))
    assert subject.startswith(stream_subjects(name)[0][:-1])
    same = (name, event_type) == (other, other_type)
    assert same == (subject == subject_of(other, other_type))


@pytest.mark.parametrize("name", ["", "OMS_", "KV_x", "OMS_%zz", "OMS_%61", "OMS_a.b", "OMS_%FF"])
def test_other_streams_are_not_ours(name: str) -> None:
    with pytest.raises(ValueError):
        subjects_in(name)
