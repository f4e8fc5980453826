"""Tracking numbers from a file: each row ships its order, and goes back while nothing has moved."""

from app.panel.core.actor import SYSTEM
from app.shop.logistics import services
from app.shop.logistics.adapters import Told
from app.shop.logistics.models import Parcel
from app.shop.orders import services as orders
from app.shop.orders.models import OrderState, Shipment
from tests.shop.bringing import bring, counts, reasons, table, take_back
from tests.shop.logistics.conftest import NUMBER

OTHER = "751234567890"


def file(*rows):
    return table([("订单号", "快递公司", "运单号"), *rows])


def test_rows_ship_their_orders_and_say_why_others_stay(session, couriers, order_of, stall, stock_of):
    one, two, unpaid = order_of(2, paid=True), order_of(1, paid=True), order_of(1)
    held = order_of(1, paid=True)
    orders.hold(held, reason="Buyer is away", actor=SYSTEM)
    content = file(
        (one.number, "顺丰", NUMBER), (two.number, "中通快递", "12"), (unpaid.number, "中通", OTHER), (held.number, "中通", OTHER),
        ("X-1", "中通", OTHER), (one.number, "顺丰", "SF9999999999999"),
    )  # fmt: skip
    run = bring(content)
    said = reasons(run)
    assert counts(run) == {"new": 0, "changed": 1, "same": 0, "refused": 5}, said
    assert "中通快递" in said[3] and "Buyer is away" in said[5] and "X-1" in said[6]
    session.expire_all()
    assert (one.state, two.state, held.state) == (OrderState.SHIPPED, OrderState.PAID, OrderState.PAID)
    assert session.query(Parcel).one().number == NUMBER
    assert stock_of(stall.skus[0]) == (8, 3)
    assert counts(bring(file((one.number, "顺丰", NUMBER)))) == {"new": 0, "changed": 0, "same": 1, "refused": 0}


def test_what_has_not_moved_goes_back_and_the_rest_stays(session, couriers, order_of, stall, stock_of):
    one, two, done = (order_of(1, paid=True) for _ in range(3))
    run = bring(file((one.number, "顺丰", NUMBER), (two.number, "中通", OTHER), (done.number, "中通", "751234567891")))
    session.expire_all()
    services.receive(couriers["ZTO"], [Told(OTHER, two.shipped_at)], actor=SYSTEM)
    orders.complete(done, actor=SYSTEM)
    back = take_back(run)
    assert counts(back) == {"new": 0, "changed": 1, "same": 0, "refused": 2}, reasons(back)
    session.expire_all()
    assert (one.state, two.state, done.state) == (OrderState.PAID, OrderState.SHIPPED, OrderState.COMPLETED)
    assert (one.shipped_at, one.lines[0].shipped_quantity, one.lines[0].reserved_quantity) == (None, 0, 1)
    assert stock_of(stall.skus[0]) == (8, 1) and session.query(Shipment).count() == 2
    orders.ship(one, courier="顺丰", tracking_number=NUMBER, actor=SYSTEM)
    assert one.state is OrderState.SHIPPED and stock_of(stall.skus[0]) == (7, 0)


def test_a_clerk_of_another_shop_ships_nothing(session, couriers, order_of, cleo, as_role):
    order = order_of(1, paid=True)
    as_role(cleo, "deputy")
    run = bring(file((order.number, "顺丰", NUMBER)), "tracking-numbers", actor=cleo)
    assert counts(run)["refused"] == 1 and order.state is OrderState.PAID
