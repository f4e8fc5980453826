"""What is done to many coupons, customers and promotions at once: looked at, run, refused row by row, taken back."""

import pytest

from app.panel.bulk.engine import declaring
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import Forbidden
from app.panel.core.history import HistoryEntry
from app.panel.core.transaction import transactional
from app.shop.customers.services import block, remember
from app.shop.marketing import services
from app.shop.marketing.models import Coupon, Promotion
from app.shop.marketing.states import CouponState
from tests.shop.bringing import counts, operate, refused, take_back

pytestmark = pytest.mark.usefixtures("stall")


@pytest.fixture
def four(session, stall):
    """Four customers, of whom the last is blocked."""
    made = [transactional(remember)(name=f"客户{n}", shop_id=stall.shop_id, phone=f"1380013810{n}", actor=SYSTEM) for n in range(4)]
    block(made[3], why="never pays", actor=SYSTEM)
    session.commit()
    return [one.id for one in made]


def standing(session, *ids):
    session.expire_all()
    return [session.get(Coupon, key).state for key in ids]


def test_each_chosen_customer_gets_one_coupon_and_who_cannot_is_told_why(session, four, batch_of):
    batch = batch_of(amount=500, total=10)
    run = operate("marketing.give", four, batch=batch.id)
    assert run.file_name == "Give a coupon: 五元券" and run.findings["counts"] == {"changed": 3, "refused": 1}
    assert counts(run) | {"same": 0} == {"new": 0, "changed": 3, "same": 0, "refused": 1} and len(refused(run)) == 1
    session.rollback()
    given = session.query(Coupon).order_by(Coupon.customer_id).all()
    assert [(one.customer_id, one.state) for one in given] == [(key, CouponState.ISSUED) for key in four[:3]]
    assert len({one.cause for one in given}) == 3


def test_coupons_that_were_given_are_void_again_but_for_those_that_were_used(session, four, batch_of, order_of, pay):
    run = operate("marketing.give", four[:3], batch=batch_of(amount=500).id)
    session.rollback()
    coupons = {one.customer_id: (one.id, one.code) for one in session.query(Coupon)}
    pay(order_of(1, codes=[coupons[four[0]][1]], customer_id=four[0]))
    back = take_back(run)
    assert counts(back)["changed"] == 2 and counts(back)["refused"] + counts(back)["same"] == 1
    states = standing(session, *(coupons[key][0] for key in four[:3]))
    assert states == [CouponState.REDEEMED, CouponState.VOID, CouponState.VOID]


def test_a_batch_gives_no_more_than_it_has_to_many_at_once(session, four, batch_of):
    run = operate("marketing.give", four[:3], batch=batch_of(amount=500, total=2).id)
    assert counts(run)["changed"] == 2 and refused(run) == ["“五元券” has none left."]
    assert session.query(Coupon).count() == 2


def test_coupons_are_made_void_with_a_reason_except_held_ones_and_come_back(session, coupon_of, order_of):
    free, other, held = (coupon_of(amount=500) for _one in range(3))
    order_of(1, codes=[held.code])
    ids = [free.id, other.id, held.id]
    session.commit()
    declaring.find("marketing.void").authorize(SYSTEM, {})  # as its form asks, before anything was answered
    run = operate("marketing.void", ids, why="printed twice")
    assert run.findings["counts"] == {"changed": 2, "refused": 1} and run.file_name == "Make void: printed twice"
    assert counts(run)["changed"] == 2 and refused(run) == ["It is used, or an order waits for its payment."]
    assert standing(session, *ids) == [CouponState.VOID, CouponState.VOID, CouponState.RESERVED]
    assert session.get(Coupon, ids[0]).why == "printed twice" and session.get(Coupon, ids[0]).voided_at is not None
    told = session.query(HistoryEntry).filter_by(table="marketing_coupon", key=ids[0], run_id=run.id).one()
    assert told.changes["state"] == ["issued", "void"]
    session.rollback()
    assert counts(take_back(run))["changed"] == 2
    assert standing(session, *ids) == [CouponState.ISSUED, CouponState.ISSUED, CouponState.RESERVED]
    assert session.get(Coupon, ids[0]).voided_at is None


def test_promotions_are_switched_count_no_more_and_come_back(session, promote, order_of):
    cut = promote("reduction", tiers=[(100, 50)])
    rest = promote("reduction", tiers=[(100, 40)], is_active=False)
    ids = [cut.id, rest.id]
    assert order_of(1).discount == 50
    session.commit()
    run = operate("marketing.switch", ids, to="off")
    assert run.file_name == "Switch on or off: Off"
    assert counts(run)["changed"] == 1 and counts(run)["same"] == 1
    session.expire_all()
    assert order_of(1).discount == 0
    session.commit()
    assert counts(take_back(run))["changed"] == 1
    session.expire_all()
    assert [session.get(Promotion, key).is_active for key in ids] == [True, False]
    assert order_of(1).discount == 50


def test_nobody_gives_voids_or_switches_many_without_the_right(session, four, batch_of, coupon_of, promote, somebody, stall):
    reader = somebody("viewer", stall.shop_id)
    asked = {
        "marketing.give": (four, {"batch": batch_of(amount=500).id}),
        "marketing.void": ([coupon_of(amount=500).id], {"why": "x"}),
        "marketing.switch": ([promote("reduction", tiers=[(100, 50)]).id], {"to": "off"}),
    }
    session.commit()
    for key, (ids, values) in asked.items():
        with pytest.raises(Forbidden):
            operate(key, ids, actor=reader, **values)


def test_fields_of_many_batches_are_refused_before_the_run_as_in_it_and_the_field_is_named(session, batch_of, stall):
    from app.panel.bulk.engine import showing
    from app.shop.catalog.models import Sku

    out, fresh = batch_of(amount=500), batch_of(amount=500)
    services.make_codes(out, 2, actor=SYSTEM)
    ids, sku = [out.id, fresh.id], session.query(Sku).first()
    values = {"set": {"amount": 700, "skus": [sku.id]}, "raw": {"amount": "7.00", "skus": [sku.id]}}
    named = str(sku)
    session.commit()
    run = operate("edit:marketing.CouponBatch", ids, **values)
    why = "Amount off: Coupons of it are out; what they are worth stands. Make another batch."
    assert run.findings["counts"] == {"changed": 1, "refused": 1} and refused(run) == [why]
    assert [reason for _outcome, reason, _rows in run.findings["reasons"]] == [why]
    shown = showing._first(run, run.findings, SYSTEM)
    assert [one["after"] for row in shown for one in row["changes"] if one["name"] == "skus"] == [named]
