"""What marketing reads: rules that hold at a moment, coupons by code, figures. Writes nothing."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, case, cast, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased, joinedload

from app.panel.core import policy
from app.panel.core.rows import among
from app.shop.catalog.models import Category, Product, Sku
from app.shop.inventory.models import StockLevel
from app.shop.marketing.models import Coupon, CouponBatch, GroupBuy, GroupBuyMember, PriceUse, Promotion
from app.shop.marketing.models.coupons import BATCH_CATEGORIES, BATCH_PRODUCTS, BATCH_SKUS
from app.shop.marketing.models.promotions import PROMOTION_CATEGORIES, PROMOTION_PRODUCTS, PROMOTION_SKUS
from app.shop.marketing.states import GONE, IN_GROUP, CouponState, GroupState, MemberState, OnRefund, UseState
from app.shop.orders.models import Order, OrderLine, OrderState, Refund, RefundState
from app.shop.orders.states import TO_SHIP

PRODUCT, CATEGORY, SKU = 1, 2, 3
OUT = (CouponState.RESERVED, CouponState.REDEEMED)


@functools.cache
def holding() -> Select[Any]:
    """Promotions that hold at `at` for a shop, channel, session and currency. Built once: every order asks this."""
    table = Promotion.__table__.c
    at = bindparam("at", type_=table.begins_at.type)
    return (
        select(Promotion.__table__)
        .where(
            table.is_active, table.begins_at.is_(None) | (table.begins_at <= at), table.ends_at.is_(None) | (table.ends_at > at),
            table.currency == bindparam("currency"),
            table.shop_id.is_(None) | (table.shop_id == bindparam("shop")),
            table.channel_id.is_(None) | (table.channel_id == bindparam("channel")),
            table.session_key.is_(None) | (table.session_key == bindparam("session")),
        )
        .order_by(table.priority, table.id)
    )  # fmt: skip


def _links(products: Any, categories: Any, skus: Any, owner: str) -> Select[Any]:
    parts = []
    for what, table, part in ((PRODUCT, products, "product_id"), (CATEGORY, categories, "category_id"), (SKU, skus, "sku_id")):
        mine = table.c[owner].in_(bindparam("ids", expanding=True))
        parts.append(select(table.c[owner], literal(what), table.c[part]).where(mine))
    return union_all(*parts)  # type: ignore[return-value]


@functools.cache
def scopes_of_promotions() -> Select[Any]:
    """(promotion, what, id): the goods that promotions are for; none: all."""
    return _links(PROMOTION_PRODUCTS, PROMOTION_CATEGORIES, PROMOTION_SKUS, "promotion_id")


@functools.cache
def scopes_of_batches() -> Select[Any]:
    """(batch, what, id): the goods that coupons are for; none: all."""
    return _links(BATCH_PRODUCTS, BATCH_CATEGORIES, BATCH_SKUS, "batch_id")


@functools.cache
def goods() -> Select[Any]:
    """(sku, product, path of its category)"""
    skus, products, categories = Sku.__table__, Product.__table__, Category.__table__
    source = skus.join(products, products.c.id == skus.c.product_id).outerjoin(
        categories, categories.c.id == products.c.category_id
    )
    return (
        select(skus.c.id, products.c.id, categories.c.path).select_from(source)
        .where(skus.c.id.in_(bindparam("ids", expanding=True)))
    )  # fmt: skip


def has_paid(customer_id: int) -> Select[Any]:
    return select(Order.id).where(Order.customer_id == customer_id, Order.paid_at.is_not(None)).limit(1)


def last_paid(customer_id: int) -> Select[Any]:
    return select(func.max(Order.paid_at)).where(Order.customer_id == customer_id)


def uses_of_customer(customer_id: int) -> Select[Any]:
    """(promotion, its audience, how often this customer has it now)"""
    return (
        select(PriceUse.promotion_id, Promotion.audience, func.count())
        .join(Promotion, Promotion.id == PriceUse.promotion_id)
        .where(PriceUse.customer_id == customer_id, PriceUse.state == UseState.TAKEN)
        .group_by(PriceUse.promotion_id, Promotion.audience)
    )



def coupons_by_code(codes: Collection[str]) -> Select[Any]:
    return select(Coupon).where(Coupon.code.in_(codes)).options(joinedload(Coupon.batch))


def coupons_held(batch_id: int, customer_id: int) -> Select[Any]:
    """How many coupons of a batch a person has or had; what was made void does not count."""
    mine = (Coupon.batch_id == batch_id) & (Coupon.customer_id == customer_id) & (Coupon.state != CouponState.VOID)
    return select(func.count()).select_from(Coupon).where(mine)


def coupons_out(batch_id: int) -> Select[Any]:
    """How many coupons of a batch orders hold or have used."""
    return select(func.count()).select_from(Coupon).where(Coupon.batch_id == batch_id, Coupon.state.in_(OUT))


def available(sku_id: int, warehouse_id: int) -> Select[Any]:
    return select(StockLevel.available).where(StockLevel.sku_id == sku_id, StockLevel.warehouse_id == warehouse_id)


def expired(at: dt.datetime, limit: int) -> Select[Any]:
    late = (Coupon.state == CouponState.ISSUED) & (Coupon.expires_at <= at)
    return select(Coupon.id).where(late).order_by(Coupon.expires_at).limit(limit)


def figures(actor: Any) -> Select[Any]:
    """A row a batch: coupons that were made and not void, given to somebody, waiting for a payment, used, expired, void."""

    def count(condition: Any) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    in_hands = (Coupon.state != CouponState.VOID) & (Coupon.customer_id.is_not(None) | Coupon.state.in_(OUT))
    query = (
        select(
            CouponBatch,
            count((Coupon.state != CouponState.VOID) & Coupon.id.is_not(None)).label("issued"),
            count(in_hands).label("claimed"),
            *(count(Coupon.state == state).label(state.value) for state in
              (CouponState.RESERVED, CouponState.REDEEMED, CouponState.EXPIRED, CouponState.VOID)),
        )
        .outerjoin(Coupon, Coupon.batch_id == CouponBatch.id)
        .group_by(CouponBatch.id).order_by(CouponBatch.id.desc())
    )  # fmt: skip
    return policy.scope(query, actor, CouponBatch)


def sold_with(actor: Any) -> Select[Any]:
    """(batch, orders, what their goods brought, their margin) of the orders that used coupons, in the currency of the batch."""
    brought_in = Order.subtotal - Order.discount
    query = (
        select(Coupon.batch_id, func.count(Order.id.distinct()).label("orders"), func.sum(brought_in).label("revenue"),
               func.sum(brought_in - Order.cost).label("margin"))
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id).join(Order, Order.id == Coupon.order_id)
        .where(Coupon.state == CouponState.REDEEMED, Order.currency == CouponBatch.currency)
        .group_by(Coupon.batch_id)
    )  # fmt: skip
    return policy.scope(query, actor, Order)


def next_bought(actor: Any, most: int) -> Select[Any]:
    """(batch, customer, when he paid with its coupon, when he paid the next time after that), no more than so many."""
    later = aliased(Order)
    then = select(func.min(later.paid_at)).where(later.customer_id == Order.customer_id, later.paid_at > Order.paid_at)
    query = (
        select(Coupon.batch_id, Order.customer_id, Order.paid_at, then.correlate(Order).scalar_subquery().label("next_at"))
        .join(Order, Order.id == Coupon.order_id)
        .where(Coupon.state == CouponState.REDEEMED, Order.customer_id.is_not(None), Order.paid_at.is_not(None))
        .limit(most)
    )
    return policy.scope(query, actor, Order)


def uses_of_order(order_id: int) -> Select[Any]:
    return select(PriceUse).where(PriceUse.order_id == order_id, PriceUse.state == UseState.TAKEN).order_by(PriceUse.id)


def released_of_order(order_id: int) -> Select[Any]:
    """What an order gave back, with the promotion of each."""
    mine = select(PriceUse).where(PriceUse.order_id == order_id, PriceUse.state == UseState.RELEASED)
    return mine.options(joinedload(PriceUse.promotion)).order_by(PriceUse.id)


def uses_by_customer(promotion_id: int, customer_id: int) -> Select[Any]:
    """How many orders of a customer have a promotion."""
    mine = (PriceUse.promotion_id == promotion_id) & (PriceUse.customer_id == customer_id) & (PriceUse.state == UseState.TAKEN)
    return select(func.count(PriceUse.order_id.distinct())).where(mine)


def brought(promotion_id: int, actor: Any) -> Select[Any]:
    """Orders, pieces and what came off under a promotion, of what the reader may see."""
    query = select(
        func.count().label("orders"), func.sum(PriceUse.pieces).label("pieces"), func.sum(PriceUse.amount).label("off")
    )
    mine = (PriceUse.promotion_id == promotion_id) & (PriceUse.state == UseState.TAKEN)
    return policy.scope(query.select_from(PriceUse).where(mine), actor, PriceUse)


def unpaid_with_uses(ids: Collection[int]) -> Select[Any]:
    """Of these orders, those that were never paid and hold a coupon or a place under a limit."""
    some = select(PriceUse.order_id).where(among(PriceUse.order_id, ids), PriceUse.state == UseState.TAKEN)
    return select(Order).where(Order.id.in_(some), Order.paid_at.is_(None)).order_by(Order.id)


def refunded_with_coupons(refund_ids: Collection[int]) -> Select[Any]:
    """Of the orders of these refunds, those that are refunded whole and whose coupons are not to stay used."""
    some = (
        select(Coupon.order_id).join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .join(Refund, Refund.order_id == Coupon.order_id)
        .where(among(Refund.id, refund_ids), Coupon.state == CouponState.REDEEMED, CouponBatch.on_refund != OnRefund.STAYS)
    )  # fmt: skip
    return select(Order).where(Order.id.in_(some), Order.refund_state == RefundState.FULLY).order_by(Order.id)


def coupons_let_go(refund_ids: Collection[int]) -> Select[Any]:
    """(coupon, order) of coupons that orders of these refunds had used, and that are used no more."""
    return (
        select(Coupon.id, PriceUse.order_id)
        .join(PriceUse, PriceUse.coupon_id == Coupon.id).join(Refund, Refund.order_id == PriceUse.order_id)
        .where(
            among(Refund.id, refund_ids), PriceUse.state == UseState.TAKEN,
            ((Coupon.state.in_((CouponState.ISSUED, CouponState.EXPIRED)) & Coupon.order_id.is_(None))
             | ((Coupon.state == CouponState.VOID) & (Coupon.order_id == PriceUse.order_id))),
        )
        .order_by(Coupon.id)
    )  # fmt: skip


def _goods_of(promotion: Promotion) -> ColumnElement[bool]:
    """Lines of orders whose article a promotion is for; without goods of its own it is for all."""
    mine = {
        name: select(links.c[name]).where(links.c.promotion_id == promotion.id)
        for name, links in (("sku_id", PROMOTION_SKUS), ("product_id", PROMOTION_PRODUCTS), ("category_id", PROMOTION_CATEGORIES))
    }
    node, top = aliased(Category), aliased(Category)
    below = select(node.id).join(top, node.path.startswith(top.path)).where(top.id.in_(mine["category_id"]))
    articles = (
        select(Sku.id).join(Product, Product.id == Sku.product_id)
        .where(Sku.id.in_(mine["sku_id"]) | Sku.product_id.in_(mine["product_id"]) | Product.category_id.in_(below))
    )  # fmt: skip
    return OrderLine.sku_id.in_(articles) | ~or_(*(one.exists() for one in mine.values()))


def _where_it_holds(promotion: Promotion) -> ColumnElement[bool]:
    """Paid orders of its shop, channel and currency."""
    mine = Order.paid_at.is_not(None) & (Order.currency == promotion.currency)
    for column, value in ((Order.shop_id, promotion.shop_id), (Order.channel_id, promotion.channel_id)):
        mine = mine if value is None else mine & (column == value)
    return mine


def _placed_in(start: dt.datetime, stop: dt.datetime) -> ColumnElement[bool]:
    return (Order.placed_at >= start) & (Order.placed_at < stop)


def sold_in(promotion: Promotion, spans: Sequence[tuple[dt.datetime, dt.datetime]], actor: Any) -> Any:
    """(number of the span, orders, pieces, what was paid for the goods) of the goods of a promotion."""
    parts = []
    for number, (start, stop) in enumerate(spans):
        part = (
            select(literal(number).label("span"), func.count(Order.id.distinct()).label("orders"),
                   _whole(OrderLine.quantity).label("units"), _whole(OrderLine.total).label("amount"))
            .join(OrderLine, OrderLine.order_id == Order.id)
            .where(_placed_in(start, stop), _where_it_holds(promotion), _goods_of(promotion))
        )  # fmt: skip
        parts.append(policy.scope(part, actor, Order))
    return union_all(*parts)


def orders_in(promotion: Promotion, spans: Sequence[tuple[dt.datetime, dt.datetime]], actor: Any) -> Select[Any]:
    """(id, number, placed_at, currency, units, amount) of the orders that `sold_in` counts, the latest first."""
    statement = (
        select(Order.id, Order.number, Order.placed_at, Order.currency, _whole(OrderLine.quantity).label("units"),
               _whole(OrderLine.total).label("amount"))
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(or_(*(_placed_in(start, stop) for start, stop in spans)), _where_it_holds(promotion), _goods_of(promotion))
        .group_by(Order.id).order_by(Order.placed_at.desc(), Order.id.desc())
    )  # fmt: skip
    return policy.scope(statement, actor, Order)


def first_sold(promotion: Promotion, actor: Any) -> Select[Any]:
    """When the first paid order was placed where a promotion holds, whatever it was for."""
    return policy.scope(select(func.min(Order.placed_at)).where(_where_it_holds(promotion)), actor, Order)


def _whole(column: Any) -> Any:
    # PostgreSQL adds BIGINTs up to NUMERIC; pieces and minor units stay whole numbers
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def group_by_code(code: str) -> Select[Any]:
    return select(GroupBuy).where(GroupBuy.code == code)


def sits_in(group_id: int, customer_id: int) -> Select[Any]:
    """The place of a customer in a group, while he has one."""
    mine = (GroupBuyMember.group_id == group_id) & (GroupBuyMember.customer_id == customer_id)
    return select(GroupBuyMember.id).where(mine, GroupBuyMember.state.in_(IN_GROUP)).limit(1)


def member_of(order_id: int) -> Select[Any]:
    return select(GroupBuyMember).where(GroupBuyMember.order_id == order_id)


def groups_due(at: dt.datetime, limit: int) -> Select[Any]:
    """Ids of open groups whose time is over, the oldest first."""
    late = (GroupBuy.state == GroupState.OPEN) & (GroupBuy.ends_at <= at)
    return select(GroupBuy.id).where(late).order_by(GroupBuy.ends_at, GroupBuy.id).limit(limit)


def unpaid_places(before: dt.datetime, limit: int) -> Select[Any]:
    """Ids of members who took a place in an open group before then and have paid nothing; what people hold is theirs to decide."""
    nothing = (Order.state == OrderState.PENDING) & Order.is_held.is_(False) & (Order.paid == Order.refunded)
    waits = (GroupBuyMember.state == MemberState.SEATED) & (GroupBuyMember.joined_at <= before)
    return (
        select(GroupBuyMember.id).join(GroupBuy, GroupBuy.id == GroupBuyMember.group_id)
        .join(Order, Order.id == GroupBuyMember.order_id).where(GroupBuy.state == GroupState.OPEN, waits, nothing)
        .order_by(GroupBuyMember.joined_at, GroupBuyMember.id).limit(limit)
    )  # fmt: skip


def members_to_settle(limit: int) -> Select[Any]:
    """Ids of members of groups that came to nothing, whose orders still stand; those that failed before come last."""
    return (
        select(GroupBuyMember.id).join(GroupBuy, GroupBuy.id == GroupBuyMember.group_id)
        .where(GroupBuy.state.in_(GONE), GroupBuyMember.state.in_(IN_GROUP))
        .order_by(GroupBuyMember.trouble.is_not(None), GroupBuyMember.id).limit(limit)
    )  # fmt: skip


def orders_leaving(ids: Collection[int]) -> Select[Any]:
    """Of these orders, those that are in a group and over."""
    some = select(GroupBuyMember.order_id).where(among(GroupBuyMember.order_id, ids), GroupBuyMember.state.in_(IN_GROUP))
    over = (Order.state == OrderState.CLOSED) | (Order.refund_state == RefundState.FULLY)
    return select(Order).where(Order.id.in_(some), over).order_by(Order.id)


def orders_leaving_by(refund_ids: Collection[int]) -> Select[Any]:
    """The same of the orders of these refunds."""
    some = (
        select(GroupBuyMember.order_id).join(Refund, Refund.order_id == GroupBuyMember.order_id)
        .where(among(Refund.id, refund_ids), GroupBuyMember.state.in_(IN_GROUP))
    )  # fmt: skip
    over = (Order.state == OrderState.CLOSED) | (Order.refund_state == RefundState.FULLY)
    return select(Order).where(Order.id.in_(some), over).order_by(Order.id)


def members_who_left(order_ids: Collection[int]) -> Select[Any]:
    """Members who had paid, whose orders live again."""
    gone = among(GroupBuyMember.order_id, order_ids) & GroupBuyMember.state.not_in(IN_GROUP) & GroupBuyMember.paid_at.is_not(None)
    return select(GroupBuyMember).where(gone).order_by(GroupBuyMember.id)


def group_figures(actor: Any) -> Select[Any]:
    """A row a promotion: how many of its groups wait, are complete, were not complete in time, or are empty."""
    counts = (func.coalesce(func.sum(case((GroupBuy.state == state, 1), else_=0)), 0).label(state.value) for state in GroupState)
    query = (
        select(GroupBuy.promotion_id, func.count().label("begun"), *counts)
        .group_by(GroupBuy.promotion_id).order_by(GroupBuy.promotion_id.desc())
    )  # fmt: skip
    return policy.scope(query, actor, GroupBuy)


def members_of(group_id: int, actor: Any) -> Select[Any]:
    query = select(GroupBuyMember).where(GroupBuyMember.group_id == group_id).order_by(GroupBuyMember.id)
    return policy.scope(query.options(joinedload(GroupBuyMember.order)), actor, GroupBuyMember)


def when_they_may_leave() -> Select[Any]:
    """(order, when its group was complete, or has to be) of the orders that wait for a group or came out of one."""
    return (
        select(GroupBuyMember.order_id, func.coalesce(GroupBuy.ended_at, GroupBuy.ends_at))
        .join(GroupBuy, GroupBuy.id == GroupBuyMember.group_id).join(Order, Order.id == GroupBuyMember.order_id)
        .where(GroupBuy.state.in_((GroupState.OPEN, GroupState.FILLED)), Order.state.in_(TO_SHIP))
        .where(GroupBuyMember.state == MemberState.PAID)
    )  # fmt: skip
