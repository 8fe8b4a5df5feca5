"""Reading forms: filters, webhooks, rules, ranges. Values are kept as they were typed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext as _

from events.access import FILTER_FIELDS
from events.console.frame import number_in
from events.console.labels import grouped_types
from events.domain.filters import EventFilter
from events.models import Filtered, Webhook
from events.selectors.seen import seen_places
from events.services.rules import NewRule
from events.services.webhooks import NewWebhook
from oms_project.console.pages import moment_in

__all__ = [
    "Range",
    "changes_of_rule",
    "changes_of_webhook",
    "filter_boxes",
    "filter_in",
    "new_rule",
    "new_webhook",
    "range_in",
    "values_in",
    "values_of",
]

_LISTS: Final = FILTER_FIELDS[:-1]
_TEXTS: Final = ("name", "url", "description", "format", "order")
_WHOLE: Final = ("concurrency", "batch_size", "rate")
_WEBHOOK: Final = (*_TEXTS, *_WHOLE, "timeout", "secret")
_RULE: Final = ("name", "description", "sink", "target", "enabled")


def values_in(request: HttpRequest) -> dict[str, str]:
    """What was typed into a form, box by box."""
    names = (*_WEBHOOK, *_RULE, *FILTER_FIELDS)
    return {
        name: request.POST.get(name, "").replace("\x00", "").replace("\r\n", "\n").strip()
        for name in names
    }


def values_of(row: Filtered) -> dict[str, str]:
    """A webhook or rule as the boxes of its form."""
    names = _WEBHOOK[:-1] if isinstance(row, Webhook) else _RULE
    values = {name: _typed(getattr(row, name)) for name in names}
    values |= {name: "\n".join(getattr(row, name)) for name in _LISTS}
    return {**values, "expression": row.expression}


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def filter_in(values: Mapping[str, str]) -> EventFilter:
    """The filter that the boxes hold: a line is a text."""
    lists = {name: tuple(_lines(values[name])) for name in _LISTS}
    return EventFilter(**lists, expression=values["expression"])


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.split("\n") if line.strip()))


def filter_boxes() -> list[dict[str, Any]]:
    """The boxes of a filter: name, label, help, and what may be put into it."""
    seen = seen_places()
    types = [
        one for group, _label, names in grouped_types() for one in (group, *(n for n, _ in names))
    ]
    return [
        {
            "name": "types",
            "label": _("Types of events"),
            "help": _("One per line; * stands for any text. Empty: every type."),
            "suggestions": types,
        },
        {
            "name": "ontologies",
            "label": _("Ontologies"),
            "help": _("One name per line. Empty: every ontology, and events about none."),
            "suggestions": seen.ontologies,
        },
        {
            "name": "branches",
            "label": _("Branches"),
            "help": _("One per line; * stands for any text. Empty: every branch."),
            "suggestions": seen.branches,
        },
        {
            "name": "object_types",
            "label": _("Object types"),
            "help": _("One name per line: only events about objects of these types."),
            "suggestions": seen.object_types,
        },
    ]


def new_webhook(values: Mapping[str, str]) -> NewWebhook:
    """The webhook that the boxes ask for; what is no number stays text and is refused."""
    return NewWebhook(
        wanted=filter_in(values), secret=values["secret"], **changes_of_webhook(values)
    )


def changes_of_webhook(values: Mapping[str, str]) -> dict[str, Any]:
    """Member -> value, of a webhook."""
    found: dict[str, Any] = {name: values[name] for name in _TEXTS}
    for name in _WHOLE:
        number = number_in(values[name])
        found[name] = values[name] if number is None else number
    try:
        found["timeout"] = float(values["timeout"])
    except ValueError:
        found["timeout"] = values["timeout"]
    return found


def new_rule(values: Mapping[str, str]) -> NewRule:
    """The rule that the boxes ask for."""
    return NewRule(wanted=filter_in(values), **changes_of_rule(values))


def changes_of_rule(values: Mapping[str, str]) -> dict[str, Any]:
    """Member -> value, of a rule."""
    found: dict[str, Any] = {name: values[name] for name in _RULE}
    return {**found, "enabled": values["enabled"] == "on"}


@dataclass(frozen=True, slots=True)
class Range:
    """A range of events as it was typed in.

    Attributes:
        values: the boxes.
        errors: messages by box.
    """

    values: dict[str, str]
    errors: dict[str, str]

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments of `events.services.deliveries.replay_events`."""
        moments: dict[str, datetime | int | None] = {
            name: moment_in(self.values[name]) for name in ("from_time", "to_time")
        }
        for name in ("from_sequence", "to_sequence"):
            moments[name] = number_in(self.values[name])
        return moments


def range_in(request: HttpRequest) -> Range:
    """The range in the boxes of a form."""
    values = {
        name: request.POST.get(name, "").strip()[:40]
        for name in ("from_sequence", "to_sequence", "from_time", "to_time")
    }
    errors = {
        name: _("A whole number.")
        for name in ("from_sequence", "to_sequence")
        if values[name] and number_in(values[name]) is None
    }
    errors |= {
        name: _("A date and a time.")
        for name in ("from_time", "to_time")
        if values[name] and moment_in(values[name]) is None
    }
    if not errors and not values["from_sequence"] and not values["from_time"]:
        errors["from_sequence"] = _("Say from which sequence or time on.")
    return Range(values, errors)
