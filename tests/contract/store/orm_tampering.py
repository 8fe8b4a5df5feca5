"""What the owner of the database can do to the embedded store behind its back.

Each deed works on the ontology that ``test_verify.py`` has made. Foreign keys are checked at the end
of a transaction, which no test reaches: who owns a database can drop them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519
from django.db import connection

from oms_project.core.canonical_json import dumps_text
from oms_project.core.context import Actor
from oms_project.core.keys import PublicKey, SigningKey
from ontology.contract import CommitInfo
from ontology.domain.authorship import sign_author
from ontology.domain.redaction import sign_redaction
from ontology.store.hashing import commit_id, text_hash
from ontology.store.orm.append_only import drop_guards
from ontology.store.orm.redaction import claims_of
from ontology.store.orm.sql import COMMIT_COLUMNS, commit_from_row, rows
from ontology.store.sealing import claim_of
from tests.contract.store.world import a_type, rid

#: Takes the ontology's id.
Tampering = Callable[[str], None]

_VERSIONS = "ontology_documentversion"
_REDACTIONS = "ontology_redaction"
_INDEX = "ontology_documentindex"


def _run(sql: str, parameters: Sequence[Any] = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        assert cursor.rowcount > 0, "the deed has to do something"


def _one(sql: str, parameters: Sequence[Any] = ()) -> Any:
    return rows(sql, parameters)[0][0]


def _first_line(ontology: str) -> int:
    found = "SELECT id FROM ontology_line WHERE ontology_id = %s ORDER BY id LIMIT 1"
    return int(_one(found, [ontology]))


def _flat_line(ontology: str) -> int:
    """The line that took over versions of those before it."""
    return int(
        _one(
            "SELECT l.id FROM ontology_line l JOIN ontology_documentversion v ON v.line_id = l.id "
            "WHERE l.ontology_id = %s AND l.parent_id IS NOT NULL AND v.seq_from = l.fork_seq "
            "ORDER BY l.id LIMIT 1",
            [ontology],
        )
    )


def _set_version(ontology: str, key: str, assignments: str, *values: Any) -> None:
    """Change the latest version of a document on the first line."""
    _run(
        f"UPDATE {_VERSIONS} SET {assignments} WHERE line_id = %s AND rid = %s AND seq_from = "
        f"(SELECT MAX(seq_from) FROM {_VERSIONS} WHERE line_id = %s AND rid = %s)",
        [*values, _first_line(ontology), rid(key), _first_line(ontology), rid(key)],
    )


def _set_commit(ontology: str, assignments: str, *values: Any) -> None:
    """Change the second commit of the first line."""
    _run(
        f"UPDATE ontology_commit SET {assignments} WHERE line_id = %s AND seq = 2",
        [*values, _first_line(ontology)],
    )


def _body(ontology: str) -> None:
    body = dumps_text(a_type("Forged"))
    _set_version(ontology, "cat", "body = %s", body)


def _body_and_hash(ontology: str) -> None:
    body = dumps_text(a_type("Forged", parents=[rid("animal")], tags=["pet"]))
    _set_version(
        ontology,
        "cat",
        "body = %s, body_hash = %s, name_key = %s, search = %s",
        body,
        text_hash(body),
        "forged",
        "forged",
    )


def _no_json(ontology: str) -> None:
    _set_version(ontology, "cat", "body = %s, body_hash = %s", "{", text_hash("{"))


def _delete_row(ontology: str) -> None:
    _run(
        f"DELETE FROM {_VERSIONS} WHERE line_id = %s AND rid = %s",
        [_first_line(ontology), rid("dog")],
    )


def _add_row(ontology: str) -> None:
    body = dumps_text(a_type("Smuggled"))
    _run(
        f"INSERT INTO {_VERSIONS} (line_id, rid, kind, name_key, status, seq_from, deleted, body, "
        "body_hash, created, updated, search) "
        "VALUES (%s, %s, 'ObjectType', 'smuggled', 'active', 1, %s, %s, %s, '', '', 'smuggled')",
        [_first_line(ontology), rid("smuggled"), False, body, text_hash(body)],
    )


def _add_row_beyond(ontology: str) -> None:
    body = dumps_text(a_type("Smuggled"))
    _run(
        f"INSERT INTO {_VERSIONS} (line_id, rid, kind, name_key, status, seq_from, deleted, body, "
        "body_hash, created, updated, search) "
        "VALUES (%s, %s, 'ObjectType', 'smuggled', 'active', 99, %s, %s, %s, '', '', 'smuggled')",
        [_first_line(ontology), rid("smuggled"), False, body, text_hash(body)],
    )


def _add_index_of_nobody(ontology: str) -> None:
    _run(
        f"INSERT INTO {_INDEX} (line_id, rid, role, key, seq_from) VALUES (%s, %s, 'tag', 'x', 1)",
        [_first_line(ontology), rid("nobody")],
    )


def _add_index(ontology: str) -> None:
    _run(
        f"INSERT INTO {_INDEX} (line_id, rid, role, key, seq_from) VALUES (%s, %s, 'tag', 'x', 1)",
        [_first_line(ontology), rid("cat")],
    )


def _add_index_between(ontology: str) -> None:
    """Valid from the middle of a version's life on."""
    _run(
        f"INSERT INTO {_INDEX} (line_id, rid, role, key, seq_from) VALUES (%s, %s, 'tag', 'x', 4)",
        [_first_line(ontology), rid("animal")],
    )


