"""What the first run asks about the shop, and what it makes of the answers."""

import pytest

from app.panel.accounts import firstrun
from app.panel.core import clock, fields
from app.panel.core.actor import SYSTEM
from app.shop.setup import queries
from app.shop.setup.forms import FirstShopForm
from app.shop.setup.models import Business, Channel, Shop, StaffAssignment


@pytest.fixture
def empty(session):
    """An instance in which nobody has answered yet."""
    for model in (StaffAssignment, Channel, Shop, Business):
        session.query(model).delete()
    session.commit()
    queries.forget_shops()


def answer(app, **typed):
    with app.test_request_context(method="POST", data=typed):
        form = FirstShopForm(meta={"csrf": False})
        valid = form.validate()
        if valid:
            step = next(step for step in firstrun.steps() if step.form is FirstShopForm)
            step.save(form, actor=SYSTEM)
        return valid, form.errors


def test_the_answers_become_the_shop_and_the_defaults_of_the_business(app, session, empty):
    valid, errors = answer(app, shop_name="小满书店", zone="Asia/Tokyo", currency="JPY")
    assert valid, errors
    shop = session.query(Shop).one()
    assert (shop.name, shop.business.zone, shop.currency) == ("小满书店", "Asia/Tokyo", "JPY")
    queries.forget_shops()
    assert str(clock.zone()) == "Asia/Tokyo", "day boundaries follow the business"
    assert fields.default_currency() == "JPY", "an amount whose row names no currency is read in that of the business"


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [({"shop_name": ""}, "shop_name"), ({"zone": "Mars/Olympus"}, "zone"), ({"currency": "BTC"}, "currency")],
)
def test_an_answer_that_is_none_opens_no_shop(app, session, empty, typed, wrong):
    valid, errors = answer(app, **{"shop_name": "小满书店", "zone": "Asia/Shanghai", "currency": "CNY", **typed})
    assert not valid
    assert list(errors) == [wrong]
    assert session.query(Shop).count() == 0
