"""The law of export: importing an export gives the state that was exported, whatever it is."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ontology.domain.documents import Document
from tests.unit.interop.laws import FORMAT_NAMES, by_rid, exported, run
from tests.unit.interop.states import Body, states

_SETTINGS = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def _without_prefixes(header: Body) -> Body:
    return {name: value for name, value in header.items() if name != "prefixes"}


@pytest.mark.parametrize("syntax", FORMAT_NAMES)
@given(state=states())
@_SETTINGS
def test_an_export_imported_into_a_fresh_ontology_is_the_same_state(
    syntax: str, state: tuple[list[Document], Body]
) -> None:
    documents, header = state
    text = exported(documents, header, syntax)
    again = run(text, syntax=syntax)
    assert by_rid(again.documents) == by_rid(documents)
    assert _without_prefixes(dict(again.header)) == _without_prefixes(header)
    assert again.report.mapped_triples + again.report.unplaced_triples == again.report.triples


@given(state=states())
@_SETTINGS
def test_an_export_imported_over_its_own_state_changes_nothing(
    state: tuple[list[Document], Body],
) -> None:
    documents, header = state
    again = run(
        exported(documents, header, "turtle"), syntax="turtle", existing=documents, header=header
    )
    assert by_rid(again.documents) == by_rid(documents)
    assert again.header == header


@given(state=states(), seed=st.randoms(use_true_random=False))
@_SETTINGS
def test_the_order_of_triples_says_nothing(
    state: tuple[list[Document], Body], seed: st.DataObject
) -> None:
    documents, header = state
    lines = exported(documents, header, "n-triples").splitlines(keepends=True)
    seed.shuffle(lines)  # type: ignore[attr-defined]
    again = run(b"".join(lines), syntax="n-triples")
    assert by_rid(again.documents) == by_rid(documents)
