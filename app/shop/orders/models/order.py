"""The order and its lines: what was agreed, as it was agreed on that day."""

from __future__ import annotations

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from app.panel.core.columns import (
    children,
    choice,
    currency,
    flag,
    instant,
    integer,
    json_column,
    longtext,
    many,
    money,
    ref,
    relation,
    text,
)
from app.panel.core.db import PanelModel
from app.shop.orders.models.choices import CloseReason, OrderSource, OrderState, RefundState, ReviewState
from app.shop.orders.models.tags import order_tags


class Order(PanelModel):
    """One purchase in one shop.

    The buyer's name, phone and address are a copy: what a customer changes later does not move a parcel that is gone.
    Amounts are minor units of `currency`; total = subtotal - discount + shipping_fee + tax + adjustment.
    """

    __tablename__ = "orders_order"
    picker_hint = ("buyer_name", "shop")

    number = text(_("Order number"), 64, required=True, search=True, readonly=True)
    external_number = text(_("Channel order number"), 120, search=True, help=_("The number the sales channel gave it."))
    shop_id = ref(_("Shop"), "setup_shop.id", required=True, index=False)
    shop = relation("Shop", shop_id)
    channel_id = ref(_("Channel"), "setup_channel.id", required=True, index=False)
    channel = relation("Channel", channel_id)
    customer_id = ref(_("Customer"), "customers_customer.id", ondelete="SET NULL", index=True)
    customer = relation("Customer", customer_id)
    warehouse_id = ref(_("Ships from"), "inventory_warehouse.id", ondelete="SET NULL")
    warehouse = relation("Warehouse", warehouse_id)

    state = choice(_("State"), OrderState, default=OrderState.PENDING, readonly=True)
    refund_state = choice(_("Refund state"), RefundState, default=RefundState.NONE, readonly=True)
    review = choice(_("First check"), ReviewState, default=ReviewState.CONFIRMED, readonly=True)
    assignee_id = ref(_("Assigned to"), "ab_user.id", ondelete="SET NULL", readonly=True)
    assignee = relation("User", assignee_id)
    is_held = flag(_("On hold"), default=False, readonly=True)
    hold_reason = text(_("Reason for the hold"), 200, readonly=True)
    source = choice(_("Source"), OrderSource, default=OrderSource.MANUAL, readonly=True)
    is_past = flag(
        _("Past order"), default=False, readonly=True, help=_("Brought in from elsewhere; no clock touches it.")
    )

    creator_name = text(_("Creator"), 120, search=True, help=_("In whose stream or video it was bought."))
    creator_id = text(_("Creator ID"), 64, search=True, help=_("The number that the platform gave the creator."))

    codes = text(_("Coupon codes"), 200, help=_("Of coupons that count for this order, separated by spaces."))
    session_key = text(_("Session"), 80, index=True, readonly=True, help=_("Where it was sold, such as live:12."))

    buyer_name = text(_("Buyer"), 120, search=True)
    buyer_phone = text(_("Phone"), 32, search=True)
    buyer_email = text(_("E-mail"), 200)
    country = text(_("Country"), 2, default="CN", help=_("Two letters, such as CN."))
    province = text(_("Province"), 60)
    city = text(_("City"), 60)
    district = text(_("District"), 60)
    street = text(_("Street and number"), 300)
    postcode = text(_("Postcode"), 20)

    currency = currency()
    subtotal = money(_("Goods amount"), default=0, readonly=True)
    discount = money(_("Discount"), default=0)
    shipping_fee = money(_("Shipping fee"), default=0)
    tax = money(_("Tax"), default=0)
    adjustment = money(
        _("Adjustment"), default=0, help=_("Rounding and whatever else the other amounts do not explain.")
    )
    total = money(_("Total"), default=0, readonly=True)
    paid = money(_("Amount paid"), default=0, readonly=True)
    refunded = money(_("Amount refunded"), default=0, readonly=True)
    cost = money(_("Cost of goods"), default=0, readonly=True)

    placed_at = instant(_("Placed at"), required=True, readonly=True)
    paid_at = instant(_("Paid at"), readonly=True)
    ship_by_at = instant(_("Ship by"), readonly=True)
    shipped_at = instant(_("Shipped at"), readonly=True)
    completed_at = instant(_("Completed at"), readonly=True)
    closed_at = instant(_("Closed at"), readonly=True)
    close_reason = choice(_("Reason for closing"), CloseReason, readonly=True)

    buyer_remark = longtext(_("Buyer's remark"))
    seller_remark = longtext(_("Our remark"))

    tags = many(_("Tags"), "OrderTag", order_tags, back_populates="orders", readonly=True)
    lines = children(_("Lines"), "OrderLine", back="order", order_by="OrderLine.id")
    payments = children(_("Payments"), "Payment", back="order", order_by="Payment.id")
    shipments = children(_("Shipments"), "Shipment", back="order", order_by="Shipment.id")
    refunds = children(_("Refunds"), "Refund", back="order", order_by="Refund.id")
    notes = children(_("Notes"), "OrderNote", back="order", order_by="OrderNote.id")
    exceptions = children(_("Exceptions"), "OrderException", back="order", order_by="OrderException.id")
    moves = children(_("Moves"), "OrderStateLog", back="order", order_by="OrderStateLog.id")

    __table_args__ = (
        UniqueConstraint("shop_id", "number"),
        UniqueConstraint("channel_id", "external_number"),
        CheckConstraint("paid >= 0 AND refunded >= 0 AND refunded <= paid", name="refunded_within_paid"),
        CheckConstraint("total = subtotal - discount + shipping_fee + tax + adjustment", name="total_adds_up"),
        Index(None, "state", "placed_at", "id"),
        Index(None, "shop_id", "placed_at", "id"),
        Index(None, "channel_id", "placed_at"),
        Index(None, "placed_at", "id"),
        # the other columns that the list is ordered by, and one state of one shop in the order of the list
        Index(None, "number", "id"),
        Index(None, "total", "id"),
        Index(None, "paid_at", "id"),
        Index(None, "ship_by_at", "id"),
        Index(None, "shop_id", "state", "placed_at", "id"),
        # sales figures read nothing but this index
        Index(None, "paid_at", "shop_id", "channel_id", "currency", "total"),
        # how many orders stand in each state and may leave: counted from the index alone, also for some shops only
        Index(None, "state", "shop_id", "review", "is_held"),
        # the few that nobody has confirmed
        Index(None, "review", "state", "shop_id"),
    )

    def __str__(self) -> str:
        return self.number

    @property
    def left_to_pay(self) -> int:
        return self.total - self.paid

    @property
    def left_to_refund(self) -> int:
        return self.paid - self.refunded

    @property
    def margin(self) -> int:
        """What the goods brought above their cost, discount taken off; shipping and tax left out."""
        return self.subtotal - self.discount - self.cost

    @property
    def address(self) -> str:
        parts = (self.province, self.city, self.district, self.street)
        return " ".join(dict.fromkeys(part for part in parts if part))


