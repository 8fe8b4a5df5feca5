"""``identity user …``, ``service-account …``, ``group …``: who there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from django_typer.management import group

from oms_project.core.pagination import all_pages
from oms_project.identity import selectors, services
from oms_project.identity.contract import NewSecret
from oms_project.identity.management.cli.base import read_password
from oms_project.management.options import AsUser, Format, OutputFormat
from oms_project.management.results import Limit, ResultCommand, moment

__all__ = ["AccountCommands"]

Username = Annotated[str, typer.Argument(metavar="USERNAME", help="The user's name.")]
ClientId = Annotated[str, typer.Argument(metavar="CLIENT_ID", help="svc_…, as `list` shows it.")]
GroupName = Annotated[str, typer.Argument(metavar="GROUP", help="The group's name.")]
Expires = Annotated[
    str | None,
    typer.Option(
        "--expires", metavar="WHEN", help="2026-12-31, or 90d from now.", show_default=False
    ),
]
Search = Annotated[
    str,
    typer.Option("--search", metavar="TEXT", help="Only those with this text in a name."),
]


class AccountCommands(ResultCommand):
    """People, service accounts, groups."""

    @group(no_args_is_help=True)
    def user(self) -> None:
        """People who sign in."""

    @user.command(name="create")
    def user_create(
        self,
        username: Username,
        *,
        display_name: Annotated[str, typer.Option("--display-name", metavar="TEXT")] = "",
        email: Annotated[str, typer.Option("--email", metavar="ADDRESS")] = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Make a user. The password is asked for, or read from stdin."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            made = services.create_user(
                username=username, password=read_password(), display_name=display_name, email=email
            )
            self.show(made, f"Made user {made.username}.", output_format)

    @user.command(name="list")
    def user_list(
        self,
        *,
        search: Search = "",
        limit: Limit = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """List the users with their roles."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            self.show_table(
                all_pages(selectors.list_users, limit=limit, q=search),
                ("user", "name", "active", "roles"),
                lambda one: (
                    one.username,
                    one.display_name,
                    "yes" if one.is_active else "no",
                    ", ".join(binding.role.value for binding in one.bindings),
                ),
                output_format,
            )

    @user.command(name="deactivate")
    def user_deactivate(
        self,
        username: Username,
        *,
        undo: Annotated[bool, typer.Option("--undo", help="Let the user in again.")] = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Shut a user out: every token and session ends."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            changed = services.set_user_active(username=username, active=undo)
            word = "active" if changed.is_active else "deactivated"
            self.show(changed, f"{changed.username} is {word}.", output_format)

    @user.command(name="password")
    def user_password(
        self,
        username: Username,
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Give a user a new password, asked for or from stdin; every session of the user ends."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            services.set_password(username=username, password=read_password())
            self.show({"username": username}, f"{username} has a new password.", output_format)

    @group(name="service-account", no_args_is_help=True)
    def service_account(self) -> None:
        """Programs that sign in with a client id and a secret."""

    @service_account.command(name="create")
    def service_account_create(
        self,
        username: Username,
        *,
        display_name: Annotated[str, typer.Option("--display-name", metavar="TEXT")] = "",
        description: Annotated[str, typer.Option("--description", metavar="TEXT")] = "",
        owner: Annotated[
            str, typer.Option("--owner", metavar="USERNAME", help="Who answers for it.")
        ] = "",
        expires: Expires = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Make a service account and show its secret, this once."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            made = services.create_service_account(
                username=username,
                display_name=display_name,
                description=description,
                owner=owner,
                expires_at=moment(expires),
            )
            self.show(made, _secret_text(made), output_format)

    @service_account.command(name="rotate")
    def service_account_rotate(
        self,
        client_id: ClientId,
        *,
        grace: Annotated[
            int | None,
            typer.Option(
                "--grace",
                metavar="HOURS",
                min=0,
                max=720,
                help="How long the old secrets go on (default: OMS_SECRET_GRACE_HOURS); 0 ends "
                "them and every session at once.",
                show_default=False,
            ),
        ] = None,
        expires: Expires = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Make a new secret and show it, this once."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            made = services.rotate_secret(
                client_id=client_id,
                expires_at=moment(expires),
                grace=None if grace is None else timedelta(hours=grace),
            )
            self.show(made, _secret_text(made), output_format)

    @service_account.command(name="list")
    def service_account_list(
        self,
        *,
        search: Search = "",
        limit: Limit = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """List the service accounts."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            self.show_table(
                all_pages(selectors.list_service_accounts, limit=limit, q=search),
                ("client id", "user", "active", "secrets", "responsible"),
                lambda one: (
                    one.client_id,
                    one.username,
                    "yes" if one.is_active else "no",
                    ", ".join(f"…{secret.hint}" for secret in one.secrets if secret.holds),
                    one.owner,
                ),
                output_format,
            )

    @group(name="group", no_args_is_help=True)
    def group_(self) -> None:
        """Groups hold roles together."""

    @group_.command(name="add")
    def group_add(
        self,
        name: GroupName,
        username: Username,
        *,
        create: Annotated[bool, typer.Option("--create", help="Make the group first.")] = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Put a user or service account into a group."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            if create:
                services.create_group(name=name)
            left = services.add_to_group(name=name, username=username)
            self.show(left, f"In {left.name}: {', '.join(left.members)}.", output_format)

    @group_.command(name="remove")
    def group_remove(
        self,
        name: GroupName,
        username: Username,
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Take somebody out of a group."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            left = services.remove_from_group(name=name, username=username)
            members = ", ".join(left.members) or "nobody"
            self.show(left, f"In {left.name}: {members}.", output_format)


def _secret_text(made: NewSecret) -> str:
    return (
        f"Client id: {made.account.client_id}\n"
        f"Secret:    {made.secret}\n"
        "It is stored only as a hash and is not shown again."
    )
