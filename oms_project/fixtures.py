"""``dumpdata`` and ``loaddata`` in JSON, with times as they are.

Django's own encoder cuts times to milliseconds. A commit's id is a hash over its time, so a history
that was moved to another database that way would not verify any more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.serializers.json import Deserializer, DjangoJSONEncoder
from django.core.serializers.json import Serializer as JSONSerializer

__all__ = ["Deserializer", "Serializer"]


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


class Serializer(JSONSerializer):
    """Named in ``SERIALIZATION_MODULES`` as the JSON format."""

    def start_serialization(self) -> None:
        """Begin a fixture; see Django."""
        self.options.setdefault("cls", _Encoder)
        super().start_serialization()
