"""What makes the table of redactions append-only in the database itself, as the audit trail is.

The owner of the database can drop this; verification then finds what was changed, because every row
is signed, and every erasure says how many rows it has.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["drop_guards", "install_guards"]

_TABLE = "ontology_redaction"
_REFUSAL = "Redactions are append-only: ontology_redaction cannot be changed"
_SQLITE = {
    f"{_TABLE}_no_update": f"BEFORE UPDATE ON {_TABLE}",
    f"{_TABLE}_no_delete": f"BEFORE DELETE ON {_TABLE}",
    # INSERT OR REPLACE deletes without telling the trigger above.
    f"{_TABLE}_no_replace": (
        f"BEFORE INSERT ON {_TABLE} WHEN EXISTS (SELECT 1 FROM {_TABLE} WHERE id = NEW.id)"
    ),
}
_POSTGRESQL = {
    f"{_TABLE}_no_update": f"BEFORE UPDATE ON {_TABLE} FOR EACH ROW",
    f"{_TABLE}_no_delete": f"BEFORE DELETE ON {_TABLE} FOR EACH ROW",
    f"{_TABLE}_no_truncate": f"BEFORE TRUNCATE ON {_TABLE} FOR EACH STATEMENT",
}
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION {_TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS $refuse$
BEGIN
  RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'insufficient_privilege';
END
$refuse$
"""


def install_guards(connection: BaseDatabaseWrapper) -> None:
    """Make the triggers; those that are there are made anew."""
    drop_guards(connection)
    postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if postgresql:
            cursor.execute(_FUNCTION)
        act = (
            f"EXECUTE FUNCTION {_TABLE}_refuse()"
            if postgresql
            else f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
        for name, event in (_POSTGRESQL if postgresql else _SQLITE).items():
            cursor.execute(f"CREATE TRIGGER {name} {event} {act}")


def drop_guards(connection: BaseDatabaseWrapper) -> None:
    """Remove the triggers; those that are not there are no error."""
    postgresql = connection.vendor == "postgresql"
    on = f" ON {_TABLE}" if postgresql else ""
    with connection.cursor() as cursor:
        for name in _POSTGRESQL if postgresql else _SQLITE:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")
