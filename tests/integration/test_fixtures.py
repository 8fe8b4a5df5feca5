"""Moving to another database with ``dumpdata`` and ``loaddata``: the history still proves itself."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import call_command

from oms_project.core.context import SYSTEM, acting_as
from ontology import selectors
from ontology.demo.seed import DEMO, seed

_ALL = ("--natural-foreign", "--exclude", "contenttypes", "--exclude", "auth.permission")


@pytest.mark.data
@pytest.mark.django_db(transaction=True)
def test_a_history_that_was_dumped_and_loaded_verifies(tmp_path: Path) -> None:
    seed()
    file = tmp_path / "everything.json"
    with acting_as(SYSTEM):
        before = selectors.log(ontology=DEMO, limit=100)
    call_command("dumpdata", *_ALL, "-o", str(file), verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    call_command("loaddata", str(file), stdout=io.StringIO())
    with acting_as(SYSTEM):
        assert selectors.log(ontology=DEMO, limit=100) == before
        report = selectors.verify(ontology=DEMO)
    assert report.problems == ()
    assert report.commits == 15
