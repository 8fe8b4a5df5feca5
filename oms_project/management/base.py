"""What the commands of the platform share: who acts, errors, and exit codes.

Exit codes: 0 done; 1 refused, or something was found; 2 a command line that cannot be understood.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import socket
import sys
from collections.abc import Iterator
from enum import StrEnum
from types import TracebackType
from typing import Any

import typer
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError
from django.db import OperationalError, ProgrammingError
from django_typer.management import TyperCommand
from typer._click.exceptions import UsageError  # typer exports its subclasses only

from oms_project.core.context import Actor, Source, acting_as, request_scope
from oms_project.core.errors import NotFound, OmsError, Unavailable
from oms_project.core.problem import problem_members

__all__ = ["Format", "OperatorCommand"]

_USAGE = 2


class Format(StrEnum):
    """What results look like."""

    TEXT = "text"
    JSON = "json"


class OperatorCommand(TyperCommand):
    """Base of ``manage.py audit``, ``identity`` and ``keys``."""

    #: What stands before the operation in the trail.
    command_name: str = ""

    suppressed_base_arguments = {
        "--pythonpath",
        "--show-locals",
        "--skip-checks",
        "--verbosity",
        "--version",
    }
    requires_system_checks = ()

    @contextlib.contextmanager
    def session(self, as_user: str | None, operation: str, *, as_json: bool) -> Iterator[None]:
        """Let the actor act, and turn what is refused into a message and exit code 1."""
        account = _account()
        source = Source(
            "command",
            f"{account}@{socket.gethostname()}",
            "",
            f"{self.command_name} {operation}".strip(),
        )
        try:
            with request_scope("", source), acting_as(_actor(as_user, account)):
                yield
        except OmsError as error:
            self._refuse(error, as_json=as_json)
        except (OperationalError, ProgrammingError) as error:
            self._refuse(
                Unavailable(
                    f"The database does not answer as it should: {' '.join(str(error).split())}. "
                    "Is it set up? python manage.py setup",
                    code="database_unavailable",
                ),
                as_json=as_json,
            )
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            self._refuse(OmsError(f"{error}.", code="file_error"), as_json=as_json)

    def _refuse(self, error: OmsError, *, as_json: bool) -> None:
        self.note(json.dumps(problem_members(error)) if as_json else f"Refused: {error}")
        raise typer.Exit(1) from error

    def line(self, text: str) -> None:
        """One line on stdout."""
        self.stdout.write(_clean(text))

    def note(self, text: str) -> None:
        """One line on stderr."""
        self.stderr.write(_clean(text))

    def json(self, value: Any) -> None:
        """The result for programs."""
        self.stdout.write(json.dumps(value, ensure_ascii=False, indent=2))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> Any:
        """End with our exit code where the command line cannot be understood."""
        if not isinstance(exc_value, UsageError):
            return super().__exit__(exc_type, exc_value, traceback)  # type: ignore[no-untyped-call]
        super().__exit__(None, None, None)  # type: ignore[no-untyped-call] # takes this command off
        if not getattr(self, "_called_from_command_line", False):
            raise CommandError(exc_value.format_message(), returncode=_USAGE) from exc_value
        exc_value.show()
        sys.exit(_USAGE)


def _clean(text: str) -> str:
    """Without anything that a terminal would obey."""
    return "".join("�" if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 else c
                   for c in text)  # fmt: skip


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _actor(username: str | None, account: str) -> Actor:
    """The operator, who may do everything, or the user that ``--as`` or ``OMS_ACTOR`` names."""
    chosen = username or settings.OMS_ACTOR
    if not chosen:
        return Actor(id=f"os:{account}", username="cli", kind="system")
    user = get_user_model().objects.filter(username__iexact=chosen, is_active=True).first()
    if user is None:
        raise NotFound(f"There is no active user '{chosen}' to act as.", code="user_not_found")
    return Actor(
        id=str(user.pk),
        username=user.get_username(),
        display_name=user.get_full_name(),
        kind=str(getattr(user, "kind", "user")),
    )
