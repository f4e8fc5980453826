"""Booking: drafts in, entries out, each exactly once and each in balance. And the one way to put a mistake right."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import clock, history, money, policy
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError
from app.panel.core.rows import among, insert_many, reserve_ids
from app.panel.core.transaction import transactional
from app.shop.finance.models import Entry, EntryKind, Posting
from app.shop.finance.services import chart

RESOURCE = "finance.Entry"
FOLLOWING = frozenset({EntryKind.PAYMENT, EntryKind.SALE, EntryKind.REFUND})
ENTRIES: Any = Entry.__table__
POSTINGS: Any = Posting.__table__


@dataclass(frozen=True)
class Line:
    """So much to an account, by its role or its id: a debit when it is more than nothing, else a credit."""

    account: str | int
    amount: int
    currency: str


@dataclass(frozen=True)
class Draft:
    """An entry before it is booked. `key` names what it is made for: the same key is booked once."""

    kind: EntryKind
    key: str
    shop_id: int
    occurred_at: dt.datetime
    lines: tuple[Line, ...]
    order_id: int | None = None
    order_number: str | None = None
    cause: tuple[str, int] | None = None
    memo: str = ""
    facts: str = ""
    reverses_id: int | None = None

    @property
    def amount(self) -> int:
        """What stands on the debit side in the currency of the first line."""
        return sum(line.amount for line in self.lines if line.amount > 0 and line.currency == self.lines[0].currency)


def check(draft: Draft) -> None:
    """Refuse what does not balance, before the database does.

    :raises DomainError: with the currency and by how much
    """
    sums: dict[str, int] = defaultdict(int)
    for line in draft.lines:
        if not isinstance(line.amount, int) or isinstance(line.amount, bool) or not 0 < abs(line.amount) <= money.MAX_MINOR:
            raise DomainError(_("Every line of an entry needs an amount."))
        sums[line.currency] += line.amount
    if len(draft.lines) < 2:
        raise DomainError(_("An entry has at least two lines."))
    for code, left in sums.items():
        if left:
            raise DomainError(_("Debit and credit differ by %(left)s.", left=money.format(left, code)))


@transactional
def post_many(drafts: Sequence[Draft], *, actor: Any, fresh: bool = False) -> dict[str, int]:
    """Book many entries in a handful of statements; the ids of their entries by key. What is booked already is left as it is.

    Nobody's right is asked here: the verb that moves the money has asked for its own.

    :param fresh: nobody can have booked these keys before, so that they need not be looked for
    """
    if not drafts:
        return {}
    for draft in drafts:
        check(draft)
    by_key = {draft.key: draft for draft in drafts}
    known = {} if fresh else _known(list(by_key))
    new = [draft for key, draft in by_key.items() if key not in known]
    if new:
        ids = reserve_ids(ENTRIES, len(new))
        _write(list(zip(ids, new, strict=True)), actor=actor)
        known |= {draft.key: key for key, draft in zip(ids, new, strict=True)}
    return known


def _known(keys: list[str]) -> dict[str, int]:
    query = select(ENTRIES.c.key, ENTRIES.c.id).where(among(ENTRIES.c.key, keys))
    return dict(db.session.execute(query).tuples().all())


def _write(drafts: Sequence[tuple[int, Draft]], *, actor: Any) -> None:
    """The postings first: the insertion of an entry seals what stands under its number."""
    accounts = chart.numbers(line.account for _id, draft in drafts for line in draft.lines if isinstance(line.account, str))
    now = clock.now()
    stamp = {"created_at": now, "changed_at": now, "created_by_id": actor.id, "changed_by_id": actor.id, "version": 1}
    postings = [
        {
            "entry_id": number, "account_id": accounts[line.account] if isinstance(line.account, str) else line.account,
            "currency": line.currency, "debit": max(line.amount, 0), "credit": max(-line.amount, 0),
            "occurred_at": draft.occurred_at, "shop_id": draft.shop_id,
        }
        for number, draft in drafts for line in draft.lines
    ]  # fmt: skip
    entries = [
        {
            "id": number, "kind": draft.kind, "key": draft.key, "occurred_at": draft.occurred_at, "shop_id": draft.shop_id,
            "currency": draft.lines[0].currency, "amount": draft.amount, "order_id": draft.order_id,
            "order_number": draft.order_number, "memo": draft.memo or None, "facts": draft.facts or None,
            "cause_resource": draft.cause[0] if draft.cause else None, "cause_id": draft.cause[1] if draft.cause else None,
            "reverses_id": draft.reverses_id,
        }
        for number, draft in drafts
    ]  # fmt: skip
    insert_many(POSTINGS, postings, stamp)
    insert_many(ENTRIES, entries, stamp)


@transactional
def post(draft: Draft, *, actor: Any) -> Entry:
    """Book one entry; the same key again answers with the first.

    :raises Conflict: when the key is known with other lines
    """
    known = db.session.scalar(select(Entry).where(Entry.key == draft.key))
    if known is None:
        return db.session.get_one(Entry, post_many([draft], actor=actor, fresh=True)[draft.key])
    check(draft)
    if sorted(_lines(known)) != sorted(_told(draft)):
        raise Conflict(_("This key was already used for another entry."))
    return known


def _lines(entry: Entry) -> list[tuple[int, int, str]]:
    return [(one.account_id, one.debit - one.credit, one.currency) for one in entry.postings]


def _told(draft: Draft) -> list[tuple[int, int, str]]:
    accounts = chart.numbers(line.account for line in draft.lines if isinstance(line.account, str))
    return [
        (accounts[line.account] if isinstance(line.account, str) else line.account, line.amount, line.currency)
        for line in draft.lines
    ]


def reversal(entry: Entry, *, at: dt.datetime, memo: str = "") -> Draft:
    """The entry that takes another back: the same lines on the other sides."""
    lines = tuple(Line(account, -amount, code) for account, amount, code in _lines(entry))
    cause = (entry.cause_resource, entry.cause_id) if entry.cause_resource and entry.cause_id else None
    return Draft(
        EntryKind.REVERSAL, f"reversal:{entry.id}", entry.shop_id, at, lines, order_id=entry.order_id,
        order_number=entry.order_number, cause=cause, memo=memo, reverses_id=entry.id,
    )  # fmt: skip


@transactional
def reverse(entry: Entry, *, why: str, actor: Any, key: str = "") -> Entry:
    """Take an entry back by one that stands against it, today; once. What follows from an order is put right there.

    :raises DomainError: for an entry that is reversed already, or that follows from a payment, sale or refund
    """
    policy.authorize(actor, "reverse", RESOURCE)
    if entry.kind in FOLLOWING:
        raise DomainError(_("This entry follows from an order. Put it right there: the ledger will follow."))
    if entry.kind is EntryKind.REVERSAL:
        raise DomainError(_("A reversal is not reversed. Book the entry anew."))
    if not why.strip():
        raise DomainError(_("Say why the entry is taken back."), field="why")
    if db.session.scalar(select(Entry.id).where(Entry.reverses_id == entry.id)):
        raise DomainError(_("Entry %(no)s is reversed already.", no=entry.id))
    made = post(reversal(entry, at=clock.now(), memo=why.strip()[:200]), actor=actor)
    history.record(entry, "finance.reversed", actor=actor, why=why)
    return made


@transactional
def book_by_hand(
    lines: Sequence[Line], *, shop_id: int, key: str, actor: Any, memo: str, occurred_at: dt.datetime | None = None
) -> Entry:
    """An entry of a person: a fee, money that was moved, a difference that was found.

    :raises DomainError: when it says nothing or does not balance
    """
    policy.authorize(actor, "book", RESOURCE)
    if not memo.strip():
        raise DomainError(_("Say what the entry is for."), field="memo")
    at = occurred_at or clock.now()
    if at > clock.now():
        raise DomainError(_("An entry cannot lie in the future."), field="occurred_on")
    draft = Draft(EntryKind.HAND, f"hand:{key}", shop_id, at, tuple(lines), memo=memo.strip()[:200])
    check(draft)
    policy.used(actor, "book", RESOURCE, amount=draft.amount, currency=lines[0].currency)
    made = post(draft, actor=actor)
    history.record(made, "finance.booked", actor=actor, why=memo)
    return made
