"""Booking what happened to many rows at once, by INSERT … SELECT: the same entries as `post_many` makes of drafts.

Each entry has two lines of one amount, or those of the entry that it takes back, so that it balances by its making; the
triggers of the tables look at each of them all the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, literal

from app.panel.core.rows import reserve_ids
from app.panel.core.sets import insert_rows, numbered, words
from app.panel.core.transaction import transactional
from app.shop.finance.models import Entry, EntryKind, Posting

ENTRIES: Any = Entry.__table__
POSTINGS: Any = Posting.__table__
OF_ENTRY = ("occurred_at", "shop_id", "currency", "amount", "order_id", "order_number")


@transactional
def post_transfers(source: Select[Any], ids: Sequence[int], *, kind: EntryKind, resource: str, actor: Any) -> None:
    """Book one entry for each of these causes: its amount from one account to another.

    :param source: of `id`, the number of the cause, `OF_ENTRY`, `debit_id` and `credit_id`
    :raises IntegrityError: when one of them is booked already
    """
    if not ids:
        return
    told, numbers = source.subquery("told"), numbered(ids, reserve_ids(ENTRIES, len(ids)))
    rows, number = numbers.join(told, told.c.id == numbers.c.key), numbers.c.number
    nothing = literal(0)
    # their order keeps SQLite to the list of numbers first: without one it goes through the whole list for each refund;
    # the postings first: the insertion of an entry seals what stands under its number
    for account, debit, credit in ((told.c.debit_id, told.c.amount, nothing), (told.c.credit_id, nothing, told.c.amount)):
        line = {"entry_id": number, "account_id": account, "debit": debit, "credit": credit}
        insert_rows(POSTINGS, line | _of(told, OF_ENTRY[:3]), rows, order=number, actor=actor)
    key = words(f"{kind.value}:", told.c.id)
    entry = {"id": number, "kind": kind, "key": key, "cause_resource": resource, "cause_id": told.c.id}
    insert_rows(ENTRIES, entry | _of(told, OF_ENTRY), rows, order=number, actor=actor)


@transactional
def reverse_many(ids: Sequence[int], *, at: dt.datetime, actor: Any) -> None:
    """Against each of these entries one that takes it back: the same lines on the other sides.

    :raises IntegrityError: when one of them is reversed already
    """
    if not ids:
        return
    numbers = numbered(ids, reserve_ids(ENTRIES, len(ids)))
    number, lines = numbers.c.number, numbers.join(POSTINGS, POSTINGS.c.entry_id == numbers.c.key)
    line = {"entry_id": number, "occurred_at": at, "debit": POSTINGS.c.credit, "credit": POSTINGS.c.debit}
    insert_rows(POSTINGS, line | _of(POSTINGS, ("account_id", "currency", "shop_id")), lines, order=POSTINGS.c.id, actor=actor)
    entry = {
        "id": number, "kind": EntryKind.REVERSAL, "occurred_at": at, "key": words("reversal:", ENTRIES.c.id),
        "reverses_id": ENTRIES.c.id,
    }  # fmt: skip
    names = (*OF_ENTRY[1:], "cause_resource", "cause_id")
    rows = numbers.join(ENTRIES, ENTRIES.c.id == numbers.c.key)
    insert_rows(ENTRIES, entry | _of(ENTRIES, names), rows, order=number, actor=actor)


def _of(table: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: table.c[name] for name in names}
