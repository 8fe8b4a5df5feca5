"""The home of a server that knows none: every ontology lives in the ORM."""

from __future__ import annotations

from typing import Any

from oms_project.core.errors import Unavailable

__all__ = ["NoHome"]


class NoHome:
    """A ``Home`` that refuses everything, and says which setting is missing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def refuse(*_args: Any, **_kwargs: Any) -> Any:
            raise Unavailable(
                "This ontology lives in TerminusDB, but this server does not know where that is: "
                "set TERMINUSDB_ENDPOINT, or USE_DATA_KERNEL_GATEWAY.",
                code="home_unavailable",
            )

        return refuse
