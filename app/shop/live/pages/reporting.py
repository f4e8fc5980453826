"""What came of a session: its report, and the rows behind each figure."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import case, func, select

from app.panel.core import money, policy, records, veil
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.listing import Asked
from app.panel.core.pages import PanelPage, expose, needs
from app.shop.live import domain, rules
from app.shop.live.analysis.forecast import HORIZONS
from app.shop.live.models import WHOLE, LiveConclusion, LiveEvent, LiveSession
from app.shop.live.permissions import CONCLUSION, GAME, SESSION
from app.shop.live.review import behind, charts, placed, reading, report, tables
from app.shop.live.services import audience, board, forecasting, hinting, participation, reviewing
from app.shop.orders.models import Order

MOST = 200
COUNT, MONEY, SHARE, TIME, RATE = "count", "money", "share", "time", "rate"
# figure → (label, how it is written, the events that it counts)
FIGURES: dict[str, tuple[Any, str, str]] = {
    "gmv": (_("Sales"), MONEY, "order"), "orders": (_("Orders"), COUNT, "order"), "units": (_("Pieces sold"), COUNT, "order"),
    "conversion": (_("Orders per viewer"), SHARE, "order"), "watchers": (_("Different viewers"), COUNT, "viewers_seen"),
    "viewers_peak": (_("Most viewers at once"), COUNT, "readings"), "watch_seconds": (_("Mean time watched"), TIME, "visits"),
    "five_minutes": (_("Still there after five minutes"), SHARE, "visits"), "comments": (_("Comments"), COUNT, "comment"),
    "likes": (_("Likes"), COUNT, "like"), "shares": (_("Shares"), COUNT, "share"), "follows": (_("New followers"), COUNT, "follow"),
    "clicks": (_("Clicks on goods"), COUNT, "click"), "carts": (_("Put into carts"), COUNT, "cart"),
    "interaction": (_("Signs of life per viewer"), RATE, "signs"),
}  # fmt: skip
CARDS = ("gmv", "orders", "conversion", "watchers", "viewers_peak", "watch_seconds", "five_minutes", "comments")
SIGNS = ("comment", "like", "share", "follow", "gift")  # of life
SEVERAL = ("pairs", "forecast")  # figures that are made of several sessions
KINDS = {kind for _label, _form, kind in FIGURES.values()} - tables.MAKERS.keys()
HINTS = {
    "longer": _("Sales still rose at its end: show it longer."), "shorter": _("Most was sold early: show it shorter."),
    "keep": _("Its length fits."), "few": _("Too few sales to say."),
}  # fmt: skip
PAIRS = {
    "display_sales": _("Minutes shown and sales of an item"), "exposure_orders": _("Viewer-minutes and orders of an item"),
    "interaction_sales": _("Signs of life per viewer and sales of a session"),
    "watch_sales": _("Mean time watched and sales of a session"),
}  # fmt: skip

# what is forecast → (label, the figure that is written alike)
AHEAD = {
    "viewers": (_("Viewers"), "viewers_peak"),
    "sales": (_("Sales"), "gmv"),
    "retention": (_("Retention"), "five_minutes"),
}


def sees_money(actor: Any) -> bool:
    """Sums of orders are for those who see the totals of orders."""
    of = "orders.Order"
    return policy.allowed(actor, "read", of) and policy.fields(actor, of).usable("total")


def written(name: str, value: Any, currency: str) -> str:
    """A figure as people read it."""
    form = FIGURES[name][1]
    if value is None:
        return "–"
    if form == MONEY:
        return str(money.format(int(value), currency))
    if form == SHARE:
        return f"{100 * float(value):.1f} %"
    if form == TIME:
        return f"{int(value) // 60}:{int(value) % 60:02d}"
    return f"{value:,.2f}" if form == RATE else f"{int(value):,}"


@domain.page(_("Report"), menu=False)
class ReportPage(PanelPage):
    """LVR-01 to LVR-11, LVC-28."""

    resource = SESSION
    title = _("Report")
    route_base = "/live"
    stands_under = "live_livesession"

    @expose("/<int:live_id>/report")
    @needs("read")
    def index(self, live_id: int) -> str:
        actor = current_actor()
        session: LiveSession = records.get(LiveSession, live_id, actor=actor)
        kept = reviewing.report_of(session)
        ahead = self._ahead(session, sees_money(actor))
        if kept is None:
            return self.render(
                "live/report.html", live=session, title=session.title, made=None, ahead=ahead, played=_played(session, actor),
                prize_said=rules.prize_said,
            )  # fmt: skip
        with_money = sees_money(actor)
        found = kept.figures | {"items": self._items(session, kept.figures["items"])}
        begun = dt.datetime.fromisoformat(found["begun_at"])
        shown = [name for name in CARDS if with_money or FIGURES[name][1] != MONEY]
        drawn = [
            charts.retention(found), charts.quadrant(found["items"]), charts.pace(found["items"]),
            charts.threshold(found["items"]),
        ]  # fmt: skip
        if veil.shows(session, "begun_at", "starts_at"):
            drawn.insert(0, charts.course(found, begun, with_money=with_money))
        return self.render(
            "live/report.html", live=session, title=session.title, made=kept.made_at, found=found, ahead=ahead, charts=drawn,
            hints_url=_hints_of(session, actor),
            hints=HINTS, played=_played(session, actor), prize_said=rules.prize_said,
            portrait=audience.shown(session), followed=hinting.followed(session),
            may_write=policy.allowed(actor, "write", SESSION), source_word=rules.source_word,
            cards=[self._card(live_id, name, found) for name in shown], with_money=with_money, quadrants=charts.QUADRANTS,
            compared=self._compared(found, with_money, actor), pairs=PAIRS, format=money.format, percent=charts._percent,
            conclusions=self._conclusions(session, actor), may_conclude=policy.allowed(actor, "write", CONCLUSION),
        )  # fmt: skip

    @expose("/<int:live_id>/report/make", methods=["POST"])
    @needs("read")
    def make(self, live_id: int) -> Any:
        """Make it anew: events may have come late."""
        actor = current_actor()
        session: LiveSession = records.get(LiveSession, live_id, actor=actor)
        try:
            reviewing.make(session, actor=actor)
            flash(gettext("The report is made from the rows as they are now."), "success")
        except DomainError as error:
            if error.status in (403, 404):
                raise
            flash(error.message, "danger")
        return redirect(url_for("live_report.index", live_id=live_id))

    @expose("/<int:live_id>/report/rows")
    @needs("read")
    def rows(self, live_id: int) -> str:
        """The rows behind a figure, with their number and sum over all of them: events, or what is made of them."""
        actor = current_actor()
        session: LiveSession = records.get(LiveSession, live_id, actor=actor)
        kind, item_id = request.args.get("kind") or "order", request.args.get("item", type=int, default=WHOLE)
        if kind in tables.MAKERS or kind in SEVERAL:
            return self._table(session, kind, item_id, actor)
        if kind not in KINDS:
            abort(404)
        where = [LiveEvent.session_id == session.id, LiveEvent.kind.in_(SIGNS if kind == "signs" else (kind,))]
        if kind == "order":  # what was not taken is in no figure
            where.append(LiveEvent.state.in_(reading.COUNTED))
        item = next((one for one in session.items if one.id == item_id), None)
        if item is not None:
            where.append(LiveEvent.item_id == item_id)
        elif item_id != WHOLE:
            abort(404)
        with_order = LiveEvent.__table__.outerjoin(Order.__table__, Order.id == LiveEvent.order_id)
        amount = func.coalesce(Order.total, LiveEvent.amount)
        many = case((LiveEvent.kind.in_(("comment", "share", "follow")), 1), else_=LiveEvent.n)
        sums = select(func.count(), func.coalesce(func.sum(many), 0), func.coalesce(func.sum(amount), 0))
        count, pieces, total = db.session.execute(sums.select_from(with_order).where(*where)).one()
        found = db.session.execute(
            select(LiveEvent, amount.label("amount")).select_from(with_order).where(*where)
            .order_by(LiveEvent.at.desc(), LiveEvent.id.desc()).limit(MOST)
        ).all()  # fmt: skip
        rows = [(row, row_amount) for row, row_amount in found]
        if kind == "order":
            own = _placed(session, item_id)
            count, pieces, total = count + len(own), pieces + sum(one.n for one in own), total + sum(one.amount for one in own)
            rows = sorted([*rows, *((one, one.amount) for one in own)], key=lambda pair: pair[0].at, reverse=True)[:MOST]
        return self.render(
            "live/report_rows.html", live=session, title=next(label for label, _form, one in FIGURES.values() if one == kind),
            kind=kind, rows=rows, count=count, pieces=pieces, total=money.format(int(total), session.currency), item=item,
            names={line.id: board.title_of(line) for line in session.items}, with_money=sees_money(actor), is_order=kind == "order",
            format=money.format, most=MOST, may_open=policy.allowed(actor, "read", "orders.Order"),
            against=tables.different_viewers(session.id) if kind in ("order", "signs") and item is None else 0,
        )  # fmt: skip

    def _table(self, session: LiveSession, kind: str, item_id: int, actor: Any) -> str:
        item = next((one for one in session.items if one.id == item_id), None)
        if item is None and (kind == "displays" or item_id != WHOLE):
            abort(404)
        of, horizon = (request.args.get("of") or "")[:40], request.args.get("horizon", type=int, default=0)
        asked = tables.Asked(item, (request.args.get("source") or "")[:40], sees_money(actor), of, horizon, actor)
        about = board.title_of(item) if item else ""
        if kind == "pairs":
            found, about = behind.pairs(session, asked), PAIRS.get(of, "")
        elif kind == "forecast":
            found = _forecast(session, asked)
            about = gettext("%(figure)s, %(n)s min ahead", figure=AHEAD[of][0], n=horizon) if of in AHEAD else ""
        else:
            found = tables.MAKERS[kind](session, asked)
        if found is None:
            abort(404)
        if kind == "displays" and item is not None and found.more is not None:
            found.more.more = behind.sold(session, item.id)
        chain = [found]
        while chain[-1].more is not None:
            chain.append(chain[-1].more)
        return self.render("live/report_table.html", live=session, title=found.title, most=MOST, item=about, tables=chain)

    @staticmethod
    def _items(session: LiveSession, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The items of a report by the names, and with the plan, that this reader may see."""
        lines = {line.id: line for line in session.items}
        return [
            one | {"title": board.title_of(lines[one["id"]]), "planned": veil.seen(lines[one["id"]]).planned_minutes or 0}
            for one in told if one["id"] in lines
        ]  # fmt: skip

    @staticmethod
    def _ahead(session: LiveSession, with_money: bool) -> list[Any]:
        """What was forecast last, beside "as it is now" and what came; and how each way did on past sessions."""
        known = forecasting.skills(session.shop_id)
        said = {(row.figure, row.horizon): row for row in forecasting.latest(session.id)}
        lines = []
        for figure in forecasting.FIGURES:
            for horizon in HORIZONS:
                ways = [row for row in known if (row.figure, row.horizon) == (figure.key, horizon)]
                row = said.get((figure.key, horizon))
                if (figure.key == "sales" and not with_money) or not (ways or row):
                    continue
                best = min(ways, key=lambda way: way.error or 0, default=None)
                skill = forecasting.as_skill(best) if best else None

                def shown(value: Any, key: str = figure.key) -> str:
                    return "" if value is None else written(AHEAD[key][1], value, session.currency)

                lines.append(SimpleNamespace(
                    label=AHEAD[figure.key][0], key=figure.key, horizon=horizon, skill=skill,
                    speaks=bool(skill and skill.may_speak),
                    minute=row.minute if row else None, expected=shown(row.expected if row else None),
                    low=shown(row.low if row else None), high=shown(row.high if row else None),
                    plain=shown(row.plain if row else None), came=shown(row.came if row else None),
                ))  # fmt: skip
        return lines

    def _card(self, live_id: int, name: str, found: dict[str, Any]) -> Any:
        label, _form, kind = FIGURES[name]
        return SimpleNamespace(
            label=label, text=written(name, found["figures"].get(name), found["currency"]),
            url=url_for("live_report.rows", live_id=live_id, kind=kind),
        )  # fmt: skip

    def _compared(self, found: dict[str, Any], with_money: bool, actor: Any) -> Any:
        """This session beside similar ones that the reader may see."""
        keys = [one["id"] for one in found["similar"]]
        mine_to_see = policy.scope(select(LiveSession).where(LiveSession.id.in_(keys)), actor, LiveSession)
        seen = {row.id: veil.seen(row) for row in db.session.scalars(mine_to_see)}
        names = [name for name in report.COMPARED if with_money or FIGURES[name][1] != MONEY]
        mine, code = found["figures"], found["currency"]
        others = [one for one in found["similar"] if one["id"] in seen]

        def cell(name: str, other: dict[str, Any]) -> tuple[str, str, str]:
            value = other["figures"].get(name)
            url = url_for("live_report.rows", live_id=other["id"], kind=FIGURES[name][2])
            return written(name, value, code), self._against(mine.get(name), value), url

        return SimpleNamespace(
            heads=[(one["id"], seen[one["id"]].title, seen[one["id"]].starts_at) for one in others],
            rows=[
                (FIGURES[name][0], written(name, mine.get(name), code), FIGURES[name][2], [cell(name, one) for one in others])
                for name in names
            ],
        )  # fmt: skip

    @staticmethod
    def _against(mine: float | None, other: float | None) -> str:
        """How much more or less than the other session: "+12 %"."""
        return f"{100 * (mine - other) / other:+.0f} %" if mine is not None and other else ""

    @staticmethod
    def _conclusions(session: LiveSession, actor: Any) -> list[LiveConclusion]:
        query = policy.scope(select(LiveConclusion), actor, LiveConclusion).where(
            LiveConclusion.session_id == session.id
        )
        return list(db.session.scalars(query.order_by(LiveConclusion.id)))


