"""PUBLIC: what other apps may do with events beside telling them (`oms_project.core.outbox`).

An app that wants to do something about events registers a consumer, in its ``consumers.py``
(found by itself at boot)::

    @register_consumer("embeddings.refresh", types=("io.oms.ontology.definition.changed.v1",))
    def refresh(event: ReceivedEvent) -> None: ...

It runs in a transaction together with the note that it has seen the event: its effect in the
database happens once, however often the event arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

__all__ = [
    "Consumer",
    "ReceivedEvent",
    "forget_consumer",
    "register_consumer",
    "registered_consumers",
]


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event as a consumer gets it.

    Attributes:
        attributes: the CloudEvents attributes and extensions, as text.
        data: what it says.
    """

    attributes: Mapping[str, str]
    data: Any = field(repr=False)

    @property
    def id(self) -> str:
        """Unique together with the source."""
        return self.attributes["id"]

    @property
    def type(self) -> str:
        """Its type, with the version."""
        return self.attributes["type"]

    @property
    def ontology(self) -> str:
        """Name of the ontology; empty when it is about none."""
        return self.attributes.get("ontology", "")

    @property
    def branch(self) -> str:
        """Name of the branch; empty when it is about none."""
        return self.attributes.get("branch", "")


F = TypeVar("F", bound=Callable[[ReceivedEvent], None])


@dataclass(frozen=True, slots=True)
class Consumer:
    """A registered consumer.

    Attributes:
        name: stable, ``app.verb``; it stands in stored rows and in durable consumers of streams.
        types: patterns of event types, ``*`` stands for any text; empty: every type.
        function: called once per event.
    """

    name: str
    types: tuple[str, ...]
    function: Callable[[ReceivedEvent], None] = field(repr=False)


_consumers: dict[str, Consumer] = {}


def register_consumer(name: str, *, types: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Register the decorated function as the consumer ``name``.

    Raises:
        ValueError: another function has the name.
    """

    def decorate(function: F) -> F:
        present = _consumers.get(name)
        if present is not None and present.function is not function:
            raise ValueError(f"Two functions register the consumer {name!r}.")
        _consumers[name] = Consumer(name, types, function)
        return function

    return decorate


def registered_consumers() -> tuple[Consumer, ...]:
    """Every consumer, by name."""
    return tuple(consumer for _, consumer in sorted(_consumers.items()))


def forget_consumer(name: str) -> None:
    """Take a consumer out again, for tests."""
    _consumers.pop(name, None)
