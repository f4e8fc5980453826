"""Screens of logistics, and what stands of parcels on the page of an order."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import cells, money, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.interface import PanelInterface
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.logistics import domain, forms, queries, services
from app.shop.logistics.models import (
    Compensation,
    CompensationRule,
    CompensationState,
    Courier,
    Parcel,
    ShippingMethod,
    ShippingRule,
    Waybill,
    WaybillState,
)
from app.shop.logistics.services import compensations, waybills
from app.shop.logistics.services.waybills import LIVING
from app.shop.orders.models import Order, OrderState
from app.shop.orders.states import TO_SHIP
from app.shop.orders.views import OrderView
from app.shop.setup.views import PerShopView


def _state(parcel: Parcel) -> Any:
    return cells.badge(parcel.state.label, parcel.state.tone, gettext("Stands still") if parcel.is_standing else "")


def _is_open(row: Compensation) -> bool:
    return row.state is CompensationState.PROPOSED


@domain.view(_("Parcels on their way"), icon="fa-location-dot", order=10)
class ParcelView(PanelView):
    datamodel = PanelInterface(Parcel)
    title = _("Parcels on their way")
    one = _("parcel")
    list_columns = ["number", "courier", "order", "state", "said", "moved_at", "shipped_at", "is_standing"]
    filter_columns = ["state", "courier", "is_standing", "number", "order", "shipped_at", "first_at", "moved_at"]
    sort_columns = ["moved_at"]
    search_columns = ["number", "order.number"]
    default_sort = "-moved_at"
    quick_filters = ["state", "courier"]
    formatters = {"state": _state}
    show_fieldsets = [
        (_("Parcel in transit"), ["number", "courier", "order", "state", "said", "is_standing"]),
        (_("Times"), ["shipped_at", "first_at", "moved_at"]),
    ]
    child_tables = ["events"]
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("No parcels yet. They come from orders that are shipped with a courier and a tracking number.")

    @verb("print", _("Print the waybills"), icon="fa-print", permission="read", read_only=True)
    def print(self, rows: list[Parcel], form: Any) -> Any:
        # the page asks the policy again for every number that it is given
        return redirect(url_for("logistics_waybillprint.index", ids=",".join(str(row.id) for row in rows)))


@domain.view(_("Waybills"), icon="fa-receipt", order=30)
class WaybillView(PanelView):
    datamodel = PanelInterface(Waybill)
    title = _("Waybills")
    one = _("waybill")
    list_columns = ["number", "courier", "order", "state", "asked_at", "given_at", "why"]
    filter_columns = ["state", "courier", "order", "number", "asked_at", "given_at"]
    search_columns = ["number", "order.number"]
    default_sort = "-asked_at"
    quick_filters = ["state", "courier"]
    show_fieldsets = [(_("Waybill"), ["number", "courier", "order", "state", "asked_at", "given_at", "why"])]
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("No waybills yet. They are asked for on the page of an order whose parcel has no number.")

    @verb("void", _("Make void"), icon="fa-ban", form=forms.VoidForm, tone="danger", when=lambda one: one.state in LIVING,
          help=_("The number is given up, and the parcel has none. Possible until the courier has collected it."))  # fmt: skip
    def void(self, rows: list[Waybill], form: Any) -> str:
        for row in rows:
            waybills.void(row, why=form.why.data, actor=current_actor())
        return gettext("Void.")


@domain.view(_("Couriers"), icon="fa-building", order=40)
class CourierView(PanelView):
    datamodel = PanelInterface(Courier)
    title = _("Couriers")
    one = _("courier")
    list_columns = ["position", "code", "name", "formats", "phone", "link", "is_active"]
    default_sort = "position"
    form_fieldsets = [
        (_("Courier"), ["code", "name", "aliases", "phone", "position", "is_active"]),
        (_("Numbers and news"), ["formats", "link"]),
    ]
    can_import = False


@domain.view(_("Shipping methods"), icon="fa-route", order=50)
class ShippingMethodView(PanelView):
    datamodel = PanelInterface(ShippingMethod)
    title = _("Shipping methods")
    one = _("shipping method")
    list_columns = ["position", "name", "kind", "courier", "fee", "days_from", "days_to", "pros", "cons", "is_active"]
    default_sort = "position"
    form_fieldsets = [
        (_("Shipping method"), ["name", "kind", "courier", "fee", "currency", "days_from", "days_to", "provinces"]),
        (_("For and against"), ["pros", "cons", "position", "is_active"]),
    ]
    can_import = False
    empty_text = _("No shipping methods yet. Add those that you use; each order then gets a suggestion.")


@domain.view(_("Rules for methods"), icon="fa-code-branch", order=60)
class ShippingRuleView(PanelView):
    datamodel = PanelInterface(ShippingRule)
    title = _("Rules for methods")
    one = _("rule")
    list_columns = ["position", "name", "provinces", "least", "most", "aim", "method", "is_active"]
    default_sort = "position"
    form_fieldsets = [
        (_("For which orders"), ["name", "position", "provinces", "currency", "least", "most", "is_active"]),
        (_("What is suggested"), ["aim", "method"]),
    ]
    can_import = False
    empty_text = _("No rules yet. Without one the cheapest method that goes there is suggested.")


@domain.view(_("Compensation"), icon="fa-hand-holding-heart", order=70)
class CompensationView(PanelView):
    datamodel = PanelInterface(Compensation)
    title = _("Compensation")
    one = _("compensation")
    list_columns = ["order", "kind", "amount", "state", "rule", "made_at", "decided_at", "why"]
    filter_columns = ["state", "kind", "rule", "order", "amount", "made_at", "decided_at"]
    default_sort = "-made_at"
    quick_filters = ["state", "kind"]
    show_fieldsets = [(_("Compensation"), ["order", "kind", "amount", "state", "rule", "made_at", "decided_at", "why"])]
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("Nobody is owed anything. Rules for compensation say what buyers get when an order misses its time to ship.")

    @verb("approve", _("Approve"), icon="fa-check", primary=True, confirm=_("Grant it to the buyer?"), when=_is_open)
    def approve(self, rows: list[Compensation], form: Any) -> str:
        for row in rows:
            compensations.approve(row, actor=current_actor())
        return gettext("Approved.")

    @verb("refuse", _("Do not grant it"), icon="fa-xmark", form=forms.VoidForm, permission="approve", tone="danger", when=_is_open)
    def refuse(self, rows: list[Compensation], form: Any) -> str:
        for row in rows:
            compensations.refuse(row, why=form.why.data, actor=current_actor())
        return gettext("Refused.")


@domain.view(_("Rules for compensation"), icon="fa-scale-balanced", order=80)
class CompensationRuleView(PerShopView):
    datamodel = PanelInterface(CompensationRule)
    title = _("Rules for compensation")
    one = _("rule")
    list_columns = ["position", "name", "shop", "least", "kind", "amount", "is_automatic", "is_active"]
    default_sort = "position"
    form_fieldsets = [
        (_("For which orders"), ["name", "position", "shop", "currency", "least", "is_active"]),
        (_("What the buyer gets"), ["kind", "amount", "is_automatic"]),
    ]
    can_import = False
    empty_text = _("No rules yet. With one, each order that misses its time to ship gets a record, once.")


@domain.panel(OrderView, label=_("Tracking"), order=5)
def tracking(order: Order, actor: Any) -> Any:
    """What the couriers said of the parcels of an order, the method that fits one that waits, and its waybills."""
    if order.state in (OrderState.PENDING, OrderState.CLOSED) or not policy.allowed(actor, "read", "logistics.Parcel"):
        return None
    parcels = list(db.session.scalars(queries.parcels_of(order.id, actor)))
    may_ask = policy.allowed(actor, "ask", "logistics.Waybill")
    numberless = [one for one in order.shipments if not one.tracking_number] if may_ask else []
    asked = list(db.session.scalars(queries.waybills_of(order.id, actor))) if order.shipments and may_ask else []
    waits = {one.shipment_id for one in asked if one.state is WaybillState.ASKED}
    is_asked = order.state in TO_SHIP and policy.allowed(actor, "read", "logistics.ShippingMethod")
    suggestion = services.suggest(order) if is_asked else None
    if not (parcels or numberless or asked or suggestion):
        return None
    return "logistics/_tracking.html", {
        "parcels": parcels, "suggestion": suggestion,
        "fee": money.format(suggestion.method.fee, suggestion.method.currency) if suggestion else "",
        "numberless": [one for one in numberless if one.id not in waits], "waiting": len(waits),
    }  # fmt: skip
