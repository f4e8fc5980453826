"""Asking the index: statements that are put together once for all questions of the same form, and their answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    column,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    type_coerce,
    union_all,
)

from app.panel.core import changes
from app.panel.core.db import db
from app.panel.core.finding import words
from app.panel.core.finding.plans import LETTERS, Plan
from app.panel.core.finding.storage import GRAMS, TEXTS, has_trigrams, is_told_by_part


@dataclass(frozen=True)
class Question:
    """Words that are looked for in fields of one table. What is made of it is kept for all questions of the same form."""

    base: int
    end: int
    letters: tuple[str, ...]
    short: tuple[str, ...]  # as grams are written
    long: tuple[str, ...]
    on_sqlite: bool
    by_trigrams: bool
    by_texts: bool  # no short word is of Latin letters alone, so that they stand in a text wherever it has their gram
    by_part: tuple[int, ...] = ()  # places of the short words of which documents tell together with their part

    @classmethod
    def of(cls, plan: Plan, letters: Sequence[str], asked: Sequence[str]) -> Question | None:
        """None where a word has nothing to look for."""
        short = tuple(words.gram_of(word) for word in asked if len(word) <= words.SHORT)
        if not letters or not all(short):
            return None
        long = tuple(word for word in asked if len(word) > words.SHORT)
        on_sqlite = db.session.connection().dialect.name == "sqlite"
        by_texts = not any(gram.isascii() for gram in short)
        by_part = tuple(at for at, gram in enumerate(short) if not on_sqlite and is_told_by_part(gram))
        return cls(plan.base, plan.end, tuple(letters), short, long, on_sqlite, has_trigrams(), by_texts, by_part)

    def form(self) -> Question:
        """What all questions have in common that differ in their words alone."""
        return replace(self, short=("",) * len(self.short), long=("",) * len(self.long))

    def values(self) -> dict[str, Any]:
        """The words under the names by which statements know them."""
        if self.on_sqlite:
            return {
                **dict(_matches(self.letters, [*self.short], [*self.long])),
                **{f"long{at}": word for at, word in enumerate(self.long)},
                **{f"short{at}{one}": f" {one}{gram} " for at, gram in enumerate(self.short) for one in self.letters},
            }
        found: dict[str, Any] = {f"short{at}": [one + gram for one in self.letters] for at, gram in enumerate(self.short)}
        found |= {f"within{at}": f"%{_plainly(gram)}%" for at, gram in enumerate(self.short)}
        for at, word in enumerate(self.long):
            found[f"long{at}"] = f"%{_plainly(word)}%"
            if not self.by_trigrams:
                found |= {f"whole{at}{one}": [one + gram for gram in sorted(words.trigrams(word))] for one in self.letters}
        return found


Give = Callable[[str, Any], ColumnElement[Any]]  # the value of a name, of a type, within a statement


def now(question: Question) -> Give:
    """The values themselves, for a statement that is made for them alone."""
    values = question.values()
    return lambda name, kind: literal(values[name], kind)


def later(name: str, kind: Any) -> ColumnElement[Any]:
    """A place for a value, in a statement that is kept."""
    return bindparam(name, type_=kind)


def unseen(name: str, kind: Any) -> ColumnElement[Any]:
    """The same, of which PostgreSQL learns the value only when it has planned: so it keeps one plan for all words, for to plan
    takes it longer than to answer, and it would otherwise do so anew for each word that it thinks rarer than others."""
    return select(later(name, kind)).scalar_subquery()


def documents_with(plan: Plan, letters: Sequence[str], asked: Sequence[str]) -> Select[Any] | None:
    """The keys of the rows in whose fields all of these words are found; None where a word has nothing to look for."""
    question = Question.of(plan, letters, asked)
    return None if question is None else documents(question, now(question))


def documents(question: Question, give: Give) -> Select[Any]:
    return (_on_sqlite if question.on_sqlite else _on_postgresql)(question, give)


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


def stands_in(question: Question, give: Give, key: Any) -> ColumnElement[bool]:
    """Do all of these words stand in the document of the row with this key? For rows that are gone through one by one: the
    document is looked up, which costs SQLite a hundredth of asking FTS5 about one row."""
    wanted = number_of(question, key)
    # a value and not EXISTS, of which PostgreSQL would make a join, so that all rows are found first
    return and_(*(
        func.coalesce(select(and_(*held)).where(number == wanted).scalar_subquery(), false())
        for number, held in read(question, give)
    ))  # fmt: skip


def number_of(question: Question, key: Any) -> ColumnElement[int]:
    """The number of the document of a row."""
    return type_coerce(key, BigInteger) + literal_column(str(question.base), BigInteger)  # type: ignore[no-any-return]


def _share_of_latest(question: Question, give: Give, count: int) -> Select[Any]:
    """In how many of the latest documents of a model do all of these words stand? A part of one."""
    (number, held), *others = read(question, give)
    beside = [func.coalesce(select(and_(*one)).where(other == number).scalar_subquery(), false()) for other, one in others]
    each = select(case((and_(*held, *beside), 1.0), else_=0.0).label("held")).where(_within(question, number))
    latest = each.order_by(number.desc()).limit(literal_column(str(count), Integer)).subquery("latest")
    return select(func.coalesce(func.avg(latest.c.held), 0.0).label("share"))


def _within(question: Question, number: Any) -> ColumnElement[bool]:
    """Is it the number of a document of this table? Written out: numbers that travel apart are looked at anew each time."""
    low, high = (literal_column(str(one), BigInteger) for one in (question.base, question.end))
    return number.between(low, high)  # type: ignore[no-any-return]


CHANGED, FOUND, DENSE = 0, 1, 2


@lru_cache(maxsize=500)
def _first(form: Question, most: int, latest: int | None, watched: bool) -> Any:
    """The question of `first`, kept: SQLAlchemy takes longer to put it together than the database to answer."""
    keys = documents(form, later)
    parts: list[Any] = []
    if latest is not None:
        known = _share_of_latest(form, later, latest).cte("known")
        share, limit = select(known.c.share).scalar_subquery(), bindparam("limit", type_=Float)
        nothing: ColumnElement[int] = literal_column("0", BigInteger)
        parts.append(select(literal_column(str(DENSE)).label("kind"), nothing.label("key")).where(share > limit))
        keys = keys.where(share <= limit)
    some = keys.limit(literal_column(str(most), Integer)).subquery("found")
    parts.append(select(literal_column(str(FOUND)).label("kind"), some.c.key))
    if watched:
        told = changes.newest().subquery("told")
        parts.append(select(literal_column(str(CHANGED)).label("kind"), told.c.key))
    return union_all(*parts) if len(parts) > 1 else parts[0]


@dataclass
class First:
    """The first keys that are found, or that there are so many that nobody asked for them; and what changed since."""

    keys: list[int]
    changed: set[int] | None  # None: ask `changes.latest`
    is_dense: bool


def first(
    question: Question, most: int, *, watched: tuple[str, str, int] | None = None, dense: tuple[int, float] | None = None
) -> First:
    """One statement, for each is a way to the database and back.

    :param watched: a consumer of the feed, a table and a number: the latest so many of what he has not read of it
    :param dense: find none where, of so many of the latest documents, a larger part than this holds the words
    """
    statement = _first(question.form(), most, dense and dense[0], watched is not None)
    values = question.values()
    if dense is not None:
        values["limit"] = dense[1]
    if watched is not None:
        values |= {"consumer": watched[0], "table": watched[1], "most": watched[2]}
    found = answers(statement, values)
    return First(found.get(FOUND, []), changed_in(found), DENSE in found)


def answers(statement: Any, values: dict[str, Any]) -> dict[int, list[Any]]:
    """What a statement of several parts says, by their kind."""
    found: dict[int, list[Any]] = {}
    for kind, key in db.session.connection().execute(statement, values):
        found.setdefault(kind, []).append(key)
    return found


def changed_in(found: dict[int, list[Any]]) -> set[int] | None:
    """The rows that `changes.newest` told of; None where `changes.latest` is to be asked."""
    keys = set(found.get(CHANGED, ()))
    return None if None in keys else keys


@lru_cache(maxsize=500)
def _share(form: Question, latest: int) -> Select[Any]:
    return _share_of_latest(form, later, latest)


def share_of_latest(question: Question, latest: int) -> float:
    """In how many of the latest documents do all of these words stand? A part of one."""
    return float(db.session.connection().scalar(_share(question.form(), latest), question.values()) or 0)


Held = list[tuple[Any, list[ColumnElement[bool]]]]


def read(question: Question, give: Give) -> Held:
    """What says of documents that are read whether all words stand in them: (number, conditions) of each table."""
    held = (_held_on_sqlite if question.on_sqlite else _held_on_postgresql)(question, give)
    if question.by_texts and not question.on_sqlite:  # to look for a character costs a third of going through all grams
        (texts, _long), (grams, _short) = held
        within = range(len(question.short))
        _long += [or_(*(texts.table.c[one].like(give(f"within{at}", Text)) for one in question.letters)) for at in within]
        held = [(texts, _long), (grams, _short[len(question.short) :])]
    return [one for one in held if one[1]]


def _held_on_sqlite(question: Question, give: Give) -> Held:
    texts = table(f"{TEXTS}_content", column("id"), *(column(f"c{place}") for place in range(len(LETTERS))))
    grams = table(f"{GRAMS}_content", column("id"), column("c0"))
    held = [
        or_(*(func.instr(texts.c[f"c{LETTERS.index(one)}"], give(f"long{at}", Text)) > 0 for one in question.letters))
        for at in range(len(question.long))
    ]
    spaced = literal_column("' '", Text).concat(grams.c.c0).concat(literal_column("' '", Text))
    held_short = [
        or_(*(func.instr(spaced, give(f"short{at}{one}", Text)) > 0 for one in question.letters))
        for at in range(len(question.short))
    ]
    return [(texts.c.id, held), (grams.c.id, held_short)]


def _held_on_postgresql(question: Question, give: Give) -> Held:
    texts = table(TEXTS, column("doc", BigInteger), *(column(letter, Text) for letter in LETTERS), column("rank", BigInteger))
    grams = table(GRAMS, column("doc", BigInteger), column("grams", ARRAY(Text)), column("rank", BigInteger))
    short, long, several = range(len(question.short)), range(len(question.long)), ARRAY(Text)
    held = [or_(*(texts.c[one].like(give(f"long{at}", Text)) for one in question.letters)) for at in long]
    held_short: list[ColumnElement[bool]] = [grams.c.grams.op("&&")(give(f"short{at}", several)) for at in short]
    if not question.by_trigrams:
        held_short += [or_(*(grams.c.grams.op("@>")(give(f"whole{at}{one}", several)) for one in question.letters)) for at in long]
    return [(texts.c.doc, held), (grams.c.doc, held_short)]


def _on_sqlite(question: Question, give: Give) -> Select[Any]:
    doc: ColumnElement[int] = literal_column("rowid", BigInteger)
    selects = []
    for name, _match in _matches(question.letters, [*question.short], [*question.long]):
        matches = literal_column(name).op("MATCH")(give(name, Text))
        selects.append(select(doc).select_from(table(name)).where(matches, _within(question, doc)))
    first = selects[0].subquery()
    keys = select((first.c.rowid - literal_column(str(question.base), BigInteger)).label("key"))
    # added to nothing, so that the match is not asked anew for each of the others
    return keys.where((first.c.rowid + 0).in_(selects[1])) if len(selects) > 1 else keys


def newest(question: Question, give: Give, most: int) -> Select[Any]:
    """The keys of so many of the documents that were written last, as SQLite's index reads them from its end."""
    found = _on_sqlite(question, give)
    return found.order_by(found.froms[0].c.rowid.desc()).limit(literal_column(str(most), Integer))


def _on_postgresql(question: Question, give: Give) -> Select[Any]:
    found = ranked(question, give)
    return found.with_only_columns(found.selected_columns.key)


def ranked(question: Question, give: Give, *, in_parts: bool = False) -> Select[Any]:
    """The keys of the rows in whose fields all words are found, with their places in the list. On PostgreSQL.

    :param in_parts: those alone whose documents are in some parts of all, `parts`
    """
    (text_of, held), (grams_of, held_short) = _held_on_postgresql(question, give)
    doc, home = (text_of, text_of.table) if held else (grams_of, grams_of.table)
    both = text_of.table.join(grams_of.table, grams_of == text_of) if held and held_short else home
    # added to nothing, so that the range of numbers is never chosen as the way to the rows
    short = [one for at, one in enumerate(held_short) if not (in_parts and at in question.by_part)]
    where = [_within(question, doc + literal_column("0", BigInteger)), *held, *short]
    if in_parts:
        names = [f"parts{at}" for at in question.by_part] or ["parts"]
        where += [home.c.grams.op("&&")(give(name, ARRAY(Text))) for name in names]
    key = (doc - literal_column(str(question.base), BigInteger)).label("key")
    return select(key, home.c.rank).select_from(both).where(and_(*where))
