"""``manage.py audit``: the audit trail, from a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from django_typer.management import command
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from audit import sealed_files, selectors, services
from audit.domain.export import FORMATS, csv_lines, json_lines
from audit.management import options as o
from audit.selectors import EventInfo
from audit.verification import Report
from oms_project.core.errors import Invalid
from oms_project.core.keys import PublicKey, load_public_keys
from oms_project.management.base import OperatorCommand, examples_of
from oms_project.management.options import AsUser, Format, OutputFormat

__all__ = ["Command"]

_SHOWN = 50
examples = partial(examples_of, "audit")


class Command(OperatorCommand, rich_markup_mode="rich", no_args_is_help=True):
    """The audit trail: verify it, search it, export it, keep checkpoints, seal old ranges.

    Exit codes: 0 done, 1 refused or something found, 2 usage.
    """

    @command(
        epilog=examples(
            "verify", "verify --checkpoint checkpoint.txt --public-keys audit-keys.json"
        )
    )
    def verify(
        self,
        *,
        checkpoint: Annotated[
            Path | None,
            typer.Option(
                "--checkpoint",
                metavar="FILE",
                help="An earlier checkpoint, kept elsewhere: proves that nothing before it was "
                "changed since, and that nothing was cut off.",
                show_default=False,
            ),
        ] = None,
        public_keys: Annotated[
            Path | None,
            typer.Option(
                "--public-keys",
                metavar="FILE",
                help="Believe only keys of this file (a JSON Web Key Set).",
                show_default=False,
            ),
        ] = None,
        sealed: Annotated[
            Path | None,
            typer.Option(
                "--sealed",
                metavar="DIR",
                help="Check the sealed files in this folder too.",
                show_default=False,
            ),
        ] = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Find out whether anything was altered, deleted, reordered or cut off, and where."""
        as_json = output_format is Format.JSON
        note, keys = o.text_of(checkpoint), _keys(public_keys)
        with self.session(as_user, as_json=as_json), _bar() as progress:
            report = services.verify(checkpoint=note, keys=keys, sealed=sealed, progress=progress)
        if as_json:
            self.json(report.members())
        else:
            self._show(report)
        if not report.is_intact:
            raise typer.Exit(1)

    @command(epilog=examples("checkpoint --out checkpoint.txt"))
    def checkpoint(
        self,
        *,
        out: Annotated[
            Path | None,
            typer.Option(
                "--out",
                metavar="FILE",
                help="Write it here (default: stdout). Keep it where nobody who can write the "
                "database can change it.",
                show_default=False,
            ),
        ] = None,
        as_user: AsUser = None,
    ) -> None:
        """Sign the trail as it is now: a note to be kept elsewhere."""
        with self.session(as_user, as_json=False):
            head = services.write_checkpoint()
            if out is None:
                self.stdout.write(head.note, ending="")
            else:
                out.write_text(head.note, encoding="utf-8")
                self.line(f"{out}: a checkpoint of {head.checkpoint.size} events.")

    @command(epilog=examples("sequence"))
    def sequence(self, *, as_user: AsUser = None) -> None:
        """Give new events their place in the signed tree (servers do so by themselves)."""
        with self.session(as_user, as_json=False):
            self.line(f"{services.sequence_now()} events have got their place.")

    @command(epilog=examples("seal --before 2026-01-01 --out /archive/audit"))
    def seal(
        self,
        *,
        before: Annotated[
            str,
            typer.Option(
                "--before",
                metavar="DATE",
                help="Everything older than this (ISO 8601).",
                show_default=False,
            ),
        ],
        out: Annotated[
            Path,
            typer.Option("--out", metavar="DIR", help="Folder for the file.", show_default=False),
        ],
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Move old events to a file; their hashes stay, so that all proofs still hold."""
        until = o.moment(before)
        assert until is not None
        as_json = output_format is Format.JSON
        with self.session(as_user, as_json=as_json):
            done = services.seal(before=until, folder=out)
        if as_json:
            self.json(
                {"first": done.first, "last": done.last, "file": done.file, "sha256": done.sha256}
            )
        else:
            self.line(f"{out / done.file}: the events of places {done.first} to {done.last}.")
            self.line(f"sha256 {done.sha256}")

    @command(
        epilog=examples(
            "export --format csv --out trail.csv --since 2026-11-01",
            "export --sealed /archive/audit --actor alice",
        )
    )
    def export(
        self,
        *,
        form: Annotated[
            str, typer.Option("--format", metavar="FORMAT", help="csv or jsonl.")
        ] = "jsonl",
        out: Annotated[
            Path | None,
            typer.Option("--out", metavar="FILE", help="(default: stdout)", show_default=False),
        ] = None,
        sealed: Annotated[
            Path | None,
            typer.Option(
                "--sealed",
                metavar="DIR",
                help="Read the sealed files of this folder instead of the database.",
                show_default=False,
            ),
        ] = None,
        actor: o.Actor_ = "",
        action: o.Action = "",
        outcome: o.OutcomeName = "",
        ontology: o.OntologyName = "",
        subject: o.SubjectName = "",
        door: o.Door = "",
        since: o.Since = "",
        until: o.Until = "",
        text: o.Text = "",
        as_user: AsUser = None,
    ) -> None:
        """Write events, oldest first, as CSV or JSON lines."""
        if form not in FORMATS:
            raise typer.BadParameter(f"'{form}' is no format; use {' or '.join(FORMATS)}.")
        where = o.event_filter(
            since=since, until=until, actor=actor, action=action, outcome=outcome,
            ontology=ontology, subject=subject, door=door, text=text,
        )  # fmt: skip
        with self.session(as_user, as_json=False):
            events = services.export(where=where, form=form)
            if sealed is not None:
                events = sealed_files.read(folder=sealed, where=where)
            lines = _lines(events, form)
            if out is None:
                for line in lines:
                    self.stdout.write(line, ending="")
            else:
                with out.open("w", encoding="utf-8", newline="") as file:
                    file.writelines(lines)

    @command(
        epilog=examples(
            "search --action ontology. --actor alice", "search --outcome denied --format json"
        )
    )
    def search(
        self,
        *,
        limit: Annotated[
            int, typer.Option("--limit", min=1, max=500, help="At most so many.")
        ] = 50,
        actor: o.Actor_ = "",
        action: o.Action = "",
        outcome: o.OutcomeName = "",
        ontology: o.OntologyName = "",
        subject: o.SubjectName = "",
        door: o.Door = "",
        since: o.Since = "",
        until: o.Until = "",
        text: o.Text = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show the newest events that fit."""
        where = o.event_filter(
            since=since, until=until, actor=actor, action=action, outcome=outcome,
            ontology=ontology, subject=subject, door=door, text=text,
        )  # fmt: skip
        as_json = output_format is Format.JSON
        with self.session(as_user, as_json=as_json):
            page = services.search(where=where, limit=limit)
        if as_json:
            self.json({"items": [{"index": e.index, "event": e.members} for e in page.items]})
            return
        for event in reversed(page.items):
            self.line(_row(event))
        if page.next_cursor is not None:
            self.note(f"There are more than {limit}.")

    @command(epilog=examples("tail"))
    def tail(
        self,
        *,
        interval: Annotated[float, typer.Option("--interval", min=0.1, help="Seconds.")] = 1.0,
        as_user: AsUser = None,
    ) -> None:
        """Show new events as they happen, until Ctrl-C."""
        with self.session(as_user, as_json=False):
            page = services.search(where=o.event_filter(), limit=10)
            seen = {event.id for event in page.items}
            for event in reversed(page.items):
                self.line(_row(event))
            while True:
                time.sleep(interval)
                found = selectors.list_events(where=o.event_filter(), limit=500).items
                for event in reversed(found):
                    if event.id not in seen:
                        self.line(_row(event))
                seen |= {event.id for event in found}

    @command(epilog=examples("prove 01a20708-e947-7281-8615-97e9926f5d89 --out proof.json"))
    def prove(
        self,
        event: Annotated[str, typer.Argument(metavar="EVENT", help="Its id.", show_default=False)],
        *,
        out: Annotated[
            Path | None,
            typer.Option("--out", metavar="FILE", help="(default: stdout)", show_default=False),
        ] = None,
        as_user: AsUser = None,
    ) -> None:
        """Prove that an event is in the trail: JSON that can be checked without OMS."""
        with self.session(as_user, as_json=False):
            proof = services.prove_event(event_id=event)
            if out is None:
                self.json(proof.members())
            else:
                out.write_text(json.dumps(proof.members(), indent=2) + "\n", encoding="utf-8")
                self.line(f"{out}: event {event} at place {proof.index} of {proof.size}.")

    def _show(self, report: Report) -> None:
        against = (
            ""
            if report.checkpoint_size is None
            else f", held against a checkpoint of {report.checkpoint_size}"
        )
        self.line(
            f"{report.size} places, {report.events} events, {report.sealed} sealed, "
            f"{report.heads} signed heads{against}; {report.seconds:.1f} s."
        )
        if report.is_intact:
            self.line("Nothing was changed.")
            return
        for problem in report.problems[:_SHOWN]:
            where = "" if problem.first is None else f" at {problem.first}"
            if problem.last != problem.first:
                where += f"…{problem.last}"
            event = f" ({problem.event_id})" if problem.event_id else ""
            self.line(f"{problem.kind.value}{where}{event}: {problem.message}.")
        self.line(f"{report.found} problems.")


def _keys(path: Path | None) -> dict[str, PublicKey] | None:
    text = o.text_of(path)
    if text is None:
        return None
    try:
        return load_public_keys(json.loads(text))
    except (ValueError, Invalid) as error:
        raise typer.BadParameter(f"{path}: {error}") from error


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, in a terminal only."""
    columns = (TextColumn("Verifying"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(file=sys.stderr)
    with Progress(
        *columns, console=console, disable=not console.is_terminal, transient=True
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(events: Iterator[EventInfo], form: str) -> Iterator[str]:
    if form == "csv":
        return csv_lines((event.index, event.members) for event in events)
    return json_lines((event.index, event.body) for event in events)


def _row(event: EventInfo) -> str:
    members: dict[str, Any] = dict(event.members)
    subject = members["subject"]
    about = " ".join(
        part for part in (subject.get("type"), subject.get("name") or subject.get("id")) if part
    )
    who = members.get("actor", {}).get("username", "-")
    if "onBehalfOf" in members:
        who += f" for {members['onBehalfOf'].get('username', '?')}"
    return f"{members['time']}  {members['outcome']:7}  {members['action']}  {who}  {about}"
