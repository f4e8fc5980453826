"""Above an amount a refund asks once more who it is: by the screen, by the service, by a key (SAFETY G26)."""

import html
import re
import uuid

import pytest
from sqlalchemy import func, select

from app.panel.accounts.login import totp, twostep
from app.panel.core import clock as clocks
from app.panel.core import settings
from app.panel.core.actor import SYSTEM, KeyHolder
from app.panel.core.errors import Forbidden
from app.panel.core.stepup import ProofNeeded
from app.shop.orders import services
from app.shop.orders.models import Refund
from tests.people import PASSWORD

FORM = {"_go": "1", "reason": "other"}
PROVE = "/account/security/prove/"


@pytest.fixture
def limit(session):
    settings.store({"orders.proof_above": 100}, actor=SYSTEM)


@pytest.fixture
def code(app, session, ada, clock):
    """The next code of Ada's app."""
    clock.set("2026-11-20 10:00")
    twostep.begin(ada)
    secret = twostep.begun(ada.id)

    def now():
        clock.advance(seconds=30)
        return totp.code(secret, totp.step_at(clocks.now().timestamp()))

    with app.test_request_context():
        twostep.confirm(ada, PASSWORD, now())
    return now


def refunded(session):
    count = session.scalar(select(func.count()).select_from(Refund))
    session.commit()  # ends the read, so that what a request rolls back is its own
    return count


def test_the_screen_leads_there_and_back_and_asks_no_more_for_ten_minutes(order_of, limit, code, as_user, session, clock):
    order, client = order_of(3, paid=True), as_user("ada")
    at = f"/orders/order/action/refund/{order.id}"

    def refund(amount):
        return client.post(at, data={**FORM, "amount": amount, "idempotency_key": uuid.uuid4().hex})

    assert refund("100").location != PROVE and refunded(session) == 1
    answer = refund("100.01")
    assert answer.status_code == 303 and answer.location == f"{PROVE}?next={at.replace('/', '%2F')}" and refunded(session) == 1
    assert client.post(answer.location, data={"current": "not mine at all", "code": code()}).status_code == 422
    assert client.post(answer.location, data={"current": PASSWORD, "code": "000000"}).status_code == 422
    assert refund("100.01").status_code == 303
    old = client.get_cookie("zhanggui").value
    page = client.post(answer.location, data={"current": PASSWORD, "code": code()}).text
    assert client.get_cookie("zhanggui").value != old, "a session that may do more has a new id"
    form = re.search(r'<form[^>]*data-go-on.*?</form>', page, re.S)[0]
    typed = {name: html.unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form)}
    assert re.search(r'action="([^"]+)"', form)[1] == at and typed["amount"] == "100.01", "with what had been typed"
    client.token = typed["csrf_token"]
    client.post(at, data=typed)
    assert refunded(session) == 2
    stolen = as_user("ada").post(at, data={**FORM, "amount": "101", "idempotency_key": uuid.uuid4().hex})
    assert stolen.status_code == 303 and refunded(session) == 2, "it counts for the session in which it was shown"
    clock.advance(minutes=11)
    assert refund("101").status_code == 303 and refunded(session) == 2


def test_the_service_refuses_whoever_calls_it(order_of, limit, ada, session):
    order = order_of(3, paid=True)
    with pytest.raises(ProofNeeded):
        services.refund(order, 10_001, actor=ada)
    held = frozenset({("read", "orders.Order"), ("refund", "orders.Order")})
    with pytest.raises(Forbidden, match="API key"):
        services.refund(order, 10_001, actor=KeyHolder(person=ada, name="till", key_id=1, rights=held))
    assert refunded(session) == 0
    services.refund(order, 10_000, actor=ada)
    services.refund(order, 10_001, actor=SYSTEM)  # what a channel has given back already


def test_without_a_second_step_one_is_led_to_set_it_up(limit, as_user):
    assert as_user("ada").get(PROVE).location == "/account/security/"


def test_nobody_is_asked_where_the_shop_has_not_set_it(order_of, ada):
    services.refund(order_of(3, paid=True), actor=ada)
