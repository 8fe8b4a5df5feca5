"""What native data is made of: triples of nodes and typed literals."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, NamedTuple

__all__ = ["RDF_TYPE", "Literal", "Node", "Term", "Triple"]

RDF_TYPE = "rdf:type"


class Node(NamedTuple):
    """Something with a name.

    Attributes:
        name: relative to ``@base`` (``Airport/0198…``), or with a prefix: ``@schema:Airport``,
            ``sys:Class``, ``xsd:string``.
    """

    name: str


class Literal(NamedTuple):
    """A value.

    Attributes:
        type: ``xsd:string``, ``xsd:boolean``, ``xsd:integer``, ``xsd:decimal``, ``xsd:double``,
            ``xsd:date``, ``xsd:dateTime`` or ``xsd:time``.
        text: its lexical form, one for equal values: two literals are the same value exactly when
            they are equal. See ``ontology.domain.native.values``.
    """

    type: str
    text: str

    @property
    def json(self) -> Any:
        """What stands as ``@value`` in bindings: numbers are numbers (a decimal with a fraction is
        a ``Decimal``), true and false are so, everything else is text.
        """
        if self.type == "xsd:boolean":
            return self.text == "true"
        if self.type == "xsd:integer":
            return int(self.text)
        if self.type == "xsd:decimal":
            return int(self.text) if "." not in self.text else Decimal(self.text)
        if self.type == "xsd:double":
            number = float(self.text)
            return int(number) if number.is_integer() and math.isfinite(number) else number
        return self.text


Term = Node | Literal


class Triple(NamedTuple):
    """One thing that is said.

    Attributes:
        subject: a name as in ``Node``.
        predicate: one without a prefix is relative to ``@schema``.
    """

    subject: str
    predicate: str
    object: Term