def _end_index(ontology: str) -> None:
    _run(
        f"UPDATE {_INDEX} SET seq_to = 4 WHERE line_id = %s AND rid = %s",
        [_first_line(ontology), rid("animal")],
    )


def _swap_commits(ontology: str) -> None:
    line = _first_line(ontology)
    _run("UPDATE ontology_commit SET seq = -7 WHERE line_id = %s AND seq = 2", [line])
    _run("UPDATE ontology_commit SET seq = 2 WHERE line_id = %s AND seq = 3", [line])
    _run("UPDATE ontology_commit SET seq = 3 WHERE line_id = %s AND seq = -7", [line])
    _run(f"UPDATE {_VERSIONS} SET seq_from = -7 WHERE line_id = %s AND seq_from = 2", [line])
    _run(f"UPDATE {_VERSIONS} SET seq_from = 2 WHERE line_id = %s AND seq_from = 3", [line])
    _run(f"UPDATE {_VERSIONS} SET seq_from = 3 WHERE line_id = %s AND seq_from = -7", [line])


def _drop_commit(ontology: str) -> None:
    """The last commit of the first line, with all that it wrote, and everything put right again
    but what other branches and merges know of it.
    """
    line = _first_line(ontology)
    last = int(_one("SELECT tip_seq FROM ontology_line WHERE id = %s", [line]))
    _run("DELETE FROM ontology_commit WHERE line_id = %s AND seq = %s", [line, last])
    _run(f"DELETE FROM {_VERSIONS} WHERE line_id = %s AND seq_from = %s", [line, last])
    _run("UPDATE ontology_line SET tip_seq = %s WHERE id = %s", [last - 1, line])


def _drop_middle_commit(ontology: str) -> None:
    _run("DELETE FROM ontology_commit WHERE line_id = %s AND seq = 2", [_first_line(ontology)])


def _branch_to_nothing(ontology: str) -> None:
    _run("UPDATE ontology_branch SET head_id = %s WHERE ontology_id = %s", ["0" * 64, ontology])


def _branch_to_elsewhere(ontology: str) -> None:
    foreign = _one("SELECT id FROM ontology_commit WHERE ontology_id <> %s LIMIT 1", [ontology])
    _run(
        "UPDATE ontology_branch SET head_id = %s WHERE ontology_id = %s AND name = 'main'",
        [foreign, ontology],
    )


def _tag_to_nothing(ontology: str) -> None:
    _run("UPDATE ontology_tag SET commit_id = %s WHERE ontology_id = %s", ["0" * 64, ontology])


