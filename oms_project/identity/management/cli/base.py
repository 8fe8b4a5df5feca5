"""What the groups share."""

from __future__ import annotations

import sys

import typer

__all__ = ["read_password"]


def read_password() -> str:
    """A password from the terminal, asked for twice, or the first line of stdin."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password
