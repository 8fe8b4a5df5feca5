"""Tests that commit for real leave an empty trail, and its triggers, behind them."""

from __future__ import annotations

import pytest
from django.db import connection

from audit.contract import Subject, audit_log
from audit.models import Event
from audit.triggers import missing_triggers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("_run", [1, 2])
def test_the_trail_is_empty_at_first_and_protected(_run: int) -> None:
    assert not Event.objects.exists()
    assert missing_triggers(connection) == []
    audit_log.record("record.changed", Subject("user", "u"))
