"""What is done on the floor, set-based and row by row, and what must then stand in the database, to the unit."""

from __future__ import annotations

from sqlalchemy import text

from app.panel.bulk.engine import declaring
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.inventory import services as inventory
from app.shop.inventory.services import Line
from app.shop.orders import services as orders
from app.shop.orders.models import Order
from tests.shop.orders.conftest import BUYER, open_stall

PIECES = 2


def cloned(table, template, count, **changed):
    """Copies of a row in one statement, `n` numbers them. What differs is SQL."""
    columns = [column.name for column in db.metadata.tables[table].columns if column.computed is None]
    values = ", ".join(changed.get(name, f'o."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    numbers = f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s"
    db.session.execute(text(f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} o, ({numbers}) AS s WHERE o.id = {template}"))
    if db.session.connection().dialect.name == "postgresql":
        db.session.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"))


def last(table):
    return db.session.scalar(text(f"SELECT max(id) FROM {table}")) or 0


def settle(skus, sold):
    """So many SKUs, fifty a product, at 10.01, 10.02 …, and so many paid orders of two pieces each."""
    stall = open_stall(stock=10)
    db.session.commit()
    order = orders.place([orders.Wanted(stall.skus[0], PIECES)], channel_id=stall.site_id, buyer=BUYER, actor=SYSTEM)
    orders.pay(order, actor=SYSTEM)
    number = order.id
    inventory.receive([Line(stall.skus[0], sold * PIECES, stall.house_id)], actor=SYSTEM)
    return _clone(number, stall.skus[0], skus, sold)


@transactional
def _clone(order, sku, skus, sold):
    product = db.session.scalar(text(f"SELECT product_id FROM catalog_sku WHERE id = {sku}"))
    products, first = last("catalog_product"), last("catalog_sku")
    cloned("catalog_product", product, skus // 50, id=f"{products} + n", handle="'many-' || n")
    cloned(
        "catalog_sku", sku, skus, id=f"{first} + n", code="'MANY-' || n", barcode="NULL", price="1000 + n",
        product_id=f"{products} + 1 + (n - 1) / 50",
    )  # fmt: skip
    orders_at, lines = last("orders_order"), last("orders_order_line")
    cloned("orders_order", order, sold, id=f"{orders_at} + n", number="'MANY-' || n")
    cloned("orders_order_line", order, sold, id=f"{lines} + n", order_id=f"{orders_at} + n")
    cloned("orders_payment", order, sold, id=f"{last('orders_payment')} + n", order_id=f"{orders_at} + n")
    claim, move = last("inventory_stock_reservation"), last("inventory_stock_move")
    held = db.session.scalar(text("SELECT min(id) FROM inventory_stock_move WHERE reason = 'reserve'"))
    cloned("inventory_stock_reservation", claim, sold, id=f"{claim} + n", cause_id=f"{orders_at} + n")
    cloned("inventory_stock_move", held, sold, id=f"{move} + n", cause_id=f"{orders_at} + n", key="'many-' || n")
    db.session.execute(text(f"UPDATE inventory_stock_level SET reserved = reserved + {sold * PIECES} WHERE sku_id = {sku}"))
    return [orders_at + n for n in range(1, sold + 1)]


class Work:
    """A kind of work on rows that nobody has worked on yet, and its book afterwards."""

    key, values, chunk, table = "", {}, 1, ""

    def __init__(self, floor, ids):
        self.floor, self.ids, self.before = floor, ids, self.stand(floor)

    @classmethod
    def in_chunks(cls, monkeypatch, size, grows):
        monkeypatch.setattr(type(declaring.find(cls.key)), "chunk", size)
        monkeypatch.setattr(type(declaring.find(cls.key)), "grows", grows)

    @classmethod
    def stand(cls, floor):
        raise NotImplementedError

    def book(self, run_id, state="done", left=()):
        """Items, counters, images and trail of a run agree; how many rows it has changed."""
        q = self.floor.one
        run = q("SELECT state, changed, same, refused, skipped, read, position, expected FROM bulk_run WHERE id = ?", run_id)
        ends = dict(self.floor.rows("SELECT outcome, count(*) FROM bulk_run_item WHERE run_id = ? GROUP BY outcome", run_id))
        assert run[0] == state
        assert [ends.get(name, 0) for name in ("changed", "same", "refused", "skipped")] == list(run[1:5])
        assert ends.get("todo", 0) == run[7] - run[6] and sum(run[1:5]) == run[5] == run[6]
        trail = "SELECT count(DISTINCT key) FROM core_history WHERE run_id = ? AND \"table\" = ?"
        assert q(trail, run_id, self.table) == run[1]
        if state == "done":
            assert ends.get("changed", 0) == len(self.ids) - len(left) and run[6] == run[7]
        return run[1]

    def images(self, run_id, changed):
        q = "SELECT count(*), count(DISTINCT row_id) FROM bulk_run_item WHERE run_id = ? AND outcome = 'changed' AND before IS NOT NULL"
        assert self.floor.one(q, run_id) == (changed, changed)
        assert self.floor.one("SELECT count(*) FROM bulk_run_item WHERE run_id = ? AND before IS NOT NULL", run_id) == changed


class Prices(Work):
    """Set-based: a hundred minor units more for each SKU."""

    key, chunk, table = "catalog.change_price", 100, "catalog_sku"
    values = {"how": "amount", "value": 100, "ending": "", "margin": None, "currency": "CNY"}

    @classmethod
    def stand(cls, floor):
        return floor.one("SELECT count(*), sum(price), sum(version) FROM catalog_sku")

    def check(self, run_id, state="done"):
        changed = self.book(run_id, state)
        self.images(run_id, changed)
        number, total, versions = self.before
        assert self.stand(self.floor) == (number, total + 100 * changed, versions + changed)
        old = "json_extract(i.before, '$.price')" if self.floor.is_sqlite else "(i.before ->> 'price')::bigint"
        wrong = f"SELECT count(*) FROM bulk_run_item i JOIN catalog_sku s ON s.id = i.row_id WHERE i.run_id = ? AND s.price <> {old} + 100"
        assert self.floor.one(wrong, run_id) == 0
        lines = 'SELECT count(*) FROM core_history WHERE run_id = ? AND "table" = ?'
        assert self.floor.one(lines, run_id, self.table) == changed, "a line of the trail for each row, and no second one"
        mine = "SELECT s.product_id FROM catalog_sku s JOIN bulk_run_item i ON i.row_id = s.id WHERE i.run_id = ? AND i.before IS NOT NULL"
        least = "SELECT min(price) FROM catalog_sku s WHERE s.product_id = p.id"
        assert self.floor.one(f"SELECT count(*) FROM catalog_product p WHERE p.id IN ({mine}) AND p.price_from <> ({least})", run_id) == 0
        return changed

    def is_back(self, run_id, back_id, left=()):
        """Taken back: every row but those that somebody had changed."""
        changed = self.floor.one("SELECT changed FROM bulk_run WHERE id = ?", run_id)
        restored = self.book(back_id, "done", left) if len(self.ids) == changed else changed
        assert restored == changed - len(left)
        number, total, versions = self.before
        assert self.stand(self.floor) == (number, total + 100 * len(left), versions + changed + restored + len(left))

    def edit(self, row_id):
        from app.panel.core import records
        from app.shop.catalog.models import Sku

        with self.floor.app.app_context():
            records.update(db.session.get(Sku, row_id), {"barcode": f"hand-{row_id}"}, actor=SYSTEM)
            db.session.remove()


class Orders(Work):
    table = "orders_order"

    @classmethod
    def stand(cls, floor):
        """(money given back, its debits and credits, on hand, reserved)"""
        refunds = floor.one("SELECT count(*), coalesce(sum(amount), 0) FROM orders_refund")
        booked = floor.one("SELECT coalesce(sum(p.debit), 0), coalesce(sum(p.credit), 0) FROM finance_posting p")
        return *refunds, *booked, *floor.one("SELECT sum(on_hand), sum(reserved) FROM inventory_stock_level")

    def adds_up(self):
        """Every entry of the ledger, and the stock against its journal and its reservations."""
        floor = self.floor
        assert floor.rows("SELECT entry_id FROM finance_posting GROUP BY entry_id HAVING sum(debit) <> sum(credit)") == []
        stock = floor.one("SELECT sum(on_hand), sum(reserved) FROM inventory_stock_level")
        assert stock == floor.one("SELECT sum(quantity), sum(held) FROM inventory_stock_move")
        assert stock[1] == floor.one("SELECT sum(open) FROM inventory_stock_reservation")

    def among(self):
        return f"BETWEEN {min(self.ids)} AND {max(self.ids)}"


class Refunds(Orders):
    """Row by row, with money and stock: all of an order is given back."""

    key, chunk = "orders.refund", 8
    values = {"how": "all", "value": 0, "currency": "CNY", "reason": "other", "restock": False, "note": ""}

    def check(self, run_id, state="done"):
        changed, floor = self.book(run_id, state), self.floor
        self.images(run_id, changed)
        mine = f"order_id {self.among()}"
        total = floor.one(f"SELECT coalesce(sum(total), 0) FROM orders_order WHERE id {self.among()} AND state = 'closed'")
        assert floor.one(f"SELECT count(*), count(DISTINCT order_id), coalesce(sum(amount), 0) FROM orders_refund WHERE {mine}") == (
            changed, changed, total,
        )  # fmt: skip
        given = "paid = refunded AND paid = total AND refund_state = 'fully'"
        assert floor.one(f"SELECT count(*) FROM orders_order WHERE id {self.among()} AND state = 'closed' AND {given}") == changed
        entries = f"SELECT count(*), count(DISTINCT order_id), coalesce(sum(amount), 0) FROM finance_entry WHERE kind = 'refund' AND {mine}"
        assert floor.one(entries) == (changed, changed, total)
        count, amount, debit, credit, on_hand, reserved = self.before
        assert self.stand(floor) == (
            count + changed, amount + total, debit + total, credit + total, on_hand, reserved - PIECES * changed,
        )  # fmt: skip
        self.adds_up()
        return changed


class Shipping(Orders):
    """Row by row, with stock, and it can be taken back: goods leave the house."""

    key, chunk, values = "orders.change_state", 5, {"to": "shipped"}

    def check(self, run_id, state="done"):
        changed, floor = self.book(run_id, state), self.floor
        self.images(run_id, changed)
        assert floor.one(f"SELECT count(*) FROM orders_order WHERE id {self.among()} AND state = 'shipped'") == changed
        assert floor.one(f"SELECT count(*), count(DISTINCT order_id) FROM orders_shipment WHERE order_id {self.among()}") == (changed, changed)
        *money, on_hand, reserved = self.before
        assert self.stand(floor) == (*money, on_hand - PIECES * changed, reserved - PIECES * changed)
        self.adds_up()
        return changed

    def is_back(self, run_id, back_id, left=()):
        changed, floor = self.floor.one("SELECT changed FROM bulk_run WHERE id = ?", run_id), self.floor
        if len(self.ids) == changed:
            self.book(back_id, "done", left)
        assert floor.one(f"SELECT count(*) FROM orders_order WHERE id {self.among()} AND state = 'paid'") == len(self.ids) - len(left)
        gone = PIECES * len(left)
        *money, on_hand, reserved = self.before
        assert self.stand(floor) == (*money, on_hand - gone, reserved - gone)
        self.adds_up()

    def edit(self, row_id):
        from app.panel.core import records

        with self.floor.app.app_context():
            records.update(db.session.get(Order, row_id), {"seller_remark": "By hand"}, actor=SYSTEM)
            db.session.remove()
