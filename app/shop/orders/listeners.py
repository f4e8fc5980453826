"""What orders do when something happened, below or here."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.panel.core import notices
from app.panel.core.db import db
from app.shop.orders import events, queries
from app.shop.orders.models import Order


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
