"""``manage.py setup``: everything a first start needs; run again, it changes nothing."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core.management import call_command, get_commands
from django_typer.management import TyperCommand

from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.keys import keyring
from oms_project.identity import selectors, services
from oms_project.identity.contract import BindingInfo, Role
from oms_project.identity.services.keys import rotate_key

ADMINISTRATOR = "admin"
FIRST_KEYS = ("audit", "author", "token")


class Command(TyperCommand):
    """Migrate the database, make signing keys and an administrator, seed the demo. Safe to
    repeat.
    """

    help = "Migrate the database; at first start make keys and an administrator; seed the demo."
    requires_system_checks = []

    def handle(self, demo: bool = True) -> None:
        """Set everything up.

        Args:
            demo: also make the demo ontology.
        """
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write("The database is up to date.")
        with acting_as(SYSTEM):
            if not selectors.has_administrator():
                self._keys()
            self._administrator()
        if demo and "demo" in get_commands():
            call_command("demo")

    def _keys(self) -> None:
        """At the first start, and then only: a key that is lost later is not replaced in silence."""
        # That of the trail first, so that the others are on record.
        tokens: str = settings.SIMPLE_JWT["ALGORITHM"]
        missing = [
            purpose
            for purpose in FIRST_KEYS
            if not keyring.public_keys(purpose)
            and not (purpose == "token" and tokens.startswith("HS"))
        ]
        for purpose in missing:
            rotate_key(purpose=purpose, algorithm=tokens if purpose == "token" else "EdDSA")
        if missing:
            self.stdout.write(
                f"Signing keys:  {settings.OMS_KEYS_DIR} (back them up apart from the database)"
            )

    def _administrator(self) -> None:
        if selectors.has_administrator():
            self.stdout.write(
                f"Administrator: {ADMINISTRATOR} (the password was printed at the first start; "
                f"to set a new one: python manage.py identity user password {ADMINISTRATOR})"
            )
            return
        password = secrets.token_urlsafe(15)
        services.create_user(
            username=ADMINISTRATOR,
            password=password,
            display_name="Administrator",
            bindings=[BindingInfo(Role.ADMINISTRATOR)],
            is_superuser=True,
        )
        self.stdout.write(
            f"Administrator: {ADMINISTRATOR}\n"
            f"Password:      {password}\n"
            "It is stored only as a hash and is not shown again."
        )
