"""Structured logs: one event per line, JSON for machines, coloured for a terminal.

Every line carries the request id and who acts, taken from `oms_project.core.context`; lines of the
standard library's ``logging`` (Django, Daphne) take the same road.
"""

from __future__ import annotations

import logging
import logging.config
import sys
from contextlib import suppress
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from oms_project.core.context import current_actor, current_request_id
from oms_project.core.errors import Unauthenticated

__all__ = ["configure", "logging_config"]


def _add_context(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if (request_id := current_request_id()) and "request_id" not in event:
        event["request_id"] = request_id
    if "actor" not in event:
        with suppress(Unauthenticated):  # nobody acts: a line of the server itself
            event["actor"] = current_actor().username
    return event


def _drop_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop("request", None)  # Django's: with the query string, which may hold what is private
    return event


def _shared_processors() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _add_context,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def logging_config(*, level: str, form: str) -> dict[str, Any]:
    """The ``logging`` dictionary.

    Args:
        level: least severe level that is written.
        form: ``json``, ``pretty`` or ``auto`` (pretty when standard error is a terminal).
    """
    pretty = form == "pretty" or (form == "auto" and sys.stderr.isatty())
    render: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        if pretty
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    structlog.stdlib.ExtraAdder(),
                    _drop_request,
                    *_shared_processors(),
                ],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
            },
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "structured"},
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Our own access log says the same, with the request id and without the query string.
            "django.server": {"level": "WARNING"},
            "django.channels.server": {"level": "WARNING"},
            "daphne": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},
            "httpx": {"level": "WARNING"},
        },
    }


def configure(config: dict[str, Any]) -> None:
    """Install ``config`` and let structlog's loggers feed it."""
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
