"""The class hierarchy as a tree of links: only the part that is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.crypto import get_random_string
from django.utils.translation import get_language

from ontology.console.links import document_url
from ontology.console.presenters.values import text_in

if TYPE_CHECKING:
    from ontology.selectors import Hierarchy, HierarchyNode

__all__ = ["Outline", "TreeNode", "children_of", "matching", "outline", "path_to"]

#: Children drawn at once under one parent; beyond that, searching is the better way.
MOST_CHILDREN = 300
#: Matches of a search; whoever gets more types another letter.
MOST_MATCHES = 100
#: Deeper than any hierarchy that people make.
_DEEPEST = 60


@dataclass(slots=True)
class TreeNode:
    """One place in the tree; a class with two parents has two places."""

    rid: str
    name: str
    label: str
    status: str
    is_abstract: bool
    url: str
    level: int
    has_children: bool
    children: list[TreeNode] = field(default_factory=list)
    expanded: bool = False
    selected: bool = False
    matched: bool = False
    #: Id of the list of children in the page.
    group: str = field(default_factory=lambda: f"g-{get_random_string(8)}")


@dataclass(frozen=True, slots=True)
class Outline:
    """Some of the tree, and how many were left out."""

    nodes: list[TreeNode]
    left_out: int = 0


def outline(hierarchy: Hierarchy, ontology: str, ref: str, selected: str = "") -> Outline:
    """The roots, unfolded along the way to ``selected`` (or one level, when there is one root)."""
    path = path_to(hierarchy, selected) if selected in hierarchy.nodes else []
    few = not path and len(hierarchy.roots) <= 2
    opened = set(hierarchy.roots if few else path[:-1])
    builder = _Builder(hierarchy, ontology, ref, opened, selected)
    return Outline(builder.nodes(hierarchy.roots, 1), max(0, len(hierarchy.roots) - MOST_CHILDREN))


def children_of(hierarchy: Hierarchy, ontology: str, ref: str, parent: str, level: int) -> Outline:
    """What stands directly under ``parent``."""
    node = hierarchy.nodes.get(parent)
    children = node.children if node else ()
    builder = _Builder(hierarchy, ontology, ref, set(), "")
    return Outline(builder.nodes(children, level), max(0, len(children) - MOST_CHILDREN))


def matching(hierarchy: Hierarchy, ontology: str, ref: str, text: str) -> Outline:
    """The tree with only the classes whose name or label holds ``text``, and what leads there."""
    wanted = text.casefold()
    matches = [
        node
        for node in hierarchy.nodes.values()
        if wanted in node.name.casefold()
        or any(wanted in label.casefold() for label in node.label.values())
    ]
    # A name that starts with the text is what most people mean.
    matches.sort(key=lambda node: (not node.name.casefold().startswith(wanted), node.name))
    kept = {node.rid for node in matches[:MOST_MATCHES]}
    along = set(kept)
    for rid in kept:
        along.update(path_to(hierarchy, rid))
    builder = _Builder(hierarchy, ontology, ref, along - kept, "", keep=along, matched=kept)
    return Outline(builder.nodes(hierarchy.roots, 1), max(0, len(matches) - MOST_MATCHES))


def path_to(hierarchy: Hierarchy, rid: str) -> list[str]:
    """From a root down to ``rid``, by each first parent."""
    path: list[str] = []
    here: HierarchyNode | None = hierarchy.nodes.get(rid)
    while here is not None and here.rid not in path and len(path) < _DEEPEST:
        path.append(here.rid)
        here = hierarchy.nodes.get(here.parents[0]) if here.parents else None
    return path[::-1]


class _Builder:
    def __init__(
        self,
        hierarchy: Hierarchy,
        ontology: str,
        ref: str,
        opened: set[str],
        selected: str,
        *,
        keep: set[str] | None = None,
        matched: Iterable[str] = (),
    ) -> None:
        self.hierarchy = hierarchy
        self.ontology = ontology
        self.ref = ref
        self.opened = opened
        self.selected = selected
        self.keep = keep
        self.matched = frozenset(matched)

    def nodes(self, rids: Iterable[str], level: int) -> list[TreeNode]:
        """Places for ``rids``, with everything that is unfolded below them."""
        known = [self.hierarchy.nodes[rid] for rid in rids if rid in self.hierarchy.nodes]
        if self.keep is not None:
            known = [node for node in known if node.rid in self.keep]
        return [self._node(node, level) for node in known[:MOST_CHILDREN]]

    def _node(self, node: HierarchyNode, level: int) -> TreeNode:
        children: list[TreeNode] = []
        label = text_in(node.label, get_language() or "en")
        expanded = node.rid in self.opened and level < _DEEPEST
        if self.keep is not None and level < _DEEPEST:
            children = self.nodes(node.children, level + 1)
            expanded = bool(children)
        elif expanded:
            children = self.nodes(node.children, level + 1)
        return TreeNode(
            rid=node.rid,
            name=node.name,
            label=label if label != node.name else "",
            status=node.status,
            is_abstract=node.is_abstract,
            url=document_url(self.ontology, node.id, self.ref),
            level=level,
            has_children=bool(children) if self.keep is not None else bool(node.children),
            children=children,
            expanded=expanded,
            selected=node.rid == self.selected,
            matched=node.rid in self.matched,
        )
