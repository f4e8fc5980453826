"""Figures over all rows that a list asks for, not only those of the page: asked after the page, so that it need not wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple, cast

from flask_babel import format_decimal, gettext
from sqlalchemy import func, literal, select

from app.panel.core import filters, listing, money, policy
from app.panel.core.db import db
from app.panel.core.fields import FieldSpec, default_currency, spec, specs

MOST_OFFERED = 20  # rows of another table that a quick filter offers
READ_FOR_TABS = 10  # times the limit of lists: so many rows are read for the numbers on tabs where no index tells them


class Count(NamedTuple):
    """How many rows; not `exact` means that there are more than that."""

    total: int
    exact: bool

    def __str__(self) -> str:
        return str(gettext("1 row") if self.exact and self.total == 1 else gettext("%(n)s rows", n=self.number))

    @property
    def number(self) -> str:
        return f"{format_decimal(self.total)}{'' if self.exact else '+'}"


def count(asked: listing.Asked, plan: listing.Plan, actor: Any, *, exactly: bool = False) -> Count:
    """How many rows a list has within the actor's rows: no more than the limit of lists, unless all are to be counted."""
    query, _conditions = listing.statement(asked, plan, actor)
    if exactly:
        all_of_them = query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
        return Count(int(db.session.scalar(all_of_them) or 0), True)
    return bounded(int(db.session.scalar(filters.count_up_to(query, listing.COUNT_LIMIT + 1)) or 0))


def count_of(found: listing.Found, asked: listing.Asked, plan: listing.Plan, actor: Any) -> Count:
    """The same for a page that is read already, and may hold all rows."""
    return Count(found.total, True) if found.total is not None else count(asked, plan, actor)


def bounded(number: int) -> Count:
    """A number that was counted no further than one above the limit of lists."""
    return Count(min(number, listing.COUNT_LIMIT), number <= listing.COUNT_LIMIT)


def on_tabs(
    view: Any, plan: listing.Plan, actor: Any, name: str = "", asked: listing.Asked = listing.Asked()
) -> dict[str, Any]:
    """How many rows each choice of a quick filter has; without a name of the first, whose choices are the tabs above the list:
    `{"tabs": {"column.value": "12"}, "others": "0"}`.

    `others` is there where a choice that is not named has none: of what another table offers only what occurs is counted.

    :param asked: what the list is narrowed by; a tab changes its own condition and leaves the others, and so do the numbers
    """
    name = name or next(iter(view.quick_filters), "")
    is_asked = view.counts_tabs and name in view.quick_filters and name in plan.filterable
    others = beside(asked, name)
    narrowed = listing.Asked(q=asked.q, tree={"and": others} if others else None)
    if not is_asked:
        found: dict[str, int] = {}
    elif narrowed == listing.Asked():
        found = view.quick_counts(name, actor)
    else:
        found = by_value(plan, name, actor, narrowed)
    rest = {"others": format_decimal(0)} if found and spec(plan.model, name).kind == "ref" else {}
    return {"tabs": {f"{name}.{value}": bounded(number).number for value, number in found.items()}, **rest}


def beside(asked: listing.Asked, name: str) -> list[Any]:
    """The conditions that stay when a quick filter is set anew: those of other columns that hold all together."""
    parts = asked.tree.get("and") if isinstance(asked.tree, dict) else None
    return [part for part in parts if not (isinstance(part, list) and part[:1] == [name])] if isinstance(parts, list) else []


def by_value(plan: listing.Plan, name: str, actor: Any, narrowed: listing.Asked | None = None) -> dict[str, int]:
    """How many of the actor's rows have each value of a choice, a flag or a reference. Nothing where only reading more than
    ten times the limit of lists would tell, or more than that limit of a list that is narrowed."""
    field = spec(plan.model, name)
    if field.kind not in ("choice", "bool", "ref"):
        return {}
    values = [*field.choices] if field.choices is not None else [True, False] if field.kind == "bool" else []
    if narrowed is not None:
        rows, _conditions = listing.statement(narrowed, plan, actor)
        query = rows.with_only_columns(field.column.label("value"), maintain_column_froms=True)
    else:
        query = policy.scope(select(field.column.label("value")), actor, plan.model)
        query = query if plan.base is None else query.where(plan.base)
    found = _grouped(query, listing.COUNT_LIMIT)
    if sum(found.values()) > listing.COUNT_LIMIT:
        if narrowed is not None:
            return {}
        if field.name in listing.leading(cast(Hashable, plan.model)):
            found = _by_index(query, field, values or _offered(field, actor))
        else:
            most = READ_FOR_TABS * listing.COUNT_LIMIT
            found = _grouped(query, most)
            if sum(found.values()) > most:
                return {}
    told = {value: found.get(value, 0) for value in values} or {value: n for value, n in found.items() if value is not None}
    return {_word(value): number for value, number in told.items()}


