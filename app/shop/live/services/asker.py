"""Who asks: his orders beside his question, within the rights of whoever looks."""

from __future__ import annotations

from typing import Any

from flask import url_for
from sqlalchemy import select

from app.panel.core import clock, money, policy, veil
from app.panel.core.db import db
from app.shop.customers.models import Customer
from app.shop.live.models import LiveQuestion, LiveSession
from app.shop.orders.models import Order

MOST = 5


def orders_of(question: LiveQuestion, session: LiveSession, actor: Any) -> dict[str, Any]:
    """His newest orders in this shop: found by his card, else by the name that he has on the platform.

    A name is no proof: `is_sure` says which of the two it was. What a reader may not see of an order is left out.
    """
    empty: dict[str, Any] = {"orders": [], "customer": None, "is_sure": question.customer_id is not None}
    if not policy.allowed(actor, "read", "orders.Order"):
        return empty
    query = policy.scope(select(Order), actor, Order).where(Order.shop_id == session.shop_id)
    access = policy.fields(actor, "orders.Order")
    if question.customer_id is not None:
        query = query.where(Order.customer_id == question.customer_id)
    elif question.asker and access.usable("buyer_name"):
        query = query.where(Order.channel_id == session.channel_id, Order.buyer_name == question.asker)
    else:
        return empty
    rows = db.session.scalars(query.order_by(Order.placed_at.desc()).limit(MOST))
    empty["orders"] = [_told(order) for order in rows]
    if question.customer_id is not None and policy.allowed(actor, "read", "customers.Customer"):
        mine = policy.scope(select(Customer).where(Customer.id == question.customer_id), actor, Customer)
        customer = db.session.scalars(mine).first()
        if customer is not None:
            empty["customer"] = {
                "name": veil.seen(customer).name,
                "url": url_for("customers_customer.show", pk=customer.id),
            }
    return empty


def _told(row: Order) -> dict[str, Any]:
    order = veil.seen(row)
    lines = [line for line in row.lines[:3] if veil.shows(line, "title", "quantity")]
    return {
        "number": order.number, "state": str(order.state.label), "tone": order.state.tone,
        "at": clock.wall(row.placed_at) if veil.shows(row, "placed_at") else "",
        "total": money.format(row.total, row.currency) if veil.shows(row, "total") else "",
        "url": url_for("orders_order.show", pk=row.id), "goods": ", ".join(f"{line.title} × {line.quantity}" for line in lines),
    }  # fmt: skip
