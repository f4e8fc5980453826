"""Orders that need a person: opened with a reason of the list, handled with a word on what was done."""

from __future__ import annotations

from typing import Any

from flask_babel import force_locale, lazy_gettext
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.panel.core import clock, history, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.orders.models import ExceptionReason, ExceptionState, Order, OrderException
from app.shop.orders.services.common import RESOURCE
from app.shop.setup.queries import business

# the reasons that code opens exceptions with; the shop may rename them and add its own
BUILT_IN = {
    "goods": lazy_gettext("Unknown goods"),
    "stock": lazy_gettext("Out of stock"),
    "address": lazy_gettext("Address is wrong"),
    "phone": lazy_gettext("Phone number is wrong"),
    "unreachable": lazy_gettext("Buyer cannot be reached"),
    "late": lazy_gettext("Late delivery"),
    "silent": lazy_gettext("No trace after shipping"),
    "blocked": lazy_gettext("Customer is blocked"),
    "refund": lazy_gettext("Refund of the channel does not fit"),
    "other": lazy_gettext("Other reason"),
}


def reason(code: str) -> ExceptionReason:
    """The reason of this code; a built-in one is made when it is first needed."""
    query = select(ExceptionReason).where(ExceptionReason.code == code)
    found = db.session.scalar(query)
    if found is not None:
        return found
    if code not in BUILT_IN:
        raise DomainError(_("There is no reason “%(code)s”.", code=code))
    made = ExceptionReason(code=code, name=_word(code), position=10 * (1 + list(BUILT_IN).index(code)))
    try:
        with db.session.begin_nested():
            db.session.add(made)
    except IntegrityError:  # somebody else needed it first in this very moment
        return db.session.scalars(query).one()
    return made


def _word(code: str) -> str:
    """The name in the language of the business, whoever is the first to need it."""
    owner = business()
    with force_locale(owner.language if owner else "en"):
        return str(BUILT_IN[code])


@transactional
def ensure_reasons() -> None:
    """Make the built-in reasons, so that the list is there to choose from."""
    known = set(db.session.scalars(select(ExceptionReason.code)))
    for code in BUILT_IN:
        if code not in known:
            reason(code)


@transactional
def open_exception(order: Order, why: ExceptionReason, *, actor: Any, detail: str = "") -> OrderException:
    """Mark an order as abnormal. The same reason is open once at most: a second call adds its detail."""
    policy.authorize(actor, "handle", RESOURCE)
    query = select(OrderException).where(
        OrderException.order_id == order.id,
        OrderException.reason_id == why.id,
        OrderException.state == ExceptionState.OPEN,
    )
    found = db.session.scalar(query)
    if found is not None:
        found.detail = detail[:300] or found.detail
        return found
    made = OrderException(order=order, reason=why, detail=detail[:300] or None, opened_at=clock.now())
    db.session.add(made)
    db.session.flush()
    history.record(order, "order.exception_opened", actor=actor, why=" ".join((why.name, detail)).strip())
    return made


@transactional
def handle_exception(exception: OrderException, *, actor: Any, resolution: str) -> OrderException:
    """Say what was done about it."""
    policy.authorize(actor, "handle", RESOURCE)
    if exception.state is ExceptionState.HANDLED:
        raise DomainError(_("This exception is handled already."))
    if not resolution.strip():
        raise DomainError(_("Say what was done."), field="resolution")
    exception.state = ExceptionState.HANDLED
    exception.handled_at = clock.now()
    exception.resolution = resolution.strip()[:300]
    history.record(exception.order, "order.exception_handled", actor=actor, why=exception.resolution)
    return exception


@transactional
def withdraw_exception(exception: OrderException, *, actor: Any) -> None:
    """Take a report away that was a slip.

    :raises DomainError: when somebody has handled it
    """
    policy.authorize(actor, "handle", RESOURCE)
    if exception.state is ExceptionState.HANDLED:
        raise DomainError(_("This exception is handled already."))
    history.record(exception.order, "order.exception_withdrawn", actor=actor, why=exception.reason.name)
    exception.order.exceptions.remove(exception)
    db.session.flush()


@transactional
def describe_exception(exception: OrderException, detail: str | None, *, actor: Any) -> None:
    """Say in other words what is wrong."""
    policy.authorize(actor, "handle", RESOURCE)
    exception.detail = (detail or "")[:300] or None
    db.session.flush()


@transactional
def reopen_exception(exception: OrderException, *, actor: Any) -> OrderException:
    """It was said to be handled, and is not.

    :raises DomainError: when it is open, or the same was reported anew
    """
    policy.authorize(actor, "handle", RESOURCE)
    same = (OrderException.order_id == exception.order_id, OrderException.reason_id == exception.reason_id)
    if db.session.scalar(select(OrderException.id).where(*same, OrderException.state == ExceptionState.OPEN).limit(1)):
        raise DomainError(_("The same problem is open again."))
    exception.state, exception.handled_at, exception.resolution = ExceptionState.OPEN, None, None
    db.session.flush()
    history.record(exception.order, "order.exception_reopened", actor=actor, why=exception.reason.name)
    return exception


def settle(order: Order, codes: set[str], *, resolution: str) -> None:
    """Close the open exceptions of these codes, for what they complained of is mended."""
    for exception in order.exceptions:
        if exception.state is ExceptionState.OPEN and exception.reason.code in codes:
            handle_exception(exception, actor=SYSTEM, resolution=resolution)