def _placed(session: LiveSession, item_id: int) -> list[placed.Sale]:
    """The orders of a session that no feed told of; of an item, its part of each."""
    whole, parts = placed.orders_of(session)
    return whole if item_id == WHOLE else [one for one in parts if one.item_id == item_id]


def _forecast(session: LiveSession, asked: tables.Asked) -> tables.Table | None:
    """What is behind one line of the forecast; sums of orders are for those who see them."""
    if asked.of not in AHEAD or asked.horizon not in HORIZONS or (asked.of == "sales" and not asked.with_money):
        return None
    return behind.ahead(session, asked, lambda value: written(AHEAD[asked.of][1], value, session.currency))


def _played(session: LiveSession, actor: Any) -> list[tuple[Any, Any]]:
    """(game, how its participation compares) of each, for whoever may see both figures."""
    if not policy.allowed(actor, "read", GAME):
        return []
    return [(row.game, row.compared) for row in participation.of_session(session) if veil.shows(row.game, "taken_part", "viewers")]


def _hints_of(session: LiveSession, actor: Any) -> str:
    """The list of the hints of a session, for whoever may read them."""
    if not policy.allowed(actor, "read", "live.LiveHint"):
        return ""
    return Asked(tree={"and": [["session", "eq", str(session.id)]]}).url(url_for("live_livehint.list"))