def _merged_commit_to_elsewhere(ontology: str) -> None:
    foreign = _one("SELECT id FROM ontology_commit WHERE ontology_id <> %s LIMIT 1", [ontology])
    _run(
        "UPDATE ontology_commit SET merged = %s WHERE ontology_id = %s AND merged <> ''",
        [foreign, ontology],
    )


def _commit_of_another_ontology(ontology: str) -> None:
    foreign = _one("SELECT id FROM ontology_ontology WHERE id <> %s LIMIT 1", [ontology])
    _set_commit(ontology, "ontology_id = %s", foreign)


def _chain(ontology: str) -> None:
    """Reads of a branch go on to an earlier place than the branch was forked from."""
    line, chain = rows(
        "SELECT id, chain FROM ontology_line WHERE ontology_id = %s AND parent_id IS NOT NULL "
        "ORDER BY id LIMIT 1",
        [ontology],
    )[0]
    places = json.loads(chain)
    places[0][1] -= 1
    _run("UPDATE ontology_line SET chain = %s WHERE id = %s", [json.dumps(places), line])


def _cut_chain(ontology: str) -> None:
    line = _one(
        "SELECT id FROM ontology_line WHERE ontology_id = %s AND parent_id IS NOT NULL "
        "ORDER BY id LIMIT 1",
        [ontology],
    )
    _run("UPDATE ontology_line SET chain = '[]' WHERE id = %s", [line])


def _copied_row_deleted(ontology: str) -> None:
    line = _flat_line(ontology)
    _run(
        f"DELETE FROM {_VERSIONS} WHERE line_id = %s AND rid = %s AND seq_from = "
        "(SELECT fork_seq FROM ontology_line WHERE id = %s)",
        [line, rid("deep1"), line],
    )
    _run(f"DELETE FROM {_INDEX} WHERE line_id = %s AND rid = %s", [line, rid("deep1")])


def _copied_row_added(ontology: str) -> None:
    body = dumps_text(a_type("Smuggled"))
    line = _flat_line(ontology)
    _run(
        f"INSERT INTO {_VERSIONS} (line_id, rid, kind, name_key, status, seq_from, deleted, body, "
        "body_hash, created, updated, search) SELECT %s, %s, 'ObjectType', 'smuggled', 'active', "
        f"fork_seq, %s, %s, %s, '', '', 'smuggled' FROM ontology_line WHERE id = %s",
        [line, rid("smuggled"), False, body, text_hash(body), line],
    )


def _copied_row_changed(ontology: str) -> None:
    body = dumps_text(a_type("Forged", tags=["deep"]))
    _run(
        f"UPDATE {_VERSIONS} SET body = %s, body_hash = %s, name_key = 'forged', search = 'forged' "
        "WHERE line_id = %s AND rid = %s",
        [body, text_hash(body), _flat_line(ontology), rid("deep1")],
    )


def _copied_row_revived(ontology: str) -> None:
    _run(
        f"UPDATE {_VERSIONS} SET deleted = %s WHERE line_id = %s AND rid = %s",
        [False, _flat_line(ontology), rid("gone")],
    )


def _version(key: str, assignments: str, *values: Any) -> Tampering:
    return lambda ontology: _set_version(ontology, key, assignments, *values)


def _commit(assignments: str, *values: Any) -> Tampering:
    return lambda ontology: _set_commit(ontology, assignments, *values)


