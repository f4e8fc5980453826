"""What keeps the trail (`core_history`) from being rewritten, and the two doors that have to exist all the same.

The database itself refuses to change or delete a line, by triggers. Three verbs may, each by opening a door for the
length of its own transaction: a row in `core_history_door` that no other transaction ever sees, since it is gone
again before the commit. The triggers are there against mistakes of ours. Whoever writes SQL himself can drop them;
what he does then is found by the chain (`core.chain`), which has to hold in spite of all three doors:

*Erasure* (GDPR 17, PIPL 47: `blot`). A person's data must leave lines that are sealed already. So a block never seals
what a line says, but a commitment to it: the SHA-256 of a random salt and of its content (who by name, by which path,
from where, why, before and after). Blotting replaces the content, keeps the commitment in `was` and forgets the
salt. The leaf of the line is computed from `was` from then on and stays the same, so the chain still verifies. And
without the salt, sixteen random bytes, the commitment says nothing any more: a bare hash of a phone number would be
found by trying all of them. That a line was blotted cannot be claimed afterwards by whoever likes to change one: `blot`
adds a line of its own, sealed like all others, with the digest of what now stands in each line that it blotted.
A line whose `was` is set and whose content is not the one announced was tampered with.

*Retention* (`core.retention`) removes whole sealed blocks. Their digests stay, and a block of another kind, sealed
into the same chain, says which were removed.

*The demo* (`core.demo`) takes its own lines along when it goes. The chain begins anew behind the last block from before
it: nothing of a demo is evidence of anything.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import Integer, String, bindparam, delete, event, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import mapped_column

from app.panel.core import history
from app.panel.core.db import db
from app.panel.core.history import HistoryEntry
from app.panel.core.transaction import transactional

ERASURE, RETENTION, DEMO = "erasure", "retention", "demo"
CONTENT = ("actor_name", "path", "ip", "why", "changes")  # what a person may be found in; the rest is numbers and code
PLAIN = ("id", "at", "actor_id", "verb", "table", "key", "run_id", "request_id")
BLOTTED = "history.blotted"
CHUNK = 500
GUARDS = ("core_history_no_update", "core_history_no_delete", "core_history_block_no_update", "core_history_block_no_delete")
TABLE: Any = HistoryEntry.__table__
ENCODED = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class Door(Model):
    """An open door. It is closed before its transaction ends, so that a row that anybody finds here is a forgery."""

    __tablename__ = "core_history_door"

    id = mapped_column(Integer, primary_key=True)
    opened_for = mapped_column(String(20), nullable=False)


def _sqlite(table: str, may_update: str, may_delete: str, fixed: tuple[str, ...]) -> list[str]:
    open_ = "EXISTS (SELECT 1 FROM core_history_door WHERE opened_for IN ({}))"
    moved = " OR ".join(f'NEW."{name}" IS NOT OLD."{name}"' for name in fixed)
    return [
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_update BEFORE UPDATE ON {table}\n"
        f"WHEN NOT {open_.format(may_update)} OR {moved}\n"
        f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END",
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_delete BEFORE DELETE ON {table}\n"
        f"WHEN NOT {open_.format(may_delete)}\n"
        f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END",
    ]


def _postgresql(table: str, may_update: str, may_delete: str, fixed: tuple[str, ...]) -> list[str]:
    open_ = "EXISTS (SELECT 1 FROM core_history_door WHERE opened_for IN ({}))"
    moved = " OR ".join(f'NEW."{name}" IS DISTINCT FROM OLD."{name}"' for name in fixed)
    return [
        f"CREATE OR REPLACE FUNCTION {table}_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        f"IF TG_OP = 'UPDATE' AND {open_.format(may_update)} AND NOT ({moved}) THEN RETURN NEW; END IF;\n"
        f"IF TG_OP = 'DELETE' AND {open_.format(may_delete)} THEN RETURN OLD; END IF;\n"
        f"RAISE EXCEPTION '{table} only grows' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE OR REPLACE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_kept()",
        f"CREATE OR REPLACE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_kept()",
        f"CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {table}_kept()",
    ]


def guards(dialect: str) -> list[str]:
    """The statements that make the triggers; safe to repeat. A migration holds a copy of them."""
    build = _sqlite if dialect == "sqlite" else _postgresql
    sealed = ("id", "kind", "first_id", "last_id", "rows", "digest", "previous", "seal", "sealed_at", "newest_at")
    return [
        *build("core_history", "'erasure'", "'retention', 'demo'", PLAIN),
        *build("core_history_block", "'retention'", "'demo'", sealed),
    ]


@event.listens_for(Model.metadata, "after_create")
def _guard(_metadata: Any, connection: Any, tables: Any = (), **_options: Any) -> None:
    """Tables that are made without a migration are guarded, too."""
    if any(table.name == Door.__tablename__ for table in tables):
        for statement in guards(connection.dialect.name):
            connection.exec_driver_sql(statement)


@contextlib.contextmanager
def door(opened_for: str) -> Iterator[None]:
    """Let lines be changed or removed for as long as this lasts. Only inside a transaction."""
    made = db.session.execute(insert(Door).values(opened_for=opened_for))
    number = made.inserted_primary_key[0]  # type: ignore[attr-defined]
    close = delete(Door).where(Door.id == number)
    try:
        yield
        db.session.flush()
    except BaseException:
        with contextlib.suppress(SQLAlchemyError):  # PostgreSQL does nothing more in a transaction that failed
            db.session.execute(close)
        raise
    db.session.execute(close)


def _canonical(value: Any) -> bytes:
    return ENCODED(value).encode("utf-8", "surrogatepass")


def digest_of(content: list[Any], salt: bytes | None = None) -> str:
    """The SHA-256 of what a line says; with its salt it is the commitment."""
    return hashlib.sha256((salt or b"") + _canonical(content)).hexdigest()


def content_of(row: Any) -> list[Any]:
    return [getattr(row, name) for name in CONTENT]


def leaf(row: Any) -> bytes:
    """What a block seals of a line."""
    said = row.was or digest_of(content_of(row), row.salt)
    plain = [row.id, row.at.isoformat(), row.actor_id, row.verb, row.table, row.key, row.run_id, row.request_id]
    return hashlib.sha256(_canonical([*plain, said])).digest()


@transactional
def blot(
    which: Any, change: Callable[[Mapping[str, Any]], dict[str, Any]], *, why: str = "", actor: Any = None
) -> int:
    """Replace what the lines that fulfil a condition say, and add a line that tells that it was done.

    :param change: from the content of a line (`CONTENT`) to what is to stand there instead, in part or whole
    :return: how many lines were changed
    """
    wanted = [TABLE.c[name] for name in ("id", "salt", "was", *CONTENT)]
    updates = []
    for row in db.session.execute(select(*wanted).where(which).order_by(TABLE.c.id)).all():
        said = {name: getattr(row, name) for name in CONTENT}
        new = {**said, **change(said)}
        if new != said:
            kept = {"line": row.id, "commitment": row.was or digest_of(content_of(row), row.salt)}
            updates.append(kept | {f"new_{name}": value for name, value in new.items()})
    if not updates:
        return 0
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in CONTENT} | {"was": bindparam("commitment"), "salt": None}
    statement = update(TABLE).where(TABLE.c.id == bindparam("line")).values(values)
    with door(ERASURE):
        db.session.connection().execute(statement, updates)
        for start in range(0, len(updates), CHUNK):
            told = {str(one["line"]): digest_of([one[f"new_{name}"] for name in CONTENT]) for one in updates[start : start + CHUNK]}
            history.record_about("core_history", BLOTTED, {"lines": [None, len(told)], "now": [None, told]}, why=why, actor=actor)
    return len(updates)
