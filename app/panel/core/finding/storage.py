"""Where the index lies. A document a row: its texts by field, and a side table of grams of one and two characters.

SQLite: two FTS5 tables, one of trigrams, one of grams. PostgreSQL: texts under an index of `pg_trgm` and grams under one
of arrays; where the extension is missing, the grams have three characters as well, and what they find is looked at again.
A gram begins with the letter of its field, so that a reader is answered from the fields that he may see.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    column,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    text,
    type_coerce,
    union_all,
)
from sqlalchemy.exc import DBAPIError

from app.panel.core.db import db
from app.panel.core.finding import words
from app.panel.core.finding.plans import LETTERS, Plan

TEXTS, GRAMS = "core_search_text", "core_search_gram"
TRIGRAM_INDEX = "ix_core_search_text_trigram"
ON_SQLITE = (
    f"CREATE VIRTUAL TABLE {TEXTS} USING fts5({', '.join(LETTERS)}, tokenize='trigram case_sensitive 1')",
    f"CREATE VIRTUAL TABLE {GRAMS} USING fts5(grams, tokenize='ascii', detail='none', columnsize=0)",
)
ON_POSTGRESQL = (
    f"CREATE TABLE {TEXTS} (doc BIGINT PRIMARY KEY, {', '.join(f'{letter} TEXT' for letter in LETTERS)})",
    f"CREATE TABLE {GRAMS} (doc BIGINT PRIMARY KEY, grams TEXT[] NOT NULL)",
    f"CREATE INDEX ix_{GRAMS} ON {GRAMS} USING gin (grams) WITH (fastupdate = off)",
)
TRIGRAMS = (
    f"CREATE INDEX IF NOT EXISTS {TRIGRAM_INDEX} ON {TEXTS} "
    f"USING gin ({', '.join(f'{letter} gin_trgm_ops' for letter in LETTERS)}) WITH (fastupdate = off)"
)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Document:
    """What the index holds of a row: texts and grams by the letter of the field."""

    key: int
    texts: dict[str, str]
    grams: dict[str, set[str]]


def document(plan: Plan, key: int, values: Iterable[Any]) -> Document:
    """Of a row whose fields, in the order of the plan, hold these values."""
    held = [(letter, value) for letter, value in zip(plan.letters.values(), values, strict=True) if value]
    return Document(
        key,
        {letter: words.searched_text(value) for letter, value in held},
        {letter: words.grams(value) for letter, value in held},
    )


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
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * (len(letters) + 1))
        into = f"INSERT INTO {TEXTS} (rowid, {', '.join(letters)}) VALUES ({marks})"  # noqa: S608
        connection.exec_driver_sql(into, texts)
        into = f"INSERT INTO {GRAMS} (rowid, grams) VALUES (?, ?)"  # noqa: S608
        connection.exec_driver_sql(into, [(doc, " ".join(found)) for doc, found in grams])
        return
    # by no COPY, for which `rows.insert_many` says why
    read = ", ".join(f"value ->> {place}" for place in range(1, len(letters) + 1))
    for into, found, rows in (
        (f"{TEXTS} (doc, {', '.join(letters)})", read, texts),
        (f"{GRAMS} (doc, grams)", "ARRAY(SELECT json_array_elements_text(value -> 1))", grams),
    ):
        asked = f"INSERT INTO {into} SELECT (value ->> 0)::bigint, {found} FROM json_array_elements(%s::json)"  # noqa: S608
        connection.exec_driver_sql(asked, (json.dumps(rows),))


def _lettered(one: Document, with_three: bool) -> set[str]:
    found = {letter + gram for letter, grams in one.grams.items() for gram in grams}
    if with_three:
        found |= {letter + gram for letter, value in one.texts.items() for gram in words.trigrams(value)}
    return found


def documents_with(plan: Plan, letters: Sequence[str], asked: Sequence[str]) -> Select[Any] | None:
    """The keys of the rows in whose fields all of these words are found; None where a word has nothing to look for."""
    short = [words.gram_of(word) for word in asked if len(word) <= words.SHORT]
    if not letters or not all(short):
        return None
    long = [word for word in asked if len(word) > words.SHORT]
    parts = _on_sqlite if db.session.connection().dialect.name == "sqlite" else _on_postgresql
    return parts(plan, letters, short, long)


def anywhere(places: Sequence[tuple[Plan, Sequence[str]]], asked: Sequence[str]) -> set[int]:
    """The numbers of the plans in whose fields such words may be found: one statement, written by hand, for SQLAlchemy takes
    ten times as long to put forty questions together as the database to answer them."""
    short = [gram for word in asked if len(word) <= words.SHORT and (gram := words.gram_of(word))]
    long = [word for word in asked if len(word) > words.SHORT]
    if not places or not (short or long):
        return set()
    connection = db.session.connection()
    parts = _texts_on_sqlite if connection.dialect.name == "sqlite" else _texts_on_postgresql
    questions, values = [], []
    for plan, letters in places:
        conditions, own = parts(plan, letters, short, long)
        questions.append(f"SELECT {plan.number} WHERE {' AND '.join(conditions)}")
        values += own
    return {number for (number,) in connection.exec_driver_sql(" UNION ALL ".join(questions), tuple(values))}


def _texts_on_sqlite(plan: Plan, letters: Sequence[str], short: list[str], long: list[str]) -> tuple[list[str], list[Any]]:
    asked = _matches(letters, short, long)
    exists = [
        f"EXISTS (SELECT 1 FROM {name} WHERE {name} MATCH ? AND rowid BETWEEN {plan.base} AND {plan.end})"  # noqa: S608
        for name, _match in asked
    ]
    return exists, [match for _name, match in asked]


def _texts_on_postgresql(plan: Plan, letters: Sequence[str], short: list[str], long: list[str]) -> tuple[list[str], list[Any]]:
    within, parts, values = f"doc + 0 BETWEEN {plan.base} AND {plan.end}", [], list[Any]()
    if long and has_trigrams():
        like = " AND ".join(f"({' OR '.join(f'{letter} LIKE %s' for letter in letters)})" for _word in long)
        parts.append(f"EXISTS (SELECT 1 FROM {TEXTS} WHERE {within} AND {like})")  # noqa: S608
        values += [f"%{_plainly(word)}%" for word in long for _letter in letters]
    grams = [[letter + gram for letter in letters] for gram in short]
    whole = [] if has_trigrams() else [[letter + gram for gram in words.trigrams(word)] for word in long for letter in letters]
    held = ["grams && %s" for _one in grams]
    if whole:
        by_word = [" OR ".join("grams @> %s" for _letter in letters) for _word in long]
        held += [f"({one})" for one in by_word]
    if held:
        parts.append(f"EXISTS (SELECT 1 FROM {GRAMS} WHERE {within} AND {' AND '.join(held)})")  # noqa: S608
        values += [*grams, *whole]
    return parts, values


def _plainly(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _matches(letters: Sequence[str], short: list[str], long: list[str]) -> list[tuple[str, str]]:
    """(table, what it is to match) in the language of FTS5."""
    fields, found = " ".join(letters), []
    if long:
        quoted = (f'{{{fields}}} : "{word.replace(chr(34), chr(34) * 2)}"' for word in long)
        found.append((TEXTS, " AND ".join(quoted)))
    if short:
        found.append((GRAMS, " AND ".join(f"({' OR '.join(letter + gram for letter in letters)})" for gram in short)))
    return found


def stands_in(plan: Plan, letters: Sequence[str], asked: Sequence[str], key: Any) -> ColumnElement[bool]:
    """Do all of these words stand in the document of the row with this key? For rows that are gone through one by one: the
    document is looked up, which costs SQLite a hundredth of asking FTS5 about one row."""
    short = [words.gram_of(word) for word in asked if len(word) <= words.SHORT]
    long = [word for word in asked if len(word) > words.SHORT]
    parts = _documents_on_sqlite if db.session.connection().dialect.name == "sqlite" else _documents_on_postgresql
    wanted = type_coerce(key, BigInteger) + literal(plan.base, BigInteger)
    # a value and not EXISTS, of which PostgreSQL would make a join, so that all rows are found first
    return and_(*(
        func.coalesce(select(and_(*held)).where(number == wanted).scalar_subquery(), false())
        for number, held in parts(letters, short, long) if held
    ))  # fmt: skip


def share_of_latest(plan: Plan, letters: Sequence[str], asked: Sequence[str], count: int) -> Select[Any]:
    """In how many of the latest documents of a model do all of these words stand? A part of one."""
    is_sqlite = db.session.connection().dialect.name == "sqlite"
    number: ColumnElement[int] = literal_column("id" if is_sqlite else "doc", BigInteger)
    home = table(f"{GRAMS}_content" if is_sqlite else GRAMS)
    latest = select(number.label("doc")).select_from(home).where(number.between(plan.base, plan.end))
    docs = latest.order_by(number.desc()).limit(count).subquery("latest")
    held = case((stands_in(plan, letters, asked, docs.c.doc - plan.base), 1.0), else_=0.0)
    return select(func.coalesce(func.avg(held), 0.0).label("share")).select_from(docs)


def first_unless_dense(statement: Select[Any], share: Select[Any], most: int, limit: float) -> list[int] | None:
    """The first keys that are found; None when the share is above a limit, which is asked in the same breath."""
    known = share.cte("known")
    asked = select(known.c.share).scalar_subquery()
    dense = select(literal(-1, BigInteger).label("key")).where(asked > limit)
    keys = statement.where(asked <= limit).limit(most).subquery("found")
    found = list(db.session.scalars(union_all(dense, select(keys.c.key))))
    return None if found == [-1] else found


Held = list[tuple[Any, list[ColumnElement[bool]]]]


def _documents_on_sqlite(letters: Sequence[str], short: list[str], long: list[str]) -> Held:
    texts = table(f"{TEXTS}_content", column("id"), *(column(f"c{place}") for place in range(len(LETTERS))))
    grams = table(f"{GRAMS}_content", column("id"), column("c0"))
    held = [or_(*(func.instr(texts.c[f"c{LETTERS.index(letter)}"], word) > 0 for letter in letters)) for word in long]
    spaced = literal(" ").concat(grams.c.c0).concat(" ")
    held_short = [or_(*(func.instr(spaced, f" {letter}{gram} ") > 0 for letter in letters)) for gram in short]
    return [(texts.c.id, held), (grams.c.id, held_short)]


def _documents_on_postgresql(letters: Sequence[str], short: list[str], long: list[str]) -> Held:
    texts = table(TEXTS, column("doc", BigInteger), *(column(letter, Text) for letter in LETTERS))
    grams = table(GRAMS, column("doc", BigInteger), column("grams", ARRAY(Text)))
    held = [or_(*(texts.c[letter].contains(word, autoescape=True) for letter in letters)) for word in long]
    held_short = [_any_of(grams.c.grams, [letter + gram for letter in letters]) for gram in short]
    if long and not has_trigrams():
        held_short += [or_(*(_all_of(grams.c.grams, letter, word) for letter in letters)) for word in long]
    return [(texts.c.doc, held), (grams.c.doc, held_short)]


def _on_sqlite(plan: Plan, letters: Sequence[str], short: list[str], long: list[str]) -> Select[Any]:
    doc: ColumnElement[int] = literal_column("rowid", BigInteger)
    selects = []
    for name, wanted in _matches(letters, short, long):
        matches = literal_column(name).op("MATCH")(wanted)
        selects.append(select(doc).select_from(table(name)).where(matches, doc.between(plan.base, plan.end)))
    first = selects[0].subquery()
    keys = select((first.c.rowid - plan.base).label("key"))
    # added to nothing, so that the match is not asked anew for each of the others
    return keys.where((first.c.rowid + 0).in_(selects[1])) if len(selects) > 1 else keys


def _on_postgresql(plan: Plan, letters: Sequence[str], short: list[str], long: list[str]) -> Select[Any]:
    (text_of, held), (grams_of, held_short) = _documents_on_postgresql(letters, short, long)
    doc, home = (text_of, text_of.table) if held else (grams_of, grams_of.table)
    both = text_of.table.join(grams_of.table, grams_of == text_of) if held and held_short else home
    # added to nothing, so that the range of numbers is never chosen as the way to the rows
    where = [(doc + 0).between(plan.base, plan.end), *held, *held_short]
    return select((doc - plan.base).label("key")).select_from(both).where(and_(*where))


def _any_of(grams: Any, wanted: list[str]) -> Any:
    return grams.op("&&")(literal(wanted, ARRAY(Text)))


def _all_of(grams: Any, letter: str, word: str) -> Any:
    return grams.op("@>")(literal([letter + gram for gram in sorted(words.trigrams(word))], ARRAY(Text)))
