"""Pages of logistics that are no tables: what stands still, a waybill for a shipment, and the page where buyers look."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

from flask import flash, make_response, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.accounts.login import limits
from app.panel.bulk import runs
from app.panel.bulk.models import RunItem
from app.panel.bulk.states import Outcome
from app.panel.core import clock, policy, records
from app.panel.core.actor import SYSTEM, current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, NotFound
from app.panel.core.pages import PanelPage, expose, needs, public
from app.panel.core.security import network
from app.panel.core.settings import setting
from app.shop.logistics import domain, forms, queries
from app.shop.logistics.models import Parcel
from app.shop.logistics.services import waybills
from app.shop.logistics.tiles import standing_list
from app.shop.orders import barcodes
from app.shop.orders.models import Shipment

LONG = dt.timedelta(days=7)
MAX_PRINTED = 200
PER_PLACE, PER_NUMBER, TAIL = "20 per 5 minute", "10 per hour", re.compile("[0-9]{4}")


@domain.page(_("Parcels that stand still"), icon="fa-hourglass-half", order=20)
class StandingPage(PanelPage):
    """Of which nothing was heard for some days, by courier (LOG-10)."""

    resource = "logistics.Parcel"
    title = _("Parcels that stand still")

    @expose("/standing/")
    @needs("read")
    def index(self) -> str:
        edge = clock.today() - LONG
        found = db.session.execute(queries.standing_by_courier(current_actor(), clock.day_start(edge)))
        rows = []
        for row in found:
            courier = ["courier", "eq", str(row.courier_id)]
            rows.append(SimpleNamespace(
                name=row.name, standing=row.standing, week=int(row.week), longer=int(row.longer), oldest=row.oldest,
                url=standing_list(courier), longer_url=standing_list(courier, ["moved_at", "before", edge.isoformat()]),
            ))  # fmt: skip
        return self.render(
            "logistics/standing.html", rows=rows, days=setting("logistics.standing_after_days"), all_url=standing_list(),
            total=sum(row.standing for row in rows), most=max((row.standing for row in rows), default=1),
        )  # fmt: skip


@domain.page(_("Ask for a waybill"), menu=False)
class AskPage(PanelPage):
    """A number for a shipment that left without one."""

    resource = "logistics.Waybill"
    title = _("Ask for a waybill")
    route_base = "/logistics/shipments"
    stands_under = "logistics_waybill"

    @expose("/<int:shipment_id>/waybill/", methods=["GET", "POST"])
    @needs("ask")
    def index(self, shipment_id: int) -> Any:
        shipment = records.get(Shipment, shipment_id, actor=current_actor())
        form = forms.WaybillForm(formdata=request.form if request.method == "POST" else None)
        form.for_rows([shipment])
        if request.method == "POST" and form.validate():
            try:
                waybills.ask(shipment, forms.courier_of(form), actor=current_actor())
                flash(gettext("Asked for. The number stands on this page in a moment."), "success")
                return redirect(url_for("orders_order.show", pk=shipment.order_id))
            except DomainError as error:
                flash(error.message, "danger")
        status = 422 if request.method == "POST" else 200
        return self.render("logistics/ask.html", form=form, shipment=shipment), status


@domain.page(_("Prints of parcels"), menu=False)
class WaybillPrintPage(PanelPage):
    """What is stuck on parcels: of those that were ticked, or of all that a run has sent."""

    resource = "logistics.Parcel"
    title = _("Waybills")
    route_base = "/logistics/print"
    stands_under = "logistics_parcel"

    @expose("/waybills")
    @needs("read")
    def index(self) -> Any:
        actor, after = current_actor(), request.args.get("after", 0, type=int)
        meant = self._of_run(actor) if "run" in request.args else Parcel.id.in_(_numbers(request.args.get("ids", "")))
        parcels = list(db.session.scalars(queries.to_print(meant, after, actor).limit(MAX_PRINTED + 1)))
        if not parcels:
            raise NotFound(gettext("There is nothing here."))
        more = {**request.args, "after": parcels[MAX_PRINTED - 1].id} if len(parcels) > MAX_PRINTED else None
        return self.render(
            "logistics/waybills.html", title=gettext("Waybills"), parcels=parcels[:MAX_PRINTED], barcode=barcodes.data_url,
            access=policy.fields(actor, "orders.Order"), more_url=url_for(".index", **more) if more else "",
        )  # fmt: skip

    def _of_run(self, actor: Any) -> Any:
        """The parcels that left with a run of this person."""
        run = runs.find(request.args.get("run", 0, type=int), actor=actor)
        done = select(RunItem.row_id).where(RunItem.run_id == run.id, RunItem.outcome == Outcome.CHANGED.value)
        return Parcel.order_id.in_(done) & (Parcel.created_at >= (run.started_at or run.created_at))


def _numbers(text: str) -> list[int]:
    parts = [part for part in text.split(",") if part]
    if len(parts) > MAX_PRINTED or not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):
        raise NotFound(gettext("There is nothing here."))
    return [int(part) for part in parts]


@domain.page(_("Where is my parcel?"), menu=False)
class TrackPage(PanelPage):
    """Where buyers look, without a log-in: by order number and the last four digits of the phone (ORD-24, LOG-09).

    A wrong number and wrong digits get one answer. Whoever tries many digits for one number, or many numbers from one
    place, has to wait.
    """

    resource = "logistics.Parcel"
    title = _("Where is my parcel?")
    route_base = "/track"

    @expose("/", methods=["GET", "POST"])
    @public
    def index(self) -> Any:
        if not setting("logistics.public_trace"):
            raise NotFound(gettext("There is nothing here."))
        number, tail = (request.form.get(name, "").strip()[:64] for name in ("number", "tail"))
        asked = request.method == "POST"
        found = None
        if asked:
            limits.hit("track", PER_PLACE, network())
            limits.hit("track", PER_NUMBER, limits.named(number))
            found = db.session.scalars(queries.order_of_buyer(number, tail)).first() if TAIL.fullmatch(tail) else None
        parcels = list(db.session.scalars(queries.parcels_of(found.id, SYSTEM))) if found else []
        answer = make_response(self.render(
            "logistics/track.html", number=number, asked=asked, found=found, parcels=parcels,
            phone=policy.masked_text(found.buyer_phone, "phone") if found else "",
        ))  # fmt: skip
        answer.headers["Cache-Control"] = "no-store"
        return answer
