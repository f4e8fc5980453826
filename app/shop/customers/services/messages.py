"""Mails to customers who agreed to get them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from app.panel.core import history, outbox, policy
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.customers.models import Customer
from app.shop.customers.services.stopping import stop_url
from app.shop.customers.states import CustomerState

RESOURCE = "customers.Customer"
NAME = ("{name}", "{姓名}")


def not_to_be_written_to(customer: Customer) -> str:
    """Why this customer gets no mail; nothing when he may get one."""
    if customer.state is not CustomerState.ACTIVE:
        return _("The card is “%(state)s”.", state=customer.state.label)
    if not customer.email:
        return _("No e-mail address is known.")
    if not customer.accepts_email:
        return _("Has not agreed to get newsletters.")
    return ""


@transactional
def write_to(customers: Sequence[Customer], subject: str, body: str, *, actor: Any) -> None:
    """Put a mail to each of them into the outbox; `{name}` in it becomes the name.

    :raises DomainError: when one of them must not be written to; nobody is then
    """
    policy.authorize(actor, "message", RESOURCE)
    for customer in customers:
        if why := not_to_be_written_to(customer):
            raise DomainError(f"{customer.name}: {why}")
        stop = stop_url(customer)
        foot = _("You get this because you agreed to it. No more of it: %(url)s", url=stop)
        outbox.put("mail", {
            "to": customer.email, "subject": _named(subject, customer)[:200], "body": f"{_named(body, customer)}\n\n-- \n{foot}\n",
            "unsubscribe": stop, "one_click": True,
        })  # fmt: skip
    told: list[tuple[int, dict[str, list[Any]]]] = [(customer.id, {}) for customer in customers]
    history.record_many(Customer, told, verb="customer.written_to", actor=actor, why=subject[:200])


def _named(text: str, customer: Customer) -> str:
    for place in NAME:
        text = text.replace(place, " ".join((customer.name or "").split()))
    return text
