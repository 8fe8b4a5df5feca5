"""Asks a receiver whether it wants the events of a webhook."""

from __future__ import annotations

