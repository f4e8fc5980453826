"""The run sheet of a session: lines with drag and keyboard, their minutes against its length; and the host's cards."""

from __future__ import annotations

from typing import Any

from flask import jsonify, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import clock, money, pickers, policy, records, veil
from app.panel.core.actor import current_actor
from app.panel.core.api import answers, body
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.pages import PanelPage, expose, needs
from app.shop.catalog.models import Sku
from app.shop.live import domain, queries, rules
from app.shop.live.models import LiveItem, LiveSession
from app.shop.live.permissions import ITEM, SESSION
from app.shop.live.services import board, cards, overruled, sheet
from app.shop.live.states import PLANNED, ItemState, SessionState

QUICK = ("planned_minutes", "live_price", "stock_set_aside", "cue", "title")  # what is changed on the sheet itself
LINE = "/<int:live_id>/sheet/<int:line_id>"


@pickers.narrow(LiveItem, "sku_id")
def of_the_product(statement: Any, args: Any) -> Any:
    """Where a product is chosen already, its SKUs."""
    product = args.get("product", type=int)
    return statement.where(Sku.product_id == product) if product else statement


def rows_of(session: LiveSession) -> list[dict[str, Any]]:
    """The lines as the sheet draws them, narrowed to what its reader may see."""
    known = list(db.session.scalars(queries.items_of(session.id).execution_options(populate_existing=True)))
    paid = overruled.told(session, known, current_actor())
    return [_row(session, item) | {"paid": paid.get(item.id)} for item in known]


def _row(session: LiveSession, row: LiveItem) -> dict[str, Any]:
    item = veil.seen(row)
    sku = veil.seen(item.sku) if item.sku else None
    price = money.plain(row.live_price, row.currency) if veil.shows(row, "live_price") else None
    return {
        "id": row.id, "version": row.version, "title": board.title_of(row), "kind": item.kind.value,
        "kind_word": str(item.kind.label), "sku": (sku.options or sku.code) if sku else "",
        "planned_minutes": item.planned_minutes or 0, "live_price": price, "stock_set_aside": item.stock_set_aside,
        "cue": item.cue or "", "camera": item.camera_cue or "", "materials": rules.lines(item.materials),
        "points": len(rules.lines(item.talking_points)), "faq": len(rules.questions(item.faq)),
        "state": item.state.value, "word": str(item.state.label), "tone": item.state.tone, "goes": item.state is ItemState.PLANNED,
        "url": url_for("live_liveitem.edit", pk=row.id, next=url_for("live_sheet.index", live_id=session.id)),
    }  # fmt: skip


@domain.page(_("Run sheet"), menu=False)
class SheetPage(PanelPage):
    """LVP-08: what is shown in which order, for how long, at which price."""

    resource = SESSION
    title = _("Run sheet")
    route_base = "/live"
    stands_under = "live_livesession"

    @expose("/<int:live_id>/sheet")
    @needs("read")
    def index(self, live_id: int) -> str:
        actor = current_actor()
        session: LiveSession = records.get(LiveSession, live_id, actor=actor)
        may = policy.allowed(actor, "write", ITEM) and session.state in (*PLANNED, SessionState.LIVE)
        return self.render(
            "live/sheet.html", live=session, rows=rows_of(session), may_write=may, length=_length(session),
            title=veil.seen(session).title, begins=_minute_of_day(session),
            may_remove=may and policy.allowed(actor, "delete", ITEM),
        )  # fmt: skip

    @expose("/<int:live_id>/cards")
    @needs("read")
    def cards(self, live_id: int) -> str:
        """Cards of the items for the host, to print or for a second screen (LVP-11)."""
        session: LiveSession = records.get(LiveSession, live_id, actor=current_actor())
        return self.render(
            "live/cards.html", live=session, cards=cards.of_session(session, current_actor()), title=gettext("Host cards"),
            money=money.format,
        )  # fmt: skip

    @expose("/<int:live_id>/sheet/add", methods=["POST"])
    @answers("write")
    def add(self, live_id: int, actor: Any) -> Any:
        """A line from a product, a SKU, or the title of a demonstration."""
        session: LiveSession = records.get(LiveSession, live_id, actor=actor)
        raw = body()
        values = {
            "session_id": session.id,
            **{name: raw[name] for name in ("product_id", "sku_id", "title", "kind") if raw.get(name)},
        }
        records.create(LiveItem, records.parse(LiveItem, values, partial=True), actor=actor)
        return self._told(live_id, actor)

    @expose(LINE, methods=["POST"])
    @answers("write")
    def change(self, live_id: int, line_id: int, actor: Any) -> Any:
        """Fields of one line, with the version that its writer saw."""
        item, raw = self._line(live_id, line_id, actor), body()
        values = {name: raw[name] for name in QUICK if name in raw}
        parsed = records.parse(LiveItem, values, row=item, partial=True, names=set(QUICK))
        if "planned_minutes" in parsed:
            parsed["planned_minutes"] = parsed["planned_minutes"] or 0
        records.update(item, parsed, actor=actor, version=raw.get("version"))
        return self._told(live_id, actor)

    @expose(f"{LINE}/remove", methods=["POST"])
    @answers("write")
    def remove(self, live_id: int, line_id: int, actor: Any) -> Any:
        records.delete(self._line(live_id, line_id, actor), actor=actor, version=body().get("version"))
        return self._told(live_id, actor)

    @expose("/<int:live_id>/sheet/order", methods=["POST"])
    @answers("write")
    def order(self, live_id: int, actor: Any) -> Any:
        """All lines in their new order."""
        wanted = body().get("ids")
        if not isinstance(wanted, list) or not all(type(one) is int for one in wanted):
            raise InvalidInput({"ids": gettext("Name all lines.")})
        sheet.reorder(records.get(LiveSession, live_id, actor=actor), wanted, actor=actor)
        return self._told(live_id, actor)

    def _line(self, live_id: int, line_id: int, actor: Any) -> LiveItem:
        session: LiveSession = records.get(LiveSession, live_id, actor=actor)
        item: LiveItem = records.get(LiveItem, line_id, actor=actor)
        if item.session_id != session.id:
            raise InvalidInput({"line": gettext("There is nothing here.")})
        return item

    def _told(self, live_id: int, actor: Any) -> Any:
        session: LiveSession = records.get(LiveSession, live_id, actor=actor)
        return jsonify(rows=rows_of(session), length=_length(session))


def _length(session: LiveSession) -> int:
    return session.minutes if veil.shows(session, "starts_at", "ends_at") else 0


def _minute_of_day(session: LiveSession) -> int:
    """At which minute of the shop's day it begins: from there the sheet counts when each line comes."""
    if not veil.shows(session, "starts_at"):
        return 0
    begins = clock.local(session.starts_at)
    return begins.hour * 60 + begins.minute
