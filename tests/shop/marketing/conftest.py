"""The stall of the orders, a customer, and short ways to make batches and promotions."""

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.transaction import transactional
from app.shop.customers.services import remember
from app.shop.marketing import services
from app.shop.marketing.models import CouponBatch, Promotion, PromotionTier
from app.shop.marketing.states import PromotionKind
from app.shop.orders import services as orders
from tests.shop.orders.conftest import order_of, somebody, stall, stock_of

__all__ = ["order_of", "somebody", "stall", "stock_of"]


@pytest.fixture
def customer(stall):
    return transactional(remember)(name="王小明", shop_id=stall.shop_id, phone="13800138000", actor=SYSTEM)


@pytest.fixture
def batch_of(session):
    """`batch_of(amount=500)`: a batch of coupons of five yuan."""

    def make(**values):
        batch = CouponBatch(name="五元券", currency="CNY", **values)
        session.add(batch)
        session.commit()
        return batch

    return make


@pytest.fixture
def coupon_of(batch_of):
    """`coupon_of(customer, amount=500)`: a coupon, of its own batch."""

    def make(customer=None, **values):
        return services.issue(batch_of(**values), customer, actor=SYSTEM)

    return make


@pytest.fixture
def promote(session):
    """`promote("reduction", tiers=[(19900, 2000)])`"""

    def make(kind, tiers=(), **values):
        tiers = [PromotionTier(currency="CNY", least=least, off=off) for least, off in tiers]
        promotion = Promotion(name=f"活动 {kind}", kind=PromotionKind(kind), currency="CNY", tiers=tiers, **values)
        session.add(promotion)
        session.commit()
        return promotion

    return make


@pytest.fixture
def pay():
    return lambda order: orders.pay(order, actor=SYSTEM)


@pytest.fixture
def promotion(stall, clock):
    """A group of three at 99.00 instead of 199.00, within a day."""
    clock.set("2026-11-20 12:00")
    return services.group_buy("拼团", sku_ids=[stall.skus[0]], price=9900, size=3, hours=24, actor=SYSTEM)


@pytest.fixture
def buy(promotion, order_of):
    """`buy()` begins a group, `buy(group)` joins one; `paid=False` leaves the order unpaid."""

    def place(group=None, paid=True, **more):
        code = group.code if group else services.code_to_begin(promotion)
        return order_of(1, codes=[code], paid=paid, **more)

    return place
