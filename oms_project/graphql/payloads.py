"""What mutations answer when they make no object of the schema."""

from __future__ import annotations

import strawberry

__all__ = ["Deleted", "Done"]


@strawberry.type(description="What was deleted.")
class Deleted:
    name: str


@strawberry.type(description="It was done, and there is nothing to show.")
class Done:
    done: bool = True
