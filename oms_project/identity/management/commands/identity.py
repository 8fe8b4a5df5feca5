"""``manage.py identity``: users, service accounts, groups, sessions, delegations."""

from __future__ import annotations

from oms_project.identity.management.cli.accounts import AccountCommands
from oms_project.identity.management.cli.trust import TrustCommands

__all__ = ["Command"]


class Command(TrustCommands, AccountCommands, rich_markup_mode="rich", no_args_is_help=True):
    """Users, service accounts, groups, sessions and delegations.

    Exit codes: 0 done, 1 refused, 2 usage. With --format json the result is JSON on stdout, an
    error is JSON on stderr.
    """
