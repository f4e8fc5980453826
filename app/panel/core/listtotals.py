"""Figures over all rows that a list asks for, not only those of the page: asked after the page, so that it need not wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from flask_babel import format_decimal, gettext
from sqlalchemy import func, literal

from app.panel.core import filters, listing, money
from app.panel.core.db import db
from app.panel.core.fields import FieldSpec, default_currency, spec, specs


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


def on_tabs(view: Any, plan: listing.Plan, actor: Any) -> dict[str, str]:
    """How many rows stand on each tab above the list, by `column.value`."""
    name = view.quick_filters[0] if view.counts_tabs else ""
    found = view.quick_counts(name, actor) if name in plan.filterable else {}
    return {f"{name}.{value}": bounded(number).number for value, number in found.items()}


def summable(plan: listing.Plan, names: Iterable[str]) -> list[FieldSpec]:
    """The amounts among columns, of those that this reader sees whole and that say in which currency they are."""
    known = specs(plan.model)
    money_ = [known[name] for name in names if name in known and known[name].kind == "money" and plan.access.usable(name)]
    return [field for field in money_ if _currency(field) is not None]


def totals(asked: listing.Asked, plan: listing.Plan, actor: Any, fields: list[FieldSpec]) -> dict[str, list[str]]:
    """The sum of each amount over all rows, one a currency, largest first; a statement a way to the currency."""
    query, _conditions = listing.statement(asked, plan, actor)
    ways: dict[str, list[FieldSpec]] = defaultdict(list)
    for field in fields:
        ways[field.currency].append(field)
    found: dict[str, list[str]] = {}
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
