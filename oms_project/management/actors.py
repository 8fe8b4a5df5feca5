"""Who acts when a command runs.

Whoever can run ``manage.py`` holds the database, its password and the code: permission checks
would only pretend to stop them. So the operator acts as the system's actor ``cli``, which may do
everything, and the commit says which account of the machine it was: ``cli (os:kim)``.

``--as`` (or ``OMS_ACTOR``) names a user instead: then that user's permissions hold and the commit
carries that user's name.
"""

from __future__ import annotations

import getpass

from django.conf import settings
from django.contrib.auth import get_user_model

from oms_project.core.context import Actor
from oms_project.core.errors import NotFound

__all__ = ["OPERATOR", "account_name", "command_actor"]

#: Username of the operator in commits.
OPERATOR = "cli"


def command_actor(username: str | None) -> Actor:
    """The actor of a command.

    Args:
        username: from ``--as``; None for ``OMS_ACTOR``, and without it the operator.

    Raises:
        NotFound: ``user_not_found``; there is no such active user.
    """
    chosen = username or settings.OMS_ACTOR
    if not chosen:
        return Actor(id=f"os:{account_name()}", username=OPERATOR, kind="system")
    user = get_user_model().objects.filter(username__iexact=chosen, is_active=True).first()
    if user is None:
        raise NotFound(
            f"There is no active user '{chosen}' to act as.",
            code="user_not_found",
            data={"username": chosen},
        )
    # Not through identity's contract: commands of every app stand on this, of those below as well.
    return Actor(
        id=str(user.pk),
        username=user.get_username(),
        display_name=user.get_full_name(),
        kind=user.kind,
    )


def account_name() -> str:
    """The account of this machine that runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "unknown"
