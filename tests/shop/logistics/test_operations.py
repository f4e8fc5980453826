"""Operations on many orders: what changes, what stays and why, and what goes back."""

import io
import re
from types import SimpleNamespace

import pytest

from app.panel.bulk import loop, runs
from app.panel.bulk.engine import life
from app.panel.bulk.engine.declaring import find
from app.panel.bulk.engine.selecting import Selection
from app.panel.bulk.models import Run
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden, InvalidInput
from app.shop.logistics.models import Parcel
from app.shop.logistics.operations import read
from app.shop.orders import services as orders
from app.shop.orders.models import ExceptionState, Order, OrderState, Shipment
from tests.shop.bringing import counts, take_back
from tests.shop.logistics.conftest import NUMBER


@pytest.fixture
def run(session):
    """`run("orders.close", rows, reason="buyer")`: the run, worked off."""

    def go(key, rows, actor=SYSTEM, **values):
        made = life.prepare(find(key), Selection(ids=tuple(row.id for row in rows)), values, actor=actor)
        life.look(made, actor=actor)
        loop.work_off(made.id)
        life.start(made.id, actor=actor)
        loop.work_off(made.id)
        session.expire_all()
        return session.get_one(Run, made.id)

    return go


@pytest.fixture
def now(session):
    """`now(key)`: the order as it stands; a run ends the session that it works in."""
    return lambda key: session.get_one(Order, key, populate_existing=True)


@pytest.fixture
def placed(session, order_of):
    """`placed(1, paid=True)`: number and order number of a new order."""

    def make(*pieces, **more):
        order = order_of(*pieces, **more)
        session.commit()
        return SimpleNamespace(id=order.id, number=order.number)

    return make


def said(run):
    return [item.reason for item in runs.items(run.id) if item.outcome == "refused"]


def test_pasted_numbers_ship_their_orders_and_go_back(session, couriers, placed, stall, stock_of, run, now):
    one, two, none, unpaid = placed(1, paid=True), placed(1, paid=True), placed(1, paid=True), placed(1)
    numbers = read(f"{one.number}\t顺丰\t{NUMBER}\n{two.number}, 中通快递, 12\n{unpaid.number} 顺丰 {NUMBER}", "")
    done = run("logistics.ship", [one, two, none, unpaid], courier="", numbers=numbers)
    assert counts(done) == {"new": 0, "changed": 1, "same": 0, "refused": 3}
    assert ("中通快递" in said(done)[0], none.number in said(done)[1]) == (True, True)
    assert (now(one.id).state, now(two.id).state) == (OrderState.SHIPPED, OrderState.PAID)
    assert session.query(Shipment).one().tracking_number == NUMBER
    back = take_back(done)
    assert (counts(back)["changed"], now(one.id).state, stock_of(stall.skus[0])) == (1, OrderState.PAID, (10, 4))


def test_of_two_numbers_for_one_order_none_is_dropped_in_silence(couriers):
    once, other = "1001 SF SF1234567890123", "1001 SF SF1234567890124"
    assert read(f"{once}\n{once}", "")["1001"][2] == "", "the same line twice is one"
    assert read(f"{once}\n{other}", "")["1001"][2] == (
        "Two tracking numbers were given for it: SF1234567890123 and SF1234567890124."
    )


def test_a_line_that_is_not_whole_says_which(couriers):
    assert list(read("1001 SF1234567890123", "SF")) == ["1001"]
    with pytest.raises(InvalidInput) as wrong:
        read("1001 SF SF1234567890123\n1002", "")
    assert "2" in wrong.value.errors["numbers"]
    with pytest.raises(InvalidInput, match="Line 1 names no courier"):
        read("1001 SF1234567890123", "")


def test_states_change_along_the_moves_only(placed, stall, stock_of, run, now):
    paid, pending = placed(1, paid=True), placed(1)
    done = run("orders.change_state", [paid, pending], to="shipped")
    assert (counts(done)["changed"], counts(done)["refused"], now(paid.id).state) == (1, 1, OrderState.SHIPPED)
    take_back(done)
    assert now(paid.id).state is OrderState.PAID and stock_of(stall.skus[0]) == (10, 2)


def test_close_refuses_what_is_paid(placed, stall, stock_of, run, now):
    unpaid, paid = placed(2), placed(1, paid=True)
    done = run("orders.close", [unpaid, paid], reason="buyer", why="")
    assert (counts(done)["changed"], said(done)) == (1, [f"Order {paid.number} is paid: refund it first, then it closes by itself."])
    assert (now(unpaid.id).state, stock_of(stall.skus[0])) == (OrderState.CLOSED, (10, 1))
    take_back(done)
    assert (now(unpaid.id).state, now(unpaid.id).closed_at, stock_of(stall.skus[0])) == (OrderState.PENDING, None, (10, 3))
    assert [move.to_state for move in now(unpaid.id).moves][-2:] == [OrderState.CLOSED, OrderState.PENDING]
    again = run("orders.close", [unpaid], reason="buyer", why="")
    assert (counts(again)["changed"], stock_of(stall.skus[0])) == (1, (10, 1)), "closed once more, its stock is free once more"