def _rewritten(sign: Callable[[CommitInfo, CommitInfo | None, int], str]) -> Tampering:
    """The whole history with other authors, and every id made anew so that the chain holds.

    ``sign`` gets a commit as it is to be, the one before it, and its number; it gives the author
    string.
    """

    def deed(ontology: str) -> None:
        found = rows(
            f"SELECT {COMMIT_COLUMNS} FROM ontology_commit c WHERE c.ontology_id = %s "
            "ORDER BY c.time, c.line_id, c.seq",
            [ontology],
        )
        renamed: dict[str, str] = {}
        last: CommitInfo | None = None
        for number, old in enumerate(commit_from_row(row) for row in found):
            parents = tuple(renamed[parent] for parent in old.parents)
            info = replace(old, parents=parents)
            signature = sign(info, last, number)
            identifier = commit_id(
                ontology_id=ontology,
                parents=parents,
                content=info.content_hash,
                author_id=info.author_id,
                author_username=info.author_username,
                time=info.time,
                message=info.message,
                signature=signature,
            )
            renamed[old.id] = identifier
            last = replace(info, signature=old.signature)
            _run(
                "UPDATE ontology_commit SET id = %s, parent = %s, merged = %s, signature = %s "
                "WHERE id = %s",
                [
                    identifier,
                    parents[0] if parents else "",
                    parents[1] if len(parents) > 1 else "",
                    signature,
                    old.id,
                ],
            )
        with connection.cursor() as cursor:
            for old_id, new_id in renamed.items():
                for table, column in (("branch", "head_id"), ("tag", "commit_id")):
                    cursor.execute(
                        f"UPDATE ontology_{table} SET {column} = %s WHERE {column} = %s",
                        [new_id, old_id],
                    )

    return deed


def _with_own_key(info: CommitInfo, _last: CommitInfo | None, _number: int) -> str:
    private = ed25519.Ed25519PrivateKey.generate()
    public = PublicKey("a-key-of-his-own", "author", "EdDSA", info.time, private.public_key())
    author = Actor(info.author_id, info.author_username)
    return sign_author(author, claim_of("any", info), SigningKey(public, private))


def _replayed(info: CommitInfo, last: CommitInfo | None, number: int) -> str:
    return last.signature if last is not None and number == 3 else info.signature


def _on_redactions(assignments: str, *values: Any) -> Tampering:
    """Change every row that says what was erased."""

    def deed(ontology: str) -> None:
        drop_guards(connection)
        _run(f"UPDATE {_REDACTIONS} SET {assignments} WHERE ontology_id = %s", [*values, ontology])

    return deed


def _without_redactions(more: str = "") -> Tampering:
    def deed(ontology: str) -> None:
        drop_guards(connection)
        _run(f"DELETE FROM {_REDACTIONS} WHERE ontology_id = %s {more}", [ontology])
        if not more:
            _run("UPDATE ontology_ontology SET erasures = 0 WHERE id = %s", [ontology])

    return deed


def _value_back(ontology: str) -> None:
    """The very text that a version was committed with."""
    body = dumps_text({"_type": rid("person"), "email": "ann@x.org", "name": "Ann"})
    _run(
        f"UPDATE {_VERSIONS} SET body = %s WHERE body_hash = %s AND rid = %s",
        [body, text_hash(body), rid("ann")],
    )


def _other_text(ontology: str) -> None:
    body = dumps_text({"_type": rid("person"), "_redacted": ["email"], "name": "Mallory"})
    _run(
        f"UPDATE {_VERSIONS} SET body = %s WHERE rid = %s AND line_id = %s",
        [body, rid("ann"), _first_line(ontology)],
    )


def _signed_by_himself(ontology: str) -> None:
    drop_guards(connection)
    private = ed25519.Ed25519PrivateKey.generate()
    claims = claims_of(ontology)
    for claim, _ in claims:
        public = PublicKey("mallorys", "author", "EdDSA", claim.time, private.public_key())
        _run(
            f"UPDATE {_REDACTIONS} SET signature = %s WHERE batch = %s AND position = %s",
            [sign_redaction(claim, SigningKey(public, private)), claim.batch, claim.position],
        )


#: Of an ontology in which the values of ``ann`` were erased.
REDACTION_TAMPERINGS: Mapping[str, Tampering] = {
    "an erased value that is back": _value_back,
    "another text than what was left": _other_text,
    "a redaction that is gone": _without_redactions("AND position = 0"),
    "all redactions gone with their count": _without_redactions(),
    "the reason of a redaction": _on_redactions("reason = 'Because'"),
    "a redaction of another document": _on_redactions("rid = %s", rid("other")),
    "a redaction signed with a key of his own": _signed_by_himself,
}

