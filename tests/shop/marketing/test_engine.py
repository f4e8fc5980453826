"""The price engine: what each form of a promotion makes of a price, in which order they count, and what is given back."""

import datetime as dt

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, InvalidInput
from app.shop.catalog.models import Category, Product, Sku
from app.shop.marketing import services
from app.shop.marketing.models import PriceUse, PromotionTier
from app.shop.marketing.services import promotions
from app.shop.marketing.states import Audience, PartRefund, PromotionKind, Stacking, UseState
from app.shop.orders import services as orders
from app.shop.orders.models import CloseReason, OrderLine
from app.shop.orders.services import Amounts, Wanted
from tests.shop.orders.conftest import BUYER

TIERS = [(19900, 2000), (29900, 4000)]


@pytest.fixture
def sell(stall, session):
    """`sell(19898)`: an order of one piece of T-1 at that price of the list."""

    def place(*prices, **more):
        for sku_id, price in zip(stall.skus, prices, strict=False):
            session.get(Sku, sku_id).price = price
        session.commit()
        wanted = [Wanted(sku_id, 1) for sku_id, _price in zip(stall.skus, prices, strict=False)]
        return orders.place(wanted, channel_id=stall.site_id, buyer=BUYER, actor=SYSTEM, **more)

    return place


@pytest.mark.parametrize(("price", "off"), [(19898, 0), (19899, 0), (19900, 2000), (29899, 2000), (29900, 4000), (90000, 4000)])
def test_the_highest_tier_that_is_reached_counts(promote, sell, price, off):
    """MKT-01: 198.99 → 0, 199 → 20, 299 → 40."""
    promote("reduction", TIERS)
    assert sell(price).discount == off


def test_tiers_count_over_all_goods_and_are_shared_to_the_last_unit(promote, sell):
    promote("reduction", TIERS)
    order = sell(10001, 20002)
    assert order.discount == 4000 and [line.discount for line in order.lines] == [1333, 2667]
    assert sum(line.total for line in order.lines) == order.total == 26003


def test_a_price_counts_within_its_window_by_the_servers_clock(promote, order_of, clock):
    """MKT-02. What a sender says about the time moves no price."""
    clock.set("2026-11-20 12:00")
    start = clock.now()
    promote("special", price=9900, begins_at=start.replace(hour=start.hour + 1), ends_at=start.replace(hour=start.hour + 2))
    inside = start.replace(hour=start.hour + 1)
    assert order_of(1, placed_at=inside).total == 19900
    clock.set("2026-11-20 13:00")
    assert order_of(1).total == 9900
    clock.set("2026-11-20 14:00")
    assert order_of(1, placed_at=inside).total == 19900


def test_cut_percent_and_price_never_fall_below_zero_nor_make_dearer(promote, order_of):
    cut = promote("cut", off=5000)
    order = order_of(1, 1)  # 199.00 and 49.50
    assert [line.unit_price for line in order.lines] == [14900, 0]
    services.switch(cut, False, actor=SYSTEM)
    promote("special", price=6000)
    order = order_of(1, 1)
    assert [line.unit_price for line in order.lines] == [6000, 4950]
    assert order.lines[1].price_trace[-1]["why"] == "dearer"


def test_the_first_by_priority_counts_and_among_equals_the_lowest(promote, order_of):
    promote("special", price=15000)
    low = promote("special", price=12000)
    assert order_of(1).total == 12000
    first = promote("special", price=18000, priority=1)
    order = order_of(1)
    assert (order.total, order.lines[0].price_trace[-1]["id"]) == (18000, first.id)
    services.switch(first, False, actor=SYSTEM)
    services.switch(low, False, actor=SYSTEM)
    assert order_of(1).total == 15000


@pytest.mark.parametrize(("stacking", "discount"), [(Stacking.ALL, 2500), (Stacking.COUPONS, 500), (Stacking.ALONE, None)])
def test_what_may_count_beside_a_price_is_said_by_the_promotion(promote, coupon_of, order_of, stacking, discount):
    promote("special", price=10000, stacking=stacking)
    promote("reduction", TIERS)
    coupon = coupon_of(amount=500)
    if discount is None:
        with pytest.raises(DomainError, match="None of these goods"):
            order_of(2, codes=[coupon.code])
    else:
        assert order_of(2, codes=[coupon.code]).discount == discount


