"""Values of the contract, arranged for a reader."""

from __future__ import annotations

import datetime as dt

from django.utils import translation

from ontology.console.presenters.changes import arrange, people_path
from ontology.console.presenters.graph import draw
from ontology.console.presenters.values import Naming, text_in
from ontology.console.presenters.words import compare_words
from ontology.contract import CommitInfo, DiffResult, DocumentDiff, FieldChange

RID = "11111111-1111-5111-8111-111111111111"


def _commit(name: str, *parents: str) -> CommitInfo:
    return CommitInfo(
        id=name,
        parents=parents,
        author="ann (1)",
        author_id="1",
        author_username="ann",
        time=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        message=name,
        content_hash="",
        change_count=1,
    )


def test_a_straight_history_is_one_lane() -> None:
    rows = draw([_commit("c", "b"), _commit("b", "a"), _commit("a")])
    assert {row.x for row in rows} == {14}
    assert [len(row.lines) for row in rows] == [1, 2, 1]
    assert not any(row.is_merge for row in rows)


def test_a_merge_opens_a_lane_that_ends_where_the_branch_began() -> None:
    rows = draw([_commit("m", "b", "x"), _commit("b", "a"), _commit("x", "a"), _commit("a")])
    assert [row.x for row in rows] == [14, 14, 28, 14]
    assert [row.is_merge for row in rows] == [True, False, False, False]
    assert rows[0].width == rows[-1].width == 42


def test_changed_words_are_marked_and_only_they() -> None:
    before, after = compare_words("the quick brown fox", "the slow brown fox")
    assert [piece.text for piece in before if piece.changed] == ["quick"]
    assert [piece.text for piece in after if piece.changed] == ["slow"]
    assert "".join(piece.text for piece in after) == "the slow brown fox"


def test_texts_with_little_in_common_are_changed_altogether() -> None:
    before, after = compare_words("abc", "완전히 다른 글")
    assert [(piece.text, piece.changed) for piece in (*before, *after)] == [
        ("abc", True),
        ("완전히 다른 글", True),
    ]


def test_references_are_shown_by_name_with_their_page() -> None:
    naming = Naming("fleet", "main", {RID: "ObjectType/Ship"})
    shown = naming.show([RID, "https://example.org/x", "plain"], "parents")
    assert [(item.form, item.text) for item in shown.items] == [
        ("reference", "Ship"),
        ("iri", "https://example.org/x"),
        ("text", "plain"),
    ]
    assert shown.items[0].url.endswith("/fleet/d/ObjectType/Ship/?ref=main")


def test_paths_are_read_in_the_readers_language() -> None:
    with translation.override("en"):
        assert people_path("/properties/name/required") == "Properties › name › Required"
        assert people_path("/displayName/@none") == "Label › no language"
        assert people_path(f"/parents/{RID}") == "Parents"
    with translation.override("ko"):
        assert people_path("/properties/name/required") == "속성 › name › 필수"


def test_the_nearest_language_is_chosen() -> None:
    texts = {"en": "ship", "ko": "배"}
    assert text_in(texts, "ko-kr") == "배"
    assert text_in(texts, "fr") == "ship"
    assert text_in({"@none": "x"}, "ko") == "x"
    assert text_in({}, "ko") == ""


def _diff(count: int) -> DiffResult:
    changes = tuple(
        DocumentDiff(
            rid=f"{number}",
            kind="ObjectType",
            id=f"ObjectType/T{number:04}",
            previous_id=f"ObjectType/S{number:04}" if number == 1 else None,
            operation="rename" if number == 1 else "update",
            fields=(FieldChange("/tags/x", "/tags/x", None, "x", "add"),),
            before={},
            after={},
        )
        for number in range(count)
    )
    stats = {"ObjectType": {"rename": 1, "update": count - 1}}
    return DiffResult("a", "b", changes, {}, stats)


def test_a_large_difference_comes_in_pages_and_is_filtered() -> None:
    asked = {"ontology": "fleet", "before_ref": "a", "after_ref": "b"}
    page = arrange(_diff(250), **asked, page=3)
    assert (page.total, page.matching, page.page, page.pages) == (250, 250, 3, 3)
    assert len(page.groups[0].changes) == 50
    assert arrange(_diff(250), **asked, page=99).page == 3
    renamed = arrange(_diff(250), **asked, operation="rename")
    assert [change.previous_name for change in renamed.groups[0].changes] == ["S0001"]
    assert arrange(_diff(250), **asked, text="s0001").matching == 1
    assert arrange(_diff(250), **asked, kind="LinkType").groups == ()
