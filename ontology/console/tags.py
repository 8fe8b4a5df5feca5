"""Tags and filters of the console's templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from ontology.console.forms.labels import KIND_ICONS, KINDS
from ontology.console.links import document_url, is_local, page_url, target_of
from ontology.console.presenters import changes
from ontology.console.presenters.values import text_in
from ontology.console.workspace import Workspace

__all__ = ["register"]

register = template.Library()


@register.simple_tag
def console_url(workspace: Workspace, name: str, *arguments: str, **query: Any) -> str:
    """The address of a page of this ontology; the ref is kept unless ``ref`` says otherwise."""
    return page_url(name, workspace.name, *arguments, **{"ref": workspace.ref, **query})


@register.simple_tag
def target_url(workspace: Workspace, document_id: str, rid: str = "") -> str:
    """The page of a definition at this ref."""
    return document_url(workspace.name, target_of(document_id, rid or document_id), workspace.ref)


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """A Material Symbol; decoration only, so it is hidden from assistive technology."""
    if not name:
        return mark_safe("")
    return format_html(
        '<span class="material-symbols-outlined oms-icon {}" aria-hidden="true">{}</span>',
        extra,
        name,
    )


@register.filter
def kind_icon(kind: str) -> str:
    """The symbol of a kind."""
    return KIND_ICONS.get(kind, "draft")


@register.filter
def kind_label(kind: str) -> Any:
    """What a kind is called."""
    return KINDS.get(kind, kind)


@register.filter
def short(commit: str) -> str:
    """The first digits of a commit id."""
    return commit[:10]


@register.filter
def short_name(document_id: str) -> str:
    """``ObjectType/Person`` -> ``Person``."""
    return changes.short_name(document_id)


@register.filter
def kind_of(document_id: str) -> str:
    """``ObjectType/Person`` -> ``ObjectType``."""
    return document_id.partition("/")[0]


@register.filter
def local(reference: str) -> bool:
    """Whether a reference has a page here."""
    return is_local(reference)


@register.filter
def get(mapping: Any, key: str) -> Any:
    """``mapping[key]``, or an empty string."""
    return mapping.get(key, "") if mapping else ""


@register.simple_tag
def with_page(request: HttpRequest, number: int) -> str:
    """This address with another page number."""
    query = request.GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"


@register.filter
def in_language(texts: Any) -> str:
    """The text in the reader's language, or the nearest there is."""
    return text_in(texts, get_language() or "en")


@register.filter
def cardinality(limits: Any) -> str:
    """``{"min": 1}`` -> ``1..*``."""
    most = limits.get("max")
    return f"{limits.get('min', 0)}..{'*' if most is None else most}"
