"""What every command shares: who acts, what is refused, what is on record, and the exit codes.

Exit codes: 0 done; 1 refused, conflicts, or something found; 2 a command line that cannot be
understood; 130 interrupted; 141 nobody reads the output any more.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import IO, Any, NoReturn, cast

import typer
from django.core.management import CommandError
from django.db import OperationalError, ProgrammingError
from django_typer.management import TyperCommand
from rich.markup import escape
from typer._click.exceptions import UsageError  # typer exports its subclasses only

from audit.denials import record_denial
from oms_project.core.context import Source, acting_as, request_scope
from oms_project.core.errors import OmsError, PermissionDenied, Unavailable
from oms_project.core.ids import new_id
from oms_project.core.problem import problem_members
from oms_project.management.actors import account_name, command_actor
from oms_project.management.text import clean, problem_lines

__all__ = [
    "REFUSED",
    "OmsCommand",
    "OperatorCommand",
    "examples_of",
    "raw_stream",
    "usage_error",
]

REFUSED = 1
_USAGE = 2
_INTERRUPTED = 130  # 128 + SIGINT
_BROKEN_PIPE = 141  # 128 + SIGPIPE


def examples_of(command: str, *lines: str) -> str:
    """The end of a help text: what one would type after ``manage.py COMMAND``."""
    shown = [f"python manage.py {command} {escape(line)}".rstrip() for line in lines]
    return "\n".join(["[bold]Examples[/bold]", *shown])


def usage_error(message: str) -> NoReturn:
    """Refuse a command line that typer could parse but nobody can understand (exit code 2)."""
    raise typer.BadParameter(message)


class OmsCommand(TyperCommand):
    """Base of the commands: parses with typer, ends with the exit codes above."""

    suppressed_base_arguments = {
        "--pythonpath",
        "--show-locals",
        "--skip-checks",
        "--verbosity",
        "--version",
    }
    # The commands work on data; `manage.py check` looks at the installation.
    requires_system_checks = ()

    @contextlib.contextmanager
    def acting(self, as_user: str | None, refuse: Callable[[OmsError], NoReturn]) -> Iterator[None]:
        """Let the actor act; what is refused is recorded where it is a denial, and goes to
        ``refuse``.

        Args:
            as_user: username from ``--as``; None for the one who runs the command.
            refuse: prints an error and raises ``typer.Exit``.
        """
        try:
            with request_scope(new_id(), self._source()), acting_as(command_actor(as_user)):
                try:
                    yield
                except PermissionDenied as error:
                    record_denial(error)
                    raise
        except OmsError as error:
            refuse(error)
        except (OperationalError, ProgrammingError) as error:
            refuse(_database_error(error))
        except (typer.Exit, typer.Abort, UsageError, BrokenPipeError):
            raise
        except Exception as error:
            if not self._from_command_line or self._traceback:
                raise
            refuse(_file_error(error) if isinstance(error, OSError) else _unexpected(error))

    def _source(self) -> Source:
        """Who runs what on which machine, without values of options: they may be private."""
        words: list[str] = []
        if self._from_command_line:
            words = list(itertools.takewhile(lambda word: not word.startswith("-"), sys.argv[1:]))
        return Source(
            door="command",
            address=f"{account_name()}@{socket.gethostname()}",
            operation=" ".join(words[:5])[:300] or type(self).__module__.rpartition(".")[2],
        )

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> Any:
        """End the process with our exit codes where typer and Django would choose others."""
        if isinstance(exc_value, UsageError) and not self._from_command_line:
            super().__exit__(None, None, None)  # type: ignore[no-untyped-call] # takes this command off
            raise CommandError(exc_value.format_message(), returncode=_USAGE) from exc_value
        code = self._exit_code(exc_value) if self._from_command_line else None
        if code is None:
            return super().__exit__(exc_type, exc_value, traceback)  # type: ignore[no-untyped-call]
        super().__exit__(None, None, None)  # type: ignore[no-untyped-call] # takes this command off
        sys.exit(code)

    @property
    def _from_command_line(self) -> bool:
        return bool(getattr(self, "_called_from_command_line", False))

    def _exit_code(self, error: BaseException | None) -> int | None:
        """The exit code for what typer and Django would end in another way."""
        if isinstance(error, UsageError):
            error.show(file=raw_stream(self.stderr))
            return _USAGE
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            _silence_streams()
            return _BROKEN_PIPE
        if isinstance(error, KeyboardInterrupt):
            return _INTERRUPTED
        return None


class OperatorCommand(OmsCommand):
    """Base of ``manage.py audit``, ``identity`` and ``keys``: plain lines, and JSON."""

    @contextlib.contextmanager
    def session(self, as_user: str | None, *, as_json: bool) -> Iterator[None]:
        """Let the actor act, and turn what is refused into a message and exit code 1."""

        def refuse(error: OmsError) -> NoReturn:
            if as_json:
                self.note(json.dumps(problem_members(error)))
            else:
                for line in problem_lines(error):
                    self.note(line.plain)
            raise typer.Exit(REFUSED) from error

        with self.acting(as_user, refuse):
            yield

    def line(self, text: str) -> None:
        """One line on stdout."""
        self.stdout.write(clean(text))

    def note(self, text: str) -> None:
        """One line on stderr."""
        self.stderr.write(clean(text))

    def json(self, value: Any) -> None:
        """The result for programs."""
        self.stdout.write(json.dumps(value, ensure_ascii=False, indent=2))


def raw_stream(wrapper: Any) -> IO[str]:
    """The stream inside one of Django's wrappers, which would end every write with a newline."""
    return cast("IO[str]", wrapper._out)  # noqa: SLF001 - there is no public way


def _database_error(error: Exception) -> OmsError:
    text = " ".join(str(error).split())
    if "no such table" in text or "does not exist" in text:
        return Unavailable(
            "The database is not set up for this version of OMS. Run `python manage.py setup`.",
            code="database_not_set_up",
        )
    return Unavailable(f"The database does not answer: {text}.", code="database_unavailable")


def _file_error(error: OSError) -> OmsError:
    return OmsError(f"{error}.", code="file_error")


def _unexpected(error: Exception) -> OmsError:
    what = f"{type(error).__name__}: {error}".partition("\n")[0]
    return OmsError(
        f"Something went wrong inside OMS ({what}). Run it again with --traceback to see where.",
        code="internal",
    )


def _silence_streams() -> None:
    """Let the interpreter's last flush of stdout end in nothing instead of an error."""
    sink = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if stream is sys.stdout or not stream.isatty():
                os.dup2(sink, stream.fileno())
    os.close(sink)
