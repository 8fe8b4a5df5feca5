"""The Korean translation is complete, keeps its placeholders, and is compiled."""

from __future__ import annotations

from tests.reference import translations


def test_every_text_is_translated() -> None:
    assert translations.missing() == []


def test_placeholders_survive_translation() -> None:
    assert translations.broken() == []


def test_no_translation_is_left_over() -> None:
    known = translations.messages()
    kept = translations.read_po(translations.PO.read_text(encoding="utf-8"))
    assert sorted(set(kept) - set(known)) == []


def test_what_is_loaded_is_what_is_written() -> None:
    kept = translations.read_po(translations.PO.read_text(encoding="utf-8"))
    compiled = translations.compile_mo(translations.messages(), kept)
    assert translations.MO.read_bytes() == compiled, "python -m tests.reference.translations"
