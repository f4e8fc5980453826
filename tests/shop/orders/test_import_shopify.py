"""Shopify's orders_export.csv, by twins of its quirks."""

import datetime as dt

import pytest

from app.panel.bulk import loop
from app.panel.bulk.models import Run
from app.shop.customers.models import Customer
from app.shop.orders.models import Order, OrderState, RefundState
from tests.panel.bulk.conftest import killed_after
from tests.shop.bringing import bring, counts, headings, reasons, sheet_of, take_back

pytestmark = pytest.mark.slow

HEADINGS = headings(
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,"
    "Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
    "Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,"
    "Billing Name,Billing Phone,Shipping Name,Shipping Address1,Shipping City,Shipping Zip,Shipping Country,Shipping Phone,"
    "Notes,Note Attributes,Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Id,Tags,"
    "Lineitem discount"
)


def first(name, **more):
    """The first row of an order: 1 × 100.00, paid and sent, unless told otherwise."""
    row = {
        "Name": name, "Id": f"70{name.strip('#')}", "Financial Status": "paid", "Fulfillment Status": "fulfilled", "Currency": "BDT",
        "Subtotal": "100.00", "Shipping": "0.00", "Taxes": "0.00", "Total": "100.00", "Discount Amount": "0.00",
        "Created at": "2026-04-05 21:06:21 +0400", "Paid at": "2026-04-05 21:07:00 +0400", "Lineitem quantity": "1",
        "Lineitem name": "Cup - blue", "Lineitem price": "100.00", "Refunded Amount": "0.00", "Shipping Name": "Rahim",
        "Shipping Phone": "+8801711978417", "Shipping Country": "BD", "Shipping Zip": "-", "Payment Method": "Cash on Delivery (COD)",
    }  # fmt: skip
    return row | {name.replace("_", " "): value for name, value in more.items()}


def further(name, **more):
    row = {"Name": name, "Created at": "2026-04-05 21:06:21 +0400", "Lineitem quantity": "2", "Lineitem name": "Tea", "Lineitem price": "30.00"}
    return row | {name.replace("_", " "): value for name, value in more.items()}


def file(*rows):
    return sheet_of(HEADINGS, list(rows))


def order(session, number) -> Order:
    return session.query(Order).filter_by(number=number).one()


def test_it_is_recognised_and_an_order_of_several_rows_is_one_record(session):
    run = bring(file(first("#1", Subtotal="160.00", Total="160.00"), further("#1"), first("#2")))
    assert run.importer == "shopify-orders"
    assert (run.rows, run.read, run.new) == (3, 2, 2)
    assert [(line.title, line.quantity, line.total) for line in order(session, "#1").lines] == [
        ("Cup - blue", 1, 10000), ("Tea", 2, 6000),
    ]  # fmt: skip
    assert run.sums["BDT"]["total"] == 26000


@pytest.mark.parametrize(
    ("more", "state", "paid", "refunded"),
    [
        ({}, OrderState.COMPLETED, 10000, 0),
        ({"Financial_Status": "pending"}, OrderState.SHIPPED, 0, 0),
        ({"Financial_Status": "pending", "Fulfillment_Status": "unfulfilled"}, OrderState.PENDING, 0, 0),
        ({"Fulfillment_Status": "unfulfilled"}, OrderState.PAID, 10000, 0),
        ({"Fulfillment_Status": "partial"}, OrderState.PARTLY_SHIPPED, 10000, 0),
        ({"Financial_Status": "voided", "Cancelled_at": "2026-04-06 10:00:00 +0400"}, OrderState.CLOSED, 0, 0),
        ({"Financial_Status": "partially_refunded", "Refunded_Amount": "30.00"}, OrderState.COMPLETED, 10000, 3000),
        ({"Financial_Status": "refunded", "Refunded_Amount": "100.00"}, OrderState.COMPLETED, 10000, 10000),
        (
            {"Financial_Status": "refunded", "Refunded_Amount": "100.00", "Fulfillment_Status": "unfulfilled"},
            OrderState.CLOSED, 10000, 10000,
        ),
        ({"Financial_Status": "partially_paid", "Outstanding_Balance": "40.00"}, OrderState.SHIPPED, 6000, 0),
    ],
)  # fmt: skip
def test_the_three_states_of_shopify_become_one_of_ours(session, more, state, paid, refunded):
    assert counts(bring(file(first("#1", **more))))["new"] == 1
    found = order(session, "#1")
    assert (found.state, found.paid, found.refunded) == (state, paid, refunded)
    assert found.is_past
    expected = RefundState.NONE if not refunded else RefundState.FULLY if refunded == paid else RefundState.PARTLY
    assert found.refund_state is expected


