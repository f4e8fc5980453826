"""Reading orders: how many stand where, what is to pick, what went wrong."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import BigInteger, Select, cast, exists, false, func, literal, or_, select, union_all
from sqlalchemy.orm import selectinload

from app.panel.core import listing, mail, policy
from app.shop.catalog.models import Product, Sku
from app.shop.orders.models import (
    BuyerMessage,
    ExceptionReason,
    ExceptionState,
    IntakeEvent,
    IntakeState,
    MessageKind,
    Order,
    OrderException,
    OrderLine,
    OrderState,
    ReviewState,
)
from app.shop.orders.states import TO_SHIP
from app.shop.setup.models import Shop, StaffAssignment


def count_by_state(actor: Any) -> Select[Any]:
    """(state, orders) within the actor's rows: the numbers on the tabs above the list. Nobody needs to know that there are
    612,345 completed ones, so each is counted no further than lists count."""
    parts = []
    for state in OrderState:
        some = policy.scope(select(Order.id), actor, Order).where(Order.state == state).limit(listing.COUNT_LIMIT + 1)
        counted = select(func.count()).select_from(some.subquery()).scalar_subquery()
        parts.append(select(literal(state, Order.state.type).label("state"), counted.label("n")))
    found = union_all(*parts).subquery()
    return select(found.c.state, found.c.n).where(found.c.n > 0)


def to_ship(actor: Any) -> Select[Any]:
    """Orders that may leave now, oldest payment first."""
    statement = select(Order).where(
        Order.state.in_(TO_SHIP), Order.is_held.is_(False), Order.review == ReviewState.CONFIRMED
    )
    return policy.scope(statement.order_by(Order.paid_at, Order.id), actor, Order)


def count_to_ship(actor: Any) -> Select[Any]:
    return select(func.count()).select_from(to_ship(actor).order_by(None).subquery())


def to_confirm(actor: Any) -> Select[Any]:
    """Living orders that wait for a person's word."""
    # named one by one: an index finds the few among the many that are confirmed
    open_reviews = [review for review in ReviewState if review is not ReviewState.CONFIRMED]
    statement = select(Order).where(Order.review.in_(open_reviews), Order.state != OrderState.CLOSED)
    return policy.scope(statement, actor, Order)


def count_to_confirm(actor: Any) -> Select[Any]:
    return select(func.count()).select_from(to_confirm(actor).subquery())


def open_exceptions_by_reason(actor: Any) -> Select[Any]:
    """(reason_id, name, open exceptions), the most frequent first."""
    counted = (
        select(OrderException.reason_id, func.count(OrderException.id).label("n"))
        .where(OrderException.state == ExceptionState.OPEN)
        .group_by(OrderException.reason_id)
    )
    part = policy.scope(counted, actor, OrderException).subquery()
    return (
        select(part.c.reason_id, ExceptionReason.name, part.c.n)
        .join(ExceptionReason, ExceptionReason.id == part.c.reason_id)
        .order_by(part.c.n.desc(), ExceptionReason.position)
    )


def unsent_of_products(products: Any, actor: Any) -> Select[Any]:
    """(shop_id, number) of the orders that hold one of these products and have not sent all of it, the oldest first."""
    left = OrderLine.quantity - OrderLine.shipped_quantity - OrderLine.cancelled_quantity
    holds = (
        select(OrderLine.id).join(Sku, Sku.id == OrderLine.sku_id)
        .where(OrderLine.order_id == Order.id, Sku.product_id.in_(products), left > 0)
    )  # fmt: skip
    waits = Order.state.in_((OrderState.PENDING, *TO_SHIP)) & Order.is_past.is_(False)
    return policy.scope(select(Order.shop_id, Order.number).where(waits, holds.exists()).order_by(Order.id), actor, Order)


def count_refused_deliveries(actor: Any) -> Select[Any]:
    """How much of what channels sent waits to be mended."""
    statement = select(func.count(IntakeEvent.id)).where(IntakeEvent.state == IntakeState.REFUSED)
    return policy.scope(statement, actor, IntakeEvent)


def purchases_of(customer_id: int, actor: Any) -> Select[Any]:
    """(currency, orders, sold, gmv, refunded, last_at) of a customer, within the actor's rows; the most frequent first.

    An order is sold once it is paid in full; `gmv` adds up the totals of those, refunds not taken off.
    """
    # PostgreSQL adds BIGINTs up to NUMERIC; minor units stay whole numbers
    gmv = cast(func.coalesce(func.sum(Order.total).filter(Order.paid_at.is_not(None)), 0), BigInteger)
    statement = (
        select(
            Order.currency, func.count(Order.id).label("orders"), func.count(Order.paid_at).label("sold"),
            gmv.label("gmv"), cast(func.sum(Order.refunded), BigInteger).label("refunded"),
            func.max(Order.placed_at).label("last_at"),
        )
        .where(Order.customer_id == customer_id)
        .group_by(Order.currency)
        .order_by(func.count(Order.id).desc(), Order.currency)
    )  # fmt: skip
    return policy.scope(statement, actor, Order)


