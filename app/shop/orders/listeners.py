"""What orders do when something happened, below or here."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.panel.accounts.people import keys
from app.panel.core import notices
from app.panel.core.db import db
from app.shop.customers import privacy
from app.shop.orders import events, queries, services
from app.shop.orders.models import Order
from app.shop.orders.services.privacy import forget_buyer, orders_of_person
from app.shop.orders.states import TO_SHIP
from app.shop.setup.events import shop_opened

REVIEW = notices.kind(
    "orders.review", lazy_gettext("An order needs to be confirmed"), group=lazy_gettext("Orders"), needs=("confirm", "orders.Order")
)


@shop_opened.connect
def list_the_reasons(_shop: Any, **_more: Any) -> None:
    """A shop that opens finds the usual reasons of problems to choose from."""
    services.ensure_reasons()


@events.order_review_needed.connect
def tell_who_confirms(order: Order, failures: list[str], actor: Any, **_more: Any) -> None:
    """ORD-05: whoever may confirm orders of this shop hears that one waits for him."""
    people = list(db.session.scalars(queries.people_who_confirm(order.shop_id)))
    if failures:
        title = lazy_gettext("Order %(no)s needs a look", no=order.number)
        body = " ".join(exception.detail or str(exception.reason) for exception in order.exceptions)
    else:
        title, body = lazy_gettext("Order %(no)s waits to be confirmed", no=order.number), ""
    notices.send(people, title, body=body, url=f"/orders/order/show/{order.id}", kind=REVIEW, about=order)


@events.order_paid.connect
@events.order_closed.connect
@events.hears_sets
def say_no_more(order: Order, **_more: Any) -> None:
    """Who has paid, or will not get it, is not asked for money."""
    services.drop_messages(order)


@events.order_shipped.connect
@events.order_closed.connect
@events.hears_sets
def is_late_no_more(order: Order, **_more: Any) -> None:
    """What has left, or will not leave, is not waited for any more."""
    if order.state not in TO_SHIP:
        services.settle(order, {"late"}, resolution=_("The order has left or is closed."))


keys.preset(
    "orders.intake", lazy_gettext("Take in the orders of channels"), {"orders.Order": "intake read", "setup.Channel": "read"}
)
privacy.contribute("orders", export=orders_of_person, erase=forget_buyer)