@pytest.mark.parametrize(
    ("amounts", "discount", "adjustment"),
    [
        ({"Subtotal": "90.00", "Total": "95.00", "Shipping": "5.00", "Discount_Amount": "10.00"}, 1000, 0),
        # taxes inside of the prices: Shopify names them, but Total does not add them
        ({"Subtotal": "100.00", "Total": "100.00", "Taxes": "16.00"}, 0, -1600),
        # the discount of a line stands in a column of its own
        ({"Subtotal": "92.50", "Total": "92.50", "Discount_Amount": "0.00", "Lineitem_discount": "7.50"}, 750, 0),
        # duties or a tip that no column explains
        ({"Total": "103.21"}, 0, 321),
    ],
)
def test_the_total_is_the_files_total_whatever_else_the_file_says(session, amounts, discount, adjustment):
    bring(file(first("#1", **amounts)))
    found = order(session, "#1")
    assert found.total == round(float(amounts["Total"]) * 100)
    assert (found.discount, found.adjustment) == (discount, adjustment)


def test_an_order_that_was_sent_in_part_says_which_lines_have_gone(session):
    rows = file(
        first("#1", Fulfillment_Status="partial", Lineitem_fulfillment_status="fulfilled", Subtotal="220.00", Total="220.00"),
        further("#1", Lineitem_fulfillment_status="pending"), further("#1", Lineitem_fulfillment_status="partial"),
    )  # fmt: skip
    bring(rows)
    found = order(session, "#1")
    assert [(line.quantity, line.shipped_quantity) for line in found.lines] == [(1, 1), (2, 0), (2, 1)]
    assert counts(bring(rows))["same"] == 1
    sent = bring(file(first("#1", Subtotal="220.00", Total="220.00"), further("#1"), further("#1")))
    session.expire_all()
    assert [line.shipped_quantity for line in found.lines] == [1, 2, 2]
    assert counts(take_back(sent))["refused"] == 0
    session.expire_all()
    assert [line.shipped_quantity for line in found.lines] == [1, 0, 1]


def test_an_import_that_was_killed_still_moves_people_back_to_their_oldest_order(session, monkeypatch):
    monkeypatch.setattr(loop, "CHUNK", 1)
    rows = file(first("#2", Created_at="2026-04-07 10:00:00 +0400"), first("#1", Created_at="2026-04-06 10:00:00 +0400"))
    with killed_after(1, monkeypatch) as killed, pytest.raises(killed):
        bring(rows)
    session.rollback()
    run = session.query(Run).order_by(Run.id.desc()).first()
    run.lease_until = 0.0
    session.commit()
    loop.work_off(run.id)
    session.expire_all()
    customer = order(session, "#2").customer
    assert customer.first_seen_at == order(session, "#1").placed_at
    since = customer.first_seen_at
    bring(file(first("#0", Created_at="2026-04-01 10:00:00 +0400")))
    session.expire_all()
    assert (order(session, "#0").customer, customer.first_seen_at) == (customer, since), "what is known already stays"


def test_times_are_kept_as_instants_whatever_zone_they_were_written_in(session):
    bring(file(first("#1"), first("#2", Created_at="2026-04-05 13:06:21 -0400"), first("#3", Created_at="2026-04-05 23:06:21")))
    at = dt.datetime(2026, 4, 5, 17, 6, 21, tzinfo=dt.UTC)
    assert order(session, "#1").placed_at == order(session, "#2").placed_at == at
    assert order(session, "#3").placed_at == dt.datetime(2026, 4, 5, 15, 6, 21, tzinfo=dt.UTC), "the zone of the shop"


def test_a_time_that_the_file_does_not_tell_stays_empty(session):
    """Shopify knows no completion, and of an order that was voided only sometimes when."""
    voided, when = {"Financial_Status": "voided", "Paid_at": ""}, "2026-04-06 10:00:00 +0400"
    bring(file(first("#1", Fulfilled_at=when), first("#2"), first("#3", **voided), first("#4", **voided, Cancelled_at=when)))
    at = dt.datetime(2026, 4, 6, 6, tzinfo=dt.UTC)
    times = [(one.shipped_at, one.completed_at, one.closed_at) for one in (order(session, f"#{n}") for n in range(1, 5))]
    assert times == [(at, None, None), (None, None, None), (None, None, None), (None, None, at)]


def test_the_same_file_twice_changes_nothing_also_with_other_line_ends(session):
    rows = file(first("#1", Note_Attributes="a: 1\nb: 2"), first("#2"))
    bring(rows)
    assert counts(bring(rows))["same"] == 2
    rows[1][HEADINGS.index("Note Attributes")] = "a: 1\r\nb: 2"
    assert counts(bring(rows))["same"] == 2


