import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import Conflict, DomainError
from app.shop.inventory import services
from app.shop.inventory.models import StockMove, StockReservation
from app.shop.inventory.services import Cause, Line, OutOfStock, verify
from tests.shop.inventory.goods import amounts, make_skus, make_warehouse, shop

ORDER = Cause("orders.Order", 17)


def test_a_reservation_lowers_what_is_available_and_moves_no_goods(stocked, warehouse):
    services.reserve([Line(stocked[0].id, 4)], cause=ORDER, actor=SYSTEM)
    assert amounts(stocked[0], warehouse) == (10, 4, 6)
    assert verify() == []


def test_all_lines_are_reserved_or_none(stocked, warehouse):
    with pytest.raises(OutOfStock) as error:
        services.reserve([Line(stocked[0].id, 4), Line(stocked[1].id, 11)], cause=ORDER, actor=SYSTEM)
    assert amounts(stocked[0], warehouse) == (10, 0, 10)
    assert (error.value.sku_id, error.value.left, error.value.wanted) == (stocked[1].id, 10, 11)
    assert stocked[1].code in str(error.value) and "10" in str(error.value)


def test_a_refused_reservation_inside_a_larger_verb_leaves_nothing_behind(stocked, warehouse):
    from app.panel.core.transaction import transactional

    @transactional
    def order():
        try:
            services.reserve([Line(stocked[0].id, 4), Line(stocked[1].id, 11)], cause=ORDER, actor=SYSTEM)
        except OutOfStock:
            return "short"

    assert order() == "short"
    assert amounts(stocked[0], warehouse) == (10, 0, 10)
    assert verify() == []


def test_the_same_cause_again_reserves_nothing_more(stocked, warehouse, session):
    for _again in range(3):
        services.reserve([Line(stocked[0].id, 4)], cause=ORDER, actor=SYSTEM)
    assert amounts(stocked[0], warehouse) == (10, 4, 6)
    assert session.query(StockReservation).count() == 1


def test_the_same_cause_with_other_numbers_is_a_conflict(stocked):
    services.reserve([Line(stocked[0].id, 4)], cause=ORDER, actor=SYSTEM)
    with pytest.raises(Conflict):
        services.reserve([Line(stocked[0].id, 5)], cause=ORDER, actor=SYSTEM)


def test_two_lines_of_one_sku_are_one_claim(stocked, warehouse):
    services.reserve([Line(stocked[0].id, 6), Line(stocked[0].id, 4)], cause=ORDER, actor=SYSTEM)
    assert amounts(stocked[0], warehouse) == (10, 10, 0)
    with pytest.raises(OutOfStock):
        services.reserve([Line(stocked[1].id, 6), Line(stocked[1].id, 5)], cause=Cause("orders.Order", 18), actor=SYSTEM)


@pytest.mark.parametrize("quantity", [0, -1, 1.5, True, "2"])
def test_a_quantity_is_a_whole_number_above_zero(stocked, quantity):
    with pytest.raises(DomainError):
        services.reserve([Line(stocked[0].id, quantity)], cause=ORDER, actor=SYSTEM)


def test_a_sku_that_was_never_kept_is_out_of_stock(warehouse, stocked):
    stranger = make_skus(1, "new")[0]
    with pytest.raises(OutOfStock) as error:
        services.reserve([Line(stranger.id, 1)], cause=ORDER, actor=SYSTEM)
    assert error.value.left == 0


def test_release_gives_back_all_that_a_cause_holds_once(stocked, warehouse):
    services.reserve([Line(stocked[0].id, 4), Line(stocked[1].id, 1)], cause=ORDER, actor=SYSTEM)
    assert {line.quantity for line in services.release(ORDER, actor=SYSTEM)} == {1, 4}
    assert services.release(ORDER, actor=SYSTEM) == []
    assert amounts(stocked[0], warehouse) == (10, 0, 10)
    assert verify() == []


def test_what_was_released_can_be_reserved_and_released_anew(stocked, warehouse):
    services.reserve([Line(stocked[0].id, 4)], cause=ORDER, actor=SYSTEM)
    services.release(ORDER, actor=SYSTEM)
    services.reserve([Line(stocked[0].id, 3)], cause=Cause("orders.Order", 17, "again"), actor=SYSTEM)
    assert amounts(stocked[0], warehouse) == (10, 3, 7)
    services.release(ORDER, actor=SYSTEM)
    assert amounts(stocked[0], warehouse) == (10, 0, 10)


