"""Does the ledger tell what happened? Against payments, refunds and sales, and against itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.core import policy
from app.panel.core.db import db
from app.shop.finance import queries
from app.shop.finance.models import EntryKind
from app.shop.orders.models import PaymentMethod

LABELS = {
    "payments": _("Payments"), "refunds": _("Refunds"), "sales": _("Sales"), "balance": _("Debit and credit"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` of a shop in a currency: so much was paid, sold or refunded, and so much the ledger says."""

    what: str
    shop_id: int
    currency: str
    happened: int
    booked: int
    method: str = ""

    @property
    def label(self) -> str:
        """`what`, for a reader of the page."""
        way = PaymentMethod.of(self.method)
        return f"{LABELS[self.what]} · {way.label}" if way is not None else str(LABELS[self.what])

    @property
    def by(self) -> int:
        return self.booked - self.happened

    def __str__(self) -> str:
        what = f"{self.what} by {self.method}" if self.method else self.what
        place = f"shop {self.shop_id}, {what} in {self.currency}"
        return f"{place}: {self.happened} happened, {self.booked} are booked"


def verify(actor: Any = None) -> list[Difference]:
    """Every place where the ledger and the orders differ; empty when the books are right. Minor units.

    :param actor: whose orders and postings are looked at; everybody's when it is left out
    """
    found = []
    for what, happened, booked in (
        ("payments", queries.paid_sums(actor), queries.booked_sums(EntryKind.PAYMENT, actor)),
        ("refunds", queries.refunded_sums(actor), queries.booked_sums(EntryKind.REFUND, actor)),
        ("sales", queries.sold_sums(actor), queries.booked_sums(EntryKind.SALE, actor)),
    ):
        left, right = _by_place(happened), _by_place(booked)
        for place in sorted(left.keys() | right.keys(), key=str):
            shop_id, method, code = place
            if left.get(place, 0) != right.get(place, 0):
                found.append(Difference(what, shop_id, code, left.get(place, 0), right.get(place, 0), method))
    for shop_id, code, debit, credit in db.session.execute(queries.unbalanced(actor)):
        found.append(Difference("balance", shop_id, code, int(debit), int(credit)))
    return found


def _by_place(statement: Any) -> dict[tuple[int, str, str], int]:
    """The sums by shop, way of paying and currency. A way that is not known any more is another way."""
    found: dict[tuple[int, str, str], int] = {}
    for shop_id, method, code, total in db.session.execute(statement):
        way = method if method is None or PaymentMethod.of(method) else PaymentMethod.OTHER.value
        place = (shop_id, way or "", code)
        found[place] = found.get(place, 0) + int(total)
    return found


def people_who_book() -> list[int]:
    """Whom a difference concerns: ids of the active people who may book by hand."""
    people = db.session.scalars(select(User).where(User.active).order_by(User.id))
    return [int(user.id) for user in people if policy.allowed(user, "book", "finance.Entry")]
