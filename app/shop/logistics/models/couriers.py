"""Courier companies, and the methods by which orders are sent."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.columns import choice, currency, flag, integer, longtext, money, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.logistics import formats
from app.shop.logistics.models.choices import Aim, CourierLink, MethodKind


class Courier(PanelModel):
    """A company that carries parcels. `formats` says how its tracking numbers look."""

    __tablename__ = "logistics_courier"

    code = text(_("Code"), 20, required=True, unique=True, help=_("Short and lasting, such as SF."))
    name = text(_("Name"), 60, required=True, search=True)
    aliases = text(
        _("Other names"), 300, search=True,
        help=_("As channels and files write it, with commas between."),
    )  # fmt: skip
    formats = text(
        _("Tracking numbers"), 300, check=formats.check,
        help=_("# is a digit, @ a letter, * either; {12} or {10,12} says how many. Several with blanks between; empty: any."),
    )  # fmt: skip
    phone = text(_("Service line"), 32)
    link = choice(_("Connection"), CourierLink, default=CourierLink.FILE)
    position = integer(_("Position"), default=100)
    is_active = flag(_("In use"), default=True)

    def __str__(self) -> str:
        return self.name


class ShippingMethod(PanelModel):
    """One way to send an order, with what speaks for it and against it (LOG-02)."""

    __tablename__ = "logistics_method"

    name = text(_("Name"), 80, required=True, search=True)
    kind = choice(_("Kind"), MethodKind, default=MethodKind.EXPRESS)
    courier_id = ref(_("Courier"), "logistics_courier.id", ondelete="SET NULL")
    courier = relation("Courier", courier_id)
    currency = currency(default="CNY")
    fee = money(_("Fee per parcel"), required=True, default=0, adds_up=False)
    days_from = integer(_("Days, at least"), default=1, min=0, max=90)
    days_to = integer(_("Days, at most"), default=3, min=0, max=90)
    provinces = longtext(_("Only to these provinces"), help=_("One a line or with commas between; empty: everywhere."))
    pros = text(_("Speaks for it"), 300)
    cons = text(_("Speaks against it"), 300)
    position = integer(_("Position"), default=100)
    is_active = flag(_("In use"), default=True)

    def __str__(self) -> str:
        return self.name


class ShippingRule(PanelModel):
    """Which method is suggested for which orders. The first rule that fits answers."""

    __tablename__ = "logistics_rule"

    name = text(_("Name"), 80, required=True, search=True)
    position = integer(_("Position"), default=100)
    provinces = longtext(_("Orders to these provinces"), help=_("One a line or with commas between; empty: everywhere."))
    currency = currency(default="CNY")
    least = money(_("Order total from"), adds_up=False)
    most = money(_("Order total up to"), adds_up=False)
    aim = choice(_("Suggest"), Aim, default=Aim.CHEAPEST)
    method_id = ref(_("Shipping method"), "logistics_method.id", ondelete="CASCADE", help=_("For “This method”."))
    method = relation("ShippingMethod", method_id)
    is_active = flag(_("In use"), default=True)

    def __str__(self) -> str:
        return self.name
