"""Where a person is: an ontology at a ref, and what they may do there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from oms_project.console.pages import allowed
from oms_project.core.authorization import permissions
from oms_project.core.errors import Invalid, NotFound, OmsError
from ontology import selectors
from ontology.contract import BranchInfo, CommitInfo, OntologyInfo, TagInfo
from ontology.domain.moments import parse_moment

__all__ = ["Workspace", "open_workspace"]

#: Branches and tags in the switcher; the page of branches has them all.
SWITCHER_SIZE = 50
_WITHOUT_ZONE = re.compile(r"[0-9-]{10}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(\.[0-9]+)?", re.ASCII)


@dataclass(frozen=True)
class Workspace:
    """One ontology at one ref.

    Attributes:
        ref: as asked for: a branch, a tag, a commit id or a branch at a time.
        commit: what ``ref`` names now.
        branch: the branch when ``ref`` is one, else None; then nothing can be edited.
        tag: the tag when ``ref`` is one.
    """

    ontology: OntologyInfo
    ref: str
    commit: CommitInfo
    branch: BranchInfo | None
    tag: TagInfo | None

    @property
    def name(self) -> str:
        """The ontology's name."""
        return self.ontology.name

    @property
    def line(self) -> str:
        """The branch that can be read at another time; empty at a tag or a commit."""
        if self.branch is not None:
            return self.branch.name
        name, at, _moment = self.ref.partition("@")
        return name if at else ""

    @property
    def moment(self) -> str:
        """The time that is read, as the time box takes it (UTC); empty for now."""
        _name, at, moment = self.ref.partition("@")
        try:
            return parse_moment(moment).strftime("%Y-%m-%dT%H:%M:%S") if at else ""
        except ValueError:  # refs take other spellings as well
            return ""

    @cached_property
    def branches(self) -> tuple[BranchInfo, ...]:
        """Branches for the switcher."""
        return selectors.list_branches(ontology=self.name, limit=SWITCHER_SIZE).items

    @cached_property
    def tags(self) -> tuple[TagInfo, ...]:
        """Tags for the switcher."""
        return selectors.list_tags(ontology=self.name, limit=SWITCHER_SIZE).items

    @cached_property
    def may_write(self) -> bool:
        """Whether this person may commit here."""
        if self.branch is None:
            return False
        needed = permissions.ONTOLOGY_WRITE
        if self.branch.protected and not self._may(permissions.ONTOLOGY_MERGE):
            return False
        return self._may(needed)

    @cached_property
    def may_branch(self) -> bool:
        """Whether this person may create branches."""
        return allowed(permissions.ONTOLOGY_BRANCH, ontology=self.name) or allowed(
            permissions.ONTOLOGY_WRITE, ontology=self.name
        )

    @cached_property
    def may_administer(self) -> bool:
        """Whether this person may protect branches and delete tags or the ontology."""
        return allowed(permissions.ONTOLOGY_ADMINISTER, ontology=self.name)

    @cached_property
    def may_erase(self) -> bool:
        """Whether this person may erase values for good."""
        return allowed(permissions.ONTOLOGY_ERASE, ontology=self.name)

    @cached_property
    def lives_elsewhere(self) -> bool:
        """Whether the ontology has a home of its own that this person may look at."""
        return self.may_administer and selectors.lives_elsewhere(ontology=self.name)

    @cached_property
    def open_strays(self) -> int:
        """How many changes of others in that home nobody has settled."""
        return selectors.count_open_strays(ontology=self.name)

    @property
    def why_read_only(self) -> str:
        """Why nothing can be edited here, as a sentence; empty when it can."""
        if self.may_write:
            return ""
        if self.tag is not None:
            return _("A tag never changes. Switch to a branch to edit.")
        if self.branch is None:
            return _("This is a moment in history. Switch to a branch to edit.")
        if self.branch.protected and self._may(permissions.ONTOLOGY_WRITE):
            return _("This branch is protected. Create a branch, edit there and merge it.")
        return _("You may read this ontology, but not change it.")

    def _may(self, permission: str) -> bool:
        branch = self.branch.name if self.branch else None
        return allowed(permission, ontology=self.name, branch=branch)


def open_workspace(request: HttpRequest, ontology: str, ref: str | None = None) -> Workspace:
    """The workspace that ``request`` asks for with ``?ref=``, and ``?at=`` for a time.

    Without a ref it is the one this person looked at last in this session, or the default branch.

    Raises:
        NotFound: no such ontology, or no such ref.
        BadRequest: ``at`` is no time, or the ref is no branch.
    """
    info = selectors.get_ontology(ontology=ontology)
    key = f"console_ref:{info.id}"
    asked = (request.GET.get("ref", "") if ref is None else ref).strip()
    at = request.GET.get("at", "").strip()
    if at:
        # The browser's box for a time has no zone; the page says that it means UTC.
        zoned = f"{at}Z" if _WITHOUT_ZONE.fullmatch(at) else at
        asked = selectors.ref_at(ontology=info.name, ref=asked.partition("@")[0], as_of=zoned)
    wanted = asked or str(request.session.get(key, "")) or info.default_branch
    try:
        commit = selectors.resolve_ref(ontology=info.name, ref=wanted)
    except OmsError:
        if asked:
            raise
        # What was remembered is gone (a deleted branch): go home instead of failing.
        wanted = info.default_branch
        commit = selectors.resolve_ref(ontology=info.name, ref=wanted)
    branch = _branch(info.name, wanted)
    tag = None if branch else _tag(info.name, wanted)
    if request.session.get(key) != wanted:
        request.session[key] = wanted
    return Workspace(ontology=info, ref=wanted, commit=commit, branch=branch, tag=tag)


def _branch(ontology: str, name: str) -> BranchInfo | None:
    try:
        return selectors.get_branch(ontology=ontology, name=name)
    except (Invalid, NotFound):
        return None


def _tag(ontology: str, name: str) -> TagInfo | None:
    try:
        return selectors.get_tag(ontology=ontology, name=name)
    except (Invalid, NotFound):
        return None
