"""What a person agreed to, when and where he said so."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import clock, history, policy, records
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.customers.events import consent_changed
from app.shop.customers.models import Consent, Customer
from app.shop.customers.states import CustomerState, Purpose

RESOURCE = "customers.Customer"


@transactional
def record_consent(
    customer: Customer, purpose: Purpose, is_granted: bool, *, source: str, actor: Any, at: dt.datetime | None = None
) -> Consent:
    """Write down a yes or no. The latest decision of a purpose counts, whenever it was brought in.

    :raises InvalidInput: without a source: a consent that nobody can prove is none
    """
    policy.authorize(actor, "consent", RESOURCE)
    if customer.state is CustomerState.ERASED:
        raise DomainError(_("This person has been erased; the card stays empty."))
    if not source.strip():
        raise InvalidInput({"source": _("Say where it was said; without a proof it does not count.")})
    decision = Consent(
        customer_id=customer.id, purpose=purpose, is_granted=is_granted, decided_at=at or clock.now(),
        source=source.strip(),
    )  # fmt: skip
    db.session.add(decision)
    db.session.flush()
    db.session.expire(customer, ["consents"])
    latest = db.session.scalar(
        select(Consent.is_granted)
        .where(Consent.customer_id == customer.id, Consent.purpose == purpose)
        .order_by(Consent.decided_at.desc(), Consent.id.desc())
        .limit(1)
    )
    setattr(customer, f"accepts_{purpose.value}", bool(latest))
    history.record(
        customer, "customer.consented" if is_granted else "customer.refused", actor=actor,
        data={"purpose": purpose, "source": source.strip()},
    )  # fmt: skip
    consent_changed.send(customer, purpose=purpose, is_granted=is_granted, actor=actor)
    return decision


def new_consent(values: dict[str, Any], *, actor: Any) -> Consent:
    customer = records.get_many(Customer, [values["customer_id"]], actor=actor)[0]
    return record_consent(
        customer, values["purpose"], bool(values.get("is_granted")), source=values.get("source") or "",
        at=values.get("decided_at"), actor=actor,
    )  # fmt: skip


def edit_consent(consent: Consent, values: dict[str, Any], *, actor: Any) -> None:
    raise DomainError(_("A decision is not rewritten. Add the new one."))


def delete_consent(consent: Consent, *, actor: Any) -> None:
    raise DomainError(_("A decision is not rewritten. Add the new one."))


records.override(Consent, create=new_consent, update=edit_consent, delete=delete_consent)
