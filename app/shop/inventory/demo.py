"""Stock that follows from the orders: bought in time, reserved, shipped, returned; every level the sum of its journal."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from app.panel.core import clock
from app.panel.core.demo import World, part
from app.shop.catalog.services import derived
from app.shop.inventory.models import (
    PurchaseLine,
    PurchaseReceipt,
    StockAlert,
    StockCount,
    StockCountLine,
    StockLevel,
    StockMove,
    StockReservation,
    Supplier,
    SupplierPrice,
    Warehouse,
)
from app.shop.inventory.services.alerts import is_low, line_of
from app.shop.inventory.states import CountState, MoveReason, ReceiptState

SUPPLIERS = (("YW01", "义乌恒源百货", 5), ("GZ02", "广州美研生物科技", 7), ("NT03", "南通安睡家纺", 6), ("CZ04", "潮州陶源瓷业", 9))
THRESHOLD = 10


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to stock: at `at`, `quantity` on hand and `held` reserved of one SKU changed."""

    at: dt.datetime
    sku_id: int
    reason: MoveReason
    quantity: int
    held: int
    key: str
    resource: str
    cause_id: int


def warehouses(world: World) -> dict[int, int]:
    """One warehouse a shop; shop id → warehouse id."""
    begin = world.now - dt.timedelta(days=420)
    found = {}
    for key, (code, name) in {"home": ("HZ-1", "杭州仓"), "beauty": ("GZ-1", "广州仓")}.items():
        shop = world.made["shops"][key]
        row = world.add(Warehouse, begin, code=code, name=name, shop_id=shop, is_default=True, is_active=True, contact="陈仓管")
        found[shop] = row["id"]
    world.flush(Warehouse)
    return found


def book(world: World, warehouse_of: dict[int, int], events: list[Event], claims: dict[tuple[str, int, int], list[int]]) -> None:
    """Write the journal of all events, with purchases that come before what they serve.

    :param claims: (resource, cause id, sku id) → [quantity, still open]
    """
    place = {sku["id"]: warehouse_of[world.made["shops"][sku["shop"]]] for sku in world.made["skus"]}
    cost = {sku["id"]: sku["cost"] for sku in world.made["skus"]}
    for (resource, cause_id, sku_id), (quantity, still_open) in claims.items():
        world.add(
            StockReservation, cause_resource=resource, cause_id=cause_id, warehouse_id=place[sku_id], sku_id=sku_id,
            quantity=quantity, open=still_open,
        )  # fmt: skip
    counts = _Counts(world, warehouse_of)
    moves = sorted([*events, *_purchases(world, events, place, cost), *counts.found()], key=lambda e: (e.at, e.quantity < 0, e.held))
    on_hand: dict[int, int] = defaultdict(int)
    held: dict[int, int] = defaultdict(int)
    for event in moves:
        if event.reason is MoveReason.COUNT:
            counts.line(event, on_hand[event.sku_id])
        journal(world, event, place[event.sku_id], cost[event.sku_id], on_hand, held)
    for sku in world.made["skus"]:
        _level(world, sku["id"], place[sku["id"]], on_hand[sku["id"]], held[sku["id"]])
    counts.begin(on_hand)
    world.flush(
        Supplier, PurchaseReceipt, PurchaseLine, SupplierPrice, StockReservation, StockMove, StockLevel, StockAlert, StockCount,
        StockCountLine,
    )  # fmt: skip


def journal(world: World, event: Event, warehouse_id: int, cost: int, on_hand: dict[int, int], held: dict[int, int]) -> None:
    on_hand[event.sku_id] += event.quantity
    held[event.sku_id] += event.held
    world.add(
        StockMove, event.at, moved_at=event.at, warehouse_id=warehouse_id, sku_id=event.sku_id, reason=event.reason,
        quantity=event.quantity, held=event.held, balance=on_hand[event.sku_id], unit_cost=cost if event.quantity > 0 else None,
        currency="CNY", cause_resource=event.resource, cause_id=event.cause_id, key=event.key, note=None,
    )  # fmt: skip


class _Counts:
    """Two stock-takings of the first warehouse: one posted last month, in which goods were found, and one under way."""

    SKUS, FOUND = 24, 5

    def __init__(self, world: World, warehouse_of: dict[int, int]) -> None:
        self.world, self.at = world, world.now - dt.timedelta(days=26)
        shop, self.warehouse_id = next(iter(warehouse_of.items()))
        mine = [sku["id"] for sku in world.made["skus"] if world.made["shops"][sku["shop"]] == shop and sku["is_sold"]]
        self.posted, self.open = mine[: self.FOUND], mine[self.SKUS : 2 * self.SKUS]
        self.paper = self._paper(self.at, CountState.POSTED, 1)

    def found(self) -> list[Event]:
        key = f"inventory.StockCount:{self.paper}:post"
        return [
            Event(self.at, sku_id, MoveReason.COUNT, 1 + place % 2, 0, key, "inventory.StockCount", self.paper)
            for place, sku_id in enumerate(self.posted)
        ]

    def line(self, event: Event, before: int) -> None:
        self._line(self.paper, event.sku_id, before, before + event.quantity, self.at)

    def begin(self, on_hand: dict[int, int]) -> None:
        """The one under way: two thirds are counted, and one shelf lacks a piece."""
        at = self.world.now - dt.timedelta(hours=2)
        paper = self._paper(at, CountState.OPEN, 1)
        for place, sku_id in enumerate(self.open):
            expected = on_hand[sku_id]
            counted = None if place % 3 == 2 else max(expected - (place == 4), 0)
            self._line(paper, sku_id, expected, counted, at)

    def _paper(self, at: dt.datetime, state: CountState, number: int) -> int:
        row = self.world.add(
            StockCount, at, number=f"PD{clock.local(at):%Y%m%d}-{number:03d}", warehouse_id=self.warehouse_id, state=state,
            note="月度盘点", posted_at=at if state is CountState.POSTED else None,
        )  # fmt: skip
        return int(row["id"])

    def _line(self, paper: int, sku_id: int, expected: int, counted: int | None, at: dt.datetime) -> None:
        self.world.add(
            StockCountLine, at, count_id=paper, sku_id=sku_id, expected=expected, counted=counted,
            counted_at=None if counted is None else at, note=None,
        )  # fmt: skip


