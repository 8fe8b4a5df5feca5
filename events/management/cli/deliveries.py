"""``events deliveries …`` and ``events replay``: how it went, and sending again."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

import typer
from django_typer.management import command, group

from events.management.cli.relay import check_one
from events.models import Delivery
from events.selectors.lag import lane_names
from events.selectors.receivers import (
    DeliveryQuery,
    attempts_of,
    get_delivery,
    list_deliveries,
)
from events.services import deliveries
from events.services.rules import get_rule
from events.services.webhooks import get_webhook
from oms_project.core.pagination import all_items
from oms_project.management.base import examples_of
from oms_project.management.options import AsUser, Format, OutputFormat
from oms_project.management.results import ResultCommand, moment, plain

__all__ = ["DeliveryCommands"]

examples = partial(examples_of, "events")
_PANEL: Final = "Deliveries"

Number = Annotated[int, typer.Argument(metavar="DELIVERY", help="As `list` shows it.")]
HookName = Annotated[str, typer.Option("--webhook", metavar="WEBHOOK", help="Of this one.")]
RuleName = Annotated[str, typer.Option("--rule", metavar="RULE", help="Of this one.")]


class DeliveryCommands(ResultCommand):
    """Deliveries and replays."""

    @group(rich_help_panel=_PANEL, no_args_is_help=True)
    def deliveries(self) -> None:
        """Events on their way to receivers, and how that ended."""

    @deliveries.command(
        name="list",
        epilog=examples("deliveries list --state dead", "deliveries list --webhook warehouse"),
    )
    def deliveries_list(
        self,
        *,
        webhook: HookName = "",
        rule: RuleName = "",
        state: Annotated[
            str, typer.Option("--state", help="pending, delivered, dead or cancelled.")
        ] = "",
        limit: Annotated[int, typer.Option("--limit", min=1, metavar="N")] = 50,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """List deliveries, newest first."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            lane = ""
            if webhook:
                lane = get_webhook(webhook=webhook).lane
            elif rule:
                lane = get_rule(rule=rule).lane
            where = DeliveryQuery(lane=lane, state=state)
            rows = list(all_items(list_deliveries, where=where, limit=limit))
            names = lane_names([row.lane for row in rows])
        if output_format is Format.JSON:
            self.json({"items": [_told(row) for row in rows]})
            return
        if not rows:
            self.line("There are no such deliveries.")
            return
        self.show_table(
            [rows],
            ("ID", "TO", "EVENT", "TYPE", "STATE", "TRIES", "STATUS", "ERROR"),
            lambda row: (
                str(row.pk), names.get(row.lane, row.lane), str(row.seq), row.type, row.state,
                str(row.attempts), str(row.status or "-"), row.error[:60],
            ),
            output_format,
        )  # fmt: skip

    @deliveries.command(name="show")
    def deliveries_show(self, delivery: Number, *, as_user: AsUser = None) -> None:
        """Show one delivery with its requests and answers, as JSON."""
        with self.session(as_user, as_json=False):
            found = get_delivery(delivery=delivery)
            log = [
                plain(
                    {
                        "number": one.number,
                        "at": one.at,
                        "milliseconds": one.milliseconds,
                        "status": one.status,
                        "error": one.error,
                        "detail": one.detail,
                        "request_headers": one.request_headers,
                        "response_headers": one.response_headers,
                        "response_body": one.response_body,
                    }
                )
                for one in attempts_of(found)
            ]
            self.json({**_told(found), "log": log})

    @deliveries.command(name="redeliver")
    def deliveries_redeliver(self, delivery: Number, *, as_user: AsUser = None) -> None:
        """Send one again, whatever became of it."""
        with self.session(as_user, as_json=False):
            deliveries.redeliver(delivery=delivery)
            self.line("It goes out again.")

    @deliveries.command(name="redeliver-dead")
    def deliveries_redeliver_dead(
        self,
        webhook: Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its name or id.")],
        *,
        as_user: AsUser = None,
    ) -> None:
        """Send every dead letter of a webhook again."""
        with self.session(as_user, as_json=False):
            self.line(f"{deliveries.redeliver_dead(webhook=webhook)} go out again.")

    @deliveries.command(name="cancel")
    def deliveries_cancel(self, delivery: Number, *, as_user: AsUser = None) -> None:
        """Give a pending one up, so that what is behind it goes on."""
        with self.session(as_user, as_json=False):
            deliveries.cancel_delivery(delivery=delivery)
            self.line("Cancelled.")

    @command(
        rich_help_panel=_PANEL,
        epilog=examples(
            "replay --webhook warehouse --from-sequence 1200 --dry-run",
            "replay --rule reindex --since 2026-11-01 --until 2026-11-02",
            "replay --streams --from-sequence 1",
        ),
    )
    def replay(
        self,
        *,
        webhook: HookName = "",
        rule: RuleName = "",
        streams: Annotated[
            bool, typer.Option("--streams", help="Into the streams, when they were lost.")
        ] = False,
        from_sequence: Annotated[
            int | None, typer.Option("--from-sequence", metavar="N", show_default=False)
        ] = None,
        to_sequence: Annotated[
            int | None, typer.Option("--to-sequence", metavar="N", show_default=False)
        ] = None,
        since: Annotated[
            str | None, typer.Option("--since", metavar="WHEN", show_default=False)
        ] = None,
        until: Annotated[
            str | None, typer.Option("--until", metavar="WHEN", show_default=False)
        ] = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Send a range of events again, as far as the receiver wants them."""
        check_one(webhook=webhook, rule=rule, streams=streams)
        with self.session(as_user, as_json=output_format is Format.JSON):
            if streams:
                done = deliveries.replay_stream(
                    from_sequence=1 if from_sequence is None else from_sequence,
                    to_sequence=to_sequence,
                )
            else:
                done = deliveries.replay_events(
                    webhook=webhook,
                    rule=rule,
                    from_sequence=from_sequence,
                    to_sequence=to_sequence,
                    from_time=moment(since),
                    to_time=moment(until),
                    dry_run=dry_run,
                )
        self.show(
            done,
            f"{done.looked_at} events, {done.matched} wanted, {done.queued} queued.",
            output_format,
        )


def _told(row: Delivery) -> dict[str, Any]:
    names = (
        "id", "lane", "seq", "type", "state", "origin", "attempts", "status", "error",
        "created_at", "retry_at", "finished_at",
    )  # fmt: skip
    told: dict[str, Any] = plain({name: getattr(row, name) for name in names})
    return told
