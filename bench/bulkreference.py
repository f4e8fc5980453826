"""What the goals of operations were set from: `python -m bench.bulkreference WAY ADDRESS ROWS`, printed as JSON.

A table of 1,000,000 orders with indexes on status, customer, amount and time, of which ROWS get another status, an indexed
column: `raw`, an UPDATE by key ranges with an audit INSERT … SELECT; `orm`, a loop over objects with a commit each 5,000 that keeps
nothing. An order knows its customer and its lines, as the models of the peers do: a flush looks at both for each. `fill` makes
the table. Our price change writes a column without an index in a wider table: both shapes are told.
"""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any

from sqlalchemy import DateTime, Integer, Numeric, String, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from bench.bulkparts import CHUNK, engine_of, measured

ORDERS = 1_000_000


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "bench_reference_customer"

    id: Mapped[int] = mapped_column(primary_key=True)


class OrderLine(Base):
    __tablename__ = "bench_reference_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(Integer, index=True)


class Order(Base):
    __tablename__ = "bench_reference"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20))
    customer_id: Mapped[int] = mapped_column(Integer, index=True)
    status: Mapped[str] = mapped_column(String(16), index=True)
    amount: Mapped[Any] = mapped_column(Numeric(12, 2), index=True)
    channel: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[dt.datetime] = mapped_column(DateTime, index=True)
    customer: Mapped[Customer] = relationship(primaryjoin="foreign(Order.customer_id) == Customer.id")
    lines: Mapped[list[OrderLine]] = relationship(primaryjoin="Order.id == foreign(OrderLine.order_id)", backref="order")


def fill(url: str) -> None:
    engine = engine_of(url)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with engine.begin() as c:
        is_open = c.dialect.name == "postgresql"
        numbers = f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {ORDERS}) SELECT n FROM s"
        found = f"generate_series(1::bigint, {ORDERS}) AS s(n)" if is_open else f"({numbers})"
        status = "CASE WHEN (n * 7919) % 100 < 53 THEN 'delivered' WHEN n % 2 = 0 THEN 'shipped' ELSE 'paid' END"
        at = "'2025-0' || (n * 7 % 9 + 1) || '-10 00:00:00.' || (100000 + n % 997)"
        at = f"CAST({at} AS timestamp)" if is_open else at
        values = f"n, 'SO' || n, n * 31 % 100000, {status}, (n * 37 % 90000) / 100.0, 'web', {at}"
        c.execute(text(f"INSERT INTO bench_reference SELECT {values} FROM {found}"))
        key = "bigserial" if is_open else "integer"
        c.execute(text("DROP TABLE IF EXISTS bench_reference_audit"))
        columns = "tbl varchar(20), row_id integer, op varchar(8), old varchar(40), new varchar(40), batch integer"
        c.execute(text(f"CREATE TABLE bench_reference_audit(id {key} PRIMARY KEY, {columns})"))
        c.execute(text("ANALYZE"))


def _ids(engine: Any, count: int) -> list[int]:
    with engine.connect() as c:
        return list(c.scalars(select(Order.id).where(Order.status.not_in(("paid", "shipped"))).order_by(Order.id).limit(count)))


def raw(url: str, count: int) -> str:
    engine = engine_of(url)
    ids, where = _ids(engine, count), "WHERE id BETWEEN :a AND :b AND status NOT IN ('paid', 'shipped')"
    told = text(
        "INSERT INTO bench_reference_audit(tbl, row_id, op, old, new, batch) "
        f"SELECT 'order', id, 'update', status, 'raw', 1 FROM bench_reference {where}"
    )
    change = text(f"UPDATE bench_reference SET status = 'raw' {where}")

    def work() -> int:
        done = 0
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            with engine.begin() as c:
                c.execute(told, {"a": part[0], "b": part[-1]})
                done += c.execute(change, {"a": part[0], "b": part[-1]}).rowcount
        return done

    return measured(work)


def orm(url: str, count: int) -> str:
    engine = engine_of(url)
    ids = _ids(engine, count)

    def work() -> int:
        for start in range(0, len(ids), CHUNK):
            with Session(engine) as session:
                for order in session.scalars(select(Order).where(Order.id.in_(ids[start : start + CHUNK]))):
                    order.status = "orm" if order.status != "orm" else "again"
                session.commit()
        return len(ids)

    return measured(work)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fill", url]:
            fill(url)
        case ["raw", url, count]:
            print(raw(url, int(count)))
        case ["orm", url, count]:
            print(orm(url, int(count)))
