"""What a commit gets from the secure store: the audit fields of its documents, and its author."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from oms_project.core.canonical_json import dumps_text
from oms_project.core.context import Actor
from oms_project.core.keys import SigningKey, keyring
from ontology.contract import CommitInfo
from ontology.domain.authorship import CommitClaim, sign_author, time_text

__all__ = ["SYSTEM_FIELDS", "Seal", "Stamps", "claim_of", "seal_of", "stamps"]

#: Members of documents that the system writes and no caller.
SYSTEM_FIELDS = frozenset(
    {
        "_created_by",
        "_created_by_username",
        "_created_at",
        "_updated_by",
        "_updated_by_username",
        "_updated_at",
        "_deleted",
        "_deleted_by",
        "_deleted_at",
        "_masked",  # what a reader may not see: sent back, it would take the values away
    }
)


class Stamps(NamedTuple):
    """The audit fields that one commit gives, as JSON members: on creation, on a change, and on a
    change that deletes.
    """

    created: str
    updated: str
    deleted: str


@dataclass(frozen=True, slots=True)
class Seal:
    """An actor who can sign; made by `seal_of` only.

    A store asks it for the stamps of what a commit writes and for the commit's signature, because
    only the store knows the commit's time and content, under the lock of the branch.
    """

    actor: Actor
    key: SigningKey

    @property
    def on_behalf_of(self) -> str:
        """Id of the user for whom the actor acts, or an empty string."""
        return "" if self.actor.on_behalf_of is None else self.actor.on_behalf_of.id

    def stamps(self, time: dt.datetime) -> Stamps:
        """The audit fields of what is written at ``time``."""
        return stamps(self.actor.id, self.actor.username, time)

    def sign(
        self,
        *,
        ontology_id: str,
        parents: tuple[str, ...],
        content: str,
        time: dt.datetime,
        message: str,
    ) -> str:
        """The signed author string of a commit."""
        claim = CommitClaim(
            ontology=ontology_id,
            parents=parents,
            content=content,
            author_id=self.actor.id,
            author_username=self.actor.username,
            time=time,
            message=message,
            on_behalf_of=self.on_behalf_of,
        )
        return sign_author(self.actor, claim, self.key)


def seal_of(actor: Actor) -> Seal:
    """The seal with which ``actor`` commits now.

    Raises:
        Unavailable: ``key_missing``; nothing can be signed.
    """
    return Seal(actor, keyring.signing_key("author"))


def claim_of(ontology_id: str, info: CommitInfo) -> CommitClaim:
    """What a stored commit says of itself."""
    return CommitClaim(
        ontology=ontology_id,
        parents=info.parents,
        content=info.content_hash,
        author_id=info.author_id,
        author_username=info.author_username,
        time=info.time,
        message=info.message,
        on_behalf_of=info.on_behalf_of_id,
    )


def stamps(author_id: str, author_username: str, time: dt.datetime) -> Stamps:
    """The audit fields that a commit of this author gives to what it writes."""
    moment, by, name = (
        dumps_text(value) for value in (time_text(time), author_id, author_username)
    )
    updated = f'"_updated_at":{moment},"_updated_by":{by},"_updated_by_username":{name}'
    return Stamps(
        f'"_created_at":{moment},"_created_by":{by},"_created_by_username":{name}',
        f'{updated},"_deleted":false,"_deleted_at":null,"_deleted_by":null',
        f'{updated},"_deleted":true,"_deleted_at":{moment},"_deleted_by":{by}',
    )
