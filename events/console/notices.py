"""What those who run events should hear of, wherever they are in the console."""

from __future__ import annotations

from events.models import Webhook
from events.selectors.receivers import list_webhooks
from oms_project.console.pages import allowed_anywhere
from oms_project.core.authorization import permissions

__all__ = ["disabled_webhooks"]


def disabled_webhooks() -> list[Webhook]:
    """Webhooks that were disabled because nobody answers, of those that the reader runs."""
    if not allowed_anywhere(permissions.EVENTS_ADMINISTER):
        return []
    return list_webhooks(state=Webhook.State.DISABLED)