def test_a_line_takes_part_in_one_full_reduction(promote, order_of):
    promote("reduction", [(10000, 1000)], priority=1)
    promote("reduction", TIERS)
    assert order_of(2).discount == 1000


def test_goods_are_meant_by_product_category_and_sku(session, stall, promote, order_of):
    parent = Category(name="茶具", path="/", full_name="茶具")
    session.add(parent)
    session.flush()
    parent.path = f"/{parent.id}/"
    product = session.query(Product).filter_by(handle="t-cup").one()
    product.category_id = parent.id
    session.commit()
    of_category = promote("special", price=1000, categories=[parent])
    assert order_of(1, 1).total == 2000
    services.switch(of_category, False, actor=SYSTEM)
    promote("special", price=1000, skus=[session.get(Sku, stall.skus[1])])
    assert order_of(1, 1).total == 20900


def test_the_101st_order_pays_the_full_price(promote, order_of, session):
    """MKT-09, with two; and whoever closes unpaid makes room again."""
    first = promote("first", price=100, limit_orders=2)
    made = [order_of(1) for _n in range(3)]
    assert [order.total for order in made] == [100, 100, 19900]
    assert made[2].lines[0].price_trace[-1] == {"step": "not", "id": first.id, "name": first.name, "why": "gone", "limit": 2}
    orders.close(made[0], reason=CloseReason.UNPAID, actor=SYSTEM)
    session.refresh(first)
    assert first.taken_orders == 1
    assert [order_of(1).total for _n in range(2)] == [100, 19900]
    with pytest.raises(DomainError, match="sold out"):
        orders.reopen(made[0], actor=SYSTEM)


def test_a_flash_sale_counts_pieces_and_a_line_that_does_not_fit_pays_in_full(session, stall, promote, order_of, clock):
    now = clock.now()
    sale = services.flash_sale(
        "秒杀", sku_ids=[stall.skus[0]], price=100, stock=3, begins_at=now, ends_at=now + dt.timedelta(days=365), actor=SYSTEM,
        session_key="live:7",
    )  # fmt: skip
    assert order_of(1).total == 19900  # not in the session
    assert [order_of(2, session_key="live:7").total, order_of(2, session_key="live:7").total] == [200, 39800]
    assert order_of(1, session_key="live:7").total == 100
    session.refresh(sale)
    assert (sale.taken_pieces, sale.taken_orders) == (3, 2)


def test_newcomers_have_their_price_once(session, promote, order_of, customer, pay):
    """MKT-10"""
    promote("special", price=100, audience=Audience.NEWCOMERS)
    assert order_of(1).total == 19900  # nobody whom we know
    first = order_of(1, customer_id=customer.id)
    assert first.total == 100
    assert order_of(1, customer_id=customer.id).total == 19900  # the first one is under way
    orders.close(first, reason=CloseReason.UNPAID, actor=SYSTEM)
    second = order_of(1, customer_id=customer.id)
    assert second.total == 100
    with pytest.raises(DomainError, match="in another order by now"):
        orders.reopen(first, actor=SYSTEM)
    pay(second)
    assert order_of(1, customer_id=customer.id).total == 19900


def test_a_customer_has_it_so_often_and_no_more(promote, order_of, customer):
    promote("special", price=100, per_person=1)
    assert [order_of(1, customer_id=customer.id).total for _n in range(2)] == [100, 19900]


def test_a_gift_is_a_line_of_its_own_with_stock(session, stall, promote, order_of, stock_of):
    promotion = promote("gift")
    tier = PromotionTier(promotion=promotion, currency="CNY", least=15000, gift_id=stall.skus[1], gift_quantity=2)
    session.add(tier)
    session.commit()
    assert len(order_of(0, 1).lines) == 1
    order = order_of(1)
    gift = order.lines[1]
    assert (gift.sku_id, gift.quantity, gift.unit_price, gift.total, order.total) == (stall.skus[1], 2, 0, 0, 19900)
    assert stock_of(stall.skus[1]) == (10, 3)
    orders.close(order, reason=CloseReason.UNPAID, actor=SYSTEM)
    assert stock_of(stall.skus[1]) == (10, 1)
    tier.gift_quantity = 100
    session.commit()
    without = order_of(1)
    assert len(without.lines) == 1 and without.lines[0].price_trace[-1]["why"] == "stock"


