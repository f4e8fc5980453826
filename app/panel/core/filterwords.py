"""Filters in words: “State is one of: Paid, Shipped”. What a row is called is asked once a model, and only of own rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from app.panel.core import policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.fields import FieldSpec
from app.panel.core.filters import LABELS, PERIODS, Condition, personal

Names = Mapping[tuple[type[Any], int], str]


def called(conditions: Iterable[Condition]) -> dict[tuple[type[Any], int], str]:
    """What the rows are called that conditions name, as far as the reader may see them: a statement a model.

    A chip must not name the customers of another shop.
    """
    wanted: dict[type[Any], set[int]] = defaultdict(set)
    for condition in conditions:
        target = condition.spec.target
        if condition.spec.kind in ("ref", "many") and target is not None and condition.op not in ("me", "mine"):
            wanted[target] |= {int(str(part)) for part in _parts(condition) if _is_key(part)}
    return {
        (model, row.id): str(row)
        for model, keys in wanted.items()
        if keys
        for row in db.session.scalars(policy.scope(select(model).where(model.id.in_(keys)), current_actor(), model))
    }


def describe(condition: Condition, names: Names | None = None) -> str:
    """A condition in words.

    :param names: what `called` found, where several conditions are said together
    """
    field, value = condition.spec, condition.value
    if condition.op in ("empty", "not_empty"):
        return f"{field.label} {LABELS[condition.op]}"
    if condition.op in ("me", "mine"):
        words = {(op, name): str(label) for op, name, label in personal(field)}
        own = words[condition.op, condition.value or ""]
        return f"{field.label} {own}" if condition.op == "me" else f"{field.label} {LABELS['mine']} {own}"
    if condition.op == "within":
        shown = str(PERIODS.get(str(value), value))
    else:
        known = called([condition]) if names is None else names
        said = [_shown(field, part, known) for part in _parts(condition)]
        is_range = condition.op == "between" and len(said) == 2
        shown = gettext("%(first)s to %(last)s", first=said[0], last=said[1]) if is_range else gettext(", ").join(said)
    return f"{field.label} {LABELS[condition.op]} {shown}"


def _parts(condition: Condition) -> list[Any]:
    """The values of a condition; those of a list may stand in one text with commas."""
    value = condition.value
    if isinstance(value, str) and condition.op in ("in", "not_in", "any", "all", "none", "between"):
        return value.split(",")
    return value if isinstance(value, list) else [value]


def _is_key(value: Any) -> bool:
    return str(value).isdecimal() and 0 < int(str(value)) < 2**31


def _shown(field: FieldSpec, value: Any, names: Names) -> str:
    if field.choices is not None:
        member = field.choices.of(str(value))
        return str(member.label) if member is not None else str(value)
    if field.kind == "bool":
        return gettext("yes") if str(value).lower() in ("true", "1", "yes") else gettext("no")
    if field.kind in ("ref", "many") and field.target is not None and _is_key(value):
        return names.get((field.target, int(str(value))), str(value))
    return str(value)
