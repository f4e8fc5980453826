"""One page of a list: what was asked for, read strictly, and the rows that answer it, in a constant number of statements.

How many rows there are in all is a question of its own (`listtotals`), asked when the page is there.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import urlencode

from blinker import Signal
from flask_babel import gettext as _
from sqlalchemy import Column, ColumnElement, Select, UniqueConstraint, select
from sqlalchemy.orm import joinedload, selectinload

from app.panel.core import cells, clock, filters, listcolumns, paging, policy, sight
from app.panel.core.errors import BadRequest
from app.panel.core.fields import FieldSpec, resource_of, spec, specs
from app.panel.core.finding import conditions, kept
from app.panel.core.finding.conditions import means
from app.panel.core.finding.plans import default_search
from app.panel.core.lines import Lines

SIZES = (25, 50, 100, 200)
ENGINES = ("sqlite", "postgresql")
COUNT_LIMIT, MAX_SEARCH = 10_000, 200
SHAPES, MONTH = ("", "board", "calendar"), re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
searched = Signal("Somebody searched. sender: the model; q; found: how many rows, a page at most; place: list, api or picker")


@dataclass(frozen=True)
class Asked:
    """The state of a list, as its URL says it."""

    q: str = ""
    tree: Any = None
    sort: str = ""
    size: int = 50
    cols: str = ""  # columns and widths, as `listcolumns` writes them
    place: paging.Place = paging.FIRST
    shape: str = ""  # empty for a list, else one of SHAPES
    month: str = ""  # of a calendar: 2026-11
    opens_otherwise: bool = False  # for a reader whose list opens with a view that he kept, the plain list must be named

    def url(self, base: str, place: paging.Place = paging.FIRST, **changes: Any) -> str:
        """The address of the same list, with something changed, on its first page or another."""
        kept = self.words(**changes) | place.words() or ({"all": "1"} if self.opens_otherwise else {})
        return f"{base}?{urlencode(kept)}" if kept else base

    def words(self, **changes: Any) -> dict[str, Any]:
        """What the address says, without what goes without saying and without the page."""
        state = {"q": self.q, "f": self.tree, "sort": self.sort, "size": self.size, "cols": self.cols}
        state |= {"shape": self.shape, "month": self.month, **changes}
        state["f"] = json.dumps(state["f"], ensure_ascii=False, separators=(",", ":")) if state["f"] else ""
        return {k: v for k, v in state.items() if v and not (k == "size" and v == 50)}

    def plainly(self, base: str) -> str:
        """The address of the whole list."""
        return Asked(opens_otherwise=self.opens_otherwise).url(base)


@dataclass(frozen=True)
class Plan:
    """What a list may show and be asked, for one reader."""

    model: type[Any]
    columns: tuple[str, ...]
    filterable: tuple[str, ...]
    sortable: tuple[str, ...]
    searchable: tuple[str, ...]
    default_sort: str
    access: policy.FieldAccess
    actor: Any
    base: ColumnElement[bool] | None = None
    unsaid: frozenset[str] = frozenset()  # columns of which this screen does not speak at all


@dataclass
class Found:
    """The rows of a page, and how one goes on from it. `total` is known where the page holds all rows."""

    rows: list[Any]
    before: paging.Place | None
    after: paging.Place | None
    total: int | None
    as_of: dt.datetime
    conditions: list[filters.Condition] = field(default_factory=list)


def read(args: Any, plan: Plan) -> Asked:
    """The state of a list from its URL.

    :raises BadRequest: for a page, size, order or search that no screen of ours asks for
    """
    q = (args.get("q") or "").strip()
    if len(q) > MAX_SEARCH or "\x00" in q:
        raise BadRequest(_("This search is too long."))
    tree = filters.loads(args["f"]) if args.get("f") else None
    sort = args.get("sort") or ""
    if sort and sort.removeprefix("-") not in plan.sortable:
        raise BadRequest(_("“%(name)s” cannot be ordered by.", name=sort[:60]))
    listcolumns.read(cols := args.get("cols") or "", plan)
    place = paging.read(args, paging.order_of(plan.model, sort or plan.default_sort, plan.actor))
    shape, month = args.get("shape") or "", args.get("month") or ""
    if shape not in SHAPES or (month and not MONTH.fullmatch(month)):
        raise BadRequest(_("This view cannot be read."))
    return Asked(q, tree, sort, _bounded(args, "size", 50, SIZES[-1]), cols, place, shape, month)


def _bounded(args: Any, name: str, default: int, limit: int) -> int:
    text = args.get(name) or str(default)
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= limit:
        raise BadRequest(_("“%(name)s” must be a number from 1 to %(max)s.", name=name, max=limit))
    return int(text)


@functools.cache
def _every(model: Any) -> Select[Any]:
    """All rows of a table: the same object each time, by which what was made of it is found again."""
    return select(model)


@functools.lru_cache(maxsize=500)
def _those(model: Any, condition: ColumnElement[bool]) -> Select[Any]:
    """Those of them that meet a condition which is the same object each time as well."""
    return _every(model).where(condition)


def statement(
    asked: Asked, plan: Plan, actor: Any, *, in_order: bool = False
) -> tuple[Select[Any], list[filters.Condition]]:
    """All rows that the state asks for, within the actor's rows, without order and page.

    :param in_order: a page of them is to be read in the order of the list
    """
    query, found = _filtered(asked, plan, actor)
    if asked.q:
        words = conditions.condition(plan.model, plan.searchable, asked.q, plan.access, actor, in_order=in_order)
        query = query.where(words)
    return query, found


def _filtered(asked: Asked, plan: Plan, actor: Any) -> tuple[Select[Any], list[filters.Condition]]:
    query = policy.scope(_every(cast(Hashable, plan.model)), actor, plan.model)
    if plan.base is not None:
        query = query.where(plan.base)
    if not asked.tree:
        return query, []
    query = query.where(filters.build(asked.tree, plan.model, plan.filterable, actor))
    return query, filters.conditions(asked.tree, plan.model, plan.filterable, actor)


@dataclass(frozen=True)
class _Query:
    """All rows of a list. `is_kept`: the same object each time, so that what is made of it is kept; `by_heart`: the way to its
    rows is the same each time as well; `values` are told with it."""

    rows: Select[Any]
    is_kept: bool = False
    by_heart: bool = True
    values: dict[str, Any] = field(default_factory=dict)


def _query(asked: Asked, plan: Plan, actor: Any) -> tuple[_Query, list[filters.Condition]]:
    """`statement` for a page."""
    query, found = _filtered(asked, plan, actor)
    is_every = query is _every(cast(Hashable, plan.model))
    if not asked.q:
        return _Query(query, is_every), found
    hits = conditions.by_index(plan.model, plan.searchable, asked.q, plan.access, in_order=True)
    if hits is None:
        words = conditions.condition(plan.model, plan.searchable, asked.q, plan.access, actor, in_order=True)
        return _Query(query.where(words)), found
    shape, values = hits.told()
    words = kept.condition(shape)
    rows = _those(cast(Hashable, plan.model), words) if is_every else query.where(words)
    return _Query(rows, is_every, shape.by_heart, values), found


def _found_first(asked: Asked, plan: Plan, actor: Any, order: paging.Order, lines: Lines | None) -> paging.Slice | None:
    """The first page of a search, by one statement; None where it does not answer."""
    table = cast(Hashable, plan.model)
    if not asked.q or asked.tree or asked.place != paging.FIRST or not (order.is_id or order.field.name in leading(table)):
        return None
    is_every = plan.base is None and policy.scope(query := _every(table), actor, plan.model) is query
    known = is_every and conditions.first_page(plan.model, plan.searchable, asked.q, plan.access, order, asked.size + 1)
    if not known:
        return None
    page = _page(_Query(_those(table, known.condition), True, known.by_heart, known.values), asked, plan, order, lines)
    return page if known.answers(page.rows, page.after is not None) else None


def _page(query: _Query, asked: Asked, plan: Plan, order: paging.Order, lines: Lines | None) -> paging.Slice:
    if lines is None:
        return paging.slice_of(_loading(query.rows, plan), order, asked.place, asked.size, values=query.values)
    rows = lines.of_every(query.rows) if query.is_kept else lines.narrowed(query.rows)
    return paging.slice_of(
        rows, order, asked.place, asked.size, made=lines.made, is_kept=query.is_kept, by_heart=query.by_heart, values=query.values
    )  # fmt: skip


def find(asked: Asked, plan: Plan, actor: Any, only: frozenset[str] | None = None) -> Found:
    """One page of rows with the relations that its columns show: a statement for the rows, one a relation.

    :param only: the rows are plain tuples of these columns and of the related rows, which SQLAlchemy makes in a third of
        the time; for a reader from whom no field is kept
    """
    order = paging.order_of(plan.model, asked.sort or plan.default_sort, actor)
    lines = Lines.of(plan, only | {order.field.name}) if only is not None and order.join is None else None
    page, conditions = _found_first(asked, plan, actor, order, lines), list[filters.Condition]()
    if page is None:
        query, conditions = _query(asked, plan, actor)
        page = _page(query, asked, plan, order, lines)
    _look(page.rows, plan, actor)
    total = None if page.before or page.after else len(page.rows)
    return Found(page.rows, page.before, page.after, total, clock.now(), conditions)


def every(asked: Asked, plan: Plan, actor: Any, most: int) -> Iterator[Any]:
    """The rows of all pages, `most` of them at most."""
    left = most
    while True:
        found = find(asked, plan, actor)
        yield from found.rows[:left]
        left -= len(found.rows)
        if found.after is None or left <= 0:
            return
        asked = replace(asked, place=found.after)


def _look(rows: list[Any], plan: Plan, actor: Any) -> None:
    """Ask once a relation which of the rows that a page names its reader may see."""
    known = specs(plan.model)
    heads = (known.get(column.partition(".")[0]) for column in plan.columns)
    for name in {head.relation for head in heads if head is not None and head.relation}:
        sight.look(actor, [related for row in rows if (related := getattr(row, name)) is not None])


def tell(model: type[Any], asked: Asked, found: Found, place: str) -> None:
    """Say what was searched for, once a search; a filter beside it would make the number of rows say nothing."""
    if asked.q and not asked.tree and asked.place == paging.FIRST:
        searched.send(model, q=asked.q, found=len(found.rows), place=place)


def _loading(query: Select[Any], plan: Plan) -> Select[Any]:
    for name in dict.fromkeys(column.split(".")[0] for column in plan.columns):
        known = specs(plan.model).get(name)
        if known is None:
            continue
        if known.kind in ("many", "children"):
            query = query.options(selectinload(getattr(plan.model, name)))
        elif known.relation and known.target is not None:
            query = query.options(joinedload(getattr(plan.model, known.relation)))
    return query


def default_columns(model: type[Any]) -> list[str]:
    """The columns of a list that nobody configured: what was declared, without long texts."""
    names = [s.screen_name for s in dict.fromkeys(specs(model).values()) if _listable(s)]
    return list(dict.fromkeys(names))[:8] or ["id"]


def _listable(field_: FieldSpec) -> bool:
    return (
        not field_.hidden and field_.kind not in ("longtext", "json", "children", "many") and field_.name != "version"
    )


def askable(model: type[Any], shown: list[str]) -> list[str]:
    """What a list can be asked of that nobody configured: the columns that it shows, then whatever else a form shows."""
    known = [s for s in dict.fromkeys(specs(model).values()) if not s.hidden and s.name != "version" and filters.operators(s)]
    return list(dict.fromkeys([*shown, *(s.screen_name for s in known)]))


def plan_for(
    model: type[Any],
    actor: Any,
    *,
    columns: list[str],
    filterable: list[str] | None = None,
    sortable: list[str] | None = None,
    searchable: list[str] | None = None,
    default_sort: str = "-id",
    base: ColumnElement[bool] | None = None,
) -> Plan:
    """Narrow what a screen declares to what this reader may see, filter and order by."""
    access = policy.fields(actor, resource_of(model))
    real = [name for name in columns if "." not in name and spec(model, name).is_column]
    usable = [name for name in (filterable if filterable is not None else askable(model, real)) if access.usable(name)]
    order = [name for name in (sortable if sortable is not None else real) if access.usable(name)]
    order += [name for name in in_order(cast(Hashable, model)) if access.usable(name) and name not in order]
    order = [name for name in order if _can_order(model, name) and _opens(model, name, actor)]
    search = searchable if searchable is not None else default_search(model)
    return Plan(
        model,
        tuple(name for name in access.only(columns) if _opens(model, name, actor)),
        tuple(name for name in usable if _opens(model, name, actor)),
        tuple(dict.fromkeys([*order, "id"])),
        tuple(name for name in search if _opens(model, name, actor)),
        default_sort if access.usable(default_sort.removeprefix("-")) else "-id",
        access,
        actor,
        base,
    )


@functools.cache
def in_order(model: Any) -> tuple[str, ...]:
    """The fields by which an index keeps the rows in order, so that a list costs no more by them than by its own columns."""
    known = [one for one in dict.fromkeys(specs(model).values()) if one.is_column and not one.hidden]
    return tuple(one.name for one in known if one.name in leading(model) and one.kind in paging.JUMPS)


@functools.cache
def leading(model: Any) -> frozenset[str]:
    """The columns by which an index of all rows begins."""
    table = model.__mapper__.local_table
    whole = [index for index in table.indexes if not any(index.dialect_options[name].get("where") is not None for name in ENGINES)]
    found = {index.expressions[0].name for index in whole if isinstance(index.expressions[0], Column)}
    return frozenset(found | {next(iter(one.columns)).name for one in table.constraints if isinstance(one, UniqueConstraint)})


def _can_order(model: type[Any], name: str) -> bool:
    """A column of the row, or of one that it points at; not what is too long to stand in an address."""
    head, _dot, tail = name.partition(".")
    field_ = spec(model, head)
    if tail and (field_.target is None or field_.kind != "ref"):
        return False
    last = spec(field_.target, tail) if tail and field_.target is not None else field_
    return last.is_column and last.kind not in ("json", "longtext")


def _opens(model: type[Any], name: str, actor: Any) -> bool:
    """May the reader use a column of a related row (`product.title`)? It is guarded there as well."""
    head, _dot, tail = name.partition(".")
    target = spec(model, head).target if tail else None
    return target is None or policy.fields(actor, resource_of(target)).usable(tail.split(".")[0])


__all__ = [
    "SIZES", "Asked", "Found", "Plan", "cells", "default_columns", "every", "find", "means",
    "plan_for", "read", "searched", "statement", "tell",
]  # fmt: skip
