"""What an operation may ask for: judged on its text, before anything is validated or run.

`check_shape` looks at the document alone and takes time linear in its length, whatever its fragments
would unfold to: each fragment is measured once. `cost_of` follows the schema and multiplies what is
asked of each item by the number of items that are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)

from oms_project.core.errors import TooLarge

__all__ = ["LIST_SIZE", "MUTATION_COST", "Limits", "check_shape", "cost_of", "current_limits"]

#: A list that cannot be asked for in pages counts as so many items.
LIST_SIZE: Final = 10
#: A mutation: checks, a commit, an event of the trail, events.
MUTATION_COST: Final = 10
#: Arguments that say how many items there will be.
_SIZES: Final = ("first", "limit")
#: The argument that names every item.
_IDS: Final = "ids"
_HUGE: Final = 10**12


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one operation; each names the setting that it comes from.

    Attributes:
        depth: fields within fields.
        fields: after fragments are unfolded.
        aliases: likewise.
        root_fields: fields of the operation itself.
        fragments: fragments that a document defines.
        directives: in the whole document.
        directives_per_node: on one field, fragment or operation.
        cost: see `cost_of`.
    """

    depth: int
    fields: int
    aliases: int
    root_fields: int
    fragments: int
    directives: int
    directives_per_node: int
    cost: int


def current_limits() -> Limits:
    """As the settings say."""
    return Limits(
        depth=settings.OMS_GRAPHQL_MAX_DEPTH,
        fields=settings.OMS_GRAPHQL_MAX_FIELDS,
        aliases=settings.OMS_GRAPHQL_MAX_ALIASES,
        root_fields=settings.OMS_GRAPHQL_MAX_ROOT_FIELDS,
        fragments=settings.OMS_GRAPHQL_MAX_FRAGMENTS,
        directives=settings.OMS_GRAPHQL_MAX_DIRECTIVES,
        directives_per_node=4,
        cost=settings.OMS_GRAPHQL_MAX_COST,
    )


@dataclass(slots=True)
class _Size:
    """What a selection unfolds to; numbers stop at `_HUGE`."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    roots: int = 0


def check_shape(document: DocumentNode, limits: Limits) -> None:
    """Refuse a document that is too deep, too wide or too clever.

    Raises:
        TooLarge: which bound, how much was asked for, and how much may be.
    """
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    operations = [
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    ]
    _bound("fragments", len(fragments), limits.fragments)
    measure = _Measure(fragments, limits)
    for node in (*fragments.values(), *operations):
        measure.directives_of(node)
    for name in fragments:
        measure.fragment(name)
    for operation in operations:
        size = measure.selection(operation.selection_set)
        _bound("root fields", size.roots, limits.root_fields)
        _bound("fields", size.fields, limits.fields)
        _bound("aliases", size.aliases, limits.aliases)
        _bound("levels", size.depth, limits.depth)


class _Measure:
    """Sizes of selections; those of fragments are kept."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], limits: Limits) -> None:
        self._fragments = fragments
        self._limits = limits
        self._known: dict[str, _Size | None] = {}
        self._directives = 0

    def directives_of(self, node: Any) -> None:
        count = len(node.directives or ())
        if count:
            _bound("directives at one place", count, self._limits.directives_per_node)
            self._directives += count
            _bound("directives", self._directives, self._limits.directives)

    def fragment(self, name: str) -> _Size:
        if name in self._known:
            # None: it is being measured, so it contains itself; validation says so better.
            return self._known[name] or _Size()
        node = self._fragments.get(name)
        self._known[name] = None
        size = _Size() if node is None else self.selection(node.selection_set)
        self._known[name] = size
        return size

    def selection(self, node: SelectionSetNode, level: int = 1) -> _Size:
        # Before the interpreter's own bound on recursion: the text itself is this deep.
        _bound("levels", level, self._limits.depth * 4)
        found = _Size()
        for child in node.selections:
            self.directives_of(child)
            if isinstance(child, FieldNode):
                inner = (
                    _Size()
                    if child.selection_set is None
                    else self.selection(child.selection_set, level + 1)
                )
                found.fields = min(_HUGE, found.fields + 1 + inner.fields)
                found.aliases = min(
                    _HUGE, found.aliases + (child.alias is not None) + inner.aliases
                )
                found.depth = max(found.depth, 1 + inner.depth)
                found.roots += 1
            else:
                if isinstance(child, InlineFragmentNode):
                    inner = self.selection(child.selection_set, level + 1)
                else:
                    assert isinstance(child, FragmentSpreadNode)
                    inner = self.fragment(child.name.value)
                found.fields = min(_HUGE, found.fields + inner.fields)
                found.aliases = min(_HUGE, found.aliases + inner.aliases)
                found.depth = max(found.depth, inner.depth)
                found.roots = min(_HUGE, found.roots + inner.roots)
        return found


