"""``events webhooks …`` and ``events rules …``: who gets events."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final

import typer
from django_typer.management import group

from events.domain.handshake import Verification
from events.management.cli.relay import (
    Branches,
    Expression,
    ObjectTypes,
    Ontologies,
    Types,
    filter_of,
)
from events.models import Rule, Webhook
from events.selectors.receivers import figures, list_rules, list_webhooks, preview
from events.services import rules, webhooks
from events.services.webhooks import RegisteredWebhook
from oms_project.core.errors import Conflict
from oms_project.management.base import REFUSED, examples_of
from oms_project.management.options import AsUser, Format, OutputFormat
from oms_project.management.results import ResultCommand, plain

__all__ = ["WebhookCommands"]

examples = partial(examples_of, "events")
_PANEL: Final = "Receivers"

Hook = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its name or id.")]
RuleName = Annotated[str, typer.Argument(metavar="RULE", help="Its name or id.")]
OwnSecret = Annotated[
    str,
    typer.Option("--secret", metavar="WHSEC", help="One of your own (default: a new one is made)."),
]


class WebhookCommands(ResultCommand):
    """Webhooks and routing rules."""

    @group(rich_help_panel=_PANEL, no_args_is_help=True)
    def webhooks(self) -> None:
        """Where events are posted to."""

    @webhooks.command(name="list", epilog=examples("webhooks list"))
    def webhooks_list(
        self, *, output_format: OutputFormat = Format.TEXT, as_user: AsUser = None
    ) -> None:
        """List webhooks and how they do."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            rows = [(hook, figures(hook.lane, hours=False)) for hook in list_webhooks()]
        if output_format is Format.JSON:
            self.json({"items": [{**_told(hook), "figures": plain(so)} for hook, so in rows]})
            return
        if not rows:
            self.line("There are no webhooks. Make one: manage.py events webhooks create")
            return
        self.show_table(
            [rows],
            ("NAME", "STATE", "URL", "WAITING", "DELIVERED", "DEAD", "NOTICE"),
            lambda row: (
                row[0].name, row[0].state, row[0].url, str(row[1].waiting), str(row[1].delivered),
                str(row[1].dead), (row[0].notice or row[1].error)[:80],
            ),
            output_format,
        )  # fmt: skip

    @webhooks.command(name="show")
    def webhooks_show(self, webhook: Hook, *, as_user: AsUser = None) -> None:
        """Show one webhook, as JSON."""
        with self.session(as_user, as_json=False):
            hook = webhooks.get_webhook(webhook=webhook)
            self.json({**_told(hook), "figures": plain(figures(hook.lane))})

    @webhooks.command(
        name="create",
        epilog=examples(
            "webhooks create warehouse https://example.com/hooks --type 'io.oms.ontology.*' "
            "--ontology logistics --branch main",
        ),
    )
    def webhooks_create(
        self,
        name: Annotated[str, typer.Argument(metavar="NAME")],
        url: Annotated[str, typer.Argument(metavar="URL")],
        *,
        types: Types = None,
        ontology: Ontologies = None,
        branch: Branches = None,
        object_type: ObjectTypes = None,
        expression: Expression = "",
        description: Annotated[str, typer.Option("--description", metavar="TEXT")] = "",
        form: Annotated[
            str, typer.Option("--form", help="structured, binary or batch.")
        ] = "structured",
        order: Annotated[str, typer.Option("--order", help="ordered or parallel.")] = "ordered",
        concurrency: Annotated[int, typer.Option("--concurrency")] = 4,
        batch_size: Annotated[int, typer.Option("--batch-size")] = 1,
        timeout: Annotated[float, typer.Option("--timeout", help="Seconds.")] = 15,
        secret: OwnSecret = "",
        verify: Annotated[
            bool, typer.Option("--verify/--no-verify", help="Ask the receiver at once.")
        ] = True,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Register a webhook. Its secret is printed this once."""
        asked = webhooks.NewWebhook(
            name=name,
            url=url,
            wanted=filter_of(types, ontology, branch, object_type, expression),
            description=description,
            format=form,
            order=order,
            concurrency=concurrency,
            batch_size=batch_size,
            timeout=timeout,
            secret=secret,
        )
        with self.session(as_user, as_json=output_format is Format.JSON):
            made = webhooks.create_webhook(asked=asked, verify=verify)
        self._secret(made, output_format)
        if made.verification is not None and not made.verification.ok:
            raise typer.Exit(REFUSED)

    @webhooks.command(name="verify")
    def webhooks_verify(self, webhook: Hook, *, as_user: AsUser = None) -> None:
        """Ask the receiver whether it wants the events."""
        with self.session(as_user, as_json=False):
            found = webhooks.verify_webhook(webhook=webhook)
        self.line(_answer(found))
        if not found.ok:
            raise typer.Exit(REFUSED)

    @webhooks.command(name="pause")
    def webhooks_pause(self, webhook: Hook, *, as_user: AsUser = None) -> None:
        """Deliver nothing for a while; what happens meanwhile waits."""
        with self.session(as_user, as_json=False):
            hook = webhooks.pause_webhook(webhook=webhook)
            self.line(f"{hook.name} is paused.")

    @webhooks.command(name="enable")
    def webhooks_enable(
        self,
        webhook: Hook,
        *,
        replay: Annotated[
            bool, typer.Option("--replay", help="Also what happened while it was disabled.")
        ] = False,
        as_user: AsUser = None,
    ) -> None:
        """Let a paused or disabled webhook receive again."""
        with self.session(as_user, as_json=False):
            hook = webhooks.enable_webhook(webhook=webhook, replay=replay)
            self.line(f"{hook.name} is active.")

    @webhooks.command(name="rotate-secret")
    def webhooks_rotate(
        self,
        webhook: Hook,
        *,
        secret: OwnSecret = "",
        overlap_hours: Annotated[
            float, typer.Option("--overlap-hours", help="So long both secrets sign.")
        ] = 24,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Give a webhook a new secret, which is printed this once."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            made = webhooks.rotate_secret(
                webhook=webhook, secret=secret, overlap=timedelta(hours=overlap_hours)
            )
        self._secret(made, output_format)

    @webhooks.command(name="test")
    def webhooks_test(self, webhook: Hook, *, as_user: AsUser = None) -> None:
        """Send one event to this webhook alone."""
        with self.session(as_user, as_json=False):
            delivery = webhooks.test_webhook(webhook=webhook)
            self.line(f"Delivery {delivery.pk}: see manage.py events deliveries show {delivery.pk}")

    @webhooks.command(name="delete")
    def webhooks_delete(
        self,
        webhook: Hook,
        *,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
        as_user: AsUser = None,
    ) -> None:
        """Forget a webhook, its deliveries, and what waits for it."""
        with self.session(as_user, as_json=False):
            hook = webhooks.get_webhook(webhook=webhook)
            if not yes:
                typer.confirm(f"Delete {hook.name} and its deliveries?", abort=True, err=True)
            webhooks.delete_webhook(webhook=webhook)
            self.line(f"{hook.name} is deleted.")

    @webhooks.command(name="reseal")
    def webhooks_reseal(self, *, as_user: AsUser = None) -> None:
        """Encrypt every secret with the present SECRET_KEY."""
        with self.session(as_user, as_json=False):
            self.line(f"{webhooks.reseal_secrets()} secrets.")

    # --- rules ----------------------------------------------------------------------------------
    @group(rich_help_panel=_PANEL, no_args_is_help=True)
    def rules(self) -> None:
        """Which events go to which stream, webhook, Celery task or channel group."""

    @rules.command(name="list")
    def rules_list(
        self, *, output_format: OutputFormat = Format.TEXT, as_user: AsUser = None
    ) -> None:
        """List rules."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            rows = list_rules()
        if output_format is Format.JSON:
            self.json({"items": [_rule(one) for one in rows]})
            return
        if not rows:
            self.line("There are no rules. Make one: manage.py events rules create")
            return
        self.show_table(
            [rows],
            ("NAME", "TO", "TARGET", "ON", "TYPES", "ONTOLOGIES"),
            lambda one: (
                one.name, one.sink, one.target, "yes" if one.enabled else "no",
                ", ".join(one.types) or "all", ", ".join(one.ontologies) or "all",
            ),
            output_format,
        )  # fmt: skip

    @rules.command(
        name="create",
        epilog=examples(
            "rules create audit-copy stream audit --type 'io.oms.audit.*'",
            "rules create reindex task search.reindex --type io.oms.ontology.object.changed.v1",
        ),
    )
    def rules_create(
        self,
        name: Annotated[str, typer.Argument(metavar="NAME")],
        sink: Annotated[
            str, typer.Argument(metavar="SINK", help="stream, webhook, task or channel.")
        ],
        target: Annotated[str, typer.Argument(metavar="TARGET", help="The name of one.")],
        *,
        types: Types = None,
        ontology: Ontologies = None,
        branch: Branches = None,
        object_type: ObjectTypes = None,
        expression: Expression = "",
        description: Annotated[str, typer.Option("--description", metavar="TEXT")] = "",
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Only show what would have matched.")
        ] = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Make a rule."""
        wanted = filter_of(types, ontology, branch, object_type, expression)
        with self.session(as_user, as_json=output_format is Format.JSON):
            if dry_run:
                matches, looked_at = preview(wanted=wanted)
                for match in reversed(matches):
                    event = match.event.event
                    self.line(
                        f"{match.event.sequence:>8}  {event['type']}  {event.get('subject', '')}"
                    )
                self.note(f"{len(matches)} of the last {looked_at} events match.")
                return
            made = rules.create_rule(asked=rules.NewRule(name, sink, target, wanted, description))
        if output_format is Format.JSON:
            self.json(_rule(made))
        else:
            self.line(f"{made.name}: {made.pk}")

    @rules.command(name="enable")
    def rules_enable(self, rule: RuleName, *, as_user: AsUser = None) -> None:
        """Let a rule hold."""
        self._switch(rule, as_user, on=True)

    @rules.command(name="disable")
    def rules_disable(self, rule: RuleName, *, as_user: AsUser = None) -> None:
        """Let a rule not hold for a while; what happens meanwhile is not kept for it."""
        self._switch(rule, as_user, on=False)

    @rules.command(name="delete")
    def rules_delete(self, rule: RuleName, *, as_user: AsUser = None) -> None:
        """Forget a rule, and what waits because of it."""
        with self.session(as_user, as_json=False):
            rules.delete_rule(rule=rule)
            self.line(f"{rule} is deleted.")

    def _switch(self, rule: str, as_user: str | None, *, on: bool) -> None:
        with self.session(as_user, as_json=False):
            found = rules.get_rule(rule=rule)
            if found.enabled == on:
                raise Conflict(f"{found.name} is so already.", code="no_change")
            rules.update_rule(rule=rule, changes={"enabled": on})
            self.line(f"{found.name} is {'enabled' if on else 'disabled'}.")

    def _secret(self, made: RegisteredWebhook, output_format: Format) -> None:
        if output_format is Format.JSON:
            told: dict[str, Any] = {**_told(made.webhook), "secret": made.secret}
            if made.verification is not None:
                told["verification"] = plain(made.verification)
            self.json(told)
            return
        self.line(f"{made.webhook.name}: {made.webhook.pk} ({made.webhook.state})")
        self.line(f"Secret: {made.secret}")
        self.note("It is shown this once: keep it where the receiver finds it.")
        if made.verification is not None:
            self.note(_answer(made.verification))


def _answer(found: Verification) -> str:
    return f"{'Verified' if found.ok else 'Not verified'}: {found.detail}"


def _told(hook: Webhook) -> dict[str, Any]:
    names = (
        "name", "url", "description", "state", "notice", "format", "order", "concurrency",
        "batch_size", "timeout", "rate", "types", "ontologies", "branches", "object_types",
        "expression", "owner_username", "created_at", "verified_at", "disabled_at",
    )  # fmt: skip
    told: dict[str, Any] = plain(
        {"id": str(hook.pk), **{name: getattr(hook, name) for name in names}}
    )
    return told


def _rule(rule: Rule) -> dict[str, Any]:
    names = (
        "name", "description", "enabled", "sink", "target", "types", "ontologies", "branches",
        "object_types", "expression", "owner_username", "created_at",
    )  # fmt: skip
    told: dict[str, Any] = plain(
        {"id": str(rule.pk), **{name: getattr(rule, name) for name in names}}
    )
    return told
