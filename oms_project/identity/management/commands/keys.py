"""``manage.py keys``: the keys that sign commits, the audit trail and tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from django_typer.management import command

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import isoformat, utc_now
from oms_project.core.context import current_actor
from oms_project.core.keys import PURPOSES, PublicKey, keyring, public_key_set
from oms_project.identity.services import keys as services
from oms_project.management.options import AsUser, Format, OutputFormat
from oms_project.management.results import ResultCommand, moment

__all__ = ["Command"]

Purpose = Annotated[str, typer.Argument(metavar="PURPOSE", help=f"{', '.join(PURPOSES)}.")]
KeyId = Annotated[str, typer.Argument(metavar="KEY", help="Its id, as `list` shows it.")]


class Command(ResultCommand, rich_markup_mode="rich", no_args_is_help=True):
    """The keys that sign commits (author), the audit trail (audit) and tokens (token).

    Exit codes: 0 done, 1 refused, 2 usage.
    """

    @command(name="list")
    def list_(self, *, output_format: OutputFormat = Format.TEXT, as_user: AsUser = None) -> None:
        """List the keys; the newest of a purpose signs."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
            found = [_told(key) for purpose in PURPOSES for key in _keys(purpose)]
            self.show_table(
                [found],
                ("purpose", "key", "algorithm", "made", "lost since"),
                lambda key: (
                    key["purpose"],
                    key["kid"],
                    key["algorithm"],
                    isoformat(key["created"]),
                    "" if key["revoked"] is None else isoformat(key["revoked"]),
                ),
                output_format,
            )

    @command()
    def rotate(
        self,
        purpose: Purpose,
        *,
        algorithm: Annotated[
            str, typer.Option("--algorithm", metavar="NAME", help="EdDSA or RS256.")
        ] = "EdDSA",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Make a new key, which signs from now on; the ones before it go on verifying."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            key = services.rotate_key(purpose=purpose, algorithm=algorithm)
            self.show(_told(key), f"{key.kid} signs for {purpose} from now on.", output_format)

    @command()
    def retire(
        self,
        purpose: Purpose,
        key: KeyId,
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Destroy the private part of a key; what it signed goes on counting."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            retired = services.retire_key(purpose=purpose, kid=key)
            self.show(_told(retired), f"{key} signs nothing any more.", output_format)

    @command()
    def revoke(
        self,
        purpose: Purpose,
        key: KeyId,
        *,
        since: Annotated[
            str | None,
            typer.Option(
                "--since",
                metavar="WHEN",
                help="From when on it may have been in other hands (default: now).",
                show_default=False,
            ),
        ] = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Declare a key lost: what it signed from then on does not count."""
        with self.session(as_user, as_json=output_format is Format.JSON):
            lost = services.revoke_key(purpose=purpose, kid=key, since=moment(since) or utc_now())
            self.show(_told(lost), f"{key} does not count any more.", output_format)

    @command()
    def export(
        self,
        *,
        out: Annotated[
            Path | None,
            typer.Option("--out", metavar="FILE", help="Write it here.", show_default=False),
        ] = None,
        as_user: AsUser = None,
    ) -> None:
        """Write the public keys as a set that verifies without this installation."""
        with self.session(as_user, as_json=False):
            authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
            document = public_key_set([key for purpose in PURPOSES for key in _keys(purpose)])
            text = json.dumps(document, indent=2)
            if out is None:
                self.line(text)
            else:
                out.write_text(text + "\n", encoding="utf-8")
                self.note(f"Wrote {len(document['keys'])} public keys to {out}.")


def _keys(purpose: str) -> list[PublicKey]:
    return sorted(keyring.public_keys(purpose).values(), key=lambda key: key.created)


def _told(key: PublicKey) -> dict[str, Any]:
    return {
        "purpose": key.purpose,
        "kid": key.kid,
        "algorithm": key.algorithm,
        "created": key.created,
        "revoked": key.revoked,
    }
