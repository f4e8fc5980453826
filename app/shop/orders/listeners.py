"""What orders do when something happened, below or here."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from app.panel.core import changes, history, notices
from app.panel.core.db import db
from app.shop.customers import privacy
from app.shop.customers.privacy import Person
from app.shop.orders import events, queries, services
from app.shop.orders.models import Order, OrderLine, OrderNote
from app.shop.orders.states import TO_SHIP
from app.shop.setup.events import shop_opened


@shop_opened.connect
def list_the_reasons(_shop: Any, **_more: Any) -> None:
    """A shop that opens finds the usual reasons of problems to choose from."""
    services.ensure_reasons()


@events.order_review_needed.connect
def tell_who_confirms(order: Order, failures: list[str], actor: Any, **_more: Any) -> None:
    """ORD-05: whoever may confirm orders of this shop hears that one waits for him."""
    people = list(db.session.scalars(queries.people_who_confirm(order.shop_id)))
    if failures:
        title = _("Order %(no)s needs a look", no=order.number)
        body = " ".join(exception.detail or str(exception.reason) for exception in order.exceptions)
    else:
        title, body = _("Order %(no)s waits to be confirmed", no=order.number), ""
    notices.send(people, title, body=body, url=f"/orders/order/show/{order.id}")


@events.order_shipped.connect
@events.order_closed.connect
def is_late_no_more(order: Order, **_more: Any) -> None:
    """What has left, or will not leave, is not waited for any more."""
    if order.state not in TO_SHIP:
        services.settle(order, {"late"}, resolution=_("The order has left or is closed."))


BUYER = ("buyer_name", "buyer_phone", "buyer_email", "province", "city", "district", "street", "postcode")
KEPT = ("number", "external_number", "currency", "total", "paid", "refunded", "placed_at", *BUYER, "buyer_remark")


def orders_of_person(customer_id: int) -> list[dict[str, Any]]:
    """What a person gets who asks for everything that we know: his orders with their lines."""
    orders = list(db.session.scalars(select(Order).where(Order.customer_id == customer_id).order_by(Order.id)))
    lines: dict[int, list[dict[str, Any]]] = {}
    columns = (OrderLine.order_id, OrderLine.title, OrderLine.option, OrderLine.quantity, OrderLine.total)
    for order_id, title, option, quantity, total in db.session.execute(
        select(*columns).where(OrderLine.order_id.in_([order.id for order in orders])).order_by(OrderLine.id)
    ):
        lines.setdefault(order_id, []).append({"title": title, "option": option, "quantity": quantity, "total": total})
    return [
        {**{name: history.plain(getattr(order, name)) for name in KEPT}, "state": order.state.value,
         "lines": lines.get(order.id, [])}
        for order in orders
    ]  # fmt: skip


def forget_buyer(person: Person) -> None:
    """The books keep what was bought for how much and in which province; who it was and where he lives goes."""
    ids = list(db.session.scalars(select(Order.id).where(Order.customer_id == person.customer_id)))
    blank = dict.fromkeys(("buyer_phone", "buyer_email", "district", "street", "postcode", "buyer_remark"))
    for start in range(0, len(ids), 400):
        part = ids[start : start + 400]
        gone = (
            update(Order)
            .where(Order.id.in_(part))
            .values(buyer_name=person.pseudonym, seller_remark=None, version=Order.version + 1, **blank)
        )
        db.session.execute(gone)
        notes = list(db.session.scalars(select(OrderNote.id).where(OrderNote.order_id.in_(part))))
        db.session.execute(
            update(OrderNote).where(OrderNote.id.in_(notes)).values(body="–", version=OrderNote.version + 1)
        )
        person.wrote("orders_note", notes)
    person.wrote("orders_order", ids)
    changes.record(Order, ids)


privacy.contribute("orders", export=orders_of_person, erase=forget_buyer)
