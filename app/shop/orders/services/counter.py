"""A sale over the counter: placed, paid and handed over in one breath."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from app.panel.core import history, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import InvalidInput
from app.panel.core.transaction import transactional
from app.shop.orders.models import Order, OrderSource, PaymentMethod
from app.shop.orders.services.common import RESOURCE
from app.shop.orders.services.payments import pay
from app.shop.orders.services.placing import Amounts, Wanted, place
from app.shop.orders.services.shipping import complete, ship


@transactional
def sell(
    wanted: Sequence[Wanted],
    *,
    channel_id: int,
    method: PaymentMethod,
    actor: Any,
    tendered: int | None = None,
    external_ref: str = "",
    discount: int = 0,
    customer_id: int | None = None,
    expected: int | None = None,
    codes: Sequence[str] = (),
) -> Order:
    """Sell what lies on the counter. `expected` is the total on the screen: if prices moved since, nothing is sold.

    :raises OutOfStock: with the SKU and what is left
    """
    policy.authorize(actor, "counter", RESOURCE)
    # the right that was asked is `counter`; the steps below are its own
    with history.by(actor=actor):
        order = place(
            wanted, channel_id=channel_id, actor=SYSTEM, amounts=Amounts(discount=discount), customer_id=customer_id,
            source=OrderSource.COUNTER, codes=codes,
        )  # fmt: skip
        if expected is not None and expected != order.total:
            raise InvalidInput({"lines": _("Prices have changed. Please check the new total.")})
        if order.total:
            pay(order, method=method, external_ref=external_ref, tendered=tendered, actor=SYSTEM)
        ship(order, actor=SYSTEM, note=_("Handed over at the counter."))
        complete(order, actor=SYSTEM)
        history.record(order, "order.sold_at_counter", actor=actor)
    return order
