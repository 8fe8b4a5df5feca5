"""Processes that work on an ontology in a home, and are killed at a step that they are told.

Its environment says where the home is (``TERMINUSDB_ENDPOINT``, or a folder), its standard input what
to do and where to die (``step:time``).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAME = "world"


def settings() -> None:
    """Those of development, in the folder that the environment names."""
    from oms_project.settings.env import use_settings

    use_settings("tests.faults.home_settings")
    import django

    django.setup()


def die_at(step: str, times: int) -> None:
    """Be killed, as by the system, when ``step`` is reached for the ``times``-th time."""
    from django.db import transaction

    from ontology.store import homed, intents

    left = times

    def reached(here: str) -> None:
        nonlocal left
        left -= here == step
        if here == step and left == 0:
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    def around(owner: Any, name: str) -> None:
        inner: Callable[..., Any] = getattr(owner, name)

        def outer(*args: Any, **named: Any) -> Any:
            reached(f"before {name}")
            result = inner(*args, **named)
            reached(f"after {name}")
            return result

        setattr(owner, name, outer)

    around(intents, "begin")
    around(intents, "confirm")
    around(homed, "kept_as")
    for name in ("land", "move_branch", "create_branch", "delete_branch", "create"):
        around(type(homed.home.land.__self__), name)  # type: ignore[attr-defined]
    around(transaction.Atomic, "__exit__")


def work(what: str) -> None:
    """One write to the ontology."""
    from ontology import services
    from ontology.contract import Change

    verb, _, name = what.partition(" ")
    match verb:
        case "create":
            services.create_ontology(name=NAME, base_iri="https://example.org/world/")
            services.create_branch(ontology=NAME, name="work")
        case "commit":
            services.commit_changes(
                ontology=NAME,
                branch="main",
                changes=[Change("create", kind="ObjectType", fields={"apiName": name})],
                message=name,
            )
        case "side":
            services.commit_changes(
                ontology=NAME,
                branch="work",
                changes=[Change("create", kind="ObjectType", fields={"apiName": name})],
                message=name,
            )
        case "merge":
            services.merge(ontology=NAME, source="work", into="main")
        case "forward":
            services.merge(ontology=NAME, source="main", into="work")
        case "another":
            services.create_ontology(name=name, base_iri="https://example.org/another/")
        case "branch":
            services.create_branch(ontology=NAME, name=name)
        case "unbranch":
            services.delete_branch(ontology=NAME, name=name)
        case "mend":
            from ontology.services import homes
            from ontology.services.homes.reconciling import reconcile_all
            from ontology.store.home_models import Stray

            reconcile_all()
            for stray in Stray.objects.filter(state=Stray.OPEN):
                homes.settle_stray(ontology=NAME, stray=stray.pk, way="discard")
        case "transfer":
            from ontology.services import homes

            homes.transfer(ontology=NAME, to=name)


def standing() -> dict[str, Any]:
    """What is there after home and index were held against each other."""
    from audit.models import Event as AuditEvent
    from events.models import Event
    from oms_project.core.canonical_json import loads
    from ontology import selectors
    from ontology.services.homes.reconciling import reconcile_all
    from ontology.store.home_models import Intent, Stray
    from ontology.store.orm.models import Commit

    report = reconcile_all()
    again = reconcile_all()
    audited = Counter(
        loads(row.body)["commit"]
        for row in AuditEvent.objects.filter(action__in=("ontology.committed", "ontology.created"))
    )
    told = Counter(
        data["commit"]
        for row in Event.objects.all()
        if (body := loads(row.body))["type"]
        in ("io.oms.ontology.commit.created.v1", "io.oms.ontology.created.v1")
        and (data := body["data"])
    )
    return {
        "problems": [*report.problems, *again.problems],
        "again": again.finished + again.strays,
        "finished": report.finished,
        "commits": sorted(Commit.objects.values_list("pk", flat=True)),
        "audited": audited,
        "told": told,
        "log": [
            item.message for item in selectors.log(ontology=NAME, ref="main", limit=1000).items
        ],
        "work": [
            item.message for item in selectors.log(ontology=NAME, ref="work", limit=1000).items
        ],
        "strays": [str(stray) for stray in Stray.objects.all()],
        "verified": [str(one) for one in selectors.verify(ontology=NAME).problems],
        "pending": Intent.objects.filter(state=Intent.PENDING).count(),
    }


def do(what: str, die: str, answer: str) -> None:
    """Do one thing."""
    from django.core.management import call_command

    from oms_project.core.context import SYSTEM, acting_as

    if what == "migrate":
        call_command("migrate", verbosity=0)
        return
    with acting_as(SYSTEM):
        if what == "look":
            Path(answer).write_text(json.dumps(standing()))
            return
        step, _, times = die.partition(":")
        if step:
            die_at(step, int(times or 1))
        for one in what.split(","):
            work(one)


def main() -> None:
    """For each line of standard input (``do``, ``die``, ``answer`` as JSON): a process of its own,
    which does it; on standard output: how that ended. Starting Django once, and not for every one of
    them, is what makes the experiments short.
    """
    settings()
    import ontology.selectors
    import ontology.services.homes  # noqa: F401

    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                do(asked["do"], asked["die"], asked["answer"])
                code = 0
            except BaseException:  # noqa: BLE001 - told to the one who asked
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{ended}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
