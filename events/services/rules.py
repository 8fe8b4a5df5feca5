"""Routing rules: from events to a stream, a webhook, a Celery task or a channel group."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction

from audit.contract import Subject, audit_log
from events import doorbell
from events.access import (
    FILTER_FIELDS,
    changes_of,
    check_administers,
    checked_filter,
    set_owner,
)
from events.domain.filters import EVERYTHING, EventFilter
from events.models import Delivery, Lease, Pending, Quarantined, Rule, Webhook
from oms_project.core.clock import utc_now
from oms_project.core.context import current_actor
from oms_project.core.errors import Conflict, Invalid, NotFound

__all__ = ["NewRule", "create_rule", "delete_rule", "get_rule", "update_rule"]

_PLAIN: Final = ("name", "description", "enabled", "sink", "target")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}")
_TARGETS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "stream": (re.compile(r"[A-Za-z0-9_-]{1,100}"), "1 to 100 letters, digits and _ -."),
    "webhook": (re.compile(r".+"), "The name of a webhook."),
    "task": (
        re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*"),
        "The dotted name of a Celery task.",
    ),
    "channel": (re.compile(r"[A-Za-z0-9._-]{1,99}"), "1 to 99 letters, digits and . _ -."),
}


@dataclass(frozen=True, slots=True)
class NewRule:
    """What somebody asks for.

    Attributes:
        sink: ``stream``, ``webhook``, ``task`` or ``channel``.
        target: the name of one.
    """

    name: str
    sink: str
    target: str
    wanted: EventFilter = EVERYTHING
    description: str = ""
    enabled: bool = True


def create_rule(*, asked: NewRule) -> Rule:
    """Make a rule; it holds for what happens from now on.

    Raises:
        PermissionDenied: without ``events.administer`` for every ontology that it wants (for all,
            when it names none).
        Invalid: ``errors`` names each member that is wrong. Conflict: ``already_exists``.
    """
    check_administers(asked.wanted.ontologies)
    rule = Rule(**{name: getattr(asked, name) for name in _PLAIN})
    _set_filter(rule, checked_filter(asked.wanted))
    set_owner(rule, current_actor())
    _check(rule)
    try:
        with transaction.atomic():
            rule.save(force_insert=True)
            audit_log.record(
                "routing.created", Subject("routing", str(rule.pk), rule.name), data=_told(rule)
            )
    except IntegrityError:
        raise _taken(rule.name) from None
    return rule


def get_rule(*, rule: str) -> Rule:
    """A rule by id or name.

    Raises:
        NotFound: ``rule_not_found``. PermissionDenied.
    """
    rows = Rule.objects.filter(name=rule)
    if re.fullmatch(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", rule):
        rows = rows | Rule.objects.filter(pk=rule)
    found = rows.first()
    if found is None:
        raise NotFound(
            f"There is no routing rule '{rule}'.", code="rule_not_found", data={"rule": rule}
        )
    check_administers(found.ontologies)
    return found


def update_rule(
    *, rule: str, changes: Mapping[str, Any], wanted: EventFilter | None = None
) -> Rule:
    """Change members of a rule; who changes it owns it from then on.

    Raises:
        NotFound, PermissionDenied, Invalid, Conflict: as ``create_rule``.
    """
    unknown = sorted(set(changes) - set(_PLAIN))
    if unknown:
        raise Invalid(f"A rule has no '{unknown[0]}'.", code="unknown_field")
    found = get_rule(rule=rule)
    names = (*_PLAIN, *FILTER_FIELDS)
    before = {name: getattr(found, name) for name in names}
    if wanted is not None:
        check_administers(wanted.ontologies)
        _set_filter(found, checked_filter(wanted))
    for name, value in changes.items():
        setattr(found, name, value)
    _check(found)
    told = changes_of(found, before, names)
    if not told:
        return found
    if found.sink != before["sink"]:
        raise Invalid(
            "A rule keeps its sink: make another one.",
            code="invalid_rule",
            errors=[{"field": "sink", "message": "Cannot be changed."}],
        )
    set_owner(found, current_actor())
    found.updated_at = utc_now()
    try:
        with transaction.atomic():
            found.save()
            audit_log.record(
                "routing.changed", Subject("routing", str(found.pk), found.name), changes=told
            )
    except IntegrityError:
        raise _taken(found.name) from None
    transaction.on_commit(doorbell.ring)
    return found


def delete_rule(*, rule: str) -> None:
    """Forget a rule, and what waits because of it. Raises NotFound, PermissionDenied."""
    found = get_rule(rule=rule)
    with transaction.atomic():
        if found.sink != Rule.Sink.WEBHOOK:
            for model in (Pending, Lease, Quarantined, Delivery):
                model.objects.filter(lane=found.lane).delete()
        audit_log.record(
            "routing.deleted", Subject("routing", str(found.pk), found.name), data=_told(found)
        )
        found.delete()


def _set_filter(rule: Rule, wanted: EventFilter) -> None:
    for name in FILTER_FIELDS:
        value = getattr(wanted, name)
        setattr(rule, name, value if isinstance(value, str) else list(value))


def _check(rule: Rule) -> None:
    problems: list[tuple[str, str]] = []
    if not _NAME.fullmatch(str(rule.name)):
        problems.append(("name", "1 to 100 letters, digits, spaces and . _ -."))
    if len(str(rule.description)) > 1000:
        problems.append(("description", "At most 1,000 characters."))
    if rule.sink not in _TARGETS:
        problems.append(("sink", f"One of {', '.join(_TARGETS)}."))
    else:
        pattern, words = _TARGETS[rule.sink]
        if not pattern.fullmatch(str(rule.target)):
            problems.append(("target", words))
        elif rule.sink == "webhook" and not Webhook.objects.filter(name=rule.target).exists():
            problems.append(("target", f"There is no webhook '{rule.target}'."))
    if problems:
        raise Invalid(
            f"The rule cannot be used: {problems[0][0]}: {problems[0][1]}",
            code="invalid_rule",
            errors=[{"field": name, "message": message} for name, message in problems],
        )


def _told(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in ("sink", "target", *FILTER_FIELDS)}


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a rule named '{name}' already.", code="already_exists")
