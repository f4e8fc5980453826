"""Orders that nobody pays: reminded once after 24 hours (ORD-07), closed once after 48 (ORD-06)."""

import pytest

from app.panel.core import settings
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden
from app.panel.core.jobs import SCHEDULES
from app.panel.core.outbox import OutboxRow
from app.shop.orders import services
from app.shop.orders.jobs import close_unpaid, remind
from app.shop.orders.models import BuyerMessage, CloseReason, MessageState, MessageWay, OrderState
from app.shop.setup.models import Business


@pytest.fixture
def unpaid(order_of, clock):
    """Placed on Monday at ten, Shanghai time."""
    clock.set("2026-11-16 10:00")
    return order_of(2)


def test_at_47_hours_and_59_minutes_nothing_happens_and_at_48_the_order_is_closed_once(unpaid, clock, stall, stock_of):
    clock.set("2026-11-18 09:59")
    assert close_unpaid() == {"closed": 0}
    assert stock_of(stall.skus[0]) == (10, 2)
    clock.set("2026-11-18 10:00")
    assert [close_unpaid(), close_unpaid()] == [{"closed": 1}, {"closed": 0}]
    assert (unpaid.state, unpaid.close_reason) == (OrderState.CLOSED, CloseReason.UNPAID)
    assert stock_of(stall.skus[0]) == (10, 0)
    assert [move.to_state for move in unpaid.moves] == [OrderState.PENDING, OrderState.CLOSED]


def test_the_owner_says_after_how_many_hours_and_whether_at_all(unpaid, clock):
    settings.change({"orders.close_unpaid_hours": 0}, actor=SYSTEM)
    clock.set("2026-12-16 10:00")
    assert close_unpaid() == {"closed": 0}
    settings.change({"orders.close_unpaid_hours": 2}, actor=SYSTEM)
    assert close_unpaid() == {"closed": 1}


def test_paid_held_past_and_partly_paid_orders_are_left_in_peace(session, order_of, past, clock):
    clock.set("2026-11-16 10:00")
    order_of(1, paid=True)
    held, partly = order_of(1), order_of(1)
    services.hold(held, reason="Waits for a letter", actor=SYSTEM)
    services.pay(partly, 100, actor=SYSTEM)
    services.record_past_orders([past(state="pending")], actor=SYSTEM)
    clock.set("2026-12-16 10:00")
    assert (close_unpaid(), remind()) == ({"closed": 0}, {"reminded": 0})


def test_the_buyer_is_reminded_once_and_never_before_its_time(session, unpaid, clock):
    clock.set("2026-11-17 09:59")
    assert remind() == {"reminded": 0}
    clock.set("2026-11-17 10:00")
    assert [remind(), remind()] == [{"reminded": 1}, {"reminded": 0}]
    message = session.query(BuyerMessage).one()
    assert (message.way, message.state, message.recipient) == (MessageWay.TEXT, MessageState.WAITING, "13800138000")
    assert unpaid.number in message.body and "398.00" in message.body and "{" not in message.body


def test_an_address_gets_a_letter_through_the_outbox(app, session, order_of, clock, monkeypatch):
    monkeypatch.setitem(app.extensions, "mailbox", [])
    clock.set("2026-11-16 10:00")
    order = order_of(1)
    order.buyer_email = "xiaoming@example.org"
    session.commit()
    settings.change({"orders.reminder_subject": "{number}\r\nBcc: x", "orders.reminder_body": "{name}: {amount}"}, actor=SYSTEM)
    clock.set("2026-11-17 11:00")
    remind()
    message = session.query(BuyerMessage).one()
    assert (message.way, message.state) == (MessageWay.EMAIL, MessageState.SENT)
    assert message.subject == f"{order.number} Bcc: x"
    letter = session.query(OutboxRow).filter_by(kind="mail").one()
    assert (letter.payload["to"], letter.payload["body"]) == ("xiaoming@example.org", message.body)
    assert message.body.startswith("王小明: ")


@pytest.mark.parametrize("end", ["pay", "close"])
def test_whoever_paid_or_gave_up_is_asked_no_more(session, unpaid, clock, end):
    clock.set("2026-11-17 11:00")
    remind()
    if end == "pay":
        services.pay(unpaid, actor=SYSTEM)
    else:
        services.close(unpaid, reason=CloseReason.BUYER, actor=SYSTEM)
    assert session.query(BuyerMessage).one().state is MessageState.DROPPED
    with pytest.raises(DomainError):
        services.mark_sent(session.query(BuyerMessage).one(), actor=SYSTEM)


def test_a_paid_or_closed_order_is_never_reminded(session, order_of, clock):
    clock.set("2026-11-16 10:00")
    order_of(1, paid=True)
    services.close(order_of(1), reason=CloseReason.BUYER, actor=SYSTEM)
    clock.set("2026-11-17 11:00")
    assert remind() == {"reminded": 0}
    assert session.query(BuyerMessage).count() == 0


def test_support_marks_what_it_sent_and_a_reader_does_not(session, unpaid, clock, ben, somebody, stall):
    clock.set("2026-11-17 11:00")
    remind()
    message = session.query(BuyerMessage).one()
    with pytest.raises(Forbidden):
        services.mark_sent(message, actor=somebody("viewer", stall.shop_id))
    assert services.mark_sent(message, actor=ben).state is MessageState.SENT


def test_the_number_of_the_buyer_is_masked_and_forgotten_with_him(session, unpaid, clock, as_user):
    clock.set("2026-11-17 11:00")
    remind()
    session.commit()
    page = as_user("ben").get("/orders/buyermessage/list/").get_data(as_text=True)
    assert unpaid.number in page and "13800138000" not in page


def test_both_run_by_the_clock():
    assert {"orders.close_unpaid", "orders.remind"} <= set(SCHEDULES)


def test_words_may_be_filled_in_by_their_names_in_the_language_of_the_house(session, unpaid, clock):
    settings.change({"orders.reminder_body": "{订单号} {number}"}, actor=SYSTEM)
    session.query(Business).one().language = "zh_Hans_CN"
    session.commit()
    clock.set("2026-11-17 11:00")
    remind()
    message = session.query(BuyerMessage).one()
    assert message.body == f"{unpaid.number} {unpaid.number}"
    assert message.subject == f"订单 {unpaid.number} 等待您付款"
