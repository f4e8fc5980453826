"""The engine that the goal of refunds was set from: `python -m bench.bulkbare reference | lean ADDRESS ROWS`, printed as JSON.

`reference` is made like the one whose 5.8 s (SQLite, synchronous=FULL) and 13.5 s (PostgreSQL) the goal speaks of: 500 orders a
transaction; each raises its lease by its fence, reads what is to do by an index of run, state and place, changes the orders, writes
a line of the ledger each under a key with the number of the run in it, marks what is done and counts it. A run has a UUID, which
each of its items bears, and SQLite its usual room. There it was rung for through RQ, and workers began within that time; here it
works in this process, from taking the lease to the end, as ours is measured. `lean` has numbers for keys, fewer indexes, and the
room of ours: what it was measured against before.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    literal,
    select,
    update,
)

from bench.bulkparts import engine_of, measured

CHUNK, LEASE = 500, 5
SETTINGS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON")


class Shape:
    """The tables of an engine; `lean` as said above."""

    def __init__(self, *, lean: bool) -> None:
        self.meta = meta = MetaData()
        key: Any = Integer() if lean else String(36)
        self.orders = Table(
            "bench_orders", meta, Column("id", Integer, primary_key=True), Column("total", Integer),
            *(Column(name, Integer, server_default=first) for name, first in (("refunded", "0"), ("hits", "0"), ("version", "1"))),
        )  # fmt: skip
        self.runs = Table(
            "bench_run", meta, Column("id", key, primary_key=True), Column("status", String(12)), Column("total", Integer),
            Column("done", Integer, server_default="0"), Column("fence", Integer, server_default="0"),
            Column("lease_until", Float, server_default="0"),
        )  # fmt: skip
        run = [] if lean else [Column("run_id", key, primary_key=True)]
        self.items = Table(
            "bench_item", meta, *run, Column("seq", Integer, primary_key=True), Column("order_id", Integer),
            Column("state", String(8), server_default="todo", index=lean),
        )  # fmt: skip
        if not lean:
            Index("ix_bench_item_todo", self.items.c.run_id, self.items.c.state, self.items.c.seq)
        self.ledger = Table(
            "bench_ledger", meta, Column("id", Integer, primary_key=True),
            Column("made_for", String(80), unique=True, nullable=False), Column("debit", String(20)),
            Column("credit", String(20)), Column("amount", Integer),
        )  # fmt: skip
        self.number: Any = 1 if lean else str(uuid.uuid4())
        self.mine = [] if lean else [self.items.c.run_id == self.number]


def plain_engine(url: str) -> Any:
    """With the settings of the reference, which gives SQLite no more room than it takes by itself."""
    if not url.startswith("sqlite"):
        return create_engine(url)
    found = create_engine(url, connect_args={"timeout": 30})

    @event.listens_for(found, "connect")
    def settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for one in SETTINGS:
            connection.execute(f"PRAGMA {one}")

    @event.listens_for(found, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return found


def fill(engine: Any, shape: Shape, count: int) -> None:
    shape.meta.drop_all(engine)
    shape.meta.create_all(engine)
    orders, named = shape.orders, [] if shape.mine == [] else ["run_id"]
    with engine.begin() as c:
        for low in range(1, count + 1, 5000):
            c.execute(insert(orders), [{"id": n, "total": 100 + n % 977} for n in range(low, min(low + 5000, count + 1))])
        c.execute(insert(shape.runs), {"id": shape.number, "status": "queued", "total": count})
        run = [literal(shape.number)] if named else []
        chosen = select(*run, orders.c.id, orders.c.id.label("order_id"), literal("todo")).order_by(orders.c.id)
        c.execute(insert(shape.items).from_select([*named, "seq", "order_id", "state"], chosen, include_defaults=False))


def work_off(engine: Any, shape: Shape) -> int:
    """Take the run, work it off to its end; how many orders."""
    runs, now = shape.runs.c, time.time()
    with engine.begin() as c:
        free = (runs.id == shape.number) & runs.status.in_(["queued", "running"]) & (runs.lease_until < now)
        taken = {"status": "running", "fence": runs.fence + 1, "lease_until": now + LEASE}
        if not c.execute(update(shape.runs).where(free).values(taken)).rowcount:
            return 0
        fence = c.scalar(select(runs.fence).where(runs.id == shape.number))
    done = 0
    while more := _chunk(engine, shape, fence):
        done += more
    return done


def _chunk(engine: Any, shape: Shape, fence: int) -> int:
    orders, items, runs = shape.orders, shape.items, shape.runs
    ours = (runs.c.id == shape.number) & (runs.c.fence == fence)
    with engine.begin() as c:
        held = update(runs).where(ours, runs.c.status == "running").values(lease_until=time.time() + LEASE)
        if not c.execute(held).rowcount:
            return 0
        todo = select(items.c.seq, items.c.order_id).where(*shape.mine, items.c.state == "todo").order_by(items.c.seq)
        found = c.execute(todo.limit(CHUNK)).all()
        if not found:
            c.execute(update(runs).where(ours).values(status="done", lease_until=0))
            return 0
        keys = [row.order_id for row in found]
        change = {"refunded": orders.c.total, "hits": orders.c.hits + 1, "version": orders.c.version + 1}
        c.execute(update(orders).where(orders.c.id.in_(keys)).values(change))
        amounts = {row.id: row.total for row in c.execute(select(orders.c.id, orders.c.total).where(orders.c.id.in_(keys)))}
        c.execute(insert(shape.ledger), [
            {"made_for": f"refund:{shape.number}:{row.seq}", "debit": "sales", "credit": "cash", "amount": amounts[row.order_id]}
            for row in found
        ])  # fmt: skip
        c.execute(update(items).where(*shape.mine, items.c.seq.in_([row.seq for row in found])).values(state="done"))
        c.execute(update(runs).where(runs.c.id == shape.number).values(done=runs.c.done + len(found)))
    return len(found)


def bare(way: str, url: str, count: int) -> str:
    shape = Shape(lean=way == "lean")
    engine = (engine_of if way == "lean" else plain_engine)(url)
    fill(engine, shape, count)
    work: Callable[[], int] = lambda: work_off(engine, shape)  # noqa: E731
    found = measured(work)
    shape.meta.drop_all(engine)
    return found


if __name__ == "__main__":
    print(bare(sys.argv[1], sys.argv[2], int(sys.argv[3])))
