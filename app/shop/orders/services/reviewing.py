"""The first check of an order: goods, quantity, address, phone; by itself or by hand, as the settings say (ORD-04)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _

from app.panel.core import history, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError
from app.panel.core.settings import setting
from app.panel.core.transaction import transactional
from app.shop.customers.checks import phone as read_phone
from app.shop.customers.services.addresses import address_problems
from app.shop.customers.states import CustomerState
from app.shop.orders import events
from app.shop.orders.models import Order, OrderState, ReviewState
from app.shop.orders.services import stock
from app.shop.orders.services.common import RESOURCE, lock
from app.shop.orders.services.exceptions import open_exception, reason, settle
from app.shop.orders.services.placing import BLOCKED
from app.shop.orders.settings import CHECKS as SETTABLE
from app.shop.orders.settings import CheckMode, check_key

ADDRESS = ("country", "province", "city", "district", "street", "postcode")
# check -> code of the reason under which its failure is listed
REASONS = {"goods": "goods", "quantity": "stock", "address": "address", "phone": "phone", "buyer": "blocked"}


def check_goods(order: Order) -> str:
    unknown = [line.sku_code or line.title or "?" for line in order.lines if line.sku_id is None]
    return _("Not in the catalog: %(codes)s", codes=", ".join(unknown)) if unknown or not order.lines else ""


def check_quantity(order: Order) -> str:
    short = [str(line) for line in order.lines if line.sku_id and line.reserved_quantity < line.left_to_ship]
    return _("Not in stock: %(titles)s", titles=", ".join(short)) if short else ""


def check_address(order: Order) -> str:
    problems = address_problems({name: getattr(order, name) for name in ADDRESS})
    return " ".join(str(problem) for problem in problems.values())


def check_phone(order: Order) -> str:
    if not order.buyer_phone:
        return _("There is no phone number.")
    try:
        read_phone(order.buyer_phone)
    except ValueError as error:
        return str(error)
    return ""


def check_buyer(order: Order) -> str:
    return str(BLOCKED) if order.customer is not None and order.customer.state is CustomerState.BLOCKED else ""


CHECKS: dict[str, Callable[[Order], str]] = {
    "goods": check_goods,
    "quantity": check_quantity,
    "address": check_address,
    "phone": check_phone,
    "buyer": check_buyer,
}


def mode(code: str) -> CheckMode:
    """How this check is done; one without a setting, such as that of blocked customers, always runs by itself."""
    return CheckMode(setting(check_key(code))) if code in SETTABLE else CheckMode.AUTO


def failures(order: Order) -> dict[str, str]:
    """Check → sentence, of the checks that run by themselves and found something."""
    found = {code: check(order) for code, check in CHECKS.items() if mode(code) is CheckMode.AUTO}
    return {code: sentence for code, sentence in found.items() if sentence}


@transactional
def first_check(order: Order, *, actor: Any) -> Order:
    """Check a new order: it is confirmed, waits for a person, or opens an exception per failure."""
    found = failures(order)
    settle(order, {REASONS[code] for code in CHECKS if code not in found}, resolution=_("The check passes now."))
    for code, sentence in found.items():
        open_exception(order, reason(REASONS[code]), actor=SYSTEM, detail=sentence)
    if found:
        order.review = ReviewState.FAILED
    elif any(mode(code) is CheckMode.MANUAL for code in CHECKS):
        order.review = ReviewState.WAITING
    else:
        order.review = ReviewState.CONFIRMED
        events.order_confirmed.send(order, actor=actor)
        return order
    history.record(order, "order.review_needed", actor=actor, why=" ".join(found.values()))
    events.order_review_needed.send(order, failures=list(found), actor=actor)
    return order


@transactional
def confirm(order: Order, *, actor: Any) -> Order:
    """A person says that the order is right. Goods that were short are reserved now.

    :raises DomainError: when the goods are still short, or unknown
    """
    policy.authorize(actor, "confirm", RESOURCE)
    lock(order)
    if order.state is OrderState.CLOSED:
        raise DomainError(_("Order %(no)s is closed.", no=order.number))
    if order.review is ReviewState.CONFIRMED:
        raise DomainError(_("Order %(no)s is confirmed already.", no=order.number))
    if unknown := check_goods(order):
        raise DomainError(unknown)
    stock.hold_missing(order, actor=actor)
    order.review = ReviewState.CONFIRMED
    settle(order, set(REASONS.values()), resolution=_("Confirmed by hand."))
    history.record(order, "order.confirmed", actor=actor)
    events.order_confirmed.send(order, actor=actor)
    return order


@transactional
def edit_address(order: Order, values: Mapping[str, Any], *, actor: Any, why: str = "") -> Order:
    """Send the parcel elsewhere; the history keeps the old address. A problem with it is settled if it is good."""
    policy.authorize(actor, "edit_address", RESOURCE)
    lock(order)
    if order.state not in (OrderState.PENDING, OrderState.PAID, OrderState.PARTLY_SHIPPED):
        raise DomainError(_("Order %(no)s has left; its address cannot be changed.", no=order.number))
    names = (*ADDRESS, "buyer_name", "buyer_phone", "buyer_email")
    before = {name: getattr(order, name) for name in names}
    for name in names:
        if name in values:
            setattr(order, name, values[name] or None)
    history.record(order, "order.address_changed", actor=actor, why=why)
    events.address_changed.send(order, before=before, actor=actor)
    if order.review is ReviewState.FAILED:
        first_check(order, actor=actor)
    return order