def _level(world: World, sku_id: int, warehouse_id: int, on_hand: int, held: int) -> None:
    threshold = THRESHOLD if sku_id % 4 else None
    low = is_low(on_hand - held, threshold)
    level = world.add(
        StockLevel, warehouse_id=warehouse_id, sku_id=sku_id, on_hand=on_hand, reserved=held, threshold=threshold, is_low=low
    )
    if low:
        raised = world.now - dt.timedelta(hours=world.random.randrange(1, 72))
        world.add(
            StockAlert, raised, level_id=level["id"], raised_at=raised, available=on_hand - held, line=line_of(threshold),
            recovered_at=None, notified_at=raised,
        )  # fmt: skip


def _purchases(world: World, events: list[Event], place: dict[int, int], cost: dict[int, int]) -> list[Event]:
    """At the start of each month enough of every SKU for what the month asks, and a little more at the end."""
    asked: dict[tuple[int, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for event in events:
        if event.reason is MoveReason.RESERVE:
            day = world.local(event.at).date()
            asked[day.year, day.month][event.sku_id] += event.held
    months = sorted(asked) or [(world.today.year, world.today.month)]
    for sku in world.made["skus"]:  # the last month buys what is left on the shelf today
        asked[months[-1]][sku["id"]] += world.random.choice((0, 4, 8, 15, 30, 60, 90, 150)) if sku["is_sold"] else 0
    suppliers = [
        world.add(Supplier, code=code, name=name, contact="王经理", phone="0579-85551234", lead_days=days, is_active=True)["id"]
        for code, name, days in SUPPLIERS
    ]
    found: list[Event] = []
    latest: dict[tuple[int, int], dict[str, Any]] = {}
    for month in months:
        at = clock.day_start(dt.date(*month, 1)) - dt.timedelta(hours=30)
        groups: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for sku_id, quantity in sorted(asked[month].items()):
            if quantity > 0:
                groups[place[sku_id], suppliers[sku_id % len(suppliers)]].append((sku_id, quantity))
        for (warehouse_id, supplier_id), lines in sorted(groups.items()):
            found += receipt_of(world, at, warehouse_id, supplier_id, lines, cost, latest)
    for price in latest.values():
        price["is_current"] = price["is_best"] = True
    return found


def receipt_of(
    world: World, at: dt.datetime, warehouse_id: int, supplier_id: int, lines: list[tuple[int, int]], cost: dict[int, int],
    latest: dict[tuple[int, int], dict[str, Any]],
) -> list[Event]:  # fmt: skip
    day = clock.local(at).date()
    number = world.number(PurchaseReceipt)
    receipt = {
        "id": number, "number": f"PO{day:%Y%m%d}-{number:04d}", "supplier_id": supplier_id, "warehouse_id": warehouse_id,
        "state": ReceiptState.POSTED, "received_on": day, "supplier_number": f"S{number:06d}", "currency": "CNY", "note": None,
        "total": sum(quantity * cost[sku_id] for sku_id, quantity in lines), "posted_at": at, "version": 1, "created_at": at,
        "changed_at": at, "created_by_id": None, "changed_by_id": None,
    }  # fmt: skip
    world.rows[PurchaseReceipt].append(receipt)
    found = []
    for sku_id, quantity in lines:
        world.add(PurchaseLine, at, receipt_id=number, sku_id=sku_id, quantity=quantity, unit_cost=cost[sku_id], currency="CNY")
        price = world.add(
            SupplierPrice, at, supplier_id=supplier_id, sku_id=sku_id, unit_cost=cost[sku_id], currency="CNY", seen_on=day,
            receipt_id=number, is_current=False, is_best=False,
        )  # fmt: skip
        latest[supplier_id, sku_id] = price
        key = f"demo:receipt:{number}"
        found.append(Event(at, sku_id, MoveReason.RECEIPT, quantity, 0, key, "inventory.PurchaseReceipt", number))
    return found


@part(45)
def completeness(world: World) -> None:
    """With stock in the warehouses the products lack one thing less."""
    derived.refresh_of(sorted({sku["product_id"] for sku in world.made["skus"]}))
