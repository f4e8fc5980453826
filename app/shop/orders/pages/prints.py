"""Papers of orders."""

from __future__ import annotations

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import clock, money, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import NotFound
from app.panel.core.pages import PanelPage, expose, needs
from app.panel.core.settings import setting
from app.shop.orders import barcodes, domain, queries, states
from app.shop.orders.models import Order

RESOURCE = "orders.Order"
MAX_PRINTED = 200


@domain.page(_("Prints"), menu=False)
class PrintPage(PanelPage):
    """Papers: what to fetch, what is in the parcel, what was paid. They ask the policy for every order they show."""

    title = _("Print")
    resource = RESOURCE
    route_base = "/orders/print"

    def _ids(self) -> list[int]:
        parts = [part for part in (request.args.get("ids") or "").split(",") if part]
        if not parts or len(parts) > MAX_PRINTED or not all(part.isdecimal() and len(part) < 10 for part in parts):
            raise NotFound(gettext("There is nothing here."))
        return [int(part) for part in parts]

    def _orders(self) -> list[Order]:
        ids = self._ids()
        found = list(db.session.scalars(queries.with_lines(ids, current_actor())))
        if len(found) != len(set(ids)):
            raise NotFound(gettext("There is nothing here."))
        return found

    @expose("/picking")
    @needs("read")
    def picking(self) -> str:
        """What to fetch for these orders; without numbers, for all that may leave now."""
        actor = current_actor()
        if request.args.get("ids"):
            orders = [order for order in self._orders() if order.state in states.TO_SHIP]
        else:
            orders = list(db.session.scalars(queries.to_ship(actor).limit(MAX_PRINTED)))
        rows = db.session.execute(queries.picking([order.id for order in orders], actor)).all()
        return self.render(
            "orders/picking.html", title=gettext("Picking list"), rows=rows, orders=orders, now=clock.now()
        )

    @expose("/slips")
    @needs("read")
    def slips(self) -> str:
        access = policy.fields(current_actor(), RESOURCE)
        return self.render(
            "orders/slips.html",
            title=gettext("Packing slip"),
            orders=self._orders(),
            barcode=barcodes.data_url,
            access=access,
        )

    @expose("/receipts")
    @needs("read")
    def receipts(self) -> str:
        return self.render(
            "orders/receipts.html", title=gettext("Receipt"), orders=self._orders(), barcode=barcodes.data_url,
            money=money.format, footer=setting("orders.receipt_footer"), width="narrow",
        )  # fmt: skip
