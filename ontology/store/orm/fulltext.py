"""Full text: what becomes a word, and the indexes over the words, which each database makes its way.

Both databases get the same words, made here, so that both find the same.
"""

from __future__ import annotations

import re
import unicodedata

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

__all__ = ["drop_indexes", "install_indexes", "match_of", "words_of"]

_WORD = re.compile(r"[^\W_]+")
#: A query has at most so many words.
_MOST_WORDS = 20

_SQLITE = (
    "CREATE VIRTUAL TABLE ontology_text_live USING fts5("
    "text, content='ontology_textentry', content_rowid='id', tokenize='unicode61')",
    "CREATE VIRTUAL TABLE ontology_text_past USING fts5("
    "text, content='ontology_textentry', content_rowid='id', tokenize='unicode61')",
    "CREATE TRIGGER ontology_text_insert AFTER INSERT ON ontology_textentry "
    "WHEN new.seq_to IS NULL BEGIN "
    "INSERT INTO ontology_text_live(rowid, text) VALUES (new.id, new.text); END",
    "CREATE TRIGGER ontology_text_insert_past AFTER INSERT ON ontology_textentry "
    "WHEN new.seq_to IS NOT NULL BEGIN "
    "INSERT INTO ontology_text_past(rowid, text) VALUES (new.id, new.text); END",
    "CREATE TRIGGER ontology_text_close AFTER UPDATE OF seq_to ON ontology_textentry "
    "WHEN old.seq_to IS NULL AND new.seq_to IS NOT NULL BEGIN "
    "INSERT INTO ontology_text_live(ontology_text_live, rowid, text) "
    "VALUES ('delete', old.id, old.text); "
    "INSERT INTO ontology_text_past(rowid, text) VALUES (new.id, new.text); END",
    "CREATE TRIGGER ontology_text_delete AFTER DELETE ON ontology_textentry "
    "WHEN old.seq_to IS NULL BEGIN "
    "INSERT INTO ontology_text_live(ontology_text_live, rowid, text) "
    "VALUES ('delete', old.id, old.text); END",
    "CREATE TRIGGER ontology_text_delete_past AFTER DELETE ON ontology_textentry "
    "WHEN old.seq_to IS NOT NULL BEGIN "
    "INSERT INTO ontology_text_past(ontology_text_past, rowid, text) "
    "VALUES ('delete', old.id, old.text); END",
)
_SQLITE_DROP = (
    "DROP TRIGGER ontology_text_insert",
    "DROP TRIGGER ontology_text_insert_past",
    "DROP TRIGGER ontology_text_close",
    "DROP TRIGGER ontology_text_delete",
    "DROP TRIGGER ontology_text_delete_past",
    "DROP TABLE ontology_text_live",
    "DROP TABLE ontology_text_past",
)
_POSTGRESQL = (
    "CREATE INDEX ontology_text_live ON ontology_textentry "
    "USING gin (to_tsvector('simple', text)) WHERE seq_to IS NULL",
    "CREATE INDEX ontology_text_past ON ontology_textentry "
    "USING gin (to_tsvector('simple', text)) WHERE seq_to IS NOT NULL",
)
_POSTGRESQL_DROP = ("DROP INDEX ontology_text_live", "DROP INDEX ontology_text_past")


def install_indexes(editor: BaseDatabaseSchemaEditor) -> None:
    """Make the indexes and, on SQLite, the triggers that keep them."""
    postgresql = editor.connection.vendor == "postgresql"
    for statement in _POSTGRESQL if postgresql else _SQLITE:
        editor.execute(statement)


def drop_indexes(editor: BaseDatabaseSchemaEditor) -> None:
    """Undo ``install_indexes``."""
    postgresql = editor.connection.vendor == "postgresql"
    for statement in _POSTGRESQL_DROP if postgresql else _SQLITE_DROP:
        editor.execute(statement)


def words_of(text: str) -> str:
    """The words of a text, joined by spaces: letters and digits, without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    if not plain.isascii():
        plain = "".join(char for char in plain if not unicodedata.combining(char))
        # Hangul syllables fall apart in NFKD; together they are what people type.
        plain = unicodedata.normalize("NFC", plain)
    return " ".join(_WORD.findall(plain))


def match_of(text: str, *, postgresql: bool) -> str:
    """What the database matches for a text that somebody looks for: every word, by its beginning.

    Empty when the text holds no word.
    """
    words = words_of(text).split()[:_MOST_WORDS]
    if postgresql:
        return " & ".join(f"'{word}':*" for word in words)
    return " AND ".join(f'"{word}"*' for word in words)
