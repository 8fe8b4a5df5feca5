"""What actions, outcomes and findings are called on the screen."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from audit.contract import ACTIONS
from audit.verification import Kind

__all__ = ["ACTION_LABELS", "KIND_LABELS", "OUTCOME_LABELS", "action_label"]

#: The sentences of `audit.contract.ACTIONS`, to be translated.
ACTION_LABELS: Final = {
    "identity.login": _("Somebody signed in"),
    "identity.login_failed": _("A sign-in was refused"),
    "identity.locked_out": _("Too many failed sign-ins: locked for a while"),
    "identity.logout": _("Somebody signed out"),
    "identity.token_issued": _("Tokens were issued"),
    "identity.token_refreshed": _("Tokens were renewed"),
    "identity.token_revoked": _("A token or session was revoked"),
    "identity.token_reused": _("A renewed refresh token was used again: its session was ended"),
    "identity.password_changed": _("A password was changed"),
    "identity.delegation_granted": _("A service was allowed to act for a user"),
    "identity.delegation_revoked": _("A service may no longer act for a user"),
    "identity.delegation_used": _("A service took a token to act for a user"),
    "identity.secret_rotated": _("The secret of a service account was replaced"),
    "identity.key_rotated": _("A new signing key was made"),
    "identity.key_retired": _("A signing key was destroyed"),
    "identity.key_revoked": _("A signing key was declared lost"),
    "record.created": _("A row was added"),
    "record.changed": _("A row was changed"),
    "record.deleted": _("A row was deleted"),
    "ontology.created": _("An ontology was created"),
    "ontology.changed": _("Settings of an ontology were changed"),
    "ontology.deleted": _("An ontology was taken out of use"),
    "ontology.committed": _("A commit was made"),
    "ontology.fast_forwarded": _("A branch was moved forward"),
    "ontology.branch_created": _("A branch was created"),
    "ontology.branch_changed": _("The protection of a branch was changed"),
    "ontology.branch_deleted": _("A branch was deleted"),
    "ontology.tag_created": _("A tag was created"),
    "ontology.tag_deleted": _("A tag was deleted"),
    "ontology.restricted_read": _("Restricted or secret values were read"),
    "kernel.queried": _("An ontology's home answered a query itself, with all that it holds"),
    "home.stray_found": _("Something was changed in an ontology's home behind OMS's back"),
    "home.stray_settled": _("A change behind OMS's back was settled"),
    "home.transferred": _("An ontology moved to another home"),
    "home.rebuilt": _("The index of an ontology was made anew from its home"),
    "home.rewritten": _("The home of an ontology was written anew from its index"),
    "ontology.redacted": _("Values of an object or link were erased for good"),
    "access.denied": _("Something was not allowed"),
    "configuration.changed": _("The configuration was changed"),
    "audit.read": _("The audit trail was searched"),
    "audit.exported": _("The audit trail was exported"),
    "audit.checkpoint": _("A checkpoint was written"),
    "audit.sealed": _("A range of the trail was sealed"),
    "audit.verified": _("The trail was verified"),
    "webhook.created": _("A webhook was registered"),
    "webhook.changed": _("A webhook was changed"),
    "webhook.deleted": _("A webhook was deleted"),
    "webhook.verified": _("The receiver of a webhook proved that it wants its events"),
    "webhook.enabled": _("A webhook was enabled"),
    "webhook.paused": _("A webhook was paused"),
    "webhook.disabled": _("A webhook was disabled, because its receiver is gone or dead"),
    "webhook.secret_rotated": _("A webhook got a new secret"),
    "webhook.tested": _("A webhook was tried"),
    "routing.created": _("A routing rule was made"),
    "routing.changed": _("A routing rule was changed"),
    "routing.deleted": _("A routing rule was deleted"),
    "event.replayed": _("Events were sent again"),
    "event.released": _("A quarantined event was sent again, or dropped"),
    "job.submitted": _("A job was submitted"),
    "job.cancelled": _("A job was cancelled"),
}

OUTCOME_LABELS: Final = {
    "success": _("Success"),
    "failure": _("Failed"),
    "denied": _("Denied"),
}

KIND_LABELS: Final = {
    Kind.ALTERED: _("Altered"),
    Kind.DELETED: _("Deleted"),
    Kind.INSERTED: _("Inserted"),
    Kind.REORDERED: _("Reordered"),
    Kind.TRUNCATED: _("Cut off"),
    Kind.FORGED_HEAD: _("Forged head"),
    Kind.MISSING_HEAD: _("Missing head"),
    Kind.ALTERED_NODE: _("Altered hash"),
    Kind.FORGED_SEAL: _("Forged seal"),
    Kind.SEALED_FILE: _("Sealed file"),
    Kind.UNSEQUENCED: _("Waits too long"),
    Kind.UNPROTECTED: _("Unprotected"),
}


def action_label(action: str) -> str:
    """The sentence for an action; its name when there is none yet."""
    return str(ACTION_LABELS.get(action) or ACTIONS.get(action) or action)
