"""Whoever gets mails of the shop ends them by a link of his own: signed, without a password, good for nothing else."""

from __future__ import annotations

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import select

from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.customers.models import Customer, CustomerMerge
from app.shop.customers.services.consents import record_consent
from app.shop.customers.states import CustomerState, Purpose

SALT, PATH, SOURCE = "customers-stop", "/customers/stop", "link in a mail"
MOST_MERGES = 20


def stop_url(customer: Customer) -> str:
    """Where this customer ends his mails; the same in each of them."""
    config = current_app.config
    base = str(config.get("PUBLIC_URL") or f"http://{config['SERVER_HOST']}:{config['SERVER_PORT']}").rstrip("/")
    return f"{base}{PATH}/{_signer().dumps(customer.id)}"


def meant_by(token: str) -> Customer | None:
    """Whose link it is: of a card that was merged since, the one that stayed. None for any other text."""
    try:
        number = _signer().loads(token)
    except BadData:
        return None
    for _merge in range(MOST_MERGES):
        if type(number) is not int:
            return None
        if (found := db.session.get(Customer, number)) is not None:
            return found
        latest = select(CustomerMerge.kept_id).where(CustomerMerge.gone_id == number).order_by(CustomerMerge.id.desc())
        number = db.session.scalar(latest.limit(1))
    return None


@transactional
def stop_mails(customer: Customer) -> None:
    """Write down that he wants no more of them; said twice it is written once."""
    if customer.accepts_email and customer.state is not CustomerState.ERASED:
        record_consent(customer, Purpose.EMAIL, False, source=SOURCE, actor=SYSTEM)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=SALT)
