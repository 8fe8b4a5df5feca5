"""``manage.py events relay`` with one consumer more, which counts how often it did something."""

from __future__ import annotations

import sys

from django.core.management import execute_from_command_line

from events.contract import ReceivedEvent, register_consumer

NAME = "test.count"


@register_consumer(NAME, types=("io.oms.ontology.commit.created.v1",))
def count(event: ReceivedEvent) -> None:
    """One row per event; a second effect of the same event would make its value 2."""
    from django.db.models import F

    from events.models import Position

    name = f"effect {event.id}"
    if not Position.objects.filter(name=name).update(value=F("value") + 1):
        Position.objects.create(name=name, value=1)


if __name__ == "__main__":
    execute_from_command_line(["manage.py", "events", "relay", *sys.argv[1:]])
