"""Where the index lies. A document a row: its texts by field, and a side table of grams of one and two characters.

SQLite: two FTS5 tables, one of trigrams, one of grams. PostgreSQL: texts under an index of `pg_trgm` and grams under one
of arrays; where the extension is missing, the grams have three characters as well, and what they find is looked at again.
A gram begins with the letter of its field, so that a reader is answered from the fields that he may see.

A document has its place in the list as well, `rank`, where its table has one. PostgreSQL keeps it with the document, so that
of thousands that are found the first are known without a look at their rows; it is NULL where documents of that table have
none, or were made before there were any. On both, of a zone of documents next to each other in number the highest place is
known: when those that are found in the latest zones stand before all others, the rest need not be read.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.panel.core.db import db
from app.panel.core.finding import words
from app.panel.core.finding.plans import LETTERS, Plan

TEXTS, GRAMS, ZONES = "core_search_text", "core_search_gram", "core_search_zone"
ZONE_BITS = 10  # of the numbers of documents in one zone
PART_BITS = 17  # of those that PostgreSQL finds by their part, which is told like a gram
TRIGRAM_INDEX = "ix_core_search_text_trigram"
ON_SQLITE = (
    f"CREATE VIRTUAL TABLE {TEXTS} USING fts5({', '.join(LETTERS)}, tokenize='trigram case_sensitive 1')",
    f"CREATE VIRTUAL TABLE {GRAMS} USING fts5(grams, tokenize='ascii', detail='none', columnsize=0)",
)
ON_POSTGRESQL = (
    f"CREATE TABLE {TEXTS} (doc BIGINT PRIMARY KEY, {', '.join(f'{letter} TEXT' for letter in LETTERS)}, rank BIGINT)",
    f"CREATE TABLE {GRAMS} (doc BIGINT PRIMARY KEY, grams TEXT[] NOT NULL, rank BIGINT)",
    f"CREATE INDEX ix_{GRAMS} ON {GRAMS} USING gin (grams) WITH (fastupdate = off)",
)
TRIGRAMS = (
    f"CREATE INDEX IF NOT EXISTS {TRIGRAM_INDEX} ON {TEXTS} "
    f"USING gin ({', '.join(f'{letter} gin_trgm_ops' for letter in LETTERS)}) WITH (fastupdate = off)"
)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Document:
    """What the index holds of a row: texts and grams by the letter of the field."""

    key: int
    texts: dict[str, str]
    grams: dict[str, set[str]]
    rank: int | None = None


def document(plan: Plan, key: int, values: Iterable[Any], rank: Any = None) -> Document:
    """Of a row whose fields, in the order of the plan, hold these values.

    :param rank: what its place in the list is by
    """
    held = [(letter, value) for letter, value in zip(plan.letters.values(), values, strict=True) if value]
    return Document(
        key,
        {letter: words.searched_text(value) for letter, value in held},
        {letter: words.grams(value) for letter, value in held},
        place(rank),
    )


def place(rank: Any) -> int | None:
    """Of a row, as a whole number that orders rows in the same way."""
    if isinstance(rank, dt.datetime):
        return (rank - EPOCH) // dt.timedelta(microseconds=1)
    return rank.toordinal() if isinstance(rank, dt.date) else rank


def create(connection: Any) -> None:
    """Make the tables; the migration does the same for an instance that has them from there."""
    is_sqlite = connection.dialect.name == "sqlite"
    for statement in ON_SQLITE if is_sqlite else ON_POSTGRESQL:
        connection.exec_driver_sql(statement)
    if not is_sqlite:
        add_trigrams(connection)


def add_trigrams(connection: Any) -> bool:
    """Use `pg_trgm` where the server has it and lets us; False when not."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            connection.exec_driver_sql(TRIGRAMS)
    except DBAPIError as error:
        log.warning("search: no pg_trgm here, so searching goes through the table of grams (%s)", type(error.orig).__name__)
        return False
    return True


def has_trigrams() -> bool:
    """Is there a real trigram index? Asked of the database once a process."""
    known: bool | None = current_app.extensions.get("panel_search_trigrams")
    if known is None:
        known = db.session.connection().dialect.name == "sqlite" or bool(
            db.session.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": TRIGRAM_INDEX})
        )
        current_app.extensions["panel_search_trigrams"] = known
    return known


def forget_how() -> None:
    """Ask the database anew whether it has trigrams."""
    current_app.extensions.pop("panel_search_trigrams", None)


def remove(plan_base: int, keys: Sequence[int]) -> None:
    """Take documents out."""
    docs = [plan_base + key for key in keys]
    connection = db.session.connection()
    for name in (TEXTS, GRAMS):
        if connection.dialect.name == "sqlite":
            statement = f"DELETE FROM {name} WHERE rowid IN (SELECT value FROM json_each(?))"  # noqa: S608
            connection.exec_driver_sql(statement, (json.dumps(docs),))
        else:
            connection.exec_driver_sql(f"DELETE FROM {name} WHERE doc = ANY(%s)", (docs,))  # noqa: S608