def picking(order_ids: list[int], actor: Any) -> Select[Any]:
    """(sku_id, code, barcode, title, option, pieces, orders) to be fetched for these orders, by SKU code."""
    left = OrderLine.quantity - OrderLine.shipped_quantity - OrderLine.cancelled_quantity
    mine = policy.scope(select(Order.id).where(Order.id.in_(order_ids)), actor, Order)
    return (
        select(
            OrderLine.sku_id, func.min(OrderLine.sku_code).label("code"), func.min(Sku.barcode).label("barcode"),
            func.min(OrderLine.title).label("title"), func.min(OrderLine.option).label("option"),
            func.sum(left).label("pieces"), func.count(OrderLine.order_id.distinct()).label("orders"),
        )
        .outerjoin(Sku, Sku.id == OrderLine.sku_id)
        .where(OrderLine.order_id.in_(mine), left > 0)
        .group_by(OrderLine.sku_id, OrderLine.sku_code, OrderLine.title)
        .order_by("code", OrderLine.sku_id)
    )  # fmt: skip


def with_lines(order_ids: list[int], actor: Any) -> Select[Any]:
    """These orders with their lines, for prints."""
    statement = policy.scope(select(Order).where(Order.id.in_(order_ids)), actor, Order)
    return statement.options(selectinload(Order.lines), selectinload(Order.payments)).order_by(Order.id)


def sku_by_scan(text: str) -> Select[Any]:
    """(Sku, product title) of a scanned or typed barcode or SKU code; an exact code stands before a barcode."""
    return (
        select(Sku, Product.title)
        .join(Product, Product.id == Sku.product_id)
        .where((Sku.code == text) | (Sku.barcode == text), Sku.is_active)
        .order_by((Sku.code == text).desc(), Sku.id)
        .limit(1)
    )


def people_who_confirm(shop_id: int) -> Select[Any]:
    """Ids of the active people of a shop whose roles let them confirm orders; administrators are left in peace."""
    return people_who("confirm", "orders.Order", shop_id)


def people_who(verb: str, resource: str, shop_id: int) -> Select[Any]:
    """Ids of the active people of a shop whose roles let them do this; administrators are left in peace."""
    t = User.metadata.tables
    pvr, pv = t["ab_permission_view_role"], t["ab_permission_view"]
    may = (
        select(t["ab_user_role"].c.user_id)
        .join(pvr, pvr.c.role_id == t["ab_user_role"].c.role_id)
        .join(pv, pv.c.id == pvr.c.permission_view_id)
        .join(t["ab_permission"], t["ab_permission"].c.id == pv.c.permission_id)
        .join(t["ab_view_menu"], t["ab_view_menu"].c.id == pv.c.view_menu_id)
        .where(t["ab_permission"].c.name == f"can_{verb}", t["ab_view_menu"].c.name == resource)
    )
    works_here = exists().where(
        StaffAssignment.user_id == User.id,
        or_(StaffAssignment.shop_id == shop_id, StaffAssignment.shop_id.is_(None)),
    )
    only_shop = select(func.count(Shop.id)).scalar_subquery() == 1
    return select(User.id).where(User.active, User.id.in_(may), or_(works_here, only_shop))


def unpaid_since(before: dt.datetime, limit: int) -> Select[Any]:
    """Ids of living orders that were placed by then and of which nothing is paid, oldest first; held ones are left in peace."""
    waiting = (Order.state == OrderState.PENDING, Order.is_past.is_(False), Order.is_held.is_(False), Order.paid == Order.refunded)
    return select(Order.id).where(*waiting, Order.placed_at <= before).order_by(Order.placed_at, Order.id).limit(limit)


def to_remind(before: dt.datetime, limit: int) -> Select[Any]:
    """Those of them whose buyers were not reminded, and who can be reached."""
    reminded = exists().where(BuyerMessage.order_id == Order.id, BuyerMessage.kind == MessageKind.PAYMENT_REMINDER)
    reached = or_(Order.buyer_email.is_not(None) if mail.is_set_up() else false(), Order.buyer_phone.is_not(None))
    return unpaid_since(before, limit).where(~reminded, reached)
