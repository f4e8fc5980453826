"""Figures over all rows that a list asks for, not only those of the page: asked after the page, so that it need not wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from flask_babel import format_decimal, gettext
from sqlalchemy import func, literal

from app.panel.core import filters, listing, money
from app.panel.core.db import db
from app.panel.core.fields import FieldSpec, default_currency, spec, specs


def count(asked: listing.Asked, plan: listing.Plan, actor: Any) -> tuple[int, bool]:
    """How many rows, and whether that is all of them: no more than the limit of lists are counted."""
    query, _conditions = listing.statement(asked, plan, actor)
    found = int(db.session.scalar(filters.count_up_to(query, listing.COUNT_LIMIT + 1)) or 0)
    return min(found, listing.COUNT_LIMIT), found <= listing.COUNT_LIMIT


def words(found: tuple[int, bool]) -> str:
    """A count as a sentence says it."""
    n, is_exact = found
    said = format_decimal(n)
    if not is_exact:
        return gettext("more than %(n)s rows", n=said)
    return gettext("1 row") if n == 1 else gettext("%(n)s rows", n=said)


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
