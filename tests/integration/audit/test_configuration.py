"""What a server is started with is on record, without its secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.models import Event
from audit.services.configuration import note_configuration, shown_configuration
from oms_project.settings.env import load

pytestmark = pytest.mark.django_db


def events() -> list[dict[str, Any]]:
    found = Event.objects.filter(action="configuration.changed").order_by("id")
    return [json.loads(event.body) for event in found]


def test_a_change_is_recorded_once_with_before_and_after(settings: Any) -> None:
    settings.ENVIRONMENT = load({"LOG_LEVEL": "INFO"})
    assert note_configuration()
    assert not note_configuration()
    settings.ENVIRONMENT = load({"LOG_LEVEL": "DEBUG", "OMS_JOB_WORKERS": "3"})
    assert note_configuration()
    assert not note_configuration()

    first, second = events()
    assert first["changes"]["LOG_LEVEL"] == [None, "INFO"]
    assert second["changes"] == {"LOG_LEVEL": ["INFO", "DEBUG"], "OMS_JOB_WORKERS": [1, 3]}
    assert second["actor"]["id"] == "system"
    assert second["source"]["door"] == "server"


def test_secrets_are_not_told_but_that_they_changed(settings: Any) -> None:
    settings.ENVIRONMENT = load({"SECRET_KEY": "one-secret-that-is-long"})
    note_configuration()
    settings.ENVIRONMENT = load({"SECRET_KEY": "two-secrets-that-are-long"})
    note_configuration()

    (_, second) = events()
    assert set(second["changes"]) == {"SECRET_KEY"}
    assert "secrets-that" not in json.dumps(events())


def test_addresses_lose_their_passwords() -> None:
    shown = shown_configuration(
        {
            "DATABASE_URL": "postgresql://oms:p@ss@db:5432/oms",
            "REDIS_URL": "redis://localhost:6379/0",
            "JWT_SECRET": "",
            "OMS_JOB_WORKERS": 2,
        }
    )
    assert shown == {
        "DATABASE_URL": "postgresql://oms:•••@db:5432/oms",
        "REDIS_URL": "redis://localhost:6379/0",
        "JWT_SECRET": "",
        "OMS_JOB_WORKERS": 2,
    }
