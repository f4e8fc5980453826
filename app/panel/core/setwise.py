"""Field rules for what is written set-based, past `records`: nobody fills in by a file what no form would take from him."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from flask_babel import gettext as _

from app.panel.core import policy
from app.panel.core.errors import Forbidden
from app.panel.core.fields import FieldSpec, resource_of, specs


def authorize(actor: Any, model: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Ask before rows are inserted or changed: `rows` hold what is to stand in them, all by the same names.

    What no form takes (`readonly`) is the code's own, and so is the default of a field.

    :raises Forbidden: when a field is filled in that a rule keeps from the actor
    """
    authorize_columns(actor, model, {name: map(itemgetter(name), rows) for name in rows[0]} if rows else {})


def authorize_columns(actor: Any, model: type[Any], columns: Mapping[str, Iterable[Any]]) -> None:
    """The same for rows that are at hand column by column."""
    access = policy.fields(actor, resource_of(model))
    closed = access.hidden | access.fixed
    if not closed:
        return
    known = specs(model)
    for name in sorted(closed & columns.keys()):
        field = known.get(name)
        if field is None or field.readonly:
            continue
        if any(value not in (None, "") and value != field.default for value in columns[name]):
            raise refusal(field, access)


def refusal(field: FieldSpec, access: policy.FieldAccess) -> Forbidden:
    """Why a field is not written; one that is hidden is not named."""
    if not access.readable(field.name):
        return Forbidden(_("You may not change this."))
    return Forbidden(_("You may not change “%(field)s”.", field=field.label))
