"""The first page of a search in the order of the list, without reading all that is found: rows that stand high in a list are
mostly those that were written last, so those are asked for first, and the index knows how high any other can stand.

Documents are numbered as their rows are, and of each zone of them the highest place is known (`storage`). Where the last row
of the page stands at least as high as whatever was not read, the page is whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import current_app
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Integer,
    ScalarSelect,
    String,
    bindparam,
    column,
    func,
    literal_column,
    select,
    table,
    union_all,
)

from app.panel.core import changes
from app.panel.core.db import db
from app.panel.core.finding import asking, storage
from app.panel.core.finding.plans import KEY_BITS, Plan

PAGES = 2  # so many pages of the documents that were written last are read for the first one
PARTS, OF = 3, 6  # so many parts of the documents are asked on PostgreSQL, where there are so many and more
KNOWN_SECONDS = 60
CHANGED, FOUND, HIGHEST = asking.CHANGED, asking.FOUND, 2


@dataclass
class Newest:
    """The keys of the documents that were written last, of those that are found."""

    keys: list[int]
    changed: set[int] | None  # None: ask `changes.latest`
    is_all: bool
    highest: int | None  # no other document has a higher place; None where nobody knows


def ranked_as(plan: Plan) -> dict[str, Any]:
    """What `is_ranked` asks."""
    return {"table": plan.table, "rank": plan.rank}


def is_ranked() -> ScalarSelect[Any]:
    """Do all documents of the table `table` know their place by the field `rank`?"""
    built = table(
        "core_search_table", column("table", String), column("number", Integer), column("is_built", Boolean), column("rank", String)
    )
    return select(func.count()).where(built.c.table == bindparam("table"), built.c.rank == bindparam("rank"),
                                      built.c.is_built).scalar_subquery()  # fmt: skip


def highest(form: asking.Question, where: Callable[[ColumnElement[int]], ColumnElement[bool]]) -> ScalarSelect[Any]:
    """The highest place in some zones; NULL where not all documents know theirs."""
    zones = table(storage.ZONES, column("number", Integer), column("zone", Integer), column("highest", BigInteger))
    mine = zones.c.number == literal_column(str(form.base >> KEY_BITS), Integer)
    return select(func.max(zones.c.highest)).where(mine, where(zones.c.zone), is_ranked() > literal_column("0")).scalar_subquery()


@lru_cache(maxsize=500)
def _newest(form: asking.Question, most: int) -> Any:
    found = asking.newest(form, asking.later, most).cte("found")
    lowest = select(func.min(found.c.key).op(">>")(literal_column(str(storage.ZONE_BITS)))).scalar_subquery()
    told = changes.newest().subquery("told")
    beyond = highest(form, lambda zone: zone <= lowest).label("key")
    parts = ((FOUND, found.c.key), (CHANGED, told.c.key), (HIGHEST, beyond))
    return union_all(*(select(literal_column(str(kind)).label("kind"), key) for kind, key in parts))


def newest(question: asking.Question, plan: Plan, most: int, *, consumer: str, latest: int) -> Newest:
    """The keys of so many found documents at most, by one statement. On SQLite, whose index is read from its end."""
    values = question.values() | ranked_as(plan) | {"consumer": consumer, "most": latest}
    found = asking.answers(_newest(question.form(), most), values)
    keys = found.get(FOUND, [])
    return Newest(keys, asking.changed_in(found), len(keys) < most, found[HIGHEST][0])


def latest_parts(question: asking.Question) -> tuple[int, int] | None:
    """The first and the last of the parts that are asked on PostgreSQL; None where all documents are as few."""
    kept = current_app.extensions.setdefault("panel_search_parts", {})
    until, last = kept.get(question.base, (0.0, 0))
    if time.monotonic() > until:
        zones = table(storage.ZONES, column("number", Integer), column("zone", Integer))
        mine = select(func.max(zones.c.zone)).where(zones.c.number == question.base >> KEY_BITS)
        last = (db.session.connection().scalar(mine) or 0) >> (storage.PART_BITS - storage.ZONE_BITS)
        kept[question.base] = (time.monotonic() + KNOWN_SECONDS, last)
    return (last + 1 - PARTS, last) if last >= OF - 1 else None


def of_parts(question: asking.Question, first: int, last: int) -> dict[str, Any]:
    """What `kept.first_of_few` is told of them."""
    bits = storage.PART_BITS - storage.ZONE_BITS
    parts = [storage.part(number << storage.PART_BITS) for number in range(first, last + 1)]
    told: dict[str, Any] = {
        f"parts{at}": [letter + question.short[at] + one for letter in question.letters for one in parts] for at in question.by_part
    }
    return told | {"parts": parts, "first_zone": first << bits, "last_zone": (last + 1 << bits) - 1}