def remove_between(low: int, high: int) -> None:
    """Take out all documents from one number to another."""
    connection = db.session.connection()
    key, mark = ("rowid", "?") if connection.dialect.name == "sqlite" else ("doc", "%s")
    for name in (TEXTS, GRAMS):
        connection.exec_driver_sql(f"DELETE FROM {name} WHERE {key} BETWEEN {mark} AND {mark}", (low, high))  # noqa: S608


def some_between(low: int, high: int, count: int) -> list[int]:
    """Numbers of documents from one number to another."""
    key, mark = ("rowid", "?") if db.session.connection().dialect.name == "sqlite" else ("doc", "%s")
    query = f"SELECT {key} FROM {GRAMS} WHERE {key} BETWEEN {mark} AND {mark} LIMIT {count}"  # noqa: S608
    return [doc for (doc,) in db.session.connection().exec_driver_sql(query, (low, high))]


def add(plan: Plan, documents: Sequence[Document]) -> None:
    """Put documents in that are not there."""
    letters = list(plan.letters.values())
    if not documents:
        return
    texts = [(plan.base + one.key, *(one.texts.get(letter) for letter in letters)) for one in documents]
    connection, with_three = db.session.connection(), not has_trigrams()
    grams = [(plan.base + one.key, sorted(_lettered(one, with_three))) for one in documents]
    if plan.rank:
        _raise_zones(plan, documents)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * (len(letters) + 1))
        into = f"INSERT INTO {TEXTS} (rowid, {', '.join(letters)}) VALUES ({marks})"  # noqa: S608
        connection.exec_driver_sql(into, texts)
        into = f"INSERT INTO {GRAMS} (rowid, grams) VALUES (?, ?)"  # noqa: S608
        connection.exec_driver_sql(into, [(doc, " ".join(found)) for doc, found in grams])
        return
    ranks = [one.rank for one in documents]
    if plan.rank:
        grams = [(doc, _with_part(found, part(doc - plan.base))) for doc, found in grams]
    # by no COPY, for which `rows.insert_many` says why
    read = ", ".join(f"value ->> {place}" for place in range(1, len(letters) + 1))
    for into, found, rows in (
        (f"{TEXTS} (doc, {', '.join(letters)}, rank)", read, texts),
        (f"{GRAMS} (doc, grams, rank)", "ARRAY(SELECT json_array_elements_text(value -> 1))", grams),
    ):
        told = f"(value ->> 0)::bigint, {found}, (value ->> -1)::bigint"
        asked = f"INSERT INTO {into} SELECT {told} FROM json_array_elements(%s::json)"  # noqa: S608
        connection.exec_driver_sql(asked, (json.dumps([(*row, rank) for row, rank in zip(rows, ranks, strict=True)]),))


def _lettered(one: Document, with_three: bool) -> set[str]:
    found = {letter + gram for letter, grams in one.grams.items() for gram in grams}
    if with_three:
        found |= {letter + gram for letter, value in one.texts.items() for gram in words.trigrams(value)}
    return found


def part(key: int) -> str:
    """By which PostgreSQL finds the documents of rows that are next to this one in number."""
    return f"#{key >> PART_BITS}"


def is_told_by_part(gram: str) -> bool:
    """Does a gram stand in a document once more with its part? Those that few documents have: for each of these PostgreSQL
    would look into another page of the hundred thousand that are in a part."""
    return len(gram) == words.SHORT and not gram.isascii()


def _with_part(grams: list[str], its: str) -> list[str]:
    return [*grams, *(gram + its for gram in grams if is_told_by_part(gram[1:])), its]


def _raise_zones(plan: Plan, documents: Iterable[Document]) -> None:
    """They are never lowered: a zone that is thought higher than it is costs a second look and no row."""
    highest: dict[int, int] = {}
    for one in documents:
        if one.rank is not None:
            zone = one.key >> ZONE_BITS
            highest[zone] = max(highest.get(zone, one.rank), one.rank)
    connection = db.session.connection()
    marks = "?, ?, ?" if connection.dialect.name == "sqlite" else "%s, %s, %s"
    higher = f"DO UPDATE SET highest = excluded.highest WHERE excluded.highest > {ZONES}.highest"
    into = f"INSERT INTO {ZONES} (number, zone, highest) VALUES ({marks}) ON CONFLICT (number, zone) {higher}"  # noqa: S608
    connection.exec_driver_sql(into, [(plan.number, *one) for one in sorted(highest.items())])
