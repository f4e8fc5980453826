"""The rows that are measured: the same for the same number, and told to ours and to the peers' tables alike."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
DOUBLE_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "慕容", "皇甫")
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建文志国春梅海燕雪晨浩宇轩子涵梓怡欣佳琪俊"
STATES = (("pending", 4), ("paid", 10), ("partly_shipped", 2), ("shipped", 15), ("completed", 61), ("closed", 8))
SHOPS = (("青禾旗舰店", "qh", 70), ("青禾分店", "qf", 25), ("青禾仓店", "qc", 5))
CHANNELS = ("小店", "直播间", "官网", "柜台")
SEARCHED = {1: "涵", 2: "子涵", 4: "欧阳子涵"}  # by how many characters of a name orders are looked for
FIRST_DAY = dt.datetime(2024, 11, 1, tzinfo=dt.UTC)
DAYS = 730


class Line(NamedTuple):
    title: str
    quantity: int
    unit_price: int


class Order(NamedTuple):
    id: int
    number: str
    customer: int
    name: str
    state: str
    shop: int
    channel: int
    total: int
    placed_at: dt.datetime
    lines: list[Line]


def customers(orders: int) -> list[str]:
    """The names of a tenth as many customers; the first is number 1."""
    chance, names = random.Random(5), []
    for number in range(orders // 10):
        surname = DOUBLE_SURNAMES[number // 20 % 6] if number % 20 == 0 else chance.choice(SURNAMES)
        names.append(surname + "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2)))))
    names[len(names) // 2] = SEARCHED[4]
    return names


def orders(count: int) -> Iterator[Order]:
    """Orders in the order in which they were placed, with two lines each on average."""
    chance, names = random.Random(7), customers(count)
    states = chance.choices([name for name, _share in STATES], [share for _name, share in STATES], k=count)
    shops = chance.choices(range(len(SHOPS)), [share for *_name, share in SHOPS], k=count)
    step = dt.timedelta(days=DAYS) / count
    for number in range(1, count + 1):
        customer = int(len(names) * chance.random() ** 2)
        lines = [
            Line(f"商品 {chance.randrange(20_000)}", chance.choice((1, 1, 1, 2, 3)), chance.randrange(500, 40_000))
            for _ in range(1 + chance.randrange(3))
        ]
        yield Order(
            number, f"SO{number:08}", customer + 1, names[customer], states[number - 1], shops[number - 1],
            chance.randrange(len(CHANNELS)), sum(line.quantity * line.unit_price for line in lines),
            FIRST_DAY + number * step, lines,
        )  # fmt: skip


PEERS_TABLES = """
CREATE TABLE customer(id INTEGER PRIMARY KEY, name VARCHAR(120) NOT NULL, email VARCHAR(160) NOT NULL,
  created_at TIMESTAMP NOT NULL);
CREATE TABLE sale(id INTEGER PRIMARY KEY, number VARCHAR(20) NOT NULL, customer_id INTEGER NOT NULL REFERENCES customer(id),
  status VARCHAR(16) NOT NULL, amount NUMERIC(12,2) NOT NULL, channel VARCHAR(40) NOT NULL, created_at TIMESTAMP NOT NULL);
CREATE TABLE sale_line(id INTEGER PRIMARY KEY, sale_id INTEGER NOT NULL REFERENCES sale(id), title VARCHAR(160) NOT NULL,
  quantity INTEGER NOT NULL, unit_price NUMERIC(12,2) NOT NULL);
"""
PEERS_INDEXES = """
CREATE INDEX ix_sale_customer ON sale(customer_id); CREATE INDEX ix_sale_status ON sale(status);
CREATE INDEX ix_sale_amount ON sale(amount); CREATE INDEX ix_sale_created ON sale(created_at);
CREATE INDEX ix_customer_name ON customer(name); CREATE INDEX ix_line_sale ON sale_line(sale_id);
"""


def peers_rows(count: int) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """(table, rows) in chunks for the peers' tables."""
    began = FIRST_DAY.replace(tzinfo=None).isoformat(" ", "microseconds")
    yield "customer", [(n, name, f"c{n}@example.org", began) for n, name in enumerate(customers(count), 1)]
    sales: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    number = 0
    for one in orders(count):
        placed = one.placed_at.replace(tzinfo=None).isoformat(" ", "microseconds")
        sales.append((one.id, one.number, one.customer, one.state, one.total / 100, CHANNELS[one.channel], placed))
        for line in one.lines:
            number += 1
            lines.append((number, one.id, line.title, line.quantity, line.unit_price / 100))
        if len(sales) == 20_000 or one.id == count:
            yield "sale", sales
            yield "sale_line", lines
            sales, lines = [], []
