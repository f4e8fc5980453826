"""A page of the trail: what is asked for, read strictly, and the lines that answer it, at a cost that does not grow.

The newest line stands first, and pages are found by the number of the line where the last one ended: no page counts
all lines or skips any. What an index leads to (a row, a person, a run) is looked for everywhere. Anything else (words,
a verb, a table, the lines that a reader may see) is looked for in the next `WINDOW` lines, and the page says how far
that was, and offers to look further.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, String, Text, cast, func, or_, select

from app.panel.accounts.audit import places
from app.panel.core import clock, history, policy, trailsets
from app.panel.core.db import db
from app.panel.core.errors import BadRequest
from app.panel.core.sets import is_postgresql
from app.panel.core.trail import TABLE

SIZE = 50
WINDOW = 100_000
MOST_EXPORTED = 20_000
SYSTEM = 0  # as a person's number
PATHS = ("screen", "api", "sheet", "import", "undo", "bulk", "rule", "channel", "cli", "job", "system", "demo")


@dataclass(frozen=True)
class Asked:
    """The state of the page, as its address says it."""

    q: str = ""
    person: int | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    table: str = ""
    key: int | None = None
    verb: str = ""
    path: str = ""
    run: int | None = None
    before: int | None = None
    after: int | None = None

    def words(self, **changes: Any) -> dict[str, str]:
        state = {one.name: getattr(self, one.name) for one in fields(self)} | changes
        return {name: str(value) for name, value in state.items() if value not in (None, "")}

    def url(self, base: str, **changes: Any) -> str:
        words = self.words(**changes)
        return f"{base}?{urlencode(words)}" if words else base

    @property
    def is_led(self) -> bool:
        """Does an index lead to its lines?"""
        return self.key is not None or self.run is not None or bool(self.person)

    @property
    def is_filtered(self) -> bool:
        return bool(self.words(before=None, after=None))


@dataclass(frozen=True)
class Page:
    """Lines, newest first. `newer` and `older` are numbers of lines to go on from; `looked_back_to` is when a search stopped."""

    lines: Sequence[Any]
    newer: int | None = None
    older: int | None = None
    further: int | None = None
    looked_back_to: dt.datetime | None = None


def read(args: Any) -> Asked:
    """:raises BadRequest: for what no form of ours sends"""
    given = {name: (args.get(name) or "").strip() for name in (one.name for one in fields(Asked))}
    if any(len(text) > 200 or "\x00" in text for text in given.values()):
        raise BadRequest(_("This search is too long."))
    numbers = {name: _number(given[name]) for name in ("person", "key", "run", "before", "after")}
    days = {name: _day(given[name]) for name in ("since", "until")}
    return Asked(given["q"], table=given["table"], verb=given["verb"], path=given["path"], **numbers, **days)  # type: ignore[arg-type]


def _number(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise BadRequest(_("This filter cannot be read."))
    return int(text)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadRequest(_("This filter cannot be read.")) from error


def find(asked: Asked, actor: Any, size: int = SIZE) -> Page:
    """The lines of a page, at most two statements besides those that the words of its rows need."""
    query, low, high = _bounded(asked, actor)
    if high is None:
        return Page([])
    if asked.after is not None:
        return _newer(asked, query, size)
    start = min(high, asked.before - 1) if asked.before is not None else high
    bottom = low if asked.is_led else max(low, start - WINDOW)
    within = TABLE.c.id.between(bottom, start)
    lines = db.session.execute(query.where(within).order_by(TABLE.c.id.desc()).limit(size + 1)).all()
    newer = lines[0].id if lines and asked.before is not None else None
    if len(lines) > size:
        return Page(lines[:size], newer, lines[size - 1].id)
    if bottom > low:
        at = select(TABLE.c.at).where(TABLE.c.id >= bottom).order_by(TABLE.c.id).limit(1)
        return Page(lines, newer, further=bottom, looked_back_to=db.session.scalar(at))
    return Page(lines, newer)


def _newer(asked: Asked, query: Select[Any], size: int) -> Page:
    within = TABLE.c.id > asked.after
    if not asked.is_led:
        within &= TABLE.c.id <= (asked.after or 0) + WINDOW
    lines = db.session.execute(query.where(within).order_by(TABLE.c.id).limit(size + 1)).all()
    shown = lines[:size][::-1]
    if not shown:
        return Page([], older=(asked.after or 0) + 1)
    return Page(shown, shown[0].id if len(lines) > size else None, shown[-1].id)


def _bounded(asked: Asked, actor: Any) -> tuple[Select[Any], int, int | None]:
    """The select, and between which numbers its lines lie: a period is a range of these, by the index on the time."""
    query = select(TABLE).where(*_conditions(asked, actor))
    if asked.since is None and asked.until is None:
        newest = db.session.scalar(select(func.max(TABLE.c.id)))
        return query, 1, newest
    low, high = db.session.execute(_ends(asked)).one()
    return query.where(*_period(asked, TABLE, TABLE)), low or 1, high


def _period(asked: Asked, first: Any, last: Any) -> Iterator[ColumnElement[bool]]:
    """Of lines from one to another: do any lie in it?"""
    if asked.since is not None:
        yield last.c.at >= clock.day_start(asked.since)
    if asked.until is not None:
        yield first.c.at < clock.day_start(asked.until + dt.timedelta(days=1))


def _ends(asked: Asked) -> Select[Any]:
    """The lowest and the highest number of its period. On SQLite the index on the time knows no lines of runs: what lies between
    the first and the last one of a run that falls into it is in."""
    within = select(func.min(TABLE.c.id).label("low"), func.max(TABLE.c.id).label("high")).where(*_period(asked, TABLE, TABLE))
    if is_postgresql():
        return within
    other = TABLE.alias("other")
    run = select(func.min(TABLE.c.run_id).label("id")).where(TABLE.c.run_id.is_not(None)).cte("run", recursive=True)
    after = select(func.min(other.c.run_id)).where(other.c.run_id > run.c.id).scalar_subquery()
    run = run.union_all(select(after).where(run.c.id.is_not(None)))
    first, last = TABLE.alias("first"), TABLE.alias("last")
    low, high = (select(end(other.c.id)).where(other.c.run_id == run.c.id).scalar_subquery() for end in (func.min, func.max))
    of_runs = (
        select(func.min(first.c.id), func.max(last.c.id))
        .select_from(run.join(first, first.c.id == low).join(last, last.c.id == high))
        .where(*_period(asked, first, last))
    )
    ends = within.where(TABLE.c.run_id.is_(None)).union_all(of_runs).subquery("ends")
    return select(func.min(ends.c.low), func.max(ends.c.high))


def _conditions(asked: Asked, actor: Any) -> Iterator[ColumnElement[bool]]:
    if (mine := places.visible(actor)) is not None:
        yield mine
    if asked.person is not None:
        yield TABLE.c.actor_id == asked.person if asked.person else TABLE.c.actor_id.is_(None)
    if asked.key is not None:
        yield trailsets.about(asked.table or None, asked.key)
    for name in ("table", "verb"):
        if value := getattr(asked, name):
            yield TABLE.c[name] == value
    if asked.run is not None:
        yield TABLE.c.run_id == asked.run
    if asked.path == "api":
        yield or_(TABLE.c.path == "api", TABLE.c.path.startswith(history.BY_KEY, autoescape=True))
    elif asked.path:
        yield TABLE.c.path == asked.path
    for word in asked.q.split()[:5]:
        yield _holds(word, actor)


def _holds(word: str, actor: Any) -> ColumnElement[bool]:
    """In the reason, the name or the number of the request; in the values too, for whoever may see all of them."""
    options = [TABLE.c.why.icontains(word, autoescape=True), TABLE.c.actor_name.icontains(word, autoescape=True)]
    options.append(TABLE.c.request_id == word)
    if policy.sees_every_row(actor):
        values = cast(TABLE.c.changes, Text)
        spellings = {word, json.dumps(word)[1:-1]}
        options += [values.icontains(one, autoescape=True) for one in sorted(spellings)]
        options.append(cast(TABLE.c.ip, String) == word)
    return or_(*options)


def every(asked: Asked, actor: Any, limit: int = MOST_EXPORTED) -> Iterator[Any]:
    """The lines of all pages, newest first, at most `limit`."""
    given, left = replace(asked, before=None, after=None), limit
    while left > 0:
        page = find(given, actor, min(left, 1000))
        yield from page.lines
        left -= len(page.lines)
        if (onwards := page.older or page.further) is None:
            return
        given = replace(given, before=onwards)
