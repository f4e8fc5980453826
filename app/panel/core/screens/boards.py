"""A list in other shapes: as a board of cards by state, as a calendar by day. What is asked and who sees what stays the same."""

from __future__ import annotations

import calendar as months
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

from babel.dates import format_skeleton
from flask import url_for
from flask_babel import format_date, get_locale
from flask_babel import gettext as _
from sqlalchemy import case, func, select

from app.panel.core import clock, listing, verbs
from app.panel.core.db import db
from app.panel.core.errors import BadRequest
from app.panel.core.fields import FieldSpec, spec, specs
from app.panel.core.screens.cellediting import editable
from app.panel.core.screens.common import may
from app.panel.core.screens.drawing import rows_of

MOST_CARDS, MOST_OF_A_MONTH, MOST_OF_A_DAY, LINES = 30, 400, 4, 4


def state_field(view: Any, plan: listing.Plan) -> FieldSpec | None:
    """The choice by which cards stand in columns: what the view says, where its operations lead, else its first tab."""
    led = [type(verb.leads_to) for verb in view.verbs.values() if verb.leads_to is not None]
    known = [s for s in dict.fromkeys(specs(view.model).values()) if s.kind == "choice" and s.name in plan.filterable]
    if view.board_column is not None:
        return next((field for field in known if field.name == view.board_column), None)
    first = [field for field in known if field.choices in led] + [
        field for field in known if field.name in view.quick_filters
    ]
    return next(iter(first), None)


def day_field(view: Any, plan: listing.Plan) -> FieldSpec | None:
    """The date by which rows stand on days: what the view says, else the first that it shows."""
    known = [spec(view.model, name) for name in plan.columns if "." not in name and name in plan.filterable]
    dates = [field for field in known if field.kind in ("date", "instant")]
    if view.calendar_column is not None:
        return next((field for field in dates if field.name == view.calendar_column), None)
    return next(iter(sorted(dates, key=lambda field: field.kind != "date")), None)


def shapes(view: Any, asked: listing.Asked, plan: listing.Plan) -> list[SimpleNamespace]:
    """In which shapes this reader can look at the rows; none where there is only the list."""
    known = [("", _("List"), "fa-list")]
    if state_field(view, plan) is not None:
        known.append(("board", _("Board"), "fa-bars-progress"))
    if day_field(view, plan) is not None:
        known.append(("calendar", _("Calendar"), "fa-calendar-days"))
    base = view.url("list")
    found = [
        SimpleNamespace(
            label=label, icon=icon, active=asked.shape == key, url=asked.url(base, shape=key, month="")
        )
        for key, label, icon in known
    ]
    return found if len(found) > 1 else []


def board(view: Any, asked: listing.Asked, plan: listing.Plan, actor: Any) -> SimpleNamespace:
    """Columns of cards: of each state the first rows in the order of the list, one statement a state.

    :raises BadRequest: for a list without states
    """
    field = state_field(view, plan)
    if field is None or field.choices is None:
        raise BadRequest(_("This view cannot be read."))
    is_open = field.name in editable(view, _with(plan, field), actor)
    columns, said = [], _said_on_cards(view, plan, field)
    for state in field.choices:
        here = replace(plan, base=field.column == state if plan.base is None else plan.base & (field.column == state))
        found = listing.find(replace(asked, size=MOST_CARDS), here, actor)
        cards = [_card(view, row, said, field, is_open) for row in found.rows]
        more = asked.url(view.url("list"), f=_also(asked.tree, [field.name, "eq", state.value]), shape="")
        columns.append(
            SimpleNamespace(
                value=state.value, label=state.label, tone=state.tone, cards=cards, more_url=more if found.after else ""
            )
        )
    return SimpleNamespace(
        columns=columns,
        name=field.name,
        label=view.label(field.name),
        moves=_cells(view),
        here=asked.url(view.url("list")),
    )


