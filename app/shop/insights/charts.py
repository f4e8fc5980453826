"""Rows in, charts out. Amounts become major units here, for the eye alone; tables show them formatted and exact."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _

from app.panel.core import money
from app.panel.core.charts import PALETTE, QUIET, Chart, bars, color_of, horizontal, line, money_axis, ring
from app.shop.insights.figures import Sales
from app.shop.orders.models import OrderState


def _major(minor: int, currency: str) -> float:
    return float(money.to_decimal(minor, currency))


def sales_by_day(now: Mapping[dt.date, Sales], before: Mapping[dt.date, Sales], currency: str) -> Chart:
    """GMV a day as a line, the same days of the period before as a dotted one."""
    days, earlier = list(now), list(before)
    # both lines stand over the days of the present period: it is the shapes that are compared
    x = [day.isoformat() for day in days]
    ours = [now[day].amount(currency) for day in days]
    theirs = [before[day].amount(currency) for day in earlier]
    rows = [
        [format_date(day), money.format(a, currency), now[day].orders, format_date(was), money.format(b, currency)]
        for day, was, a, b in zip(days, earlier, ours, theirs, strict=True)
    ]
    total, former = sum(ours), sum(theirs)
    return Chart(
        key="sales-by-day", title=_("Sales by day"), wide=True,
        data=[
            line(x, [_major(v, currency) for v in theirs], _("Period before"), color=QUIET, dash="dot"),
            line(x, [_major(v, currency) for v in ours], _("This period"), fill=True),
        ],
        layout={"yaxis": money_axis(money.symbol(currency)), "xaxis": {"type": "date"}},
        columns=[_("Day"), _("Sales"), _("Orders"), _("Day before"), _("Sales then")],
        rows=rows if total or former else [],
        counts=_("Totals of the orders paid on each day, refunds not taken off, in %(currency)s.", currency=currency),
        summary=_(
            "%(total)s in this period, %(former)s in the one before.",
            total=money.format(total, currency), former=money.format(former, currency),
        ),
        empty=_("No sales in this period. The first paid order appears here the next day."),
    )  # fmt: skip


def sales_by_channel(rows: Sequence[Any], currency: str) -> Chart:
    """GMV by channel as horizontal bars. `rows`: (channel_id, channel, currency, orders, gmv), the best first."""
    own = [row for row in rows if row.currency == currency]
    names, amounts = [row.name for row in own], [row.gmv for row in own]
    said = ""
    if own:
        said = _("Most on %(name)s: %(amount)s.", name=own[0].name, amount=money.format(own[0].gmv, currency))
    return Chart(
        key="sales-by-channel", title=_("Sales by channel"),
        data=[bars(names, [_major(v, currency) for v in amounts], _("Sales"), horizontal=True)],
        layout=horizontal({"xaxis": money_axis(money.symbol(currency))}),
        columns=[_("Channel"), _("Sales"), _("Orders")],
        rows=[[row.name, money.format(row.gmv, row.currency), row.orders] for row in rows],
        counts=_("Totals of the orders paid in this period, in %(currency)s.", currency=currency),
        summary=said,
    )  # fmt: skip


def orders_by_state(counts: Mapping[OrderState, int]) -> Chart:
    """Orders by their state now, as a ring."""
    states = [state for state in OrderState if counts.get(state)]
    labels = [state.label for state in states]
    total = sum(counts.values())
    share = [[state.label, counts[state], f"{100 * counts[state] / total:.1f} %"] for state in states] if total else []
    return Chart(
        key="orders-by-state", title=_("Orders by state"),
        data=[ring(labels, [counts[state] for state in states], colors=[color_of(state.tone) for state in states])],
        columns=[_("State"), _("Orders"), _("Share")], rows=share,
        counts=_("Orders placed in this period, by where they stand now."),
        summary="; ".join(f"{state.label} {counts[state]}" for state in states),
    )  # fmt: skip


def sold_by_day(days: Sequence[dt.date], sold: Mapping[dt.date, tuple[int, int, int]], currency: str) -> Chart:
    """What was paid for a product a day: (pieces, amount, discount); days with a discount stand out."""
    amounts = [sold.get(day, (0, 0, 0)) for day in days]
    tones = [color_of("warning") if discount else PALETTE[0] for _pieces, _amount, discount in amounts]
    total = sum(amount for _pieces, amount, _discount in amounts)
    discounted = sum(1 for _pieces, _amount, discount in amounts if discount)
    return Chart(
        key="sold-by-day", title=_("Sold by day"), wide=True,
        data=[bars([day.isoformat() for day in days], [_major(row[1], currency) for row in amounts], _("Goods amount"),
                   color=tones)],
        layout={"yaxis": money_axis(money.symbol(currency)), "xaxis": {"type": "date"}, "showlegend": False},
        columns=[_("Day"), _("Pieces"), _("Goods amount"), _("Discount")],
        rows=[
            [format_date(day), pieces, money.format(amount, currency), money.format(discount, currency)]
            for day, (pieces, amount, discount) in zip(days, amounts, strict=True)
        ] if total else [],
        counts=_("What was paid for it on each day, in %(currency)s; days with a discount have another colour.", currency=currency),
        summary=_("%(total)s in all, %(n)s days with a discount.", total=money.format(total, currency), n=discounted),
        empty=_("Nothing was sold of it in this period."),
    )  # fmt: skip


def leading(rows: Sequence[tuple[str, float, str]], label: str, kind: str) -> Chart:
    """The products that lead in a figure: (title, number, text), the best first."""
    return Chart(
        key="leading", title=_("Leading by: %(figure)s", figure=label), wide=True,
        data=[bars([title for title, _number, _text in rows], [number for _title, number, _text in rows], label, horizontal=True)],
        layout=horizontal(), columns=[_("Product"), label], rows=[[title, text] for title, _number, text in rows],
        counts=_("Products of the kind “%(kind)s”, the twelve that lead.", kind=kind),
        summary=_("First: %(product)s, %(text)s.", product=rows[0][0], text=rows[0][2]) if rows else "",
    )  # fmt: skip
