"""The stock of many SKUs at once: each row is a line of the journal, and so is its undo."""

import re

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import InvalidInput
from app.shop.inventory import services
from app.shop.inventory.models import StockLevel, StockMove
from app.shop.inventory.operations import AdjustStock
from app.shop.inventory.services import Cause, Line
from tests.shop.bringing import counts, operate, refused, take_back
from tests.shop.inventory import goods


@pytest.fixture
def levels(session, stocked):
    found = session.query(StockLevel).order_by(StockLevel.sku_id).all()
    services.reserve([Line(stocked[2].id, 8)], cause=Cause("orders.Order", 1), actor=SYSTEM)
    session.commit()
    return [level.id for level in found]


def on_hand(session, keys):
    session.expire_all()
    return [session.get(StockLevel, key).on_hand for key in keys]


def journal(session, reason):
    return [move.quantity for move in session.query(StockMove).filter_by(reason=reason).order_by(StockMove.id)]


def test_stock_is_set_to_a_number_where_enough_is_free_and_goes_back_by_lines_of_the_journal(session, levels):
    run = operate("inventory.adjust", levels, how="to", pieces=4, why="counted")
    assert (on_hand(session, levels), counts(run)["changed"]) == ([4, 4, 10], 2)
    assert refused(run) == ["Only 2 pieces are available."]
    assert run.findings["sums"]["stock"]["after"] == {"": -12}
    services.adjust(session.get(StockLevel, levels[0]).sku_id, -3, why="broken", actor=SYSTEM)
    back = take_back(run)
    assert (on_hand(session, levels), counts(back)["changed"]) == ([7, 10, 10], 2), "what was sold since stays sold"
    assert journal(session, "adjustment") == [-6, -6, -3, 6, 6]
    assert services.verify() == []


def test_stock_changes_by_so_many_pieces_and_nothing_is_said_without_a_number(session, levels):
    assert counts(operate("inventory.adjust", levels, how="by", pieces=-3, why="given away")) == {
        "new": 0, "changed": 2, "same": 0, "refused": 1,
    }
    with pytest.raises(InvalidInput):
        form = AdjustStock.form(data={"how": "by", "pieces": 0, "why": "x"}, meta={"csrf": False})
        AdjustStock().clean(form, actor=SYSTEM)


def test_goods_of_many_levels_move_into_one_warehouse_and_back(session, levels, stocked):
    there = goods.make_warehouse("NORTH")
    goods.fill(stocked[:1], 5, there)
    every = [level.id for level in session.query(StockLevel).order_by(StockLevel.id)]
    run = operate("inventory.transfer", every, target=there.id, quantity=None, note="")
    assert counts(run)["changed"] == 3 and refused(run) == ["It lies there already."]
    assert run.findings["sums"]["stock"] == {"label": "Pieces that move", "before": {}, "after": {"": 22}}
    assert [goods.amounts(sku, there)[0] for sku in stocked] == [15, 10, 2], "what is reserved stays where it is"
    assert counts(take_back(run))["changed"] == 3
    assert (on_hand(session, levels), services.verify()) == ([10, 10, 10], [])


def test_runs_of_stock_are_called_by_what_was_answered(session, levels):
    there = goods.make_warehouse("NORTH")
    some = {"target": there.id, "note": ""}
    session.commit()
    named = {key: operate(f"inventory.{key}", levels, **values).file_name for key, values in {
        "transfer": {**some, "quantity": 2}, "threshold": {"threshold": 20},
    }.items()}  # fmt: skip
    assert named == {"transfer": f"Transfer: 2 → {there}", "threshold": "Set warning line: 20"}
    assert operate("inventory.threshold", levels, threshold=None).file_name == "Set warning line: –"


def test_warning_lines_are_set_and_go_back_unless_somebody_set_another(session, levels):
    run = operate("inventory.threshold", levels, threshold=20)
    assert [level.is_low for level in session.query(StockLevel)] == [True, True, True]
    services.set_threshold([session.get(StockLevel, levels[0])], 7, actor=SYSTEM)
    assert counts(take_back(run)) == {"new": 0, "changed": 2, "same": 0, "refused": 1}
    session.expire_all()
    assert [session.get(StockLevel, key).threshold for key in levels] == [7, None, None]


def test_the_form_asks_and_the_list_offers(session, levels, as_user):
    page = as_user("ada").get("/inventory/stocklevel/list/").text
    assert all(f'value="inventory.{name}"' in page for name in ("adjust", "transfer", "threshold"))
    form = as_user("ada").post("/bulk/operation/new", data={"action": "inventory.transfer", "rowid": levels}).text
    assert re.search(r"To warehouse<span class=\"req\"", form), "it is marked as what must be chosen"
    wrong = as_user("ada").post("/bulk/operation/new", data={"action": "inventory.transfer", "rowid": levels, "_go": "1"})
    assert wrong.status_code == 422 and "Choose one from the list." in wrong.text
