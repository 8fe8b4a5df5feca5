"""What makes the trail append-only in the database itself, on SQLite and on PostgreSQL.

No UPDATE, no DELETE, no TRUNCATE and no overwriting INSERT of what is written. One exception: an
event may be deleted whose leaf lies in a range that `audit_seal` names. The owner of the database
can drop all this; verification then says so, and finds what was changed.
"""

from __future__ import annotations

from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

__all__ = ["TABLES", "drop_triggers", "install_triggers", "missing_triggers", "statements"]

#: Table -> its primary key.
TABLES: Final = {
    "audit_event": ("id",),
    "audit_leaf": ("idx",),
    "audit_node": ("level", "idx"),
    "audit_tree_head": ("size",),
    "audit_seal": ("first",),
}
_SEALED = (
    "EXISTS (SELECT 1 FROM audit_leaf JOIN audit_seal"
    " ON audit_leaf.idx BETWEEN audit_seal.first AND audit_seal.last"
    " WHERE audit_leaf.event_id = OLD.id)"
)


def _refusal(table: str) -> str:
    return f"The audit trail is append-only: {table} cannot be changed"


def _sqlite() -> dict[str, str]:
    triggers = {}
    for table, key in TABLES.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{_refusal(table)}'); END"
        when = f" WHEN NOT {_SEALED}" if table == "audit_event" else ""
        same = " AND ".join(f'"{part}" = NEW."{part}"' for part in key)
        triggers[f"{table}_no_update"] = f"BEFORE UPDATE ON {table} {refuse}"
        triggers[f"{table}_no_delete"] = f"BEFORE DELETE ON {table}{when} {refuse}"
        # INSERT OR REPLACE deletes without telling the trigger above.
        triggers[f"{table}_no_replace"] = (
            f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}"
        )
    return {name: f"CREATE TRIGGER {name} {text}" for name, text in triggers.items()}


_POSTGRESQL_FUNCTIONS: Final = {
    "audit_refuse": """
BEGIN
  RAISE EXCEPTION 'The audit trail is append-only: % cannot be changed', TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END
""",
    "audit_refuse_unsealed": f"""
BEGIN
  IF {_SEALED} THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'The audit trail is append-only: % cannot be changed', TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END
""",
}


def _postgresql() -> dict[str, str]:
    triggers = {}
    for table in TABLES:
        refuse = "EXECUTE FUNCTION audit_refuse()"
        delete = refuse.replace("_refuse", "_refuse_unsealed") if table == "audit_event" else refuse
        triggers[f"{table}_no_update"] = f"BEFORE UPDATE ON {table} FOR EACH ROW {refuse}"
        triggers[f"{table}_no_delete"] = f"BEFORE DELETE ON {table} FOR EACH ROW {delete}"
        triggers[f"{table}_no_truncate"] = f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}"
    return {name: f"CREATE TRIGGER {name} {text}" for name, text in triggers.items()}


def statements(vendor: str) -> dict[str, str]:
    """Trigger -> the statement that makes it."""
    return _postgresql() if vendor == "postgresql" else _sqlite()


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    """Make them all; those that are there are made anew."""
    drop_triggers(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name, source in _POSTGRESQL_FUNCTIONS.items():
                cursor.execute(
                    f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
                    f" AS $audit${source}$audit$"
                )
        for statement in statements(connection.vendor).values():
            cursor.execute(statement)


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    """Remove them all; those that are not there are no error."""
    with connection.cursor() as cursor:
        for name in statements(connection.vendor):
            table = name.rpartition("_")[0].removesuffix("_no")
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def missing_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of the triggers that are gone, switched off, or not what we made."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return _missing_on_postgresql(cursor)
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        found = dict(cursor.fetchall())
    return [name for name, text in _sqlite().items() if found.get(name) != text]


def _missing_on_postgresql(cursor: CursorWrapper) -> list[str]:
    tables = ", ".join(f"to_regclass('{table}')" for table in TABLES)
    cursor.execute(
        "SELECT t.tgname, p.proname, p.prosrc FROM pg_trigger t"
        " JOIN pg_proc p ON p.oid = t.tgfoid"
        f" WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgrelid IN ({tables})"
    )
    found = {
        trigger
        for trigger, function, source in cursor.fetchall()
        if _POSTGRESQL_FUNCTIONS.get(function) == source
        and f" EXECUTE FUNCTION {function}()" in _postgresql().get(trigger, "")
    }
    return [name for name in _postgresql() if name not in found]
