"""Which rows are meant: those that were ticked, or all that a list shows. Asked once, frozen, and asked again a chunk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import JSON, ColumnElement, Select, Text, func, insert, literal, select

from app.panel.bulk.models import RunItem
from app.panel.bulk.states import Outcome
from app.panel.core import listing, policy, rows, savedlists
from app.panel.core.db import db
from app.panel.core.errors import BadRequest, DomainError

MOST_TICKED = 10_000
ASKS = ("q", "f")  # of the state of a list, what decides which rows it shows
ITEMS: Any = RunItem.__table__


@dataclass(frozen=True)
class Selection:
    """Rows by number, or by what a list was asked. `list_key` names the list, whose own rows it narrows."""

    ids: tuple[int, ...] = ()
    list_key: str = ""
    state: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Selection:
        return cls(tuple(kept.get("ids") or ()), kept.get("list") or "", dict(kept.get("state") or {}))

    def kept(self) -> dict[str, Any]:
        """As the run keeps it. Ticked rows stand in its items."""
        return {"list": self.list_key, "state": self.state}

    @property
    def is_plain(self) -> bool:
        return not self.state


def of_run(run: Any) -> Selection:
    """What a run that was only looked at was asked for: once more the same list, or the rows that were ticked."""
    params = run.params or {}
    asked = Selection.of({**params, "ids": ()})
    if params.get("every"):
        return asked
    ids = db.session.scalars(select(ITEMS.c.row_id).where(ITEMS.c.run_id == run.id).order_by(ITEMS.c.seq))
    return Selection(tuple(ids), asked.list_key, asked.state)


def view_of(model: type[Any], list_key: str = "") -> Any:
    """The list that is meant; without a name the first of the model, None where there is none."""
    if not list_key:
        return current_app.extensions["panel_views"].get(model)
    views = current_app.extensions["panel_view_of"].values()
    named = next((view for view in views if view.endpoint == list_key), None)
    if named is None or getattr(named, "model", None) is not model:
        raise BadRequest(_("There is no such list."))
    return named


def matching(model: type[Any], selection: Selection, actor: Any) -> Select[Any]:
    """The numbers of the rows that are meant and that `actor` may touch, as of now."""
    view = view_of(model, selection.list_key)
    if view is None or selection.is_plain:
        return policy.scope(select(model.id), actor, model)
    plan = view.plan(actor)
    asked = savedlists.understood(selection.state, plan, actor)
    query, _conditions = listing.statement(asked, plan, actor)
    return query.with_only_columns(model.id).order_by(None)


def still(model: type[Any], selection: Selection, actor: Any, chunk: Select[Any]) -> ColumnElement[bool] | None:
    """The condition under which a row of a chunk is still meant; None when every row that is there is."""
    if selection.is_plain and policy.row_condition(actor, model) is None:
        return None
    query = matching(model, selection, actor).where(model.id.in_(chunk))
    return model.id.in_(query)  # type: ignore[no-any-return]


def freeze(run_id: int, model: type[Any], selection: Selection, actor: Any) -> int:
    """Write the numbers of the rows down, in their order; how many there are. Inside the caller's transaction.

    :raises DomainError: when no row is meant
    """
    query = matching(model, selection, actor)
    if selection.ids:
        if len(selection.ids) > MOST_TICKED:
            raise BadRequest(_("At most %(n)s rows can be named; choose all that match instead.", n=MOST_TICKED))
        query = query.where(rows.among(model.id, sorted(set(selection.ids))))
    count = fill(run_id, query.subquery("meant").c.id)
    if not count:
        raise DomainError(_("No row is meant."))
    return count


def fill(run_id: int, key: ColumnElement[int], *more: ColumnElement[bool]) -> int:
    """Items for the rows that a query names, numbered in their order; how many there are."""
    numbered = select(
        literal(run_id), func.row_number().over(order_by=key), literal([], JSON), literal("", Text),
        literal(Outcome.TODO.value, Text), literal("", Text), key,
    ).where(*more)  # fmt: skip
    names = ("run_id", "seq", "lines", "key", "outcome", "reason", "row_id")
    db.session.execute(insert(ITEMS).from_select(names, numbered, include_defaults=False))
    return db.session.scalar(select(func.count()).select_from(ITEMS).where(ITEMS.c.run_id == run_id)) or 0
