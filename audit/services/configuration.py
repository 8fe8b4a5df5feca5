"""What a server was started with: a change of the environment is an event."""

from __future__ import annotations

import hashlib
import json
import re
import socket
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import transaction

from audit.contract import Subject, audit_log
from audit.models import Event
from oms_project.core.context import SYSTEM, Source, acting_as, request_scope

__all__ = ["note_configuration", "shown_configuration"]

_ACTION: Final = "configuration.changed"
_SECRET: Final = re.compile(r"SECRET|PASSWORD|TOKEN|PRIVATE")


def note_configuration() -> bool:
    """Record the configuration of this process when it is another one than was recorded last.

    Returns:
        Whether there was something to record.
    """
    now = shown_configuration(settings.ENVIRONMENT.model_dump(mode="json"))
    with transaction.atomic():
        before = _recorded()
        changes = {
            name: (before.get(name), now.get(name))
            for name in sorted(before.keys() | now.keys())
            if before.get(name) != now.get(name)
        }
        if not changes:
            return False
        source = Source(door="server", address=socket.gethostname(), operation="start")
        with acting_as(SYSTEM), request_scope("", source):
            audit_log.record(
                _ACTION, Subject("configuration"), changes=changes, data={"configuration": now}
            )
    return True


def shown_configuration(values: dict[str, Any]) -> dict[str, Any]:
    """Settings as they may be shown: of a secret the beginning of its digest, enough to tell that
    it was changed; of an address everything but the password.
    """
    return {name: _shown(name, value) for name, value in values.items()}


def _shown(name: str, value: Any) -> Any:
    if not isinstance(value, str) or not value:
        return value
    if _SECRET.search(name):
        return "sha256:" + hashlib.sha256(value.encode()).hexdigest()[:8]
    if "://" in value and "@" in value:
        parts = urlsplit(value)
        user, colon, _ = parts.netloc.rpartition("@")[0].partition(":")
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{user}{':•••' if colon else ''}@{host}"))
    return value


def _recorded() -> dict[str, Any]:
    """The configuration that was recorded last; empty when none was, or when it was sealed."""
    last = Event.objects.filter(action=_ACTION).order_by("-id").values_list("body", flat=True)[:1]
    for body in last:
        found = json.loads(body).get("data", {}).get("configuration")
        if isinstance(found, dict):
            return found
    return {}
