"""``events relay | tail | show | publish | lanes | streams | quarantine``: what happens and flows."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from django_typer.management import command, group

from events.adapters.streams import list_streams, read_stream
from events.domain.filters import EventFilter
from events.domain.types import EVENT_TYPES
from events.relay.process import make_relay
from events.selectors import lag
from events.selectors.log import EventQuery, EventView, events_after, get_event, list_events
from events.selectors.receivers import list_quarantined
from events.services.deliveries import release_quarantined
from events.services.publishing import publish
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.management.base import examples_of, usage_error
from oms_project.management.options import AsUser, Format, OutputFormat
from oms_project.management.results import ResultCommand, moment, plain

__all__ = [
    "Branches",
    "Expression",
    "ObjectTypes",
    "Ontologies",
    "RelayCommands",
    "Types",
    "check_one",
    "filter_of",
]

examples = partial(examples_of, "events")
_PANEL: Final = "Events"

Types = Annotated[
    list[str] | None,
    typer.Option(
        "--type",
        metavar="PATTERN",
        help="Only these types: io.oms.ontology.*; may be given again.",
        show_default=False,
    ),
]
Ontologies = Annotated[
    list[str] | None,
    typer.Option("--ontology", metavar="NAME", help="Only of these.", show_default=False),
]
Branches = Annotated[
    list[str] | None,
    typer.Option(
        "--branch", metavar="PATTERN", help="Only on these: release/*.", show_default=False
    ),
]
ObjectTypes = Annotated[
    list[str] | None,
    typer.Option("--object-type", metavar="NAME", help="Only about these.", show_default=False),
]
Expression = Annotated[
    str,
    typer.Option(
        "--expression",
        metavar="CEL",
        help="Only those for which this is true: data.documents > 10.",
    ),
]


def filter_of(
    types: list[str] | None,
    ontologies: list[str] | None,
    branches: list[str] | None,
    object_types: list[str] | None,
    expression: str,
) -> EventFilter:
    """Options as a filter."""
    return EventFilter(
        tuple(types or ()),
        tuple(ontologies or ()),
        tuple(branches or ()),
        tuple(object_types or ()),
        expression,
    )


class RelayCommands(ResultCommand):
    """What happens, and how it flows."""

    @command(
        rich_help_panel=_PANEL, epilog=examples("relay", "relay --once", "relay --only webhook")
    )
    def relay(
        self,
        *,
        once: Annotated[
            bool, typer.Option("--once", help="Pass on what waits now, then end.")
        ] = False,
        only: Annotated[
            list[str] | None,
            typer.Option(
                "--only",
                metavar="LANE",
                help="Only lanes that begin so: route, stream, webhook, task, channel, consumer.",
                show_default=False,
            ),
        ] = None,
        as_user: AsUser = None,
    ) -> None:
        """Pass events on, until Ctrl-C. Several may run side by side, on several machines.

        Server processes do it by themselves unless OMS_EVENTS_RELAY is false.
        """
        with self.session(as_user, as_json=False):
            authorizer.check(current_actor(), permissions.EVENTS_ADMINISTER)
        relay = make_relay(tuple(only or ()))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: relay.stop())
        self.note("Passing events on." if once else "Passing events on; Ctrl-C ends it.")
        asyncio.run(relay.run(until_empty=once))
        self.note(f"{relay.passed_on} passed on.")

    @command(
        rich_help_panel=_PANEL,
        epilog=examples(
            "tail",
            "tail --type 'io.oms.ontology.*' --ontology logistics",
            "tail --after 1200 --no-follow --format json",
        ),
    )
    def tail(
        self,
        *,
        types: Types = None,
        ontology: Ontologies = None,
        branch: Branches = None,
        object_type: ObjectTypes = None,
        expression: Expression = "",
        after: Annotated[
            int | None,
            typer.Option(
                "--after",
                metavar="SEQUENCE",
                help="Go on after this one (default: the last ten).",
                show_default=False,
            ),
        ] = None,
        since: Annotated[
            str | None,
            typer.Option("--since", metavar="WHEN", help="Only from then on.", show_default=False),
        ] = None,
        follow: Annotated[
            bool, typer.Option("--follow/--no-follow", help="Wait for more, until Ctrl-C.")
        ] = True,
        interval: Annotated[float, typer.Option("--interval", min=0.1, help="Seconds.")] = 0.5,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show events as they happen; with --format json a CloudEvent a line."""
        as_json = output_format is Format.JSON
        with self.session(as_user, as_json=as_json):
            where = EventQuery(
                wanted=filter_of(types, ontology, branch, object_type, expression),
                since=moment(since),
            )
            if after is None:
                page = list_events(where=where, limit=10 if since is None else 500)
                for view in reversed(page.items):
                    self._event(view, as_json=as_json)
                after = page.items[0].sequence if page.items else 0
                if not page.items or where.wanted != EventFilter():
                    after = max(after, _end())
            while True:
                found, following = events_after(after, where=where)
                for view in found:
                    self._event(view, as_json=as_json)
                if following == after:
                    if not follow:
                        return
                    time.sleep(interval)
                after = following

    @command(rich_help_panel=_PANEL, name="show", epilog=examples("show 1200"))
    def show_event(
        self,
        event: Annotated[
            str, typer.Argument(metavar="EVENT", help="Its sequence or id.", show_default=False)
        ],
        *,
        as_user: AsUser = None,
    ) -> None:
        """Show one event as a CloudEvent."""
        with self.session(as_user, as_json=False):
            self.json(dict(get_event(event=event).event))

    @command(
        rich_help_panel=_PANEL, epilog=examples("publish event.json", "publish - < batch.json")
    )
    def publish(
        self,
        file: Annotated[
            Path,
            typer.Argument(
                metavar="FILE", help="A CloudEvent as JSON, or a list of them; - for stdin."
            ),
        ],
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Take in events of another system."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
            mode = "cloudevents-batch" if body.lstrip()[:1] == b"[" else "cloudevents"
            done = publish(headers={"content-type": f"application/{mode}+json"}, body=body)
        if output_format is Format.JSON:
            self.json({"items": plain([asdict(one) for one in done])})
            return
        for one in done:
            self.line(
                f"{one.sequence}  {one.id}" + ("  was there already" if one.duplicate else "")
            )

    @command(rich_help_panel=_PANEL, name="types", epilog=examples("types"))
    def types(self, *, output_format: OutputFormat = Format.TEXT) -> None:
        """List the types of events that OMS publishes."""
        rows = list(EVENT_TYPES.values())
        if output_format is Format.JSON:
            self.json({"items": [{"type": one.name, "title": one.title} for one in rows]})
            return
        self.show_table([rows], ("TYPE", "WHAT"), lambda one: (one.name, one.title), output_format)

    @command(rich_help_panel=_PANEL, epilog=examples("lanes"))
    def lanes(self, *, output_format: OutputFormat = Format.TEXT, as_user: AsUser = None) -> None:
        """Show what waits where, and for how long."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            authorizer.check(current_actor(), permissions.EVENTS_ADMINISTER)
            rows = lag.lanes()
        if not rows and output_format is Format.TEXT:
            self.line("Nothing waits.")
            return
        self.show_table(
            [rows],
            ("LANE", "WAITING", "LAG", "FAILING", "ERROR"),
            lambda one: (
                one.name, str(one.waiting), f"{one.lag:.0f} s", str(one.failing), one.error[:80],
            ),
            output_format,
        )  # fmt: skip

    @command(rich_help_panel=_PANEL, epilog=examples("streams"))
    def streams(self, *, output_format: OutputFormat = Format.TEXT, as_user: AsUser = None) -> None:
        """List streams with size, lag and consumers."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            rows = list_streams()
        if output_format is Format.JSON:
            self.json({"items": [plain(one) for one in rows]})
            return
        self.show_table(
            [rows],
            ("STREAM", "EVENTS", "BYTES", "FIRST", "LAST", "LAG", "CONSUMERS"),
            lambda one: (
                one.name,
                str(one.messages),
                "-" if one.bytes is None else str(one.bytes),
                str(one.first_sequence),
                str(one.last_sequence),
                str(one.lag),
                ", ".join(f"{reader.name} (-{reader.lag})" for reader in one.consumers) or "-",
            ),
            output_format,
        )

    @command(
        rich_help_panel=_PANEL,
        epilog=examples(
            "read OMS_logistics --from-sequence 100", "read OMS_logistics --since 2026-11-01"
        ),
    )
    def read(
        self,
        stream: Annotated[str, typer.Argument(metavar="STREAM", help="As `streams` shows it.")],
        *,
        subject: Annotated[
            str, typer.Option("--subject", metavar="SUBJECT", help="Only this: oms.*.job.>.")
        ] = "",
        from_sequence: Annotated[
            int | None,
            typer.Option(
                "--from-sequence",
                metavar="N",
                help="From this number of the stream on.",
                show_default=False,
            ),
        ] = None,
        since: Annotated[
            str | None,
            typer.Option("--since", metavar="WHEN", help="From then on.", show_default=False),
        ] = None,
        limit: Annotated[int, typer.Option("--limit", min=1, metavar="N")] = 1000,
        as_user: AsUser = None,
    ) -> None:
        """Replay what a stream of JetStream keeps, a CloudEvent a line."""
        with self.session(as_user, as_json=False):
            start, moment_ = from_sequence, moment(since)
            while limit > 0:
                found = read_stream(
                    stream=stream,
                    subject=subject,
                    from_sequence=start,
                    from_time=moment_,
                    limit=min(limit, 500),
                )
                for message in found:
                    self.stdout.write(json.dumps(message.event, ensure_ascii=False))
                limit -= len(found)
                if len(found) < 500:
                    return
                start, moment_ = found[-1].sequence + 1, None

    @group(rich_help_panel=_PANEL, no_args_is_help=True)
    def quarantine(self) -> None:
        """Events that a lane could not take."""

    @quarantine.command(name="list")
    def quarantine_list(
        self, *, output_format: OutputFormat = Format.TEXT, as_user: AsUser = None
    ) -> None:
        """List them, newest first."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            rows = list_quarantined()
        if output_format is Format.JSON:
            self.json(
                {
                    "items": [
                        plain(
                            {
                                "id": one.pk,
                                "lane": one.lane,
                                "sequence": one.seq,
                                "error": one.error,
                                "failures": one.failures,
                                "at": one.at,
                            }
                        )
                        for one in rows
                    ]
                }
            )
            return
        if not rows:
            self.line("Nothing is in quarantine.")
            return
        self.show_table(
            [rows],
            ("ID", "SEQUENCE", "LANE", "ERROR"),
            lambda one: (str(one.pk), str(one.seq), one.lane, one.error[:100]),
            output_format,
        )

    @quarantine.command(name="release")
    def quarantine_release(
        self,
        entry: Annotated[int, typer.Argument(metavar="ID", help="As `list` shows it.")],
        *,
        drop: Annotated[bool, typer.Option("--drop", help="Do not send it: forget it.")] = False,
        as_user: AsUser = None,
    ) -> None:
        """Send one down its lane again, or drop it."""
        with self.session(as_user, as_json=False):
            release_quarantined(entry=entry, drop=drop)
            self.line("Dropped." if drop else "It goes out again.")

    def _event(self, view: EventView, *, as_json: bool) -> None:
        event: dict[str, Any] = dict(view.event)
        if as_json:
            self.stdout.write(json.dumps(event, ensure_ascii=False))
            return
        place = "/".join(event[name] for name in ("ontology", "branch") if name in event)
        self.line(
            f"{view.sequence:>8}  {event.get('time', ''):27}  {event['type']:38}  {place}  "
            f"{event.get('subject', '')}".rstrip()
        )


def _end() -> int:
    page = list_events(limit=1)
    return page.items[0].sequence if page.items else 0


def check_one(**named: object) -> None:
    """Refuse a command line that names none or more than one of these options."""
    given = [name for name, value in named.items() if value]
    if len(given) != 1:
        usage_error(f"Name one of {', '.join('--' + name for name in named)}.")
