"""Screens of marketing, and why a line of an order costs what it costs."""

from __future__ import annotations

import json
from typing import Any

from flask import url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import cells, clock, money, policy, records, veil
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.interface import PanelInterface
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.customers.models import Customer
from app.shop.customers.views import CustomerView
from app.shop.marketing import domain, forms, queries, services, trace
from app.shop.marketing.models import Coupon, CouponBatch, GroupBuy, GroupBuyMember, PriceUse, Promotion
from app.shop.marketing.services.coupons import OPEN
from app.shop.marketing.states import TIERED, CouponState, GroupState, PromotionKind, UseState
from app.shop.orders.models import Order
from app.shop.orders.views import OrderView
from app.shop.setup.views import PerShopView

WORTH = ("benefit", "amount", "percent", "cap", "least", "currency")


@cells.made_of(*WORTH)
def _worth(batch: CouponBatch) -> str:
    return services.said(batch)


@cells.made_of("kind", "price", "off", "percent", "currency")
def _effect(promotion: Promotion) -> str:
    shown = money.writer()
    if promotion.kind in TIERED:
        return ""
    if promotion.price is not None:
        return shown(promotion.price, promotion.currency)
    if promotion.off is not None:
        return f"−{shown(promotion.off, promotion.currency)}"
    return f"−{promotion.percent} %"


@cells.made_of("taken_pieces", "limit_pieces", "taken_orders", "limit_orders")
def _taken(promotion: Promotion) -> str:
    if promotion.limit_pieces is not None:
        return f"{promotion.taken_pieces} / {promotion.limit_pieces}"
    return f"{promotion.taken_orders} / {promotion.limit_orders}" if promotion.limit_orders is not None else ""


@domain.view(_("Promotions"), icon="fa-percent", order=10)
class PromotionView(PerShopView):
    datamodel = PanelInterface(Promotion)
    title = _("Promotions")
    one = _("promotion")
    list_columns = [
        "name", "kind", "is_active", "price", "taken_pieces", "shop", "channel", "begins_at", "ends_at", "audience", "stacking",
        "priority",
    ]  # fmt: skip
    filter_columns = ["kind", "is_active", "shop", "channel", "session_key", "audience", "stacking", "begins_at", "ends_at"]
    label_columns = {"price": _("Price"), "taken_pieces": _("Sold of")}
    default_sort = "-begins_at"
    quick_filters = ["kind", "is_active"]
    formatters = {"price": _effect, "taken_pieces": _taken}
    form_fieldsets = [
        (_("What it is"), ["name", "kind", "is_active", "begins_at", "ends_at"]),
        (_("What it does"), ["price", "off", "percent", "currency"]),
        (_("For which goods"), ["products", "categories", "skus"]),
        (_("For whom and where"), ["audience", "shop", "channel", "session_key"]),
        (_("Group buy"), ["group_size", "group_hours"]),
        (_("Limits"), ["limit_pieces", "limit_orders", "per_person"]),
        (_("Beside others"), ["priority", "stacking", "part_refund"]),
    ]
    child_tables = ["tiers"]
    can_import = False
    empty_text = _("No promotions yet. A limited-time price, a full reduction, a flash sale, a group buy: add the first one.")

    @verb("switch_on", _("Switch on"), icon="fa-play", permission="write", primary=True, when=lambda one: not one.is_active)
    def switch_on(self, rows: list[Promotion], form: Any) -> str:
        for row in rows:
            services.switch(row, True, actor=current_actor())
        return gettext("Switched on.")

    @verb("switch_off", _("Switch off"), icon="fa-pause", permission="write", when=lambda one: one.is_active)
    def switch_off(self, rows: list[Promotion], form: Any) -> str:
        for row in rows:
            services.switch(row, False, actor=current_actor())
        return gettext("Switched off.")


@domain.view(_("Batches of coupons"), icon="fa-layer-group", order=20)
class CouponBatchView(PerShopView):
    datamodel = PanelInterface(CouponBatch)
    title = _("Batches of coupons")
    one = _("batch of coupons")
    list_columns = [
        "name", "occasion", "benefit", "is_active", "shop", "channel", "valid_from_at", "valid_until_at", "made", "total",
        "per_person",
    ]  # fmt: skip
    filter_columns = ["occasion", "benefit", "is_active", "shop", "channel", "session_key", "valid_until_at"]
    formatters = {"benefit": _worth}
    default_sort = "-id"
    quick_filters = ["occasion"]
    form_fieldsets = [
        (_("What it is"), ["name", "occasion", "is_active"]),
        (_("What a coupon is worth"), ["benefit", "amount", "percent", "cap", "least", "currency"]),
        (_("For which goods"), ["products", "categories", "skus"]),
        (_("Where it counts"), ["shop", "channel", "session_key"]),
        (_("Validity"), ["valid_from_at", "valid_until_at", "valid_days", "sleeping_days"]),
        (_("Limits"), ["total", "per_person", "stacks", "on_refund"]),
    ]
    can_import = False
    empty_text = _("No coupons yet. A batch says what its coupons are worth; then make codes, or give them to customers.")

    @verb("codes", _("Make codes"), icon="fa-barcode", permission="issue", form=forms.CodesForm, primary=True, many=False)
    def codes(self, rows: list[CouponBatch], form: Any) -> str:
        made = services.make_codes(rows[0], form.count.data, actor=current_actor())
        return gettext("%(n)s coupons are made. They can be exported from the list of coupons.", n=made)

    @verb("issue", _("Give to a customer"), icon="fa-gift", form=forms.IssueForm, many=False)
    def issue(self, rows: list[CouponBatch], form: Any) -> str:
        if not form.customer.data:
            raise InvalidInput({"customer": gettext("Choose one from the list.")})
        actor = current_actor()
        customer = records.get(Customer, form.customer.data, actor=actor)
        coupon = services.issue(rows[0], customer, actor=actor)
        return gettext("%(name)s has the coupon %(code)s.", name=customer.name, code=coupon.code)


