"""The rows of a refund by hand: `python -m bench.bulkrows` refunds every order of a copy of the instance by bare statements of SQL.

It writes what our refunds write, in the same tables with their indexes, keys and triggers, 2,500 orders a commit, and
nothing else: no right is asked, no rule, no stock is looked at, nobody listens, it cannot be stopped, gone on with or taken back.
What it needs is what the rows alone cost; seconds of the processor by part, with those of the server, are printed as JSON. Over
the file of ZHANGGUI_HOME, or over DATABASE_URL.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from bench.bulkparts import all_seconds

CHUNK = 2_500
NOW = "2026-11-23 04:40:00.000000"
WHO = "created_at, changed_at, version"
OF_LINE = 'at, actor_id, actor_name, verb, "table", "key", path, run_id, request_id, why, changes, ip, by_span'
REFUNDS = "FROM orders_refund r JOIN orders_order o ON o.id = r.order_id WHERE r.id BETWEEN :low AND :high"
LINES = "FROM orders_refund_line s JOIN orders_order_line l ON l.id = s.line_id WHERE s.refund_id BETWEEN :low AND :high"
GOODS = (
    "FROM orders_refund r JOIN orders_order o ON o.id = r.order_id JOIN orders_refund_line s ON s.refund_id = r.id "
    "JOIN orders_order_line l ON l.id = s.line_id WHERE r.id BETWEEN :low AND :high"
)


def told(table: str, key: str, verb: str, pairs: str, rows: str) -> tuple[str, str]:
    changes = ", ".join(f"'{name}', json_array({pair})" for name, pair in (one.split(": ") for one in pairs.split("; ") if one))
    of_whom = f"SELECT :now, 1, 'x', '{verb}', '{table}', {key}, 'bulk', 1, '', ''"
    return "history", f"INSERT INTO core_history ({OF_LINE}) {of_whom}, json_object({changes}), '', TRUE {rows}"


def posting(role: str, debit: str, credit: str) -> tuple[str, str]:
    account = f"(SELECT id FROM finance_account WHERE role = '{role}')"
    names = f"entry_id, account_id, currency, debit, credit, occurred_at, shop_id, {WHO}"
    sql = f"SELECT :entries + r.id, {account}, r.currency, {debit}, {credit}, r.refunded_at, o.shop_id, :now, :now, 1"
    return "ledger", f"INSERT INTO finance_posting ({names}) {sql} {REFUNDS}"


def fed(table: str, key: str, kind: str, rows: str) -> tuple[str, str]:
    names = '"table", "key", kind, at, keys'
    each = f'SELECT {key} AS "key", (row_number() OVER (ORDER BY {key}) - 1) / 1000 AS part {rows}'
    told = f"SELECT '{table}', min(\"key\"), '{kind}', :now, json_group_array(\"key\") FROM ({each}) GROUP BY part"
    return "feed of changes", f"INSERT INTO core_change ({names}) {told}"


STATEMENTS = (
    ("refund", f"INSERT INTO orders_refund (id, order_id, method, currency, amount, reason, restock, \"key\", refunded_at, {WHO}) "
     "SELECT id, id, 'alipay', currency, paid - refunded, 'other', FALSE, 'bare:' || id, :now, :now, :now, 1 FROM orders_order "
     "WHERE id BETWEEN :low AND :high"),
    ("refund", f"INSERT INTO orders_refund_line (refund_id, line_id, quantity, currency, amount, cancelled_quantity, "
     f"restocked_quantity, {WHO}) SELECT r.id, l.id, l.quantity, l.currency, l.total, l.quantity, 0, :now, :now, 1 FROM "
     f"orders_refund r "
     "JOIN orders_order_line l ON l.order_id = r.order_id WHERE r.id BETWEEN :low AND :high"),
    posting("refunds", "r.amount", "0"), posting("money.alipay", "0", "r.amount"),
    ("ledger", f"INSERT INTO finance_entry (id, kind, \"key\", occurred_at, shop_id, currency, amount, order_id, order_number, "
     f"cause_resource, cause_id, {WHO}) SELECT :entries + r.id, 'refund', 'refund:' || r.id, r.refunded_at, o.shop_id, r.currency, "
     f"r.amount, r.order_id, o.number, 'orders.Refund', r.id, :now, :now, 1 {REFUNDS}"),
    ("stock", f"INSERT INTO inventory_stock_move (moved_at, warehouse_id, sku_id, reason, quantity, held, balance, currency, "
     f"cause_resource, cause_id, \"key\", {WHO}) SELECT :now, o.warehouse_id, l.sku_id, 'release', 0, "
     f"-s.cancelled_quantity, 1000, 'CNY', "
     f"'orders.Order', o.id, 'orders.Order:' || o.id || ':release:refund-' || r.id, :now, :now, 1 {GOODS}"),
    ("stock", "UPDATE inventory_stock_level SET reserved = reserved - x.n, changed_at = :now, version = version + 1 FROM (SELECT "
     f"o.warehouse_id w, l.sku_id s, sum(s.cancelled_quantity) n {GOODS} GROUP BY 1, 2) x WHERE warehouse_id = x.w AND "
     f"sku_id = x.s"),
    ("stock", "UPDATE inventory_stock_reservation AS h SET open = open - x.n, changed_at = :now, version = version + 1 "
    "FROM (SELECT "
     f"o.id o, o.warehouse_id w, l.sku_id s, s.cancelled_quantity n {GOODS}) x WHERE h.cause_resource = 'orders.Order' "
     "AND h.cause_id = x.o AND h.warehouse_id = x.w AND h.sku_id = x.s"),
    told("orders_order", "o.id", "update", "refunded: 0, r.amount; refund_state: o.refund_state, 'fully'; state: "
    "o.state, 'closed'; "
         "close_reason: NULL, 'refunded'; closed_at: NULL, :now", REFUNDS),
    told("orders_order", "o.id", "order.refunded", "amount: NULL, printf('%d.%02d', r.amount / 100, r.amount % 100)", REFUNDS),
    told("orders_order", "o.id", "order.closed", "", REFUNDS),
    told("orders_order_line", "l.id", "update", "refunded_quantity: 0, s.quantity; refunded_amount: 0, s.amount; "
         "cancelled_quantity: 0, s.quantity; reserved_quantity: l.reserved_quantity, 0", LINES),
    told("orders_refund", "r.id", "insert", "order_id: NULL, o.id; method: NULL, r.method; currency: NULL, r.currency; "
    "amount: NULL, "
         "r.amount; key: NULL, r.key; reason: NULL, r.reason; restock: NULL, 0; refunded_at: NULL, r.refunded_at", REFUNDS),
    told("orders_refund_line", "s.id", "insert", "refund_id: NULL, s.refund_id; line_id: NULL, s.line_id; quantity: "
    "NULL, s.quantity; "
         "currency: NULL, s.currency; amount: NULL, s.amount; cancelled_quantity: NULL, s.quantity; restocked_quantity: "
         "NULL, 0", LINES),
    ("order", f"INSERT INTO orders_state_log (order_id, from_state, to_state, why, moved_at, {WHO}) SELECT o.id, "
    f"o.state, 'closed', "
     f"'Refunded before shipping.', :now, :now, :now, 1 {REFUNDS}"),
    ("order", "UPDATE orders_order_line SET refunded_quantity = s.quantity, refunded_amount = s.amount, cancelled_quantity = "
     "s.cancelled_quantity, reserved_quantity = 0, changed_at = :now, version = orders_order_line.version + 1 FROM "
     "orders_refund_line s "
     "WHERE s.line_id = orders_order_line.id AND s.refund_id BETWEEN :low AND :high"),
    ("order", "UPDATE orders_order SET refunded = paid, refund_state = 'fully', state = 'closed', close_reason = "
    "'refunded', closed_at = "
     ":now, changed_at = :now, version = orders_order.version + 1 FROM orders_refund r WHERE r.order_id = orders_order.id "
     "AND r.id BETWEEN :low AND :high"),
    fed("orders_order", "o.id", "update", REFUNDS), fed("orders_refund", "r.id", "insert", REFUNDS),
    fed("orders_order_line", "l.id", "update", LINES), fed("orders_refund_line", "s.id", "insert", LINES),
    fed("inventory_stock_level", "o.id", "update", REFUNDS),
)  # fmt: skip


# what PostgreSQL calls otherwise
OTHERWISE = {
    "json_array(": "json_build_array(", "json_object(": "json_build_object(", "json_group_array(": "json_agg(",
    "printf('%d.%02d', r.amount / 100, r.amount % 100)": "to_char(r.amount / 100.0, 'FM999999990.00')",
    "GROUP BY part": "AS parts GROUP BY part",
}  # fmt: skip
BY_INDEX = ("enable_hashjoin = off", "enable_mergejoin = off", "enable_seqscan = off", "random_page_cost = 1.1")
Ask = Callable[[str], Any]


@contextmanager
def sqlite() -> Iterator[tuple[Ask, Callable[[], float]]]:
    """A copy of the file: how to ask it, and the seconds of the processor so far."""
    home = Path(os.environ["ZHANGGUI_HOME"])
    copy = home / "rows.db"
    for end in ("", "-wal"):
        if (home / f"zhanggui.db{end}").exists():
            shutil.copy(home / f"zhanggui.db{end}", f"{copy}{end}")
    c = sqlite3.connect(copy, isolation_level=None)
    for one in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536", "wal_autocheckpoint=4000"):
        c.execute(f"PRAGMA {one}")
    yield c.execute, time.process_time
    c.close()
    for end in ("", "-wal", "-shm"):
        Path(f"{copy}{end}").unlink(missing_ok=True)


@contextmanager
def postgresql(url: str) -> Iterator[tuple[Ask, Callable[[], float]]]:
    """A copy of the database, likewise."""
    import psycopg

    address = make_url(url).set(drivername="postgresql")
    at = {name: address.set(database=name).render_as_string(hide_password=False) for name in ("postgres", "bulk_rows")}
    with psycopg.connect(at["postgres"], autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS bulk_rows")
        server.execute(f"CREATE DATABASE bulk_rows TEMPLATE {address.database}")
        with psycopg.connect(at["bulk_rows"], autocommit=True) as c:
            for one in BY_INDEX:
                c.execute(f"SET {one}")
            spent = Path(f"/proc/{c.info.backend_pid}/schedstat")
            yield c.execute, lambda: time.process_time() + int(spent.read_text().split()[0]) / 1e9
        server.execute("DROP DATABASE bulk_rows")


def told_to(engine: str, statement: str, given: dict[str, Any]) -> str:
    """A statement in the words of an engine, with its values in it."""
    now = f"TIMESTAMP '{NOW}'" if engine == "postgresql" else f"'{NOW}'"
    for before, after in OTHERWISE.items() if engine == "postgresql" else ():
        statement = statement.replace(before, after)
    for name, value in {"now": now, **given}.items():
        statement = statement.replace(f":{name}", str(value))
    return statement


def main() -> None:
    url = os.environ.get("DATABASE_URL", "")
    engine = "postgresql" if url.startswith("postgresql") else "sqlite"
    with postgresql(url) if engine == "postgresql" else sqlite() as (ask, seconds):
        last, entries = (ask(f"SELECT max(id) FROM {table}").fetchone()[0] for table in ("orders_order", "finance_entry"))
        parts, began, before = Counter[str](), time.monotonic(), all_seconds()
        for low in range(1, last + 1, CHUNK):
            given = {"low": low, "high": low + CHUNK - 1, "entries": entries}
            ask("BEGIN" if engine == "postgresql" else "BEGIN IMMEDIATE")
            for part, statement in (*STATEMENTS, ("commits", "COMMIT")):
                at = seconds()
                ask(told_to(engine, statement, given))
                parts[part] += seconds() - at
        taken, spent = time.monotonic() - began, all_seconds() - before
        if engine == "postgresql":  # that of its other processes
            parts["writing to disk"] = spent - sum(parts.values())
    print(json.dumps({"rows": last, "seconds": taken, "cpu": spent, "parts": parts}))


if __name__ == "__main__":
    main()
