"""Screens of orders and of what hangs on them."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from flask_babel import format_date, gettext, ngettext
from flask_babel import lazy_gettext as _

from app.panel.core import cells, clock, money, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.interface import PanelInterface
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.customers.models import Customer
from app.shop.customers.views import CustomerView
from app.shop.orders import domain, forms, queries, services, states
from app.shop.orders.models import (
    CloseReason,
    ExceptionReason,
    ExceptionState,
    Order,
    OrderException,
    OrderState,
    Payment,
    PaymentMethod,
    Refund,
    RefundReason,
    RefundState,
    ReviewState,
    ShipClock,
    Shipment,
)
from app.shop.setup.views import PerShopView

ADDRESS = list(forms.ADDRESS)
SOON = 0.75


@cells.made_of("state", "is_held")
def _state(order: Order) -> Any:
    return cells.badge(order.state.label, order.state.tone, gettext("On hold") if order.is_held else "")


@cells.made_of("refund_state")
def _refund_state(order: Order) -> Any:
    return "" if order.refund_state is RefundState.NONE else order.refund_state


@cells.made_of("review")
def _review(order: Order) -> Any:
    return "" if order.review is ReviewState.CONFIRMED else order.review


def _margin(order: Order) -> str:
    return money.format(order.margin, order.currency)


@cells.made_of("ship_by_at", "paid_at", "state", empty_without="ship_by_at")
def _ship_by(order: Order) -> Any:
    """The time left, amber from three quarters of it on and red when it is over; the moment itself on what has left."""
    gone = services.share_gone(order, clock.now())
    if gone is None:
        return "" if order.ship_by_at is None else order.ship_by_at
    minutes = int((order.ship_by_at - clock.now()).total_seconds() // 60)
    hours, minutes = divmod(abs(minutes), 60)
    time = gettext("%(h)s h %(m)s min", h=hours, m=minutes) if hours < 10 else gettext("%(h)s h", h=hours)
    said = gettext("%(time)s left", time=time) if gone < 1 else gettext("%(time)s over", time=time)
    tone = "success" if gone < SOON else "warning" if gone < 1 else "danger"
    return cells.badge(said, tone, clock.wall(order.ship_by_at))


def _done(n: int, sentence: str) -> str:
    return f"{sentence} ({n})" if n > 1 else sentence


@domain.relate(CustomerView, label=_("Orders"), via="customer", order=10)
@domain.view(_("Orders"), icon="fa-cart-shopping", order=10)
class OrderView(PerShopView):
    datamodel = PanelInterface(Order)
    title = _("Orders")
    one = _("order")
    list_columns = [
        "number",
        "state",
        "shop",
        "channel",
        "creator_name",
        "buyer_name",
        "total",
        "refund_state",
        "review",
        "ship_by_at",
        "placed_at",
        "paid_at",
    ]
    filter_columns = [
        "state", "refund_state", "review", "is_held", "shop", "channel", "customer", "buyer_name", "number",
        "external_number", "creator_name", "creator_id", "total", "paid", "placed_at", "paid_at", "ship_by_at", "shipped_at",
        "province", "city", "source", "is_past", "assignee", "tags", "session_key",
    ]  # fmt: skip
    sort_columns = ["number", "state", "total", "placed_at", "paid_at", "ship_by_at"]
    search_columns = ["number", "external_number", "buyer_name", "buyer_phone", "creator_name", "creator_id"]
    default_sort = "-placed_at"
    calendar_column = "placed_at"
    quick_filters = ["state", "channel"]
    formatters = {"state": _state, "refund_state": _refund_state, "review": _review, "margin": _margin, "ship_by_at": _ship_by}
    label_columns = {
        "left_to_pay": _("Left to pay"), "left_to_refund": _("Left to refund"), "margin": _("Margin"),
        "address": _("Address"),
    }  # fmt: skip
    show_fieldsets = [
        (_("Order"), [
            "number", "external_number", "state", "refund_state", "review", "is_held", "hold_reason", "shop", "channel",
            "creator_name", "creator_id", "session_key", "source", "is_past", "assignee", "tags",
        ]),
        (_("Buyer"), ["customer", "buyer_name", "buyer_phone", "buyer_email", "address", "postcode", "country"]),
        (_("Amounts"), [
            "subtotal", "discount", "codes", "shipping_fee", "tax", "adjustment", "total", "paid", "refunded", "cost", "margin",
        ]),
        (_("Times"), ["placed_at", "paid_at", "ship_by_at", "shipped_at", "completed_at", "closed_at", "close_reason"]),
        (_("Remarks"), ["buyer_remark", "seller_remark"]),
    ]  # fmt: skip
    add_fieldsets = [
        (_("Where"), ["channel", "external_number", "creator_name", "creator_id", "warehouse"]),
        (_("Buyer"), ["customer", *ADDRESS]),
        (_("Amounts"), ["codes", "discount", "shipping_fee", "tax", "adjustment"]),
        (_("Remarks"), ["buyer_remark", "seller_remark"]),
    ]
    edit_fieldsets = [
        (_("Order"), ["external_number", "customer", "creator_name", "creator_id"]),
        (_("Buyer"), ADDRESS),
        (_("Remarks"), ["buyer_remark", "seller_remark"]),
    ]
    child_tables = ["lines", "payments", "shipments", "refunds", "exceptions", "notes"]
    can_delete = False
    can_import = False
    empty_text = _("No orders yet. They come from your channels, from the counter, or from a file.")

    def editable_children(self, row: Any) -> list[str]:
        """Lines are typed into a new order; those of a placed one stand, and the papers have verbs of their own."""
        return ["lines"] if row is None else []

    def page_of(self, template: str, **context: Any) -> str:
        """Where an address is typed, province, city and district are offered as on the card of a customer."""
        if template == "panel/form.html":
            template = "customers/address_form.html"
        elif template == "panel/verb.html" and context["page"].name == "edit_address":
            template = "customers/address_verb.html"
        return super().page_of(template, **context)

    def quick_counts(self, name: str, actor: Any) -> dict[str, int]:
        """Numbers on the tabs: one statement for all states."""
        if name != "state":
            return super().quick_counts(name, actor)
        found = {state.value: n for state, n in db.session.execute(queries.count_by_state(actor))}
        return {state.value: found.get(state.value, 0) for state in OrderState}

    @verb("pay", _("Book payment"), icon="fa-money-bill", form=forms.PayForm, primary=True, leads_to=OrderState.PAID,
          when=lambda order: order.state is OrderState.PENDING)  # fmt: skip
    def pay(self, orders: list[Order], form: Any) -> str:
        amount = form.amount.minor if "amount" in form else None
        ref = form.external_ref.data if "external_ref" in form else None
        for order in orders:
            services.pay(order, amount, method=PaymentMethod(form.method.data), external_ref=ref, actor=current_actor())
        return _done(len(orders), gettext("The payment is booked."))

    @verb("confirm", _("Confirm"), icon="fa-check", confirm=_("Is this order right: goods, quantities, address?"),
          when=lambda order: order.review is not ReviewState.CONFIRMED and order.state is not OrderState.CLOSED,
          )  # fmt: skip
    def confirm(self, orders: list[Order], form: Any) -> str:
        for order in orders:
            services.confirm(order, actor=current_actor())
        return _done(len(orders), gettext("Confirmed."))

    @verb("articles", _("Choose the article"), icon="fa-barcode", form=forms.ArticlesForm, permission="confirm", many=False,
          when=lambda order: any(line.sku_id is None for line in order.lines))  # fmt: skip
    def articles(self, orders: list[Order], form: Any) -> str:
        services.assign_sku(orders[0], form.choices(), actor=current_actor())
        return gettext("The articles are named.")

    @verb("recheck", _("Check again"), icon="fa-arrows-rotate", permission="confirm",
          when=lambda order: order.review is not ReviewState.CONFIRMED and order.state is not OrderState.CLOSED)  # fmt: skip
    def recheck(self, orders: list[Order], form: Any) -> str:
        good = sum(services.recheck(order, actor=current_actor()).review is ReviewState.CONFIRMED for order in orders)
        return gettext("Checked again: %(good)s of %(all)s are right now.", good=good, all=len(orders))

    @verb("ship", _("Ship"), icon="fa-truck", form=forms.ShipForm, primary=True, leads_to=OrderState.SHIPPED,
          when=lambda order: order.state in states.TO_SHIP)  # fmt: skip
    def ship(self, orders: list[Order], form: Any) -> str:
        number = form.tracking_number.data if "tracking_number" in form else ""
        for order in orders:
            services.ship(
                order, pieces=form.pieces(), courier=form.courier.data or "", tracking_number=number or "",
                note=form.note.data or "", actor=current_actor(),
            )  # fmt: skip
        return str(ngettext("%(num)s order is shipped.", "%(num)s orders are shipped.", len(orders)))

    @verb("cancel_rest", _("Do not send the rest"), icon="fa-ban", form=forms.WhyForm, permission="ship",
          when=lambda order: order.state is OrderState.PARTLY_SHIPPED,
          help=_("The stock of the rest is free again. Money that was paid for it is refunded in a second step."))  # fmt: skip
    def cancel_rest(self, orders: list[Order], form: Any) -> str:
        for order in orders:
            services.cancel_rest(order, why=form.why.data or "", actor=current_actor())
        return _done(len(orders), gettext("The rest is not sent."))

    @verb("complete", _("Complete"), leads_to=OrderState.COMPLETED, icon="fa-flag-checkered",
          confirm=_("Has the buyer received everything?"),
          when=lambda order: order.state is OrderState.SHIPPED)  # fmt: skip
    def complete(self, orders: list[Order], form: Any) -> str:
        for order in orders:
            services.complete(order, actor=current_actor())
        return _done(len(orders), gettext("Completed."))

    @verb("refund", _("Refund"), icon="fa-rotate-left", form=forms.RefundForm, tone="danger",
          when=lambda order: order.left_to_refund > 0)  # fmt: skip
    def refund(self, orders: list[Order], form: Any) -> str:
        amount = form.amount.minor if "amount" in form else None
        pieces = form.pieces()
        for order in orders:
            services.refund(
                order, amount, pieces=pieces if pieces and any(pieces.values()) else None,
                reason=RefundReason(form.reason.data), restock=form.restock.data, note=form.note.data or "",
                key=f"{form.idempotency_key.data}:{order.id}", actor=current_actor(),
            )  # fmt: skip
        return _done(len(orders), gettext("The refund is booked."))

    @verb("edit_address", _("Change the address"), icon="fa-location-dot", form=forms.AddressForm, many=False,
          when=lambda order: order.state in (OrderState.PENDING, *states.TO_SHIP))  # fmt: skip
    def edit_address(self, orders: list[Order], form: Any) -> str:
        services.edit_address(orders[0], form.values(), why=form.why.data or "", actor=current_actor())
        return gettext("The address is changed; the old one stays in the history.")

    @verb("hold", _("Hold"), icon="fa-hand", form=forms.HoldForm,
          when=lambda order: not order.is_held and order.state not in states.DONE)  # fmt: skip
    def hold(self, orders: list[Order], form: Any) -> str:
        for order in orders:
            services.hold(order, reason=form.reason.data, actor=current_actor())
        return _done(len(orders), gettext("On hold."))

    @verb("release", _("Let it go on"), icon="fa-play", permission="hold", confirm=_("Let it go on?"),
          when=lambda order: order.is_held)  # fmt: skip
    def release(self, orders: list[Order], form: Any) -> str:
        for order in orders:
            services.release(order, actor=current_actor())
        return _done(len(orders), gettext("Released."))

    @verb("close", _("Close the order"), icon="fa-xmark", form=forms.CloseForm, tone="danger", leads_to=OrderState.CLOSED,
          when=lambda order: states.can_move(order, OrderState.CLOSED))  # fmt: skip
    def close(self, orders: list[Order], form: Any) -> str:
        for order in orders:
            services.close(order, reason=CloseReason(form.reason.data), why=form.why.data or "", actor=current_actor())
        return _done(len(orders), gettext("Closed."))

    @verb("note", _("Add a note"), icon="fa-comment", form=forms.NoteForm)
    def note(self, orders: list[Order], form: Any) -> str:
        for order in orders:
            services.add_note(order, form.body.data, actor=current_actor())
        return _done(len(orders), gettext("Noted."))

    @verb("mark", _("Report a problem"), icon="fa-triangle-exclamation", form=forms.ExceptionForm, permission="handle")
    def mark(self, orders: list[Order], form: Any) -> str:
        reason = db.session.get_one(ExceptionReason, form.reason_id.data)
        for order in orders:
            services.open_exception(order, reason, detail=form.detail.data or "", actor=current_actor())
        return _done(len(orders), gettext("The problem is on the list."))

    @verb("pick", _("Picking list"), icon="fa-list-check", permission="read", read_only=True,
          when=lambda order: order.state in states.TO_SHIP)  # fmt: skip
    def pick(self, orders: list[Order], form: Any) -> Any:
        return _print("picking", orders)

    @verb("slip", _("Packing slip"), icon="fa-box", permission="read", read_only=True)
    def slip(self, orders: list[Order], form: Any) -> Any:
        return _print("slips", orders)

    @verb("receipt", _("Receipt"), icon="fa-receipt", permission="read", read_only=True, many=False,
          when=lambda order: order.paid > 0)  # fmt: skip
    def receipt(self, orders: list[Order], form: Any) -> Any:
        return _print("receipts", orders)


@domain.panel(CustomerView, label=_("Purchases"), order=10)
def purchases(customer: Customer, actor: Any) -> Any:
    """What a customer has bought so far, one row of figures a currency, of the orders that the reader may see."""
    access = policy.fields(actor, "orders.Order")
    if not policy.allowed(actor, "read", "orders.Order") or not (access.usable("total") and access.usable("refunded")):
        return None
    rows = db.session.execute(queries.purchases_of(customer.id, actor)).all()
    shown = [
        {
            "orders": row.orders, "gmv": money.format(row.gmv, row.currency),
            "average": money.format((2 * row.gmv + row.sold) // (2 * row.sold), row.currency) if row.sold else "–",
            "refunded": money.format(row.refunded, row.currency), "last": format_date(clock.local(row.last_at)),
        }
        for row in rows
    ]  # fmt: skip
    return ("orders/_purchases.html", {"purchases": shown}) if shown else None


def _print(kind: str, orders: list[Order]) -> Any:
    # the page asks the policy again for every number that it is given
    return redirect(url_for(f"orders_print.{kind}", ids=",".join(str(order.id) for order in orders)))


@domain.view(_("Abnormal orders"), icon="fa-triangle-exclamation", order=30)
class OrderExceptionView(PanelView):
    datamodel = PanelInterface(OrderException)
    title = _("Abnormal orders")
    one = _("problem")
    list_columns = ["order", "reason", "detail", "state", "opened_at", "handled_at", "resolution"]
    filter_columns = ["state", "reason", "order", "detail", "opened_at", "handled_at"]
    default_sort = "-opened_at"
    quick_filters = ["state", "reason"]
    can_add = can_edit = can_delete = False
    empty_text = _("No abnormal orders. Good.")

    @verb("handle", _("Mark as handled"), icon="fa-check", form=forms.HandleForm, permission="write", primary=True,
          when=lambda exception: exception.state is ExceptionState.OPEN)  # fmt: skip
    def handle(self, exceptions: list[OrderException], form: Any) -> str:
        for exception in exceptions:
            services.handle_exception(exception, resolution=form.resolution.data, actor=current_actor())
        return _done(len(exceptions), gettext("Handled."))


@domain.view(_("Payments"), icon="fa-money-bill", order=50)
class PaymentView(PanelView):
    datamodel = PanelInterface(Payment)
    title = _("Payments")
    one = _("payment")
    list_columns = ["order", "method", "amount", "state", "external_ref", "paid_at"]
    default_sort = "-paid_at"
    quick_filters = ["method"]
    can_add = can_edit = can_delete = False


@domain.view(_("Refunds"), icon="fa-rotate-left", order=60)
class RefundView(PanelView):
    datamodel = PanelInterface(Refund)
    title = _("Refunds")
    one = _("refund")
    list_columns = ["order", "amount", "reason", "method", "restock", "note", "refunded_at", "reversed_at"]
    default_sort = "-refunded_at"
    quick_filters = ["reason"]
    can_add = can_edit = can_delete = False
    child_tables = ["lines"]


@domain.view(_("Parcels"), icon="fa-truck", order=40)
class ShipmentView(PanelView):
    datamodel = PanelInterface(Shipment)
    title = _("Parcels")
    one = _("parcel")
    list_columns = ["order", "courier", "tracking_number", "shipped_at", "note"]
    default_sort = "-shipped_at"
    can_add = can_edit = can_delete = False
    child_tables = ["lines"]


@domain.view(_("Reasons for problems"), icon="fa-tags", order=90)
class ExceptionReasonView(PanelView):
    datamodel = PanelInterface(ExceptionReason)
    title = _("Reasons for problems")
    one = _("reason")
    list_columns = ["position", "name", "code", "is_active"]
    default_sort = "position"


@domain.view(_("Hours to ship"), icon="fa-stopwatch", order=95)
class ShipClockView(PanelView):
    datamodel = PanelInterface(ShipClock)
    title = _("Hours to ship")
    one = _("shop's hours")
    list_columns = ["shop", "ship_hours", "trace_hours"]
    form_fieldsets = [(_("Hours to ship"), ["shop", "ship_hours", "trace_hours"])]
    default_sort = "shop"
    can_import = False
    empty_text = _("Every shop has the hours of the settings. A shop with hours of its own stands here.")
