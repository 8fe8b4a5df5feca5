"""What is not in the reference fails here."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.reference.pages import PAGES, ROOT

DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if ".venv" not in path.parts
)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"```.*?```", re.DOTALL)


@pytest.mark.parametrize(("path", "render"), PAGES.items(), ids=[path.stem for path in PAGES])
def test_the_page_says_what_the_code_says(path: Path, render: Callable[[], str]) -> None:
    assert path.read_text(encoding="utf-8") == render(), "run: make reference"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_inside_the_documents_leads_somewhere(document: Path) -> None:
    text = _FENCE.sub("", document.read_text(encoding="utf-8"))
    broken = []
    for match in _LINK.finditer(text):
        target = (match.group(1) or match.group(2)).partition("#")[0]
        if not target or "://" in target or target.startswith("mailto:"):
            continue
        if not (document.parent / target).exists():
            broken.append(target)
    assert broken == []


def test_every_decision_record_is_listed() -> None:
    records = sorted(path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md"))
    listed = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    assert [name for name in records if f"adr/{name}" not in listed] == []


def test_only_env_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for package in ("audit", "events", "oms_project", "ontology", "scheduling")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text(encoding="utf-8"))
    ]
    assert readers == ["oms_project/settings/env.py"]