def test_a_closed_order_stays_closed_where_its_goods_are_anothers_or_its_time_is_over(session, placed, order_of, run, now, clock):
    clock.set("2026-11-16 10:00")
    rows = [placed(5), placed(1)]
    done = run("orders.close", rows, reason="buyer", why="")
    placed(8)
    back = take_back(done)
    assert (counts(back)["changed"], counts(back)["refused"]) == (1, 1) and now(rows[1].id).state is OrderState.PENDING
    again = run("orders.close", [now(rows[1].id)], reason="buyer", why="")
    clock.set("2026-11-18 10:00")
    assert "would be closed again at once" in said(take_back(again))[0] and now(rows[1].id).state is OrderState.CLOSED


def test_problems_are_reported_once_and_cleared(session, placed, run, now):
    rows = [placed(1), placed(1)]
    key = orders.reason("stock").id
    session.commit()
    assert counts(run("orders.mark", rows, reason_id=key, detail=""))["changed"] == 2
    assert counts(run("orders.mark", rows, reason_id=key, detail=""))["same"] == 2
    assert counts(run("orders.clear", rows[:1], resolution="Bought more"))["changed"] == 1
    assert [[problem.state for problem in now(row.id).exceptions] for row in rows] == [[ExceptionState.HANDLED], [ExceptionState.OPEN]]
    assert counts(run("orders.clear", rows[:1], resolution="Again"))["same"] == 1


def test_reports_of_problems_and_their_ends_go_back_unless_somebody_was_there(session, placed, run, now):
    rows = [placed(1), placed(1)]
    orders.ensure_reasons()
    key = orders.reason("stock").id
    orders.open_exception(now(rows[0].id), orders.reason("stock"), detail="Old words", actor=SYSTEM)
    done = run("orders.mark", rows, reason_id=key, detail="New words")
    assert [[one.detail for one in now(row.id).exceptions] for row in rows] == [["New words"], ["New words"]]
    cleared = run("orders.clear", rows, resolution="Bought more")
    assert len(said(take_back(done))) == 2, "both are handled by now"
    assert counts(take_back(cleared))["changed"] == 2
    assert [[one.state for one in now(row.id).exceptions] for row in rows] == [[ExceptionState.OPEN]] * 2
    once_more = run("orders.mark", rows, reason_id=key, detail="Newest words")
    assert counts(take_back(once_more))["changed"] == 2
    assert [[one.detail for one in now(row.id).exceptions] for row in rows] == [["New words"], ["New words"]]
    other = run("orders.mark", rows, reason_id=orders.reason("address").id, detail="")
    assert counts(take_back(other))["changed"] == 2 and [len(now(row.id).exceptions) for row in rows] == [1, 1]


def test_orders_are_held_noted_and_released_by_the_undo(session, placed, run, now):
    row = placed(1, paid=True)
    done = run("orders.hold", [row], reason="Recall")
    assert now(row.id).is_held
    take_back(done)
    assert not now(row.id).is_held
    orders.add_note(now(row.id), "By hand", actor=SYSTEM)
    noted = run("orders.note", [row], body="Called the buyer")
    assert [note.body for note in now(row.id).notes] == ["By hand", "Called the buyer"]
    back = take_back(noted)
    assert (counts(back)["changed"], said(back)) == (1, []) and [note.body for note in now(row.id).notes] == ["By hand"]


def test_rights_and_rows_are_asked(placed, run, cleo, ben, as_role):
    row = placed(1, paid=True)
    with pytest.raises(DomainError, match="No row"):
        run("orders.hold", [row], actor=cleo, reason="x")
    as_role(ben, "viewer")
    with pytest.raises(Forbidden):
        run("orders.hold", [row], actor=ben, reason="x")


def test_an_uploaded_table_of_numbers_ships_and_the_run_leads_to_its_waybills(session, couriers, placed, stall, as_user, now):
    one, two = placed(1, paid=True), placed(1, paid=True)
    table = f"订单编号,快递公司,运单号\n{one.number},顺丰,{NUMBER}\n".encode()
    data = {"action": "logistics.ship", "rowid": [one.id, two.id], "_go": "1", "courier": "", "numbers": ""}
    client = as_user("ada")

    def sent(content, name="numbers.csv"):
        given = {**data, "file": (io.BytesIO(content), name)}
        return client.post("/bulk/operation/new", data=given, content_type="multipart/form-data")

    assert "Order number" in sent(b"courier,number\nSF,1\n").text and sent(b"").status_code == 422
    assert "1.02E+18" in sent(f"Order,Courier,Tracking number\n1.02E+18,SF,{NUMBER}\n".encode()).text
    page = sent(table + f"NOSUCH,顺丰,{NUMBER}\n".encode()).location
    assert "no chosen order has this number (1): NOSUCH<" in client.get(page).text
    assert client.post(f"{page}start", data={}).status_code == 302
    assert (now(one.id).state, now(two.id).state) == (OrderState.SHIPPED, OrderState.PAID)
    link = re.search(r'href="(/logistics/print/waybills\?run=\d+)"', client.get(page).text)[1]
    paper = client.get(link).text
    assert NUMBER in paper and one.number in paper and two.number not in paper
    parcel = session.query(Parcel).one()
    assert NUMBER in client.get(f"/logistics/print/waybills?ids={parcel.id}").text
    assert as_user("cleo").get(f"/logistics/print/waybills?ids={parcel.id}").status_code == 404
    assert client.get("/logistics/print/waybills?ids=x").status_code == 404
