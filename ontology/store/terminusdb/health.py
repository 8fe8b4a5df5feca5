"""Whether TerminusDB answers, for ``/health/ready`` and ``/health/detailed``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ontology.store.homed import home
from ontology.store.terminusdb.errors import Unsupported

__all__ = ["check_terminusdb"]


def check_terminusdb() -> Mapping[str, Any]:
    """What answers.

    Raises:
        Unavailable: nothing, or a server that OMS does not work with.
    """
    found = home.info()
    if found.problem:
        raise Unsupported(found.problem)
    return {"product": found.product, "version": found.version}
