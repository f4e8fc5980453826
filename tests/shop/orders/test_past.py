"""Orders of the past: kept as they were, upserted by their number, touching nothing else."""

import datetime as dt

import pytest

from app.panel.core import trailsets
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden
from app.panel.core.notices import Notice
from app.panel.core.outbox import OutboxRow
from app.shop.inventory.models import StockMove
from app.shop.orders import events, services
from app.shop.orders.models import Order, OrderLine, OrderState, Payment, Refund, RefundState, Shipment
from tests.shop.orders.conftest import AT


def outcomes(rows, **more):
    return [one.outcome for one in services.record_past_orders(rows, actor=SYSTEM, **more)]


def test_a_past_order_reserves_nothing_and_tells_nobody(session, past, stall, stock_of):
    before = session.query(StockMove).count(), session.query(Notice).count(), session.query(OutboxRow).count()
    sent = []

    def note(*_args, **_more):
        sent.append(1)

    with events.order_placed.connected_to(note), events.order_paid.connected_to(note), events.order_shipped.connected_to(note):
        order = services.record_past_order(past(), actor=SYSTEM)
    assert (session.query(StockMove).count(), session.query(Notice).count(), session.query(OutboxRow).count()) == before
    assert stock_of(stall.skus[0]) == (10, 0)
    assert sent == [] and order.is_past and order.state is OrderState.COMPLETED


def test_amounts_lines_payment_and_parcel_are_kept(session, past):
    row = past(discount=980, shipping_fee=1200, total=50000, refunded=5000, tracking_number="SF9", payment_method="alipay")
    order = services.record_past_order(row, actor=SYSTEM)
    assert order.total == 50000
    assert order.subtotal - order.discount + order.shipping_fee + order.tax + order.adjustment == 50000
    assert sum(line.total for line in order.lines) == order.subtotal - order.discount
    assert sum(line.discount for line in order.lines) == order.discount
    assert order.lines[1].total + order.lines[1].discount == order.lines[1].unit_price * 3
    assert (order.paid, order.refunded, order.refund_state) == (50000, 5000, RefundState.PARTLY)
    assert [payment.amount for payment in order.payments] == [50000]
    assert [refund.amount for refund in order.refunds] == [5000]
    assert [parcel.tracking_number for parcel in order.shipments] == ["SF9"]
    assert order.paid_at == AT


def test_the_same_rows_twice_change_nothing(session, past):
    rows = [past("TB-1"), past("TB-2", lines=[], total=700)]
    assert outcomes(rows) == ["new", "new"]
    count = session.query(Order).count(), session.query(OrderLine).count(), session.query(Payment).count()
    assert outcomes(rows) == ["same", "same"]
    assert (session.query(Order).count(), session.query(OrderLine).count(), session.query(Payment).count()) == count


def test_a_changed_row_is_written_and_the_image_before_brings_it_back(session, past):
    order = services.record_past_order(past(refunded=0), actor=SYSTEM)
    changed = services.record_past_orders([past(refunded=100, buyer_name="韩梅梅")], actor=SYSTEM)[0]
    session.refresh(order)
    assert (changed.outcome, order.refunded, order.buyer_name) == ("changed", 100, "韩梅梅")
    assert ["李雷", "韩梅梅"] in [entry.changes.get("buyer_name") for entry in trailsets.of(order)]
    assert outcomes([changed.before]) == ["changed"]
    session.refresh(order)
    assert (order.refunded, order.buyer_name, session.query(Refund).count()) == (0, "李雷", 0)
    assert outcomes([past(refunded=0)]) == ["same"]


def test_what_a_row_does_not_speak_of_stays(session, past):
    order = services.record_past_order(past(seller_remark="VIP"), actor=SYSTEM)
    assert outcomes([past()]) == ["same"]
    session.refresh(order)
    assert order.seller_remark == "VIP"


def test_a_dry_run_counts_and_writes_nothing(session, past):
    assert outcomes([past("TB-1"), past("TB-1"), past("TB-2", placed_at=None)], dry_run=True) == ["new", "refused", "refused"]
    assert session.query(Order).count() == 0


@pytest.mark.parametrize(
    "wrong",
    [{"external_number": ""}, {"currency": ""}, {"placed_at": None}, {"refunded": 1, "paid": 0}, {"state": "sent"},
     {"placed_at": dt.datetime(2025, 1, 1)}, {"lines": [{"quantity": 0, "unit_price": 1}]}, {"total": 1.5}],
)  # fmt: skip
def test_a_row_that_makes_no_sense_is_refused_with_a_sentence(past, wrong):
    outcome = services.record_past_orders([past(**wrong)], actor=SYSTEM)[0]
    assert outcome.outcome == "refused" and outcome.why


def test_two_channels_may_give_the_same_number(session, past, stall):
    rows = [past("1001"), past("1001", channel_id=stall.counter_id)]
    assert outcomes(rows) == ["new", "new"]
    assert sorted(order.number for order in session.query(Order)) == ["1001", f"1001-{stall.counter_id}"]
    assert outcomes(rows) == ["same", "same"]


def test_an_order_that_is_worked_on_is_left_alone(session, past):
    order = services.record_past_order(past(state="paid"), actor=SYSTEM)
    services.ship(order, actor=SYSTEM)
    assert not order.is_past
    outcome = services.record_past_orders([past()], actor=SYSTEM)[0]
    assert (outcome.outcome, outcome.order_id) == ("refused", order.id)


def test_undo_takes_past_orders_out_and_leaves_living_ones(session, past, order_of):
    ids = [one.order_id for one in services.record_past_orders([past("TB-1"), past("TB-2")], actor=SYSTEM)]
    living = order_of(1)
    assert services.remove_past_orders([*ids, living.id], actor=SYSTEM) == 2
    assert [order.id for order in session.query(Order)] == [living.id]
    assert session.query(OrderLine).count() == 1 and session.query(Shipment).count() == 0


def test_many_rows_cost_a_handful_of_statements(past, count_queries):
    with count_queries() as seen:
        services.record_past_orders([past(f"A-{n}") for n in range(5)], actor=SYSTEM)
    few = len(seen)
    with count_queries() as seen:
        services.record_past_orders([past(f"B-{n}") for n in range(300)], actor=SYSTEM)
    assert len(seen) <= few + 4


def test_whoever_may_not_import_records_nothing(past, ben):
    with pytest.raises(Forbidden):
        services.record_past_orders([past()], actor=ben)


def test_a_refused_single_order_raises(past):
    with pytest.raises(DomainError):
        services.record_past_order(past(placed_at=None), actor=SYSTEM)
