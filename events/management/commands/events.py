"""``manage.py events``: the relay, and what goes out, from a terminal."""

from __future__ import annotations

from events.management.cli.deliveries import DeliveryCommands
from events.management.cli.relay import RelayCommands
from events.management.cli.webhooks import WebhookCommands

__all__ = ["Command"]


class Command(
    DeliveryCommands,
    WebhookCommands,
    RelayCommands,
    rich_markup_mode="rich",
    no_args_is_help=True,
):
    """Events: pass them on, watch them, send them again; webhooks and routing.

    Exit codes: 0 done, 1 refused, 2 usage. With --format json the result is JSON on stdout, an
    error is JSON on stderr.
    """
