"""Which columns of its rows a list reads: those alone are fetched then, as plain tuples.

Whoever makes a cell otherwise than the fields do says what he makes it of (`cells.made_of`); else whole rows are fetched.
"""

from __future__ import annotations

import functools
from typing import Any

from sqlalchemy import Row

from app.panel.core import listing, veil
from app.panel.core.fields import FieldSpec, spec

TAKEN = frozenset(dir(Row))  # a column of such a name cannot be asked of a tuple


def columns_read(view: Any, plan: listing.Plan) -> frozenset[str] | None:
    """The columns of its rows that a list reads to draw them, and those of related rows (`channel.name`) where it is known
    which. None where only the program knows, which may be all, and where something of the rows is kept from the reader."""
    called_by = named_by(view.model)
    if called_by is None or veil.access_to(view.model) is not None:
        return None
    found, heads = {"id", *called_by}, [name.partition(".")[0] for name in plan.columns]
    for name, head in zip(plan.columns, heads, strict=True):
        field, form = spec(view.model, head), view.formatters.get(name)
        made_of = {field.name} if form is None else set(getattr(form, "made_of", ()))
        if not made_of:
            return None
        if field.kind == "money" and hasattr(view.model, field.currency.partition(".")[0]):
            made_of.add(field.currency)
        if not all("." not in one and _is_own(view.model, one) for one in made_of):
            return None
        found |= made_of | _of_related(field, name.partition(".")[2])
    return None if TAKEN & {*found, *heads} else frozenset(found)


def _of_related(field: FieldSpec, tail: str) -> set[str]:
    """The columns that are read of a row that a field points at; none where that is not known."""
    target: Any = field.target
    called_by = named_by(target) if field.kind == "ref" and field.relation and target is not None else None
    if called_by is None or (tail and ("." in tail or not _is_own(target, tail))):
        return set()
    return {f"{field.relation}.{one}" for one in {"id", *called_by, *([tail] if tail else [])}}


def _is_own(model: type[Any], name: str) -> bool:
    """Is it a column, and neither a relation nor worked out?"""
    field = spec(model, name)
    return field.is_column and field.name == name


class _Listener:
    """Stands for a row and notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> str:
        self.asked.append(name)
        return ""


@functools.cache
def named_by(model: Any) -> frozenset[str] | None:
    """The columns that the name of a row is made of; None where it is made of something else too."""
    row = _Listener()
    try:
        model.__str__(row)
    except (AttributeError, TypeError, ValueError):
        return None
    known = all(name not in TAKEN and hasattr(model, name) and _is_own(model, name) for name in row.asked)
    return frozenset(row.asked) if known and row.asked else None