@domain.relate(CustomerView, label=_("Coupons"), via="customer", order=30)
@domain.view(_("Coupons"), icon="fa-ticket", order=30)
class CouponView(PanelView):
    datamodel = PanelInterface(Coupon)
    title = _("Coupons")
    one = _("coupon")
    list_columns = ["code", "batch", "customer", "state", "order", "issued_at", "expires_at", "redeemed_at"]
    filter_columns = ["state", "batch", "customer", "order", "code", "issued_at", "expires_at", "redeemed_at"]
    search_columns = ["code"]
    sort_columns = ["issued_at"]
    default_sort = "-issued_at"
    quick_filters = ["state", "batch"]
    show_fieldsets = [
        (_("Coupon"), ["code", "batch", "customer", "state", "order", "why"]),
        (_("Times"), ["issued_at", "expires_at", "redeemed_at", "voided_at"]),
    ]
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("No coupons yet. They are made from a batch.")

    @verb("void", _("Make void"), icon="fa-ban", form=forms.VoidForm, tone="danger", when=lambda one: one.state in OPEN)
    def void(self, rows: list[Coupon], form: Any) -> str:
        for row in rows:
            services.void(row, why=form.why.data, actor=current_actor())
        return gettext("Void.")

    @verb("reinstate", _("Let it count again"), icon="fa-rotate-left", permission="void",
          when=lambda one: one.state is CouponState.VOID and one.order_id is None)  # fmt: skip
    def reinstate(self, rows: list[Coupon], form: Any) -> str:
        for row in rows:
            services.restore(row, actor=current_actor())
        return gettext("It counts again.")


@domain.view(_("Where they were used"), icon="fa-receipt", order=40)
class PriceUseView(PanelView):
    """The rows behind the figures: each order under each promotion and with each coupon."""

    datamodel = PanelInterface(PriceUse)
    title = _("Where they were used")
    one = _("use")
    list_columns = ["order", "promotion", "coupon", "customer", "amount", "pieces", "state", "used_at"]
    filter_columns = ["promotion", "coupon", "customer", "order", "state", "amount", "used_at"]
    sort_columns = ["used_at"]
    default_sort = "-used_at"
    quick_filters = ["state", "promotion"]
    show_fieldsets = [(_("Use"), ["order", "promotion", "coupon", "customer", "amount", "pieces", "state", "used_at"])]
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("Nothing was used yet. Each order under a promotion or with a coupon stands here.")


@cells.made_of("paid", "taken", "size")
def _places(group: GroupBuy) -> str:
    paid, waiting = f"{group.paid} / {group.size}", group.taken - group.paid
    return gettext("%(paid)s, %(n)s unpaid", paid=paid, n=waiting) if waiting else paid


