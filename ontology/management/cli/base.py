"""What the commands of ontologies share: where their results go."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NoReturn

import typer

from oms_project.core.errors import OmsError
from oms_project.core.problem import problem_members
from oms_project.management.base import REFUSED, OmsCommand, examples_of, raw_stream
from oms_project.management.options import Format
from oms_project.management.text import problem_lines
from ontology.management.cli.output import Output

__all__ = ["OntologyCommand", "examples"]


def examples(*lines: str) -> str:
    """The end of a help text: what one would type after ``manage.py ontology``."""
    return examples_of("ontology", *lines)


class OntologyCommand(OmsCommand):
    """A command with tables, colours and progress bars for people, and JSON for programs."""

    #: Set by the groups that take the ontology's name before their command (branch, tag).
    ontology_name: str = ""

    @contextlib.contextmanager
    def session(self, as_user: str | None, output_format: Format) -> Iterator[Output]:
        """Let the actor act, and turn what is refused into a message and an exit code.

        Args:
            as_user: username from ``--as``; None for the one who runs the command.
            output_format: how results, and refusals, are printed.

        Raises:
            typer.Exit: with 1, after an error was printed.
        """
        output = self.output(output_format)

        def refuse(error: OmsError) -> NoReturn:
            if output.as_json:
                output.problem(problem_members(error))
            else:
                for line in problem_lines(error):
                    output.note(line)
            raise typer.Exit(REFUSED) from error

        try:
            with self.acting(as_user, refuse):
                yield output
        except KeyboardInterrupt:
            output.note("Interrupted. What was not committed yet is undone.")
            raise

    def output(self, output_format: Format) -> Output:
        """The streams of this command."""
        color = False if self.no_color else True if self.force_color else None
        return Output(
            stdout=raw_stream(self.stdout),
            stderr=raw_stream(self.stderr),
            as_json=output_format is Format.JSON,
            color=color,
        )
