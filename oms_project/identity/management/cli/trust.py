"""``identity session …``, ``delegation …``, ``purge``: what was issued and may be taken back."""

from __future__ import annotations

from typing import Annotated

import typer
from django_typer.management import command, group

from oms_project.core.clock import isoformat, utc_now
from oms_project.core.pagination import all_pages
from oms_project.identity import selectors, services
from oms_project.management.options import AsUser, Format, OutputFormat
from oms_project.management.results import Limit, ResultCommand, moment

__all__ = ["TrustCommands"]


class TrustCommands(ResultCommand):
    """Sessions and delegations."""

    @group(name="session", no_args_is_help=True)
    def session_(self) -> None:
        """Sessions: all tokens that go back to one sign-in."""

    @session_.command(name="list")
    def session_list(
        self,
        username: Annotated[str, typer.Argument(metavar="USERNAME", help="Whose.")],
        *,
        ended: Annotated[bool, typer.Option("--ended", help="Those that are over too.")] = False,
        limit: Limit = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """List the sessions of a user or service account."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            self.show_table(
                all_pages(selectors.list_sessions, limit=limit, username=username, ended=ended),
                ("session", "began", "until", "address", "ended"),
                lambda one: (
                    one.id,
                    isoformat(one.created_at),
                    isoformat(one.expires_at),
                    one.address,
                    one.revoked_reason,
                ),
                output_format,
            )

    @session_.command(name="end")
    def session_end(
        self,
        session: Annotated[str, typer.Argument(metavar="SESSION", help="Its id.")],
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """End a session with all its tokens."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            services.end_session(session=session)
            self.show({"ended": session}, "The session has ended.", output_format)

    @group(no_args_is_help=True)
    def delegation(self) -> None:
        """Services that act for users."""

    @delegation.command(name="grant")
    def delegation_grant(
        self,
        username: Annotated[str, typer.Argument(metavar="USERNAME", help="For whom.")],
        client_id: Annotated[str, typer.Argument(metavar="CLIENT_ID", help="The service.")],
        *,
        reason: Annotated[
            str,
            typer.Option("--reason", metavar="TEXT", help="Why: it stands in every commit."),
        ],
        expires: Annotated[
            str, typer.Option("--expires", metavar="WHEN", help="2026-12-31, or 30d from now.")
        ],
        permission: Annotated[
            list[str] | None,
            typer.Option(
                "--permission", metavar="NAME", help="Only this; repeat.", show_default=False
            ),
        ] = None,
        ontology: Annotated[
            str, typer.Option("--ontology", metavar="NAME", help="Only for this one.")
        ] = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Let a service act for a user, for a reason, until a moment."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            given = services.grant_delegation(
                client_id=client_id,
                username=username,
                reason=reason,
                expires_at=moment(expires) or utc_now(),
                only=permission or (),
                ontology=ontology,
            )
            self.show(
                given,
                f"{given.service} may act for {given.user} until {isoformat(given.expires_at)}: "
                f"delegation {given.id}.",
                output_format,
            )

    @delegation.command(name="list")
    def delegation_list(
        self,
        *,
        ended: Annotated[bool, typer.Option("--ended", help="Those that are over too.")] = False,
        limit: Limit = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """List the delegations."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            self.show_table(
                all_pages(selectors.list_delegations, limit=limit, everybody=True, ended=ended),
                ("delegation", "service", "for", "until", "reason"),
                lambda one: (one.id, one.service, one.user, isoformat(one.expires_at), one.reason),
                output_format,
            )

    @delegation.command(name="revoke")
    def delegation_revoke(
        self,
        delegation: Annotated[str, typer.Argument(metavar="DELEGATION", help="Its id.")],
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Take a delegation back; its tokens hold no more."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            left = services.revoke_delegation(delegation=delegation)
            text = f"{left.service} may no longer act for {left.user}."
            self.show(left, text, output_format)

    @command()
    def purge(self, *, output_format: OutputFormat = Format.TEXT, as_user: AsUser = None) -> None:
        """Delete sessions, revoked tokens and counts of failures that are over: a daily job."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            gone = services.purge()
            text = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in gone.items())
            self.show(gone, f"Deleted: {text}.", output_format)
