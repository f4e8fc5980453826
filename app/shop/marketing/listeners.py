"""What marketing does when something happens to an order, or somebody is owed a coupon."""

from __future__ import annotations

from typing import Any

from flask_babel import force_locale

from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.logistics.events import compensation_approved
from app.shop.logistics.models import Compensation
from app.shop.marketing import queries, services
from app.shop.orders.events import (
    hears_sets,
    order_closed,
    order_paid,
    order_placed,
    order_refunded,
    order_released,
    order_reopened,
    orders_closed,
    orders_refunded,
    refunds_reversed,
)
from app.shop.orders.models import Order
from app.shop.setup.queries import business


@order_placed.connect
def take_what_was_promised(order: Order, priced: Any, actor: Any, **_more: Any) -> None:
    if priced.quote.claims:
        services.take(order, priced, actor=actor)


@order_paid.connect
def coupons_are_used(order: Order, actor: Any, **_more: Any) -> None:
    if order.codes:
        services.redeem(order, actor=actor)
        services.paid(order, actor=actor)


@order_closed.connect
@hears_sets
def coupons_are_free(order: Order, actor: Any, **_more: Any) -> None:
    """ORD-06: whoever did not pay gets his coupon back, and his place among the first is another's."""
    services.release(order, actor=actor)
    if order.codes:
        services.left(order, actor=actor)


@orders_closed.connect
def coupons_of_many_are_free(_model: Any, ids: list[int], actor: Any, **_more: Any) -> None:
    services.release_many(ids, actor=actor)
    services.left_many(db.session.scalars(queries.orders_leaving(ids)).all(), actor=actor)


@order_reopened.connect
def coupons_are_held_again(order: Order, actor: Any, **_more: Any) -> None:
    services.take_again(order, actor=actor)
    if order.codes:
        services.reopened(order, actor=actor)


@order_refunded.connect
@hears_sets
def coupons_follow_the_money(order: Order, actor: Any, **_more: Any) -> None:
    if order.codes:
        services.refunded(order, actor=actor)
        services.left(order, actor=actor)


@orders_refunded.connect
def coupons_follow_many(_model: Any, ids: list[int], actor: Any, **_more: Any) -> None:
    services.refunded_many(ids, actor=actor)
    services.left_many(db.session.scalars(queries.orders_leaving_by(ids)).all(), actor=actor)


@refunds_reversed.connect
def coupons_are_used_after_all(_model: Any, ids: list[int], reopened: list[int], actor: Any, **_more: Any) -> None:
    services.refund_reversed(ids, actor=actor)
    services.came_back(reopened, actor=actor)


@order_released.connect
def a_group_goes_together(order: Order, **_more: Any) -> None:
    """MKT-07: nobody lets one order of an open group go by itself."""
    if order.codes and (why := services.must_wait(order)):
        raise DomainError(why)


@compensation_approved.connect
def give_the_coupon(row: Compensation, **_more: Any) -> None:
    owner = business()
    with force_locale(owner.language if owner else "en"):
        services.compensate(row)
