"""A thousand buyers at once, on a database in which commits are real (SAFETY D01 to D04, G09)."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.shop.inventory import services
from app.shop.inventory.models import StockAlert, StockLevel, StockMove
from app.shop.inventory.services import Cause, Line, OutOfStock, verify
from tests.shop.inventory import goods

pytestmark = pytest.mark.slow

BUYERS, UNITS, THREADS = 1000, 100, 16


@pytest.fixture
def sku_ids(live_app):
    with live_app.app_context():
        skus = goods.make_skus(10)
        goods.fill(skus, UNITS, goods.make_warehouse(is_default=True))
        return [sku.id for sku in skus]


def crowd(app, buy, count=BUYERS):
    def one(number):
        with app.app_context():
            try:
                buy(number)
                return "sold"
            except OutOfStock:
                return "out of stock"
            except Exception as error:
                return f"{type(error).__name__}: {error}"

    begun = time.monotonic()
    with ThreadPoolExecutor(THREADS) as threads:
        found = Counter(threads.map(one, range(count)))
    return found, time.monotonic() - begun


def test_a_thousand_buyers_of_a_hundred_units(live_app, sku_ids):
    def buy(number):
        services.reserve([Line(sku_ids[0], 1)], cause=Cause("orders.Order", number + 1), actor=SYSTEM)

    found, seconds = crowd(live_app, buy)
    assert found == {"sold": UNITS, "out of stock": BUYERS - UNITS}
    assert seconds < 120  # 3 to 7 s alone on two cores; the suite shares them with others
    with live_app.app_context():
        level = db.session.query(StockLevel).filter_by(sku_id=sku_ids[0]).one()
        assert (level.on_hand, level.reserved, level.available) == (UNITS, UNITS, 0)
        assert verify() == []
        assert db.session.query(StockAlert).count() == 1


def test_mixed_baskets_of_ten_skus(live_app, sku_ids):
    def buy(number):
        dice = random.Random(number)
        lines = [Line(sku_id, dice.randint(1, 3)) for sku_id in dice.sample(sku_ids, 3)]
        services.reserve(lines, cause=Cause("orders.Order", number + 1), actor=SYSTEM)

    found, _seconds = crowd(live_app, buy, 300)
    assert set(found) == {"sold", "out of stock"}
    with live_app.app_context():
        assert verify() == []
        levels = db.session.query(StockLevel).all()
        assert all(level.available >= 0 for level in levels) and sum(level.reserved for level in levels) > 0


def test_one_command_sent_by_sixteen_threads_is_done_once(live_app, sku_ids):
    def buy(_number):
        services.reserve([Line(sku_ids[0], 1)], cause=Cause("orders.Order", 1), actor=SYSTEM)

    found, _seconds = crowd(live_app, buy, 64)
    assert found == {"sold": 64}
    with live_app.app_context():
        assert db.session.query(StockMove).filter_by(reason="reserve").count() == 1
        assert verify() == []


def test_reserving_shipping_and_releasing_at_once_keeps_the_books(live_app, sku_ids):
    def live(number):
        dice, cause = random.Random(number), Cause("orders.Order", number + 1)
        lines = [Line(sku_id, 1) for sku_id in dice.sample(sku_ids, 2)]
        services.reserve(lines, cause=cause, actor=SYSTEM)
        if dice.random() < 0.5:
            services.ship(lines, cause=Cause("orders.Order", number + 1, "p1"), actor=SYSTEM)
        else:
            services.release(cause, actor=SYSTEM)

    found, _seconds = crowd(live_app, live, 120)
    assert found == {"sold": 120}
    with live_app.app_context():
        assert verify() == []
        assert sum(level.reserved for level in db.session.query(StockLevel)) == 0
