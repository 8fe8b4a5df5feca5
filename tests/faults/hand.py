"""A process that does in OMS what a test tells it, as the administrator: Python in, JSON out.

Each line of its input is a JSON text: the body of a function, which may return JSON values.
"""

from __future__ import annotations

import json
import os
import sys
import textwrap
import traceback


def main() -> None:
    # What is logged must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import django

    django.setup()
    from oms_project.core.context import Source, acting_as, request_scope
    from oms_project.core.ids import new_id
    from oms_project.identity.contract import actor_of
    from oms_project.identity.models import User

    actor = actor_of(User.objects.get(username="admin"))
    source = Source(door="cli", operation="test")
    for line in sys.stdin:
        place: dict[str, object] = {}
        try:
            exec("def step():\n" + textwrap.indent(json.loads(line), "    "), place)
            with acting_as(actor), request_scope(new_id(), source):
                answer = {"value": place["step"]()}  # type: ignore[operator]
        except Exception:  # noqa: BLE001 - whatever it is, the test hears of it
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
