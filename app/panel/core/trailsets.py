"""The trail of rows that are changed as a set: the database itself writes it, a line for each row, and which lines are about a row.

Of a set that takes in all numbers from one to another the lines lie as its rows do, so that where that of a row lies is told by a
span in the place of an index: to put each line into one, at a place of its own, takes longer than to write it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    Integer,
    LargeBinary,
    Select,
    String,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.panel.core import sets
from app.panel.core.db import db
from app.panel.core.history import HistoryEntry, line_of
from app.panel.core.rows import among, insert_columns

LINES: Any = HistoryEntry.__table__
ALIKE = ("at", "actor_id", "actor_name", "verb", "table", "path", "run_id", "request_id", "why", "ip")  # in all lines of a set
SALT = 16  # bytes
FEWEST = 100  # rows of a set that is told by spans
PART_BITS = 12  # rows whose numbers differ in these bits alone are looked for together
NUMBER = text("SELECT nextval(pg_get_serial_sequence('core_history', 'id'))")
LAST = text("SELECT currval(pg_get_serial_sequence('core_history', 'id'))")


class HistorySpan(Model):
    """Where lines lie that are `by_span`: that of the row `first_key` is `first_id`, that of the next row the next, and so on."""

    __tablename__ = "core_history_span"
    __table_args__ = {"sqlite_with_rowid": False}

    part: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    table: Mapped[str] = mapped_column(String(80), primary_key=True)
    first_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    first_key: Mapped[int] = mapped_column(Integer, nullable=False)
    last_key: Mapped[int] = mapped_column(Integer, nullable=False)


SPANS: Any = HistorySpan.__table__


def record_selected(
    model: type[Any], entries: Select[Any], *, verb: str, actor: Any = None, why: str = "", in_order: bool = False,
    span: tuple[int, int] | None = None,
) -> None:  # fmt: skip
    """The trail of a set-based change, as the database itself tells it: a query of (row id, changes as `diff` writes them).

    :param in_order: the query gives the rows in their order by itself, and they need not be sorted
    :param span: from which number to which its rows are, none of which is missing
    """
    told: dict[str, Any] = {}
    if span is not None and sets.is_postgresql():  # random bytes of each line are cheaper to send than it makes them
        told = {"line_salt": secrets.token_bytes(SALT * (span[1] - span[0] + 1)), "line_first": span[0]}
    statement = telling(entries, in_order=in_order, are_told=bool(told))
    tell(statement, model, verb=verb, actor=actor, why=why, given=told, span=span)


def span_of(keys: Sequence[int]) -> tuple[int, int] | None:
    """From which number to which these are; None where one is missing, or so few are better off in the index."""
    if len(keys) < FEWEST:
        return None
    low, high = min(keys), max(keys)
    return (low, high) if high - low + 1 == len(set(keys)) == len(keys) else None


def telling(entries: Select[Any], *, in_order: bool = False, are_told: bool = False) -> Insert:
    """The statement of `record_selected`, to be kept; what it is told by `tell` is alike in all of its lines.

    :param are_told: the salts come along
    """
    constants: dict[str, Any] = {name: bindparam(f"line_{name}", type_=LINES.c[name].type) for name in (*ALIKE, "by_span")}
    if in_order:
        key, *_pairs = entries.selected_columns
        query = entries.add_columns(*constants.values(), *_salts(key, are_told))
    else:
        key, pairs = entries.subquery("told").columns
        query = select(key, pairs, *constants.values(), *_salts(key, are_told)).order_by(key)
    names = [*constants, *(["salt"] if len(query.selected_columns) > len(constants) + 2 else [])]
    return insert(LINES).from_select(("key", "changes", *names), query, include_defaults=False)


def tell(
    statement: Insert, model: type[Any], *, verb: str, actor: Any = None, why: str = "", given: Mapping[str, Any] | None = None,
    span: tuple[int, int] | None = None,
) -> None:  # fmt: skip
    """Write the lines of `telling`. `given`: what its query is told; `span`: as in `record_selected`, where a run writes them: what
    others change is looked for in the index."""
    alike = line_of(model.__tablename__, 0, verb, {}, why, actor)
    span = span if alike["run_id"] is not None else None
    lines = {f"line_{name}": alike[name] for name in ALIKE}
    before = _number() if span else 0
    told = {**lines, "line_by_span": True if span else None, "line_salt": secrets.token_bytes(32), **(given or {})}
    db.session.execute(statement, told)
    if span:
        _lay_out(model.__tablename__, span, before, int(db.session.scalar(LAST) or 0) if sets.is_postgresql() else _number())


def _salts(key: ColumnElement[int], are_told: bool) -> list[ColumnElement[bytes]]:
    """What makes the commitment of each line of a set unguessable. To PostgreSQL sixteen random bytes a row are a third of what the
    row costs: there they are told, or the hash of the row's number with 32 of them, which stand nowhere and are gone with the
    statement."""
    if not sets.is_postgresql():
        return []  # its own default is as cheap
    if are_told:
        place = (key - bindparam("line_first", type_=Integer)) * literal_column(str(SALT)) + literal_column("1")
        return [func.substr(bindparam("line_salt", type_=LargeBinary), place, literal_column(str(SALT)), type_=LargeBinary)]
    told = bindparam("line_salt", type_=LargeBinary).op("||")(func.int8send(cast(key, BigInteger)))
    return [func.substr(func.sha256(told), 1, SALT, type_=LargeBinary)]


def _number() -> int:
    """The last number that a line of the trail has got so far; PostgreSQL gives one away for it."""
    query = NUMBER if sets.is_postgresql() else select(func.coalesce(func.max(LINES.c.id), 0))
    return int(db.session.scalar(query) or 0)


def _lay_out(table: str, span: tuple[int, int], before: int, last: int) -> None:
    """Write down where the lines of a span lie, behind one number and up to another. On PostgreSQL others may have taken numbers in
    between: then each stretch of lines that follow each other is a span by itself."""
    (low, high), part = span, 1 << PART_BITS
    if last - before == high - low + 1:
        starts = [low, *range((low // part + 1) * part, high + 1, part), high + 1]
        firsts, lasts = starts[:-1], [following - 1 for _start, following in pairwise(starts)]
        insert_columns(SPANS, {
            "part": [key >> PART_BITS for key in firsts], "first_id": [before + 1 + key - low for key in firsts],
            "first_key": firsts, "last_key": lasts,
        }, {"table": table})  # fmt: skip
        return
    mine = LINES.c.id.between(before + 1, last) & (LINES.c.table == table) & LINES.c.key.between(low, high) & LINES.c.by_span
    parted = LINES.c.key.op(">>")(literal_column(str(PART_BITS)))
    stretches = (
        select(parted, literal(table, String), func.min(LINES.c.id), func.min(LINES.c.key), func.max(LINES.c.key))
        .where(mine).group_by(parted, LINES.c.id - LINES.c.key)
    )  # fmt: skip
    names = ["part", "table", "first_id", "first_key", "last_key"]
    db.session.execute(insert(SPANS).from_select(names, stretches, include_defaults=False))


def about(table: str | None, keys: int | Collection[int]) -> ColumnElement[bool]:
    """The condition of the lines about one row or some; of no table in particular where none is told."""
    line = LINES.alias("about_line")
    numbers = [keys] if isinstance(keys, int) else keys
    asked = line.c.key == keys if isinstance(keys, int) else among(line.c.key, numbers)
    named, spanned = [asked, line.c.by_span.is_(None)], []
    if table is not None:
        named.append(line.c.table == table)
        spanned.append(SPANS.c.table == table)
    meant = sets.listed([(key,) for key in numbers], {"key": Integer})
    found = (
        select(SPANS.c.first_id + meant.c.key - SPANS.c.first_key).select_from(meant)
        .join(SPANS, SPANS.c.part == meant.c.key.op(">>")(literal_column(str(PART_BITS))))
        .where(meant.c.key.between(SPANS.c.first_key, SPANS.c.last_key), *spanned)
    )  # fmt: skip
    return LINES.c.id.in_(union_all(select(line.c.id).where(*named), found))  # type: ignore[no-any-return]


def of(obj: Any, limit: int = 100) -> list[HistoryEntry]:
    """The trail of a row, latest first."""
    query = select(HistoryEntry).where(about(obj.__tablename__, obj.id))
    return list(db.session.scalars(query.order_by(HistoryEntry.id.desc()).limit(limit)))


def forget_empty() -> None:
    """Forget the spans of lines that are gone."""
    last = SPANS.c.first_id + SPANS.c.last_key - SPANS.c.first_key
    db.session.execute(delete(SPANS).where(~exists().where(LINES.c.id.between(SPANS.c.first_id, last))))
