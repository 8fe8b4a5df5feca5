"""Types that are rows of the database: columns that are listed, and rows that are asked for."""

from __future__ import annotations

from typing import Any

import strawberry_django
from strawberry_django.fields.field import StrawberryDjangoField

__all__ = ["Column", "RowNode", "column"]


class Column(StrawberryDjangoField):
    """A column of a row that is there: read as any attribute, in a tenth of the time that
    strawberry-django takes to find out whether it would have to be loaded.
    """

    @property
    def is_basic_field(self) -> bool:
        """Whether there is no function to call."""
        return self.base_resolver is None

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """The value."""
        if self.base_resolver is not None:
            return super().get_result(source, info, args, kwargs)
        return getattr(source, self.django_name or self.python_name)


def column(description: str, name: str | None = None) -> Any:
    """A column that needs words, or another name than in the row (``name``)."""
    return strawberry_django.field(field_name=name, description=description, field_cls=Column)


class RowNode:
    """What a node that is a row has in common with other nodes; stands before `relay.Node`.

    strawberry-django's own way to a node asks nobody whether the actor may see it: a node is found
    by ``resolve_nodes``, with a selector.
    """

    @classmethod
    def resolve_id(cls, root: Any, *, info: Any) -> str:
        """Its primary key."""
        del info
        return str(root.pk)

    @classmethod
    def resolve_node(cls, node_id: str, *, info: Any, required: bool = False) -> Any:
        """One node."""
        found = cls.resolve_nodes(  # type: ignore[attr-defined] # the type's own
            info=info, node_ids=[node_id], required=required
        )
        return found[0]