def test_what_a_hand_has_typed_is_no_business_of_promotions(stall, promote):
    promote("special", price=100)
    order = orders.place(
        [Wanted(stall.skus[0], 1, unit_price=12300), Wanted(stall.skus[1], 1)], channel_id=stall.site_id, buyer=BUYER, actor=SYSTEM
    )
    assert [line.unit_price for line in order.lines] == [12300, 100]
    assert order.lines[0].price_trace == [{"step": "by hand", "unit_price": 12300}]


def test_a_part_that_goes_back_is_priced_anew(promote, sell, pay):
    """Two of 100.00 under 199 − 20 cost 180.00: who keeps one pays 100.00 for it and gets 80.00 back, then the rest."""
    promote("reduction", TIERS)
    order = sell(10000, 10000)
    pay(order)
    ids = [line.id for line in order.lines]
    assert orders.refund(order, pieces={ids[0]: 1}, actor=SYSTEM).amount == 8000
    assert orders.refund(order, pieces={ids[1]: 1}, actor=SYSTEM).amount == 10000
    assert order.refunded == order.paid == 18000


def test_or_each_piece_gets_back_what_was_paid_for_it(promote, sell, pay):
    promote("reduction", TIERS, part_refund=PartRefund.SHARE)
    order = sell(10000, 10000)
    pay(order)
    assert orders.refund(order, pieces={order.lines[0].id: 1}, actor=SYSTEM).amount == 9000


def test_a_small_thing_that_carried_a_large_discount_gives_nothing_back_and_nothing_is_lost(promote, sell, pay):
    promote("reduction", TIERS)
    order = sell(19000, 1000, amounts=Amounts(shipping_fee=800))
    pay(order)
    large, small = (line.id for line in order.lines)
    with pytest.raises(DomainError, match="nothing left"):
        orders.refund(order, pieces={small: 1}, actor=SYSTEM)
    assert orders.refund(order, pieces={small: 1, large: 1}, actor=SYSTEM).amount == 18000


def test_the_terms_of_the_day_count_whatever_became_of_the_promotion(session, promote, sell, pay):
    promotion = promote("reduction", TIERS)
    order = sell(10000, 10000)
    pay(order)
    promotion.tiers[0].off = 19000
    promotion.is_active = False
    session.commit()
    assert orders.refund(order, pieces={order.lines[0].id: 1}, actor=SYSTEM).amount == 8000


def test_what_was_used_is_written_down_and_given_back(session, promote, coupon_of, order_of):
    promotion, coupon = promote("reduction", TIERS), coupon_of(amount=500)
    order = order_of(1, codes=[coupon.code])
    uses = session.query(PriceUse).order_by(PriceUse.amount).all()
    assert [(use.coupon_id, use.promotion_id, use.amount) for use in uses] == [(coupon.id, None, 500), (None, promotion.id, 2000)]
    steps = [step["step"] for step in session.query(OrderLine).one().price_trace]
    assert steps == ["list", "reduction", "coupon"]
    orders.close(order, reason=CloseReason.BUYER, actor=SYSTEM)
    session.expire_all()
    assert {use.state for use in session.query(PriceUse)} == {UseState.RELEASED}


@pytest.mark.parametrize(("values", "field"), [
    ({"kind": PromotionKind.SPECIAL}, "price"), ({"kind": PromotionKind.SPECIAL, "price": 1, "percent": 5}, "price"),
    ({"kind": PromotionKind.CUT, "price": 1}, "off"), ({"kind": PromotionKind.SECKILL, "price": 1}, "limit_pieces"),
    ({"kind": PromotionKind.FIRST, "price": 1}, "limit_orders"), ({"kind": PromotionKind.REDUCTION}, "tiers"),
    ({"kind": PromotionKind.REDUCTION, "tiers": [{"least": 100, "off": 200}]}, "tiers.0.off"),
    ({"kind": PromotionKind.GIFT, "tiers": [{"least": 100}]}, "tiers.0.gift"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(app, values, field):
    with app.test_request_context(), pytest.raises(InvalidInput) as error:
        promotions.validate(None, values)
    assert field in error.value.errors