def test_an_order_that_was_sent_since_is_changed_and_the_undo_brings_the_old_state_back(session):
    bring(file(first("#1", Fulfillment_Status="unfulfilled")))
    second = bring(file(first("#1"), first("#2")))
    assert counts(second) == {"new": 1, "changed": 1, "same": 0, "refused": 0}
    assert order(session, "#1").state is OrderState.COMPLETED
    assert counts(take_back(second))["refused"] == 0
    session.expire_all()
    assert order(session, "#1").state is OrderState.PAID
    assert session.query(Order).filter_by(number="#2").count() == 0


def test_people_are_recognised_by_their_phone_and_there_since_their_oldest_order(session):
    before = session.query(Customer).count()
    bring(file(
        first("#3", Created_at="2026-04-07 10:00:00 +0400"), first("#2", Created_at="2026-04-06 10:00:00 +0400"),
        first("#1", Shipping_Phone="", Shipping_Name=""),
    ))  # fmt: skip
    assert session.query(Customer).count() == before + 1
    assert order(session, "#2").customer_id == order(session, "#3").customer_id
    assert order(session, "#1").customer_id is None
    session.expire_all()
    assert order(session, "#2").customer.first_seen_at == order(session, "#2").placed_at


def test_two_stores_may_both_have_an_order_number_one(session):
    bring(file(first("#1", Id="111")))
    run = bring(file(first("#1", Id="222")))
    assert counts(run) == {"new": 1, "changed": 0, "same": 0, "refused": 0}
    assert {o.number for o in session.query(Order).filter(Order.external_number.in_(["111", "222"]))} == {"#1", "#1 · 222"}
    assert counts(bring(file(first("#1", Id="222"))))["same"] == 1


def test_each_wrong_order_says_what_is_wrong_and_costs_no_other(session):
    run = bring(file(
        first("#1"), first("#2", Total=""), first("#3", Lineitem_price="abc"), first("#4", Created_at="yesterday"),
        first("#5", Id="1.18E+11"), first("#6", Currency="taka"), first("#1", Total="1.00"),
    ))  # fmt: skip
    assert counts(run) == {"new": 1, "changed": 0, "same": 0, "refused": 6}
    said = reasons(run)
    assert "Total" in said[3]
    assert "abc" in said[4]
    assert "yesterday" in said[5]
    assert "damaged by a spreadsheet" in said[6]
    assert "taka" in said[7]
    assert "line 2" in said[8]
    assert run.sums["BDT"]["total"] == 10000


def test_a_line_that_was_taken_out_of_the_order_is_left_out(session):
    bring(file(first("#1"), further("#1", Lineitem_quantity="0")))
    assert len(order(session, "#1").lines) == 1


def test_a_check_looks_and_writes_nothing_not_even_the_channel(session):
    from app.shop.setup.models import Channel

    before = session.query(Channel).count()
    run = bring(file(first("#1")), check=True)
    assert run.findings["new"] == 1
    assert session.query(Order).filter_by(number="#1").count() == 0
    assert session.query(Channel).count() == before


def test_support_of_shop_b_cannot_import_into_shop_a(session, cleo, as_role):
    from app.panel.core.errors import DomainError
    from app.shop.setup.models import Channel, Shop

    as_role(cleo, "operations")
    channel = session.query(Channel).join(Shop, Shop.id == Channel.shop_id).filter(Shop.code == "A").first()
    run = bring(file(first("#1")), actor=cleo, options={"channel": str(channel.id)})
    assert run.state.value == "failed"
    assert session.query(Order).filter_by(number="#1").count() == 0
    with pytest.raises(DomainError):
        bring([["x"], ["1"]], layout="no-such-layout")


def test_many_orders_cost_as_many_statements_as_one(session, count_queries):
    def orders(numbers, total):
        return file(*(
            row
            for number in numbers
            for row in (
                first(
                    f"#{number}", Subtotal=f"{total + 60}.00", Total=f"{total + 60}.00", Lineitem_price=f"{total}.00",
                    Email=f"buyer{number}@example.org", Shipping_Phone=f"+88017119{number:05}", Refunded_Amount="5.00",
                    Lineitem_sku=f"A-{number}",
                ),
                further(f"#{number}"),
            )
        ))  # fmt: skip

    def statements(rows):
        with count_queries() as seen:
            run = bring(rows)
        return len(seen), counts(run)

    bring(orders([0], 100))  # the first payment and the first refund of a shop open accounts in its ledger
    one, many = [1], range(2, 22)
    new, changed, same = (statements(orders(one, total)) for total in (100, 110, 110))
    assert statements(orders(many, 100)) == (new[0], {"new": 20, "changed": 0, "same": 0, "refused": 0})
    assert statements(orders(many, 110)) == (changed[0], {"new": 0, "changed": 20, "same": 0, "refused": 0})
    assert statements(orders(many, 110)) == (same[0], {"new": 0, "changed": 0, "same": 20, "refused": 0})