TAMPERINGS: Mapping[str, Tampering] = {
    "a body": _body,
    "a body and its hash and columns": _body_and_hash,
    "a body that is no JSON": _no_json,
    "a body that is not canonical": _version(
        "dog", "body = REPLACE(body, '\"apiName\":', '\"apiName\" :')"
    ),
    "a hash": _version("cat", "body_hash = %s", "0" * 64),
    "a kind": _version("cat", "kind = 'Interface'"),
    "a name column": _version("cat", "name_key = 'lion'"),
    "a status column": _version("cat", "status = 'archived'"),
    "a search column": _version("cat", "search = 'lion'"),
    "a document deleted by its flag": _version("cat", "deleted = %s", True),
    "a deleted document revived": _version("gone", "deleted = %s", False),
    "who created a document": _version("cat", "created = REPLACE(created, 'alice', 'mallory')"),
    "who updated a document": _version("cat", "updated = REPLACE(updated, 'bob', 'mallory')"),
    "when a document was updated": _version("cat", "updated = REPLACE(updated, '2026', '2020')"),
    "a version that ends without another": _version("cat", "seq_to = seq_from + 1"),
    "a version that begins earlier": _version("animal", "seq_from = seq_from - 1"),
    "a row that is gone": _delete_row,
    "a row that was added": _add_row,
    "a row added behind the last commit": _add_row_beyond,
    "a commit's author": _commit("author_id = '3'"),
    "a commit's author's name": _commit("author_username = 'mallory'"),
    "a commit's message": _commit("message = 'Nothing to see'"),
    "a commit's parent": lambda ontology: _set_commit(
        ontology,
        "parent = %s",
        _one("SELECT id FROM ontology_commit WHERE ontology_id = %s AND parent = ''", [ontology]),
    ),
    "a commit without its parent": _commit("parent = ''"),
    "a commit's second parent": _commit("merged = parent"),
    "a commit's content hash": _commit("content_hash = %s", "0" * 64),
    "a commit's count": _commit("change_count = 7"),
    "a commit's signature": _commit("signature = 'forged'"),
    "a commit's time": lambda ontology: _set_commit(
        ontology,
        "time = (SELECT created_at FROM ontology_ontology WHERE id = %s)",
        ontology,
    ),
    "a commit moved to another ontology": _commit_of_another_ontology,
    "two commits in the other order": _swap_commits,
    "a commit that is gone from the middle": _drop_middle_commit,
    "a commit that is gone from the end": _drop_commit,
    "a merge of what is elsewhere": _merged_commit_to_elsewhere,
    "an author replayed from another commit": _rewritten(_replayed),
    "an author that is not signed": _rewritten(lambda _info, _last, _number: ""),
    "authors signed with a key of his own": _rewritten(_with_own_key),
    "an index entry that is gone": lambda ontology: _run(
        f"DELETE FROM {_INDEX} WHERE line_id = %s AND rid = %s AND role = 'parents'",
        [_first_line(ontology), rid("cat")],
    ),
    "an index entry with another key": lambda ontology: _run(
        f"UPDATE {_INDEX} SET key = 'x' WHERE line_id = %s AND rid = %s AND role = 'parents'",
        [_first_line(ontology), rid("cat")],
    ),
    "an index entry that was added": _add_index,
    "an index entry added in between": _add_index_between,
    "an index entry that ends early": _end_index,
    "an index entry of nobody": _add_index_of_nobody,
    "a line's end": lambda ontology: _run(
        "UPDATE ontology_line SET tip_seq = tip_seq - 1 WHERE id = %s", [_first_line(ontology)]
    ),
    "a line's fork": lambda ontology: _run(
        "UPDATE ontology_line SET fork_seq = fork_seq - 1 "
        "WHERE ontology_id = %s AND parent_id IS NOT NULL",
        [ontology],
    ),
    "where a branch's reads go on": _chain,
    "a branch cut off from its origin": _cut_chain,
    "a copied row that is gone": _copied_row_deleted,
    "a copied row that was added": _copied_row_added,
    "a copied row that was changed": _copied_row_changed,
    "a copied row revived": _copied_row_revived,
    "a branch that points at nothing": _branch_to_nothing,
    "a branch that points at another ontology": _branch_to_elsewhere,
    "a tag that points at nothing": _tag_to_nothing,
}