class OrderLine(PanelModel):
    """One article of an order. A line of a past order may point at no SKU: then title and option say what it was.

    total = unit_price * quantity - discount, where discount is this line's share of what was taken off the order.
    """

    __tablename__ = "orders_order_line"

    order_id = ref(_("Order"), "orders_order.id", ondelete="CASCADE", required=True, index=True)
    order = relation("Order", order_id, back_populates="lines")
    sku_id = ref(_("SKU"), "catalog_sku.id", ondelete="SET NULL", index=True)
    sku = relation("Sku", sku_id)
    sku_code = text(_("SKU code"), 120, index=True, readonly=True)
    title = text(_("Title"), 300, readonly=True)
    option = text(_("Option"), 200, readonly=True)
    quantity = integer(_("Quantity"), required=True, default=1, adds_up=True)
    currency = currency(hidden=True)
    unit_price = money(_("Unit price"), adds_up=False, help=_("Left empty, the price list answers."))
    unit_cost = money(_("Unit cost"), default=0, readonly=True, adds_up=False)
    discount = money(_("Discount share"), default=0, readonly=True)
    total = money(_("Line total"), default=0, readonly=True)
    price_trace = json_column(_("How the price came about"), hidden=True)
    reserved_quantity = integer(_("Reserved"), default=0, readonly=True, hidden=True)
    shipped_quantity = integer(_("Shipped quantity"), default=0, readonly=True, adds_up=True)
    cancelled_quantity = integer(_("Not to be sent"), default=0, readonly=True, adds_up=True)
    refunded_quantity = integer(_("Refunded quantity"), default=0, readonly=True, adds_up=True)
    refunded_amount = money(_("Refunded amount"), default=0, readonly=True)

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("total = unit_price * quantity - discount", name="total_adds_up"),
        CheckConstraint(
            "shipped_quantity >= 0 AND cancelled_quantity >= 0 AND shipped_quantity + cancelled_quantity <= quantity",
            name="shipped_within_quantity",
        ),
        CheckConstraint("reserved_quantity >= 0 AND reserved_quantity <= quantity", name="reserved_within_quantity"),
        CheckConstraint("refunded_quantity >= 0 AND refunded_quantity <= quantity", name="refunded_within_quantity"),
    )

    def __str__(self) -> str:
        return f"{self.title} {self.option}".strip() if self.option else (self.title or self.sku_code or "")

    @property
    def left_to_ship(self) -> int:
        return self.quantity - self.shipped_quantity - self.cancelled_quantity

    @property
    def left_to_refund(self) -> int:
        """Pieces that nobody has given money back for."""
        return self.quantity - self.refunded_quantity


class OrderCounter(Model):
    """The last running number that a shop gave out on a day; one UPDATE hands out the next."""

    __tablename__ = "orders_counter"

    shop_id = ref(_("Shop"), "setup_shop.id", ondelete="CASCADE", primary_key=True, index=False, required=True)
    day = text(_("Day"), 8, primary_key=True, required=True)
    last = integer(_("Last number"), default=0)
