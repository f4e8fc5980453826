import pytest
from sqlalchemy.exc import IntegrityError

from app.panel.core import records
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden, InvalidInput, NotFound
from app.panel.core.transaction import transactional
from app.shop.inventory import services
from app.shop.inventory.models import StockLevel, StockMove
from app.shop.inventory.services import Cause, Line, OutOfStock, verify
from tests.shop.inventory.goods import amounts, level, make_warehouse, person, shop


def test_an_adjustment_needs_a_reason_and_keeps_it(stocked, warehouse, session, ada):
    with pytest.raises(InvalidInput):
        services.adjust(stocked[0].id, -3, why=" ", actor=ada)
    services.adjust(stocked[0].id, -3, why="broken glass", actor=ada)
    assert amounts(stocked[0], warehouse) == (7, 0, 7)
    line = session.query(StockMove).filter_by(reason="adjustment").one()
    assert (line.note, line.created_by_id, line.balance) == ("broken glass", ada.id, 7)


def test_a_correction_never_takes_what_an_order_holds(stocked, ada):
    services.reserve([Line(stocked[0].id, 8)], cause=Cause("orders.Order", 1), actor=SYSTEM)
    with pytest.raises(OutOfStock):
        services.adjust(stocked[0].id, -3, why="lost", actor=ada)


def test_a_double_click_adjusts_once(stocked, warehouse, ada):
    assert services.adjust(stocked[0].id, 2, why="found", actor=ada, key="k1")
    assert not services.adjust(stocked[0].id, 2, why="found", actor=ada, key="k1")
    assert amounts(stocked[0], warehouse) == (12, 0, 12)


def test_a_transfer_writes_both_lines_or_none(stocked, warehouse, session, ada):
    other = make_warehouse("OTHER")
    services.transfer([Line(stocked[0].id, 4)], source_id=warehouse.id, target_id=other.id, actor=ada)
    assert (amounts(stocked[0], warehouse), amounts(stocked[0], other)) == ((6, 0, 6), (4, 0, 4))
    with pytest.raises(OutOfStock):
        services.transfer([Line(stocked[0].id, 7)], source_id=warehouse.id, target_id=other.id, actor=ada)
    with pytest.raises(InvalidInput):
        services.transfer([Line(stocked[0].id, 1)], source_id=other.id, target_id=other.id, actor=ada)
    assert (amounts(stocked[0], warehouse), amounts(stocked[0], other)) == ((6, 0, 6), (4, 0, 4))
    assert verify() == []


def test_support_moves_no_goods(stocked, warehouse, ben):
    for attempt in (
        lambda: services.adjust(stocked[0].id, 1, why="x", actor=ben),
        lambda: services.receive([Line(stocked[0].id, 1)], actor=ben),
        lambda: services.transfer([Line(stocked[0].id, 1)], source_id=warehouse.id, target_id=warehouse.id, actor=ben),
        lambda: services.set_threshold([level(stocked[0], warehouse)], 3, actor=ben),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert amounts(stocked[0], warehouse) == (10, 0, 10)


def test_nobody_brings_goods_into_the_warehouse_of_another_shop(skus, session):
    theirs = make_warehouse("B", shop("B"))
    olga = person("olga", "operations", "A")
    with pytest.raises(NotFound):
        services.receive([Line(skus[0].id, 1)], actor=olga, warehouse_id=theirs.id)
    with pytest.raises(NotFound):
        services.adjust(skus[0].id, 1, why="x", actor=olga, warehouse_id=theirs.id)


def test_stock_is_neither_typed_in_nor_deleted_nor_edited(stocked, warehouse, ada):
    row = level(stocked[0], warehouse)
    with pytest.raises(DomainError):
        records.create(StockLevel, {"warehouse_id": warehouse.id, "sku_id": stocked[0].id}, actor=ada)
    with pytest.raises(DomainError):
        records.delete(row, actor=ada)
    records.update(row, {"threshold": 4}, actor=ada)
    assert amounts(stocked[0], warehouse) == (10, 0, 10) and level(stocked[0], warehouse).threshold == 4


def test_the_journal_cannot_be_rewritten(stocked, session):
    @transactional
    def rewrite():
        session.query(StockMove).first().quantity = 99
        session.flush()

    with pytest.raises(RuntimeError, match="cannot be changed"):
        rewrite()


def test_the_database_itself_refuses_a_stock_below_what_is_reserved(stocked, warehouse, session):
    services.reserve([Line(stocked[0].id, 8)], cause=Cause("orders.Order", 1), actor=SYSTEM)

    @transactional
    def tamper():
        session.execute(StockLevel.__table__.update().where(StockLevel.sku_id == stocked[0].id).values(on_hand=7))

    with pytest.raises(IntegrityError):
        tamper()


def test_the_first_warehouse_is_the_default_and_there_is_only_one(session, ada):
    from app.shop.inventory.models import Warehouse

    first = records.create(Warehouse, {"code": "W1", "name": "First"}, actor=ada)
    second = records.create(Warehouse, {"code": "W2", "name": "Second"}, actor=ada)
    assert (first.is_default, second.is_default) == (True, False)
    records.update(second, {"is_default": True}, actor=ada)
    session.expire_all()
    assert (first.is_default, second.is_default) == (False, True)