def _with(plan: listing.Plan, field: FieldSpec) -> listing.Plan:
    return replace(plan, columns=tuple(dict.fromkeys([*plan.columns, field.name])))


def _also(tree: Any, condition: list[Any]) -> Any:
    """A filter and one condition more."""
    if not tree:
        return {"and": [condition]}
    return (
        {"and": [*tree["and"], condition]} if isinstance(tree, dict) and "and" in tree else {"and": [tree, condition]}
    )


def _cells(view: Any) -> str:
    return url_for("savedlists.columns", list_key=view.endpoint).removesuffix("columns") + "cell/"


def _said_on_cards(view: Any, plan: listing.Plan, field: FieldSpec) -> listing.Plan:
    """The first columns of the list, and its first amount wherever that stands."""
    shown = [name for name in plan.columns if name.split(".")[0] not in (field.name, field.relation)]
    known = specs(view.model)
    amounts = [name for name in shown if name in known and known[name].kind == "money"]
    return replace(plan, columns=tuple(dict.fromkeys([*shown[: LINES + 1], *amounts[:1]])))


def _card(view: Any, row: Any, plan: listing.Plan, field: FieldSpec, is_open: bool) -> SimpleNamespace:
    drawn = rows_of(view, [row], plan)[0]
    said = [cell for cell in drawn.cells or [] if cell["text"] if str(cell["text"]) != drawn.label]
    amount = next((cell for cell in said if cell["kind"] == "money"), None)
    return SimpleNamespace(
        pk=drawn.pk, url=drawn.url, label=drawn.label, amount=amount, lines=[cell for cell in said if cell is not amount][:LINES],
        targets=targets(view, row, field, is_open),
    )  # fmt: skip


def targets(view: Any, row: Any, field: FieldSpec, is_open: bool) -> list[SimpleNamespace]:
    """Where a card may go: by operations that are possible on this row and allowed to this reader, else by the form's field."""
    if field.choices is None:
        return []
    now = getattr(row, field.name)
    leading = [
        verb for verb in view.verbs.values() if verb.leads_to is not None and type(verb.leads_to) is field.choices
    ]
    if leading:
        return [
            _by(view, row, verb)
            for verb in leading
            if verb.single and verb.leads_to is not now and _may_go(view, row, verb)
        ]
    return (
        [SimpleNamespace(value=m.value, label=str(m.label), url="", asks=False) for m in field.choices if m is not now]
        if is_open
        else []
    )


def _may_go(view: Any, row: Any, verb: verbs.Verb) -> bool:
    return may(view, verb.permission) and verb.possible(row)


def _by(view: Any, row: Any, verb: verbs.Verb) -> SimpleNamespace:
    url = view.url("action", name=verb.name, pk=row.id)
    return SimpleNamespace(value=str(verb.leads_to.value), label=str(verb.label), url=url, asks=verb.asks)


def _state_of(view: Any, plan: listing.Plan) -> Callable[[Any], Any]:
    """The state of a row, where the list shows it."""
    field = state_field(view, plan)
    return attrgetter(field.name) if field is not None and field.name in plan.columns else lambda row: None


