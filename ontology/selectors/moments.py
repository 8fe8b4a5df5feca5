"""``as_of``: a branch as it was at a time. The one place where a ref and a time are combined."""

from __future__ import annotations

import datetime as dt

from oms_project.core.clock import isoformat
from oms_project.core.errors import BadRequest, NotFound
from ontology.access import readable
from ontology.domain.moments import parse_moment
from ontology.store import store

__all__ = ["ref_at"]


def ref_at(*, ontology: str, ref: str = "", as_of: str = "") -> str:
    """The ref that ``ref`` and ``as_of`` mean together, for every read that takes a ref.

    Args:
        ref: as in ``ontology.contract``; given back unchanged without ``as_of``.
        as_of: an ISO 8601 time with its zone, or a day, which is its end in UTC; empty: now.

    Returns:
        ``branch@time`` in UTC.

    Raises:
        BadRequest: ``bad_as_of``; the time cannot be read, or ``ref`` is a tag or a commit, which
            is the same at every time, or says a time itself.
        NotFound: the ontology.
    """
    if not as_of:
        return ref
    try:
        moment = parse_moment(as_of)
    except ValueError as error:
        raise BadRequest(str(error), code="bad_as_of", data={"asOf": as_of[:60]}) from error
    info = readable(ontology)
    name = ref or info.default_branch
    if "@" in name:
        raise BadRequest(
            f"'{name[:220]}' says a time already. Give the branch alone, or leave asOf out.",
            code="bad_as_of",
            data={"ref": name, "asOf": as_of[:60]},
        )
    try:
        store.get_branch(info.id, name)
    except NotFound as error:
        store.resolve(info.id, name)  # what is not there at all is told in its own words
        raise BadRequest(
            f"'{name[:220]}' is no branch: a tag or a commit is the same at every time. "
            "Give a branch, or leave asOf out.",
            code="bad_as_of",
            data={"ref": name, "asOf": as_of[:60]},
        ) from error
    return f"{name}@{isoformat(moment.astimezone(dt.UTC))}"