def _by_index(query: Any, field: FieldSpec, values: list[Any]) -> dict[Any, int]:
    """Each value counted by itself, no further than lists count."""
    counts = [filters.count_up_to(query.where(field.column == value), listing.COUNT_LIMIT + 1) for value in values]
    if not counts:
        return {}
    return dict(zip(values, db.session.execute(select(*(one.scalar_subquery() for one in counts))).one(), strict=True))


def _offered(field: FieldSpec, actor: Any) -> list[int]:
    """The rows that a quick filter offers of another table."""
    target: Any = field.target
    return list(db.session.scalars(policy.scope(select(target.id), actor, target).order_by(target.id).limit(MOST_OFFERED)))


def _grouped(query: Any, most: int) -> dict[Any, int]:
    some = query.limit(most + 1).subquery()
    return dict(db.session.execute(select(some.c.value, func.count()).group_by(some.c.value)).tuples().all())


def _word(value: Any) -> str:
    """A value as the address of a tab says it."""
    return str(value).lower() if isinstance(value, bool) else str(getattr(value, "value", value))


def summable(plan: listing.Plan, names: Iterable[str]) -> list[FieldSpec]:
    """The columns that add up, of those that this reader sees whole; amounts only where they say in which currency they are."""
    known = specs(plan.model)
    found = [known[name] for name in names if name in known and known[name].adds_up and plan.access.usable(name)]
    return [field for field in found if field.is_column and (field.kind != "money" or _currency(field) is not None)]


def totals(asked: listing.Asked, plan: listing.Plan, actor: Any, fields: list[FieldSpec]) -> dict[str, list[str]]:
    """The sum of each column over all rows, of amounts one a currency, largest first; a statement a way to the currency, and
    one for what is no amount."""
    query, _conditions = listing.statement(asked, plan, actor)
    ways: dict[str, list[FieldSpec]] = defaultdict(list)
    for field in fields:
        if field.kind == "money":
            ways[field.currency].append(field)
    found = _counted(query, [field for field in fields if field.kind != "money"])
    for way, columns in ways.items():
        currency: Any = _currency(columns[0])
        rows = query.outerjoin(getattr(plan.model, way.partition(".")[0])) if "." in way else query
        sums = [func.sum(field.column) for field in columns]
        asks = rows.with_only_columns(currency, *sums, maintain_column_froms=True).order_by(None).group_by(currency)
        parts = db.session.execute(asks).all()
        for at, field in enumerate(columns, 1):
            said = sorted(((int(row[at]), row[0] or default_currency()) for row in parts if row[at] is not None), reverse=True)
            found[field.name] = [money.format(amount, code) for amount, code in said]
    return found


def _counted(query: Any, fields: list[FieldSpec]) -> dict[str, list[str]]:
    if not fields:
        return {}
    sums = [func.sum(field.column) for field in fields]
    row = db.session.execute(query.with_only_columns(*sums, maintain_column_froms=True).order_by(None)).one()
    known = [(field, value) for field, value in zip(fields, row, strict=True) if value is not None]
    return {field.name: [f"{format_decimal(value)} {field.unit}".strip()] for field, value in known}


def _currency(field: FieldSpec) -> Any:
    """The column that says in which currency an amount is; None where only the program knows."""
    head, _dot, tail = field.currency.partition(".")
    if not hasattr(field.model, head):
        return literal(default_currency())
    if not tail:
        return spec(field.model, head).column if spec(field.model, head).is_column else None
    target = spec(field.model, head).target
    related = spec(target, tail) if target is not None and hasattr(target, tail) else None
    return related.column if related is not None and related.is_column else None
