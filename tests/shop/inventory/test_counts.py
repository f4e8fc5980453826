import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden, InvalidInput
from app.shop.inventory import services
from app.shop.inventory.models import StockMove
from app.shop.inventory.services import Cause, Line, verify
from tests.shop.inventory.goods import amounts, make_skus


def test_a_count_books_the_differences_of_what_was_counted(stocked, warehouse, session, ada):
    count = services.open_count(warehouse.id, actor=ada)
    assert len(count.lines) == 3 and count.number.startswith("PD")
    services.count_lines(count, {stocked[0].id: 7, stocked[1].id: 12}, actor=ada)
    services.post_count(count, actor=ada)
    assert [amounts(sku, warehouse)[0] for sku in stocked] == [7, 12, 10]
    moves = session.query(StockMove).filter_by(reason="count").all()
    assert sorted(move.quantity for move in moves) == [-3, 2]
    assert {(move.cause_resource, move.cause_id, move.note) for move in moves} == {
        ("inventory.StockCount", count.id, count.number)
    }
    assert verify() == []


def test_a_count_is_posted_once(stocked, warehouse, ada):
    count = services.open_count(warehouse.id, actor=ada)
    services.count_lines(count, {stocked[0].id: 7}, actor=ada)
    services.post_count(count, actor=ada)
    with pytest.raises(DomainError):
        services.post_count(count, actor=ada)
    with pytest.raises(DomainError):
        services.count_lines(count, {stocked[0].id: 1}, actor=ada)
    assert amounts(stocked[0], warehouse)[0] == 7


def test_what_is_sold_between_counting_and_posting_is_no_difference(stocked, warehouse, ada):
    count = services.open_count(warehouse.id, actor=ada)
    services.ship([Line(stocked[0].id, 2)], cause=Cause("orders.Order", 1), actor=SYSTEM, reserved=False)
    services.count_lines(count, {stocked[0].id: 7}, actor=ada)  # one of the eight is missing
    services.ship([Line(stocked[0].id, 3)], cause=Cause("orders.Order", 2), actor=SYSTEM, reserved=False)
    services.post_count(count, actor=ada)
    assert amounts(stocked[0], warehouse)[0] == 4


def test_a_count_never_takes_what_orders_hold(stocked, warehouse, ada):
    services.reserve([Line(stocked[0].id, 9)], cause=Cause("orders.Order", 1), actor=SYSTEM)
    count = services.open_count(warehouse.id, actor=ada)
    services.count_lines(count, {stocked[0].id: 5}, actor=ada)
    with pytest.raises(DomainError, match=stocked[0].code):
        services.post_count(count, actor=ada)
    assert amounts(stocked[0], warehouse) == (10, 9, 1)


def test_a_sku_that_the_books_do_not_know_can_be_found(stocked, warehouse, ada):
    stranger = make_skus(1, "found")[0]
    count = services.open_count(warehouse.id, actor=ada, sku_ids=[stocked[0].id])
    services.count_lines(count, {stranger.id: 2}, actor=ada)
    services.post_count(count, actor=ada)
    assert amounts(stranger, warehouse) == (2, 0, 2)


def test_an_empty_paper_is_not_posted_and_can_be_cancelled(stocked, warehouse, ada):
    count = services.open_count(warehouse.id, actor=ada)
    with pytest.raises(DomainError):
        services.post_count(count, actor=ada)
    services.cancel_count(count, actor=ada)
    with pytest.raises(DomainError):
        services.count_lines(count, {stocked[0].id: 1}, actor=ada)


def test_nobody_counts_fewer_than_zero(stocked, warehouse, ada):
    count = services.open_count(warehouse.id, actor=ada)
    with pytest.raises(InvalidInput):
        services.count_lines(count, {stocked[0].id: -1}, actor=ada)


def test_support_opens_no_count(stocked, warehouse, ben):
    with pytest.raises(Forbidden):
        services.open_count(warehouse.id, actor=ben)


def test_papers_of_one_day_are_numbered_one_after_the_other(stocked, warehouse, ada, clock):
    clock.set("2026-11-21 10:00")
    numbers = [services.open_count(warehouse.id, actor=ada).number for _n in range(3)]
    assert numbers == ["PD20261121-001", "PD20261121-002", "PD20261121-003"]
