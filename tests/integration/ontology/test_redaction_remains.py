"""What an erasure leaves behind: nothing in any table, and on SQLite nothing in the file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.db import connection

from ontology import selectors, services
from tests.integration.ontology.conftest import NAME, Ontology, prop
from tests.integration.ontology.people import put, rid
from tests.services import ROOT

SECRET = "hildegard@example.org"


def tables_with(text: str) -> list[str]:
    """Tables with ``text`` in some column of some row, as it is or in lower case."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows = " ".join(str(value) for row in cursor.fetchall() for value in row)
            if text.casefold() in rows.casefold():
                found.append(table)
    return found


def test_no_table_has_the_value_any_more(world: Ontology) -> None:
    world.create(
        "ObjectType", "Person", properties=[prop("name", "string"), prop("mail", "string")]
    )
    person = selectors.get_document(ontology=NAME, target="ObjectType/Person").rid
    iri = f"https://example.org/{SECRET}"
    put(NAME, "ann", {"_type": person, "_iri": iri, "_key": [SECRET], "mail": SECRET, "name": "H"})
    world.branch("work")
    put(NAME, "ann", {"_type": person, "_iri": iri, "_key": [SECRET], "mail": SECRET, "name": "I"})
    put(NAME, "ann", None, branch="work")
    assert "ontology_documentversion" in tables_with(SECRET)
    services.redact(ontology=NAME, target=rid("ann"), fields=["mail", "_iri"], reason="Asked for")
    assert tables_with(SECRET) == []
    assert selectors.verify(ontology=NAME).ok


_SCRIPT = """
import django
django.setup()
from django.core.management import call_command
from oms_project.core.context import SYSTEM, acting_as
from ontology import selectors, services
from ontology.contract import Change
from tests.integration.ontology.people import put, rid

call_command("migrate", verbosity=0)
secret = "hildegard@example.org"
with acting_as(SYSTEM):
    services.create_ontology(name="hr", base_iri="https://example.org/hr/")
    person = {"_type": rid("person")}
    for number in range(300):  # pages split, and keep what was moved in space that is free then
        put("hr", f"other{number}", {**person, "name": "x" * number, "mail": f"{number}@x.org"})
        if number % 10 == 0:
            put("hr", "ann", {**person, "mail": secret, "note": f"{secret} {number}", "name": "A"})
    put("hr", "ann", None)
    print(open(path, "rb").read().count(secret.encode()) + wal().count(secret.encode()))
    services.redact(ontology="hr", target=rid("ann"), reason="Asked for")
    assert selectors.verify(ontology="hr").ok
print(open(path, "rb").read().lower().count(secret.encode()), wal().lower().count(secret.encode()))
"""


def test_the_file_of_the_database_has_the_value_no_more(tmp_path: Path) -> None:
    """The script runs on a database of its own, a file with a write-ahead log."""
    database = tmp_path / "erased.sqlite3"
    head = f"""
from pathlib import Path
path = {str(database)!r}
def wal():
    log = Path(path + "-wal")
    return log.read_bytes() if log.exists() else b""
"""
    done = subprocess.run(
        [sys.executable, "-c", head + _SCRIPT],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "oms_project.settings.dev",
            "DATABASE_URL": f"sqlite:///{database}",
            "OMS_KEYS_DIR": str(tmp_path / "keys"),
            "OMS_SPOOL_DIR": str(tmp_path / "spool"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    before, after = done.stdout.splitlines()[-2:]
    assert int(before) > 30
    assert after == "0 0"
    assert "stands elsewhere" not in done.stderr
