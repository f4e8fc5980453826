"""Which shipping method is suggested for an order, and why."""

import pytest

from app.panel.core import records
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import InvalidInput
from app.shop.logistics import services
from app.shop.logistics.models import Aim, ShippingMethod, ShippingRule


@pytest.fixture
def methods(session):
    def make(name, fee, days, **more):
        values = {"name": name, "fee": fee, "currency": "CNY", "days_from": 0, "days_to": days, **more}
        return records.create(ShippingMethod, values, actor=SYSTEM)

    return make("Slow", 500, 5), make("Fast", 1500, 1), make("In town", 100, 0, provinces="浙江省")


def rule(**values):
    return records.create(ShippingRule, {"name": "Rule", "currency": "CNY", **values}, actor=SYSTEM)


def test_without_a_rule_the_cheapest_that_goes_there_is_taken(methods, order_of):
    order = order_of(1)
    assert (services.suggest(order).method, services.suggest(order).rule) == (methods[0], None)
    order.province = "浙江"
    assert services.suggest(order).method is methods[2]


def test_the_first_rule_that_fits_chooses(methods, order_of):
    order = order_of(1)
    far = rule(position=1, provinces="新疆，西藏", aim=Aim.THIS, method_id=methods[0].id)
    dear = rule(position=2, least=19900, aim=Aim.FASTEST)
    assert (services.suggest(order).method, services.suggest(order).rule) == (methods[1], dear)
    order.province = "新疆维吾尔自治区"
    assert services.suggest(order).rule is far
    order.province, dear.least, dear.is_active = "广东省", None, False
    assert services.suggest(order).rule is None


def test_a_rule_says_which_method_and_amounts_that_make_sense(methods):
    with pytest.raises(InvalidInput):
        rule(aim=Aim.THIS)
    with pytest.raises(InvalidInput):
        rule(least=2000, most=1000)
