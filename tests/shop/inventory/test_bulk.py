import datetime as dt

import pytest
from sqlalchemy import text

from app.panel.core.actor import SYSTEM
from app.shop.inventory import services
from app.shop.inventory.models import StockMove
from app.shop.inventory.services import Cause, Line, OutOfStock, PastMove, verify
from app.shop.inventory.states import MoveReason
from tests.shop.inventory.goods import amounts, make_skus

START = dt.datetime(2025, 10, 1, tzinfo=dt.UTC)


def test_opening_stock_twice_is_opening_it_once(skus, warehouse):
    lines = [Line(sku.id, 10, warehouse.id) for sku in skus]
    assert services.open_stock_many(lines, actor=SYSTEM) == 3
    assert services.open_stock_many(lines, actor=SYSTEM) == 0
    assert amounts(skus[0], warehouse) == (10, 0, 10)


def test_many_skus_cost_no_more_statements_than_a_few(warehouse, count_queries):
    few = [Line(sku.id, 100, warehouse.id) for sku in make_skus(5, "few")]
    more = [Line(sku.id, 100, warehouse.id) for sku in make_skus(400, "many")]
    with count_queries() as first:
        services.open_stock_many(few, actor=SYSTEM, key="few")
    with count_queries() as second:
        services.open_stock_many(more, actor=SYSTEM, key="many")
    assert len(second) <= len(first) + 2


def test_a_journal_of_the_past_keeps_its_times_and_adds_up(skus, warehouse, session):
    moves = [
        PastMove(skus[0].id, -2, MoveReason.SALE, "o1", moved_at=START + dt.timedelta(days=2), cause_id=1),
        PastMove(skus[0].id, 10, MoveReason.OPENING, "o0", moved_at=START),
    ]
    assert services.post_many(moves, actor=SYSTEM) == 2
    rows = session.query(StockMove).order_by(StockMove.moved_at).all()
    assert [(row.quantity, row.balance) for row in rows] == [(10, 10), (-2, 8)]
    assert rows[0].moved_at == START
    assert amounts(skus[0], warehouse) == (8, 0, 8) and verify() == []


def test_a_past_that_ends_below_what_is_reserved_is_refused_whole(stocked, warehouse):
    services.reserve([Line(stocked[1].id, 8)], cause=Cause("orders.Order", 1), actor=SYSTEM)
    moves = [PastMove(sku.id, -3, MoveReason.SALE, "x") for sku in stocked[:2]]
    with pytest.raises(OutOfStock):
        services.post_many(moves, actor=SYSTEM)
    assert amounts(stocked[0], warehouse) == (10, 0, 10)


def test_the_check_finds_a_stock_that_its_journal_does_not_explain(stocked, warehouse, session):
    assert verify() == []
    session.execute(text("UPDATE inventory_stock_level SET on_hand = 11 WHERE sku_id = :id"), {"id": stocked[0].id})
    (found,) = verify()
    assert (found.sku_id, found.what, found.stored, found.summed) == (stocked[0].id, "on hand", 11, 10)


def test_the_check_finds_a_reservation_that_nobody_holds(stocked, warehouse, session):
    services.reserve([Line(stocked[0].id, 2)], cause=Cause("orders.Order", 1), actor=SYSTEM)
    session.execute(text("UPDATE inventory_stock_reservation SET open = 1"))
    assert [one.what for one in verify()] == ["held by orders"]


def test_the_command_line_says_whether_the_books_add_up(app, stocked, session):
    runner = app.test_cli_runner()
    right = runner.invoke(args=["inventory", "check"])
    assert (right.exit_code, "adds up" in right.output) == (0, True)
    session.execute(text("UPDATE inventory_stock_level SET on_hand = 11"))
    wrong = runner.invoke(args=["inventory", "check"])
    assert (wrong.exit_code, "3 differences" in wrong.output) == (1, True)
