"""Orders that happened elsewhere and earlier: kept as history, they reserve nothing and notify nobody.

Everything is set-based: a chunk of rows costs a handful of statements, whatever its size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from app.panel.core import changes, clock, history, policy, setwise, sight
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.rows import among, insert_many, reserve_ids
from app.panel.core.transaction import transactional
from app.shop.orders import events
from app.shop.orders.models import Order, OrderLine, Payment, Refund, Shipment
from app.shop.orders.services import past_rows
from app.shop.orders.services.past_rows import Past

RESOURCE = "orders.Order"
CHILDREN: tuple[type[Any], ...] = (OrderLine, Payment, Refund, Shipment)
ORDERS = Order.__table__.c  # a statement of bare columns is made in half the time
CHUNK = 400  # of keys in one IN (…)


@dataclass(frozen=True)
class PastOutcome:
    """What became of one row. `before` is the row as it stood, in the shape that `record_past_orders` takes."""

    outcome: str  # "new", "changed", "same" or "refused"
    order_id: int | None = None
    why: str = ""
    before: dict[str, Any] | None = None


@transactional
def record_past_orders(
    rows: Sequence[Mapping[str, Any] | Past], *, actor: Any, dry_run: bool = False, restoring: bool = False
) -> list[PastOutcome]:
    """Write many past orders in a handful of statements, and say for each row, in order, what became of it.

    A row is found again by (channel_id, external_number), else by (shop_id, number); the same row changes nothing.
    Amounts are minor units (int), instants aware datetimes, choices their short words. A row may also come as
    `past_rows` has read it already.

    =====================  ==========================================================================================
    shop_id, channel_id    required
    number                 unique in the shop; external_number when left out
    external_number        the channel's number; one of the two is required
    currency               required
    placed_at              required
    state                  an OrderState, default "completed"
    lines                  list of {sku_id, sku_code, title, option, quantity, unit_price | total, unit_cost, discount,
                           shipped_quantity}; may be empty; sku_id may be missing; total is the line's own, after its
                           discount; shipped_quantity is by default all of it once the order is shipped, else nothing
    discount               off the whole order, shared out over the lines by value; default: the sum of the lines' own
    shipping_fee, tax      default 0
    subtotal               only for an order without lines; else it is worked out from them
    total                  as the file says; what the other amounts do not explain goes to `adjustment`
    paid, refunded         default: total when the state is past payment, else 0; and 0
    paid_at, shipped_at,   optional; paid_at defaults to placed_at when something was paid
    completed_at, closed_at, refunded_at
    close_reason           a CloseReason; default "other" for a closed order
    payment_method, payment_ref, courier, tracking_number      optional
    customer_id, buyer_name, buyer_phone, buyer_email, country, province, city, district, street, postcode,
    creator_name, creator_id, buyer_remark, seller_remark      optional
    =====================  ==========================================================================================

    With `dry_run` everything is checked and counted, and nothing written. A row found as a living (not past) order is
    refused: an import does not overwrite work in progress. A row that comes twice in one call is refused then. What the
    actor sees masked stays as it is on known orders, unless he is `restoring` them.
    """
    policy.authorize(actor, "import", RESOURCE)
    plan = _plan(rows, policy.fields(SYSTEM if restoring else actor, RESOURCE))
    _leave_foreign(plan, actor)
    ids = [None] * len(plan.new) if dry_run else _insert([past for _index, past in plan.new], actor=actor)
    for (index, _past), order_id in zip(plan.new, ids, strict=True):
        plan.outcomes[index] = PastOutcome("new", order_id)
    for index, _new, order_id, before in plan.changed:
        plan.outcomes[index] = PastOutcome("changed", order_id, before=past_rows.as_row(before))
    if not dry_run:
        _replace([entry[1:] for entry in plan.changed], actor=actor)
        touched = [order_id for order_id in ids if order_id] + [entry[2] for entry in plan.changed]
        if touched:
            events.past_orders_recorded.send(Order, ids=touched, actor=actor)
    return [plan.outcomes[index] for index in range(len(rows))]


def _leave_foreign(plan: _Plan, actor: Any) -> None:
    """Orders that a rule keeps from this person are not changed by his file, nor are fields that he may not write."""
    foreign = sight.hidden(actor, Order, [entry[2] for entry in plan.changed])
    fixed = policy.browser_fields(actor, RESOURCE).keys()
    kept = []
    for entry in plan.changed:
        index, new, order_id, before = entry
        barred = any(new.order.get(name) != before.order.get(name) for name in fixed if name in new.order)
        if order_id in foreign or barred:
            plan.outcomes[index] = PastOutcome("refused", why=str(past_rows.NOT_YOURS))
        else:
            kept.append(entry)
    plan.changed[:] = kept


@dataclass
class _Plan:
    """What is to be done with the rows of one call, by their place in it."""

    outcomes: dict[int, PastOutcome]
    new: list[tuple[int, Past]]
    changed: list[tuple[int, Past, int, Past]]


def _plan(rows: Sequence[Mapping[str, Any] | Past], access: policy.FieldAccess) -> _Plan:
    plan = _Plan({}, [], [])
    good: dict[tuple[Any, ...], tuple[int, Past]] = {}
    for index, row in enumerate(rows):
        try:
            past = row if isinstance(row, Past) else past_rows.read(row)
        except DomainError as error:
            plan.outcomes[index] = PastOutcome("refused", why=error.message)
            continue
        if past.key in good:
            plan.outcomes[index] = PastOutcome("refused", why=str(past_rows.TWICE))
        else:
            good[past.key] = (index, past)
    found = _find([past for _index, past in good.values()])
    stood = past_rows.images([order.id for order in found.values() if order.is_past])
    for key, (index, past) in good.items():
        order = found.get(key)
        if order is None:
            plan.new.append((index, past))
        elif order.id not in stood or order.shop_id != past.order["shop_id"]:
            plan.outcomes[index] = PastOutcome("refused", order.id, why=str(past_rows.LIVING))
        else:
            past_rows.keep(past, stood[order.id], access)
            if past_rows.same(past, stood[order.id]):
                plan.outcomes[index] = PastOutcome("same", order.id)
            else:
                plan.changed.append((index, past, order.id, stood[order.id]))
    _free_numbers(plan)
    return plan


def _free_numbers(plan: _Plan) -> None:
    """A number that two channels gave out gets the channel behind it; one that the row insists on is refused."""
    taken = set(_taken([past for _index, past in plan.new]))
    free: list[tuple[int, Past]] = []
    for index, past in plan.new:
        pair = (past.order["shop_id"], past.order["number"])
        if pair in taken and not past.own_number:
            past.order["number"] = f"{pair[1]}-{past.order['channel_id']}"[-64:]
            pair = (pair[0], past.order["number"])
        if pair in taken:
            plan.outcomes[index] = PastOutcome("refused", why=str(past_rows.TAKEN))
        else:
            taken.add(pair)
            free.append((index, past))
    plan.new[:] = free


def _taken(pasts: Sequence[Past]) -> dict[tuple[int, str], int]:
    """(shop, number) pairs of these rows that orders hold, with their ids."""
    wanted: dict[int, list[str]] = {}
    for past in pasts:
        wanted.setdefault(past.order["shop_id"], []).append(past.order["number"])
    found: dict[tuple[int, str], int] = {}
    for shop_id, numbers in wanted.items():
        query = select(ORDERS.number, ORDERS.id).where(ORDERS.shop_id == shop_id, among(ORDERS.number, numbers))
        found |= {(shop_id, number): key for number, key in db.session.execute(query)}
    return found


@transactional
def record_past_order(row: Mapping[str, Any], *, actor: Any) -> Order:
    """One past order; the shape of `row` is that of `record_past_orders`.

    :raises DomainError: when it is refused
    """
    outcome = record_past_orders([row], actor=actor)[0]
    if outcome.outcome == "refused" or outcome.order_id is None:
        raise DomainError(outcome.why)
    return db.session.get_one(Order, outcome.order_id, populate_existing=True)


@transactional
def remove_past_orders(ids: Sequence[int], *, actor: Any) -> int:
    """Take past orders out again (the undo of an import), set-based; living orders among the ids are left alone."""
    policy.authorize(actor, "import", RESOURCE)
    gone: list[int] = []
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        past = list(db.session.scalars(select(Order.id).where(Order.id.in_(part), Order.is_past)))
        events.past_orders_going.send(Order, ids=past, actor=actor)
        db.session.execute(delete(Order).where(Order.id.in_(past)))  # children go by ON DELETE CASCADE
        gone += past
    db.session.expire_all()
    history.record_many(Order, [(key, {}) for key in gone], verb="order.past_removed", actor=actor)
    changes.record(Order, gone, "delete")
    return len(gone)


def _find(pasts: Sequence[Past]) -> dict[tuple[Any, ...], Any]:
    """The orders that stand under the keys of these rows: (id, shop_id, is_past) by key."""
    found: dict[tuple[Any, ...], Any] = {}
    wanted: dict[tuple[str, int], list[str]] = {}
    for past in pasts:
        kind, owner, word = past.key
        wanted.setdefault((kind, owner), []).append(word)
    for (kind, owner), words in wanted.items():
        outer, inner = (
            (ORDERS.channel_id, ORDERS.external_number) if kind == "external" else (ORDERS.shop_id, ORDERS.number)
        )
        query = select(ORDERS.id, ORDERS.shop_id, ORDERS.is_past, inner.label("word"))
        for row in db.session.execute(query.where(outer == owner, among(inner, words))):
            found[kind, owner, row.word] = row
    return found


def _stamp(actor: Any) -> dict[str, Any]:
    now = clock.now()
    return {
        "created_at": now, "changed_at": now, "created_by_id": actor.id, "changed_by_id": actor.id, "version": 1,
    }  # fmt: skip


def _insert(pasts: Sequence[Past], *, actor: Any) -> list[int]:
    if not pasts:
        return []
    stamp = _stamp(actor)
    setwise.authorize(actor, Order, [past.order for past in pasts])
    for model in CHILDREN:
        setwise.authorize(actor, model, [child for past in pasts for child in past.children[model]])
    # the numbers first: with RETURNING in order, SQLite would write the orders one by one
    ids = reserve_ids(Order.__table__, len(pasts))
    insert_many(Order.__table__, [{"id": key, **past.order} for key, past in zip(ids, pasts, strict=True)], stamp)
    _insert_children(list(zip(pasts, ids, strict=True)), stamp)
    history.record_many(Order, [(key, {}) for key in ids], verb="order.past_recorded", actor=actor)
    changes.record(Order, ids, "insert")
    return ids


def _insert_children(pasts: Sequence[tuple[Past, int]], stamp: dict[str, Any]) -> None:
    for model in CHILDREN:
        rows = [{**child, "order_id": order_id} for past, order_id in pasts for child in past.children[model]]
        insert_many(model.__table__, rows, stamp)


def _replace(entries: Sequence[tuple[Past, int, Past]], *, actor: Any) -> None:
    """Overwrite past orders: the row is updated, what hangs on it is written anew where it differs."""
    stamp = _stamp(actor)
    diffs: dict[int, dict[str, list[Any]]] = {}
    new: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for past, order_id, before in entries:
        diff: dict[str, list[Any]] = {
            name: [before.order.get(name), value]
            for name, value in past.order.items()
            if before.order.get(name) != value
        }
        new[tuple(diff)].append({"key": order_id, **{f"new_{name}": after for name, (_before, after) in diff.items()}})
        diffs[order_id] = diff
    table = Order.__table__
    for names, values in new.items():
        columns = {"changed_at": stamp["changed_at"], "changed_by_id": actor.id, "version": table.c.version + 1}
        columns |= {name: bindparam(f"new_{name}") for name in names}
        statement = update(table).where(table.c.id == bindparam("key")).values(columns)
        db.session.connection().execute(statement, values)
    for model in CHILDREN:
        other = [entry for entry in entries if entry[0].children[model] != entry[2].children[model]]
        _replace_children(model, {order_id: past.children[model] for past, order_id, _before in other}, stamp)
        for past, order_id, before in other:
            diffs[order_id][model.__tablename__] = [len(before.children[model]), len(past.children[model])]
    db.session.expire_all()
    history.record_many(Order, list(diffs.items()), verb="order.past_changed", actor=actor)
    changes.record(Order, list(diffs), "update")


def _replace_children(model: type[Any], children: Mapping[int, list[dict[str, Any]]], stamp: dict[str, Any]) -> None:
    ids = list(children)
    for start in range(0, len(ids), CHUNK):
        db.session.execute(delete(model).where(model.order_id.in_(ids[start : start + CHUNK])))
    rows = [{**child, "order_id": order_id} for order_id, own in children.items() for child in own]
    insert_many(model.__table__, rows, stamp)
