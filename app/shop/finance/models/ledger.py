"""Accounts, entries and postings. What is posted stays: a mistake is put right by an entry that reverses it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, Index

from app.panel.core.columns import children, choice, currency, flag, instant, integer, money, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.finance.models import guards as guards
from app.shop.finance.models.choices import AccountKind, EntryKind


class Account(PanelModel):
    """One account of the chart. Code books by `role`, so that people may rename and renumber what they like."""

    __tablename__ = "finance_account"

    code = text(_("Account number"), 20, required=True, unique=True, search=True)
    name = text(_("Name of the account"), 120, required=True, search=True)
    kind = choice(_("Kind of account"), AccountKind, required=True)
    role = text("", 60, unique=True, hidden=True, readonly=True)
    is_active = flag(_("In use"), default=True)
    note = text(_("Note"), 300)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Entry(PanelModel):
    """One booking: its postings add up to nothing in every currency. Inserting it seals it, so its postings come first.

    `key` names what it was made for, so that nothing is booked twice. `order_id` and the cause are plain numbers: the
    ledger outlives what it tells of. `facts` are the amounts that it was made from.
    """

    __tablename__ = "finance_entry"
    __no_history__ = True  # it is a journal itself, and nobody can change it

    kind = choice(_("Booked for"), EntryKind, required=True, readonly=True)
    occurred_at = instant(_("Booking date"), required=True, readonly=True)
    shop_id = ref(_("Shop"), "setup_shop.id", required=True, readonly=True, index=False)
    shop = relation("Shop", shop_id)
    currency = currency(readonly=True)
    amount = money(_("Amount"), required=True, readonly=True)
    order_id = integer("", hidden=True, readonly=True)
    order_number = text(_("Order number"), 64, readonly=True, index=True)
    memo = text(_("Booking text"), 200, readonly=True)
    reverses_id = integer(_("Reverses entry"), readonly=True, unique=True)
    cause_resource = text("", 80, hidden=True, readonly=True)
    cause_id = integer("", hidden=True, readonly=True)
    facts = text("", 200, hidden=True, readonly=True)
    key = text(_("Command"), 120, required=True, unique=True, hidden=True)
    postings = children(_("Postings"), "Posting", back="entry", order_by="Posting.id")
    created_by = relation("User", viewonly=True, primaryjoin="foreign(Entry.created_by_id) == User.id")

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index(None, "occurred_at", "id"),
        Index(None, "shop_id", "occurred_at", "id"),
        Index(None, "order_id", "kind"),
        Index(None, "cause_resource", "cause_id"),
    )

    def __str__(self) -> str:
        return f"#{self.id}"


class Posting(PanelModel):
    """One side of an entry: so much to the debit, or so much to the credit, of one account."""

    __tablename__ = "finance_posting"
    __no_history__ = True  # as its entry

    entry_id = ref(_("Entry"), "finance_entry.id", required=True, readonly=True, deferred=True)
    entry = relation("Entry", entry_id, back_populates="postings")
    account_id = ref(_("Ledger account"), "finance_account.id", required=True, readonly=True, index=False)
    account = relation("Account", account_id)
    currency = currency(readonly=True)
    debit = money(_("Debit"), default=0, readonly=True)
    credit = money(_("Credit"), default=0, readonly=True)
    occurred_at = instant(_("Booking date"), required=True, readonly=True)
    shop_id = ref(_("Shop"), "setup_shop.id", required=True, readonly=True, index=False)
    shop = relation("Shop", shop_id)

    __table_args__ = (
        CheckConstraint("debit >= 0 AND credit >= 0 AND debit * credit = 0 AND debit + credit > 0", name="one_side"),
        Index(None, "account_id", "occurred_at", "id"),
        Index(None, "occurred_at", "id"),
        Index(None, "shop_id", "occurred_at", "id"),
    )

    def __str__(self) -> str:
        return f"#{self.id}"
