"""Committing from a form: what a service refuses comes back as messages for its boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _

from oms_project.core.errors import Conflict, Invalid, OmsError, PreconditionFailed
from ontology import services
from ontology.console.links import commit_url, page_url
from ontology.console.workspace import Workspace
from ontology.contract import Change, CommitInfo, CommitResult

__all__ = ["Attempt", "attempt", "say_committed"]

#: A message longer than this is a document; the box says so too.
MESSAGE_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Attempt:
    """Outcome of a commit from a form.

    Attributes:
        result: None when it was refused.
        errors: ``{"field", "message", "document", "rid"}`` each; at least one when refused.
        changed_meanwhile: whether somebody else changed the document since it was opened.
    """

    result: CommitResult | None = None
    errors: Sequence[dict[str, Any]] = field(default_factory=tuple)
    changed_meanwhile: bool = False


def attempt(
    workspace: Workspace, changes: Sequence[Change], message: str, *, dry_run: bool = False
) -> Attempt:
    """Commit ``changes`` on the workspace's branch, or find out what would happen.

    Refusals that a person can do something about become errors; others (no permission, no such
    ontology) are raised and become a page of their own.
    """
    try:
        result = services.commit_changes(
            ontology=workspace.name,
            branch=workspace.ref,
            changes=changes,
            message=message[:MESSAGE_LENGTH],
            dry_run=dry_run,
        )
    except PreconditionFailed as error:
        return Attempt(errors=errors_of(error), changed_meanwhile=True)
    except (Invalid, Conflict) as error:
        return Attempt(errors=errors_of(error))
    return Attempt(result=result)


def errors_of(error: OmsError) -> list[dict[str, Any]]:
    """The single problems of ``error``; its own sentence when it names none."""
    return error.errors or [{"field": "", "message": error.message}]


def say_committed(request: HttpRequest, workspace: Workspace, commit: CommitInfo | None) -> None:
    """Tell of a commit, with a way to look at it and a way back."""
    if commit is None:
        messages.info(request, _("Nothing was different, so there is no new commit."))
        return
    messages.success(
        request,
        format_html(
            '{} <a href="{}">{}</a> · <a href="{}">{}</a>',
            _("Committed: %(message)s") % {"message": commit.message.partition("\n")[0]},
            commit_url(workspace.name, commit.id),
            _("View changes"),
            page_url("revert", workspace.name, commit.id, branch=workspace.ref),
            _("Undo"),
        ),
    )
