"""Where ontologies live, and whether home and index agree."""

from __future__ import annotations

from itertools import islice

from django.conf import settings

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import OmsError
from oms_project.core.pagination import decode_cursor, encode_cursor
from ontology.access import permitted, readable
from ontology.contract import HomeStatus, OntologyInfo, Page, StrayInfo
from ontology.store import intents
from ontology.store.home import HomeBranch, tag_branch
from ontology.store.home_models import HomedOntology, Stray
from ontology.store.home_rows import commits_kept, home_of, identifiers_of
from ontology.store.homed import home
from ontology.store.orm.sql import rows, translated
from ontology.store.strays import info_of_stray, open_strays

__all__ = [
    "count_open_strays",
    "home_status",
    "list_strays",
    "lives_elsewhere",
    "unknown_databases",
]

#: Commits of a home that are counted at most.
_MOST = 1000


def home_status(*, ontology: str) -> HomeStatus:
    """Where an ontology lives, and how far home and index are apart; asks the home.

    Raises:
        NotFound, PermissionDenied.
    """
    info = permitted(ontology, permissions.ONTOLOGY_ADMINISTER)
    homed = home_of(info.id)
    if homed is None:
        return HomeStatus(info.name, "embedded")
    product = version = problem = ""
    ahead = behind = 0
    answers = True
    try:
        server = home.info()
        product, version, problem = server.product, server.version, server.problem
        ahead, behind = _apart(info, homed)
    except OmsError as error:
        # That it does not answer is what was asked for.
        answers, problem = False, str(error)
    return HomeStatus(
        ontology=info.name,
        home=homed.kind,
        database=homed.database,
        product=product,
        version=version,
        answers=answers,
        ahead=ahead,
        behind=behind,
        pending=len(intents.pending(info.id)),
        strays=len(open_strays(info.id)),
        erase_pending=homed.erase_pending,
        seen_at=homed.seen_at,
        problem=problem or homed.projection_problem,
    )


def _apart(info: OntologyInfo, homed: HomedOntology) -> tuple[int, int]:
    """Commits that only the home has, and names that it does not have as the index does."""
    there = {branch.name: branch for branch in home.branches(homed.database)}
    heads = dict(
        rows("SELECT name, head_id FROM ontology_branch WHERE ontology_id = %s", [info.id])
    )
    for name, commit in rows(
        "SELECT name, commit_id FROM ontology_tag WHERE ontology_id = %s", [info.id]
    ):
        heads[tag_branch(name)] = commit
    known = identifiers_of(info.id, list(heads.values()))
    behind = sum(
        name not in there or there[name].identifier != known.get(commit)
        for name, commit in heads.items()
    )
    return sum(_new(homed, branch) for branch in there.values()), behind


def _new(homed: HomedOntology, branch: HomeBranch) -> int:
    if not branch.identifier or commits_kept(homed.ontology_id, [branch.identifier]):
        return 0
    unknown = 0
    for commit in islice(home.log(homed.database, branch.identifier), _MOST):
        if commits_kept(homed.ontology_id, [commit.identifier]):
            break
        unknown += not commit.part_of
    return unknown


def list_strays(
    *,
    ontology: str,
    state: str = "",
    limit: int = 100,
    cursor: str | None = None,
) -> Page[StrayInfo]:
    """What others did in an ontology's home, latest first.

    Args:
        state: ``open`` or ``settled``; empty: all.
    """
    info = permitted(ontology, permissions.ONTOLOGY_ADMINISTER)
    key = decode_cursor("strays", cursor, types=(int,))
    with translated():
        found = Stray.objects.filter(ontology_id=info.id).order_by("-pk")
        if state:
            found = found.filter(state=state)
        if key is not None:
            found = found.filter(pk__lt=key[0])
        listed = list(found[: limit + 1])
    more = encode_cursor("strays", (listed[limit - 1].pk,)) if len(listed) > limit else None
    return Page(tuple(info_of_stray(stray) for stray in listed[:limit]), more)


def lives_elsewhere(*, ontology: str) -> bool:
    """Whether an ontology lives outside the ORM; costs nothing where no home is configured."""
    if settings.OMS_DEFAULT_HOME == "embedded":
        return False
    return home_of(readable(ontology).id) is not None


def count_open_strays(*, ontology: str) -> int:
    """How many nobody has settled; for who may read the ontology."""
    info = readable(ontology)
    with translated():
        return Stray.objects.filter(ontology_id=info.id, state=Stray.OPEN).count()


def unknown_databases() -> tuple[str, ...]:
    """Databases of OMS in the home that no ontology of the index lives in: of a deployment that
    shares the home, of an index that was lost, or of a process that died; none when there is no home
    or it does not answer.
    """
    authorizer.check(current_actor(), permissions.ONTOLOGY_ADMINISTER)
    if settings.OMS_DEFAULT_HOME == "embedded":
        return ()
    try:
        there = home.databases()
    except OmsError:
        return ()
    with translated():
        known = set(HomedOntology.objects.values_list("database", flat=True))
    return tuple(sorted(set(there) - known))
