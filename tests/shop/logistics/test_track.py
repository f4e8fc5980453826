"""The page where buyers look: it tells nothing to whoever does not know the order and the phone."""

import pytest

from app.panel.core import settings
from app.panel.core.actor import SYSTEM
from app.shop.logistics import services
from app.shop.logistics.adapters import Told
from tests.shop.logistics.conftest import NUMBER


@pytest.fixture
def look(app, session):
    client = app.test_client()
    client.get("/track/")

    def ask(number, tail, place="198.51.100.7"):
        return client.post("/track/", data={"number": number, "tail": tail}, environ_base={"REMOTE_ADDR": place})

    return ask


@pytest.fixture
def open_door(app, monkeypatch):
    """The page without its token, which a browser takes from the form."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)


def test_number_and_tail_show_the_way_and_no_more_than_a_masked_phone(open_door, look, sent):
    parcel = sent()
    services.receive(parcel.courier, [Told(NUMBER, parcel.shipped_at, words="已揽收")], actor=SYSTEM)
    answer = look(parcel.order.number, "8000")
    assert NUMBER in answer.text and "已揽收" in answer.text and "138****8000" in answer.text
    assert not any(word in answer.text for word in ("13800138000", "王小明", "科技园路", "南山区", "青瓷茶杯"))
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_wrong_number_and_a_wrong_tail_get_the_same_answer(open_door, look, sent):
    number = sent().order.number
    wrong_tail, wrong_number = look(number, "8001"), look("2026" + "9" * 8, "8000")
    assert wrong_tail.status_code == wrong_number.status_code == 200
    assert said(wrong_tail, number) == said(wrong_number, "2026" + "9" * 8)
    assert NUMBER not in wrong_tail.text and "138*" not in wrong_tail.text
    assert NUMBER not in look(number, "%000").text


def said(answer, number):
    return answer.text.partition("<main")[2].partition("</main>")[0].replace(number, "").replace(csrf(answer), "")


def csrf(answer):
    return answer.text.partition('name="csrf_token" value="')[2].partition('"')[0]


def test_whoever_tries_the_digits_of_one_number_has_to_wait_wherever_he_sits(open_door, look, sent):
    number = sent().order.number
    answers = [look(number, f"{tail:04}", f"203.0.113.{tail}").status_code for tail in range(11)]
    assert answers == [200] * 10 + [429]
    assert look(number, "8000", "203.0.113.99").status_code == 429


def test_the_owner_may_close_the_page(open_door, look, session, ada):
    settings.change({"logistics.public_trace": False}, actor=ada)
    assert look("1", "8000").status_code == 404
