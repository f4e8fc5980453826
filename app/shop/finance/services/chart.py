"""The chart of accounts: what code books to is there when it is first needed; people rename it and add their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import force_locale, lazy_gettext
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app.panel.core import changes
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.finance.models import Account, AccountKind
from app.shop.orders.models import PaymentMethod
from app.shop.setup.queries import business

RECEIVABLE, SALES, SHIPPING, ADJUSTMENT = "receivable", "sales", "shipping", "adjustment"
DISCOUNTS, REFUNDS, TAX, COUPONS = "discounts", "refunds", "tax", "coupons"
COUPON_LIABILITY, FEES, COMPENSATION, OTHER_COST = "coupon_liability", "fees", "compensation", "other_cost"


def money_in(method: PaymentMethod) -> str:
    """The role of the account into which a way of paying leads."""
    return f"money.{method.value}"


# role → (number, kind, name): the usual numbers of small firms in China
CHART: dict[str, tuple[str, AccountKind, Any]] = {
    money_in(PaymentMethod.CASH): ("1001", AccountKind.ASSET, lazy_gettext("Cash on hand")),
    money_in(PaymentMethod.TRANSFER): ("1002", AccountKind.ASSET, lazy_gettext("Bank account")),
    money_in(PaymentMethod.ALIPAY): ("1012.01", AccountKind.ASSET, lazy_gettext("Alipay balance")),
    money_in(PaymentMethod.WECHAT): ("1012.02", AccountKind.ASSET, lazy_gettext("WeChat Pay balance")),
    money_in(PaymentMethod.CARD): ("1012.03", AccountKind.ASSET, lazy_gettext("Card payments on the way")),
    money_in(PaymentMethod.PLATFORM): ("1012.04", AccountKind.ASSET, lazy_gettext("Money that channels hold")),
    money_in(PaymentMethod.OTHER): ("1012.09", AccountKind.ASSET, lazy_gettext("Other ways of paying")),
    RECEIVABLE: ("1122", AccountKind.ASSET, lazy_gettext("Owed by buyers")),
    COUPON_LIABILITY: ("2205", AccountKind.LIABILITY, lazy_gettext("Owed for coupons")),
    TAX: ("2221", AccountKind.LIABILITY, lazy_gettext("Tax to be paid")),
    SALES: ("6001", AccountKind.INCOME, lazy_gettext("Sales of goods")),
    SHIPPING: ("6002", AccountKind.INCOME, lazy_gettext("Shipping fees earned")),
    ADJUSTMENT: ("6003", AccountKind.INCOME, lazy_gettext("Rounding and adjustments")),
    DISCOUNTS: ("6011", AccountKind.INCOME, lazy_gettext("Discounts given")),
    REFUNDS: ("6012", AccountKind.INCOME, lazy_gettext("Refunds given")),
    COUPONS: ("6013", AccountKind.INCOME, lazy_gettext("Coupons redeemed")),
    COMPENSATION: ("6601", AccountKind.EXPENSE, lazy_gettext("Compensation to buyers")),
    FEES: ("6602", AccountKind.EXPENSE, lazy_gettext("Fees of platforms and payment services")),
    OTHER_COST: ("6711", AccountKind.EXPENSE, lazy_gettext("Other costs")),
}


def numbers(roles: Iterable[str]) -> dict[str, int]:
    """The ids of the accounts of these roles; an account that is missing is made."""
    wanted = set(roles)
    found = _found(wanted)
    if missing := wanted - found.keys():
        _make(missing)
        found = _found(wanted)
    return found


def _found(roles: set[str]) -> dict[str, int]:
    query = select(Account.role, Account.id).where(Account.role.in_(sorted(roles)))
    return {str(role): key for role, key in db.session.execute(query)}


@transactional
def ensure_chart() -> None:
    """Make every account of the chart that is not there."""
    numbers(CHART)


def _make(roles: set[str]) -> None:
    owner = business()
    taken = set(db.session.scalars(select(Account.code)))
    for role in sorted(roles):
        code, kind, name = CHART[role]
        with force_locale(owner.language if owner else "en"):
            row = {"code": code if code not in taken else f"{code}-{role}"[:20], "name": str(name), "kind": kind, "role": role}
        try:
            with db.session.begin_nested():
                made = db.session.execute(insert(Account.__table__).values(row)).inserted_primary_key[0]  # type: ignore[attr-defined]
        except IntegrityError:  # somebody else needed it first in this very moment
            continue
        changes.record(Account, [made], "insert")


def validate(account: Account | None, values: dict[str, Any]) -> None:
    """Whether an account grows by debits or by credits is settled once code books to it."""
    kind = values.get("kind")
    if account is not None and account.role and kind is not None and kind is not account.kind:
        raise InvalidInput({"kind": lazy_gettext("The panel books to this account: its kind stands.")})


def delete(account: Account, *, actor: Any) -> None:
    """Accounts are put out of use, not deleted."""
    raise DomainError(lazy_gettext("An account cannot be deleted. Take it out of use instead."))