def test_a_part_released_twice_under_one_step_is_released_once(stocked, warehouse):
    services.reserve([Line(stocked[0].id, 4)], cause=ORDER, actor=SYSTEM)
    part = Cause("orders.Order", 17, "refund-1")
    services.release(part, actor=SYSTEM, lines=[Line(stocked[0].id, 1)])
    services.release(part, actor=SYSTEM, lines=[Line(stocked[0].id, 1)])
    assert amounts(stocked[0], warehouse) == (10, 3, 7)


def test_nobody_releases_more_than_he_holds(stocked, warehouse):
    services.reserve([Line(stocked[0].id, 4)], cause=Cause("orders.Order", 99), actor=SYSTEM)
    services.reserve([Line(stocked[0].id, 1)], cause=ORDER, actor=SYSTEM)
    with pytest.raises(DomainError):
        services.release(ORDER, actor=SYSTEM, lines=[Line(stocked[0].id, 2)])
    assert amounts(stocked[0], warehouse) == (10, 5, 5)


def test_shipping_takes_what_was_reserved_in_parts(stocked, warehouse, session):
    services.reserve([Line(stocked[0].id, 4)], cause=ORDER, actor=SYSTEM)
    first, second = Cause("orders.Order", 17, "parcel-1"), Cause("orders.Order", 17, "parcel-2")
    services.ship([Line(stocked[0].id, 1)], cause=first, actor=SYSTEM)
    services.ship([Line(stocked[0].id, 1)], cause=first, actor=SYSTEM)
    assert amounts(stocked[0], warehouse) == (9, 3, 6)
    services.ship([Line(stocked[0].id, 3)], cause=second, actor=SYSTEM)
    assert amounts(stocked[0], warehouse) == (6, 0, 6)
    with pytest.raises(DomainError):
        services.ship([Line(stocked[0].id, 1)], cause=Cause("orders.Order", 17, "parcel-3"), actor=SYSTEM)
    assert verify() == []
    sold = session.query(StockMove).filter_by(reason="sale").all()
    assert sorted(move.quantity for move in sold) == [-3, -1]
    assert {(move.cause_resource, move.cause_id) for move in sold} == {("orders.Order", 17)}


def test_the_counter_ships_without_a_reservation_but_never_what_others_hold(stocked, warehouse):
    services.reserve([Line(stocked[0].id, 9)], cause=ORDER, actor=SYSTEM)
    services.ship([Line(stocked[0].id, 1)], cause=Cause("orders.Order", 18), actor=SYSTEM, reserved=False)
    assert amounts(stocked[0], warehouse) == (9, 9, 0)
    with pytest.raises(OutOfStock):
        services.ship([Line(stocked[0].id, 1)], cause=Cause("orders.Order", 19), actor=SYSTEM, reserved=False)


def test_a_return_goes_back_onto_the_shelf_once(stocked, warehouse):
    refund = Cause("orders.Order", 17, "refund-1")
    for _again in range(2):
        services.take_back([Line(stocked[0].id, 2)], cause=refund, actor=SYSTEM)
    assert amounts(stocked[0], warehouse) == (12, 0, 12)


def test_lines_come_from_the_default_warehouse_of_the_shop(skus, session):
    common, own = make_warehouse("ALL", is_default=True), make_warehouse("A", shop("A"), is_default=True)
    make_warehouse("A2", shop("A"))
    assert services.default_warehouse_id() == common.id
    assert services.default_warehouse_id(shop("A").id) == own.id
    assert services.default_warehouse_id(shop("B").id) == common.id
    services.open_stock_many([Line(skus[0].id, 5, own.id)], actor=SYSTEM)
    placed = services.reserve([Line(skus[0].id, 1)], cause=ORDER, actor=SYSTEM, shop_id=shop("A").id)
    assert [line.warehouse_id for line in placed] == [own.id]


def test_without_a_warehouse_the_sentence_says_what_to_do(skus):
    with pytest.raises(DomainError, match="no warehouse yet"):
        services.reserve([Line(skus[0].id, 1)], cause=ORDER, actor=SYSTEM)
