"""Booking what happened to many rows at once, by INSERT … SELECT: the same entries as `post_many` makes of drafts.

Each entry has two lines of one amount, or those of the entry that it takes back, so that it balances by its making; the
triggers of the tables look at each of them all the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Select, bindparam, literal

from app.panel.core.db import db
from app.panel.core.rows import reserve_ids
from app.panel.core.sets import Numbers, Pairs, insertion, told_by, words
from app.panel.core.transaction import transactional
from app.panel.core.types import UTCDateTime
from app.shop.finance.models import Entry, EntryKind, Posting

ENTRIES: Any = Entry.__table__
POSTINGS: Any = Posting.__table__
OF_ENTRY = ("occurred_at", "shop_id", "currency", "amount", "order_id", "order_number")


@transactional
def post_transfers(
    source: Callable[[], Select[Any]], these: Numbers, name: Any, *, kind: EntryKind, resource: str, actor: Any
) -> None:
    """Book one entry for each of these causes: its amount from one account to another.

    :param source: of `id`, the number of the cause, `OF_ENTRY`, `debit_id` and `credit_id`
    :param name: what else its text hangs on, for it is kept
    :raises IntegrityError: when one of them is booked already
    """
    if not these.numbers:
        return
    fresh = Numbers(reserve_ids(ENTRIES, len(these.numbers)))
    pairs, told = Pairs(these, fresh), None

    def transfers() -> Any:
        nonlocal told
        told = source().subquery("told") if told is None else told
        return told

    def line(side: str) -> Any:
        rows, nothing = transfers(), literal(0)
        sides = {"debit": rows.c.amount, "credit": nothing} if side == "debit" else {"debit": nothing, "credit": rows.c.amount}
        values = {"entry_id": pairs.number(rows.c.id), "account_id": rows.c[f"{side}_id"], **sides, **_of(rows, OF_ENTRY[:3])}
        return insertion(POSTINGS, values, pairs.of(rows, rows.c.id), order=pairs.order(rows.c.id))

    def entry() -> Any:
        rows = transfers()
        key = words(f"{kind.value}:", rows.c.id)
        values = {"id": pairs.number(rows.c.id), "kind": kind, "key": key, "cause_resource": resource, "cause_id": rows.c.id}
        return insertion(ENTRIES, values | _of(rows, OF_ENTRY), pairs.of(rows, rows.c.id), order=pairs.order(rows.c.id))

    # their order keeps SQLite to the list of numbers first: without one it goes through the whole list for each refund;
    # the postings first: the insertion of an entry seals what stands under its number
    given = these.told | pairs.told | told_by(actor)
    for side in ("debit", "credit"):
        db.session.execute(pairs.kept(("transfer", resource, name, side), partial(line, side)), given)
    db.session.execute(pairs.kept(("transfer", resource, name, kind), entry), given)


@transactional
def reverse_many(ids: Sequence[int], *, at: dt.datetime, actor: Any) -> None:
    """Against each of these entries one that takes it back: the same lines on the other sides.

    :raises IntegrityError: when one of them is reversed already
    """
    if not ids:
        return
    these = Numbers(ids)
    pairs = Pairs(these, Numbers(reserve_ids(ENTRIES, len(ids))))
    moment: Any = bindparam("told_at", type_=UTCDateTime())

    def lines() -> Any:
        key = POSTINGS.c.entry_id
        line = {"entry_id": pairs.number(key), "occurred_at": moment, "debit": POSTINGS.c.credit, "credit": POSTINGS.c.debit}
        rows, mine = pairs.of(POSTINGS, key), pairs.mine(key)
        order = [key, POSTINGS.c.id] if pairs.is_range else POSTINGS.c.id
        return insertion(POSTINGS, line | _of(POSTINGS, ("account_id", "currency", "shop_id")), rows, mine, order=order)

    def entries() -> Any:
        key = ENTRIES.c.id
        entry = {
            "id": pairs.number(key), "kind": EntryKind.REVERSAL, "occurred_at": moment, "key": words("reversal:", key),
            "reverses_id": key,
        }  # fmt: skip
        rows, mine = pairs.of(ENTRIES, key), pairs.mine(key)
        names = (*OF_ENTRY[1:], "cause_resource", "cause_id")
        return insertion(ENTRIES, entry | _of(ENTRIES, names), rows, mine, order=pairs.order(key))

    given = {**these.told, **pairs.told, "told_at": at, **told_by(actor)}
    db.session.execute(pairs.kept("lines reversed", lines), given)
    db.session.execute(pairs.kept("entries reversed", entries), given)


def _of(table: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: table.c[name] for name in names}