def _bound(what: str, asked: int, most: int) -> None:
    if asked > most:
        shown = f"{asked}" if asked < _HUGE else "far more"
        raise TooLarge(
            f"The document has {shown} {what}; at most {most} are allowed. Ask for less at once.",
            code="graphql_too_complex",
            data={"bound": what, "asked": min(asked, _HUGE), "max": most},
        )


def cost_of(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> int:
    """About how many things a valid operation reads.

    A field of a composite type costs 1, or what its definition says (``extensions["cost"]``), and
    a mutation `MUTATION_COST`; values cost nothing. What is asked of each item of a list is
    multiplied by ``first`` (or ``limit``), and where there is no such argument by what the
    definition says (``extensions["size"]``), or `LIST_SIZE`. The
    rules are those of the IBM cost specification (https://ibm.github.io/graphql-specs/cost-spec.html)
    with the sizes of lists taken from their arguments.
    """
    root = schema.get_root_type(operation.operation)
    if root is None:
        return 0
    defaults = {
        node.variable.name.value: node.default_value
        for node in operation.variable_definitions or ()
        if node.default_value is not None
    }
    walk = _Costs(schema, document, variables, defaults)
    base = MUTATION_COST if operation.operation == OperationType.MUTATION else 1
    return walk.selection(root, operation.selection_set, base)


class _Costs:
    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        variables: Mapping[str, Any],
        defaults: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._variables = variables
        self._defaults = defaults
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[tuple[str, int], int] = {}

    def selection(self, parent: Any, node: SelectionSetNode, base: int) -> int:
        total = 0
        for child in node.selections:
            if isinstance(child, FieldNode):
                field = self._schema.get_field(parent, child.name.value)
                if field is not None:
                    total += self._field(field, child, base)
            elif isinstance(child, InlineFragmentNode):
                condition = child.type_condition
                inner = parent if condition is None else self._schema.get_type(condition.name.value)
                total += self.selection(inner or parent, child.selection_set, base)
            elif isinstance(child, FragmentSpreadNode):
                total += self._spread(child.name.value, base)
            if total > _HUGE:
                return _HUGE
        return total

    def _spread(self, name: str, base: int) -> int:
        key = (name, base)
        if key not in self._known:
            self._known[key] = 0
            fragment = self._fragments[name]
            kind = self._schema.get_type(fragment.type_condition.name.value)
            self._known[key] = self.selection(kind, fragment.selection_set, base)
        return self._known[key]

    def _field(self, field: GraphQLField, node: FieldNode, base: int) -> int:
        extensions = _told(field)
        inner = get_named_type(field.type)
        if node.name.value.startswith("__"):
            return 1  # of the schema itself; GraphQL's own rule bounds its depth
        composite = is_composite_type(inner)
        own = int(extensions.get("cost", base if composite else 0))
        if not composite or node.selection_set is None:
            return own
        asked = self.selection(inner, node.selection_set, 1)
        size = self._size(field, node)
        # Edges and nodes of a page: the page's own argument has counted them.
        paged = extensions.get("in_page", False) or (
            size is None and node.name.value in ("edges", "nodes")
        )
        if _is_list(field.type) and not paged:
            return min(_HUGE, (size or int(extensions.get("size", LIST_SIZE))) * (own + asked))
        return min(_HUGE, own + (size or 1) * asked)

    def _size(self, field: GraphQLField, node: FieldNode) -> int | None:
        name = next((one for one in _SIZES if one in field.args), None)
        if name is None:
            return self._named(field, node)
        value: Any = field.args[name].default_value
        for argument in node.arguments or ():
            if argument.name.value == name:
                value = self._value(argument.value)
        size = value if isinstance(value, int) and not isinstance(value, bool) else None
        return max(1, size) if size is not None else int(_told(field).get("page", 50))

    def _named(self, field: GraphQLField, node: FieldNode) -> int | None:
        """How many items a field is asked for by name; None: it is not asked so."""
        if _IDS not in field.args:
            return None
        for argument in node.arguments or ():
            if argument.name.value == _IDS:
                if isinstance(argument.value, ListValueNode):
                    return max(1, len(argument.value.values))
                value = self._value(argument.value)
                return max(1, len(value)) if isinstance(value, list) else 1
        return 1

    def _value(self, node: Any) -> Any:
        if isinstance(node, VariableNode):
            name = node.name.value
            if name in self._variables:
                return self._variables[name]
            node = self._defaults.get(name)
        if isinstance(node, ListValueNode):
            return list(node.values)
        return int(node.value) if isinstance(node, IntValueNode) else None


def _told(field: GraphQLField) -> Mapping[str, Any]:
    """What the definition of a field says of its cost; those that strawberry makes say it there."""
    extensions: Mapping[str, Any] = field.extensions or {}
    made = extensions.get("strawberry-definition")
    return extensions if made is None else made.metadata


def _is_list(kind: Any) -> bool:
    while is_non_null_type(kind):
        kind = kind.of_type
    return is_list_type(kind)