def calendar(view: Any, asked: listing.Asked, plan: listing.Plan, actor: Any) -> SimpleNamespace:
    """A month of days with the first rows that stand on each, on the wall of the shop, and how many more there are.

    :raises BadRequest: for a list without dates
    """
    field = day_field(view, plan)
    if field is None:
        raise BadRequest(_("This view cannot be read."))
    today, base = clock.today(), view.url("list")
    year, month = (int(part) for part in (asked.month or today.strftime("%Y-%m")).split("-"))
    weeks = months.Calendar().monthdatescalendar(year, month)
    state_of = _state_of(view, plan)
    by_day, counted = _of_month(asked, plan, field, [day for week in weeks for day in week], actor)
    before, after = dt.date(year, month, 1) - dt.timedelta(days=1), dt.date(year, month, 28) + dt.timedelta(days=4)

    def day_of(day: dt.date) -> SimpleNamespace:
        cards = [
            SimpleNamespace(pk=row.id, url=view.url("show", pk=row.id), label=str(row), time=time, state=state_of(row))
            for row, time in by_day.get(day, [])[:MOST_OF_A_DAY]
        ]
        more = asked.url(base, f=_also(asked.tree, [field.name, "on", day.isoformat()]), shape="", month="")
        return SimpleNamespace(
            day=day, number=day.day, said=format_date(day, "full"), is_other=day.month != month, is_today=day == today, cards=cards,
            more=max(0, counted.get(day, 0) - MOST_OF_A_DAY), more_url=more,
        )  # fmt: skip

    return SimpleNamespace(
        title=format_skeleton("yMMMM", dt.date(year, month, 1), locale=get_locale()), label=view.label(field.name),
        name=field.name, moves=_cells(view),
        heads=[format_date(day, "EEE") for day in weeks[0]], weeks=[[day_of(day) for day in week] for week in weeks],
        before_url=asked.url(base, month=before.strftime("%Y-%m")), after_url=asked.url(base, month=after.strftime("%Y-%m")),
        today_url=asked.url(base, month="") + "#today", is_open=field.name in editable(view, plan, actor),
    )  # fmt: skip


def _of_month(
    asked: listing.Asked, plan: listing.Plan, field: FieldSpec, days: list[dt.date], actor: Any
) -> tuple[dict[dt.date, list[Any]], Mapping[dt.date, int]]:
    """(row, hour) of each day, at least the first MOST_OF_A_DAY, and how many a day has: one statement, three for a busy month."""
    span = _span(field, days[0], days[-1])
    here = replace(plan, base=span if plan.base is None else plan.base & span)
    in_order = replace(asked, size=MOST_OF_A_MONTH, sort=field.name if field.name in plan.sortable else asked.sort)
    found, counted = listing.find(in_order, here, actor), None
    if found.after is not None:
        numbers, counted = _first_of_days(asked, here, field, days, actor)
        these = replace(plan, base=plan.model.id.in_(numbers))  # type: ignore[attr-defined]
        found = listing.find(replace(in_order, q="", tree=None), these, actor)
    by_day: dict[dt.date, list[Any]] = {}
    for row in found.rows:
        value = getattr(row, field.name)
        day = clock.local(value).date() if isinstance(value, dt.datetime) else value
        by_day.setdefault(day, []).append((row, clock.local(value).strftime("%H:%M") if isinstance(value, dt.datetime) else ""))
    return by_day, counted or {day: len(rows) for day, rows in by_day.items()}


def _first_of_days(
    asked: listing.Asked, plan: listing.Plan, field: FieldSpec, days: list[dt.date], actor: Any
) -> tuple[list[int], dict[dt.date, int]]:
    """The numbers of the rows that stand first on each day, and how many stand there in all."""
    model: Any = plan.model
    column: Any = field.column
    ends = [column <= day if field.kind == "date" else column < clock.day_span(day, day)[1] for day in days]
    at = case(*((is_before, number) for number, is_before in enumerate(ends)))
    rank = func.row_number().over(partition_by=at, order_by=(column, model.id))
    query, _conditions = listing.statement(asked, plan, actor)
    among = func.count().over(partition_by=at)
    ranked = query.with_only_columns(model.id, at.label("day"), rank.label("rank"), among.label("among")).subquery()
    rows = db.session.execute(select(ranked).where(ranked.c.rank <= MOST_OF_A_DAY)).all()
    return [row.id for row in rows], {days[row.day]: row.among for row in rows}


def _span(field: FieldSpec, first: dt.date, last: dt.date) -> Any:
    if field.kind == "date":
        return field.column.between(first, last)
    start, end = clock.day_span(first, last)
    return (field.column >= start) & (field.column < end)