@cells.made_of("ends_at", "began_at", "state")
def _until(group: GroupBuy) -> Any:
    """The time left of an open group, amber in its last quarter; the moment itself of any other."""
    if group.state is not GroupState.OPEN:
        return group.ends_at
    left, whole = group.ends_at - clock.now(), group.ends_at - group.began_at
    hours, minutes = divmod(max(int(left.total_seconds() // 60), 0), 60)
    time = gettext("%(h)s h %(m)s min", h=hours, m=minutes) if hours < 10 else gettext("%(h)s h", h=hours)
    return cells.badge(gettext("%(time)s left", time=time), "warning" if left * 4 < whole else "success", clock.wall(group.ends_at))


@domain.relate(PromotionView, label=_("Groups"), via="promotion", order=20)
@domain.view(_("Group buys"), icon="fa-people-group", order=35)
class GroupBuyView(PanelView):
    """The groups; they begin and grow by orders, and what people decide about them are verbs."""

    datamodel = PanelInterface(GroupBuy)
    title = _("Group buys")
    one = _("group")
    list_columns = ["code", "promotion", "shop", "state", "paid", "began_at", "ends_at", "ended_at"]
    filter_columns = ["state", "promotion", "shop", "code", "size", "taken", "paid", "began_at", "ends_at", "ended_at"]
    search_columns = ["code"]
    sort_columns = ["began_at"]
    formatters = {"paid": _places, "ends_at": _until}
    default_sort = "-began_at"
    quick_filters = ["state", "promotion"]
    show_fieldsets = [
        (_("Group buy"), ["code", "promotion", "shop", "state", "paid", "why", "began_at", "ends_at", "ended_at"]),
    ]
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("No groups yet. One begins with the first order under a promotion of the form “Group buy”.")

    @verb("fill", _("Let it go on as it is"), icon="fa-circle-check", permission="decide", form=forms.DecideForm, many=False,
          when=lambda one: one.state is GroupState.OPEN and one.paid > 0)  # fmt: skip
    def fill(self, rows: list[GroupBuy], form: Any) -> str:
        services.fill(rows[0], why=form.why.data, actor=current_actor())
        return gettext("The group is complete, and its paid orders may leave.")

    @verb("end", _("End the group"), icon="fa-ban", permission="decide", form=forms.DecideForm, tone="danger", many=False,
          when=lambda one: one.state is GroupState.OPEN)  # fmt: skip
    def end(self, rows: list[GroupBuy], form: Any) -> str:
        services.fail(rows[0], why=form.why.data, actor=current_actor())
        return gettext("The group is over. Everybody gets all of the money back within a minute or two.")


@domain.panel(GroupBuyView, label=_("Members"), order=10)
def who_is_in_it(group: GroupBuy, actor: Any) -> Any:
    """How long it still has, and its orders."""
    if not policy.allowed(actor, "read", "marketing.GroupBuyMember"):
        return None
    seen = policy.fields(actor, "marketing.GroupBuyMember")
    times = policy.fields(actor, "marketing.GroupBuy")
    if not all(seen.usable(name) for name in ("order_id", "state")) or not times.usable("ends_at"):
        return None
    rows = [
        {"order": member.order_id, "number": veil.seen(member.order).number, "customer": veil.seen(member).customer,
         "state": member.state, "joined_at": veil.seen(member).joined_at, "trouble": veil.seen(member).trouble}
        for member in db.session.scalars(queries.members_of(group.id, actor))
    ]  # fmt: skip
    left = max(int((group.ends_at - clock.now()).total_seconds()), 0) if group.state is GroupState.OPEN else None
    told = all(times.usable(name) for name in ("code", "size", "taken", "paid"))
    is_open = told and left is not None and group.taken < group.size
    return "marketing/_members.html", {
        "rows": rows, "left": left, "ends_at": group.ends_at, "group": group if told else None, "is_open": is_open,
    }  # fmt: skip


@domain.panel(OrderView, label=_("Group buy"), order=14)
def its_group(order: Order, actor: Any) -> Any:
    """The group of an order, with the way there."""
    if not all(policy.fields(actor, "marketing.GroupBuy").usable(name) for name in ("code", "state", "size", "paid")):
        return None
    if not policy.allowed(actor, "read", "marketing.GroupBuy") or not policy.allowed(actor, "read", "marketing.GroupBuyMember"):
        return None
    member = db.session.scalar(policy.scope(queries.member_of(order.id), actor, GroupBuyMember))
    if member is None or db.session.scalar(policy.scope(queries.group_by_code(member.group.code), actor, GroupBuy)) is None:
        return None
    return "marketing/_group.html", {"group": member.group}


@domain.panel(PromotionView, label=_("Group buy"), order=8)
def how_to_begin(promotion: Promotion, actor: Any) -> Any:
    """With which code a buyer begins a group."""
    if promotion.kind is not PromotionKind.GROUP or not policy.fields(actor, "marketing.Promotion").usable("kind"):
        return None
    return "marketing/_begin.html", {"code": services.code_to_begin(promotion)}


@domain.panel(OrderView, label=_("Why this price"), order=15)
def why_this_price(order: Order, actor: Any) -> Any:
    """Each line with the steps by which its price came about."""
    access = policy.fields(actor, "orders.OrderLine")
    if not all(access.usable(name) for name in ("unit_price", "discount", "total")):
        return None
    lines = [line for line in order.lines if line.price_trace]
    if not any(trace.says_more(line.price_trace) for line in lines):
        return None
    shown = money.writer()
    rows = [
        {"name": str(line), "quantity": line.quantity, "total": shown(line.total, line.currency),
         "steps": trace.sentences(line.price_trace, line.currency)}
        for line in lines
    ]  # fmt: skip
    return "marketing/_why.html", {"rows": rows}


@domain.panel(PromotionView, label=_("What it brought"), order=10)
def what_it_brought(promotion: Promotion, actor: Any) -> Any:
    """Orders and pieces under it, with the rows behind them."""
    access = policy.fields(actor, "marketing.PriceUse")
    if not policy.allowed(actor, "read", "marketing.PriceUse") or not (access.usable("amount") and access.usable("pieces")):
        return None
    found = db.session.execute(queries.brought(promotion.id, actor)).one()
    tree = {"and": [["promotion", "eq", str(promotion.id)], ["state", "eq", UseState.TAKEN.value]]}
    return "marketing/_brought.html", {
        "orders": found.orders, "pieces": found.pieces or 0, "off": money.format(found.off or 0, promotion.currency),
        "url": url_for("marketing_priceuse.list", f=json.dumps(tree, separators=(",", ":"))),
    }  # fmt: skip
