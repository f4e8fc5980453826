"""The screens of the ledger: each figure of the trial balance opens the postings that it sums up."""

import html
import re
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from app.panel.core import money
from app.panel.core.actor import SYSTEM
from app.shop.finance import services
from app.shop.finance.cli import finance
from app.shop.finance.models import Account, Entry
from app.shop.orders import services as orders
from app.shop.orders.models import PaymentMethod


@pytest.fixture
def books(session, order_of):
    order = order_of(1)
    orders.pay(order, method=PaymentMethod.ALIPAY, actor=SYSTEM)
    orders.refund(order, 900, actor=SYSTEM)
    services.ensure_chart()
    session.commit()
    return order


def test_every_figure_opens_the_rows_that_it_sums_up(books, as_user, session):
    ada = as_user("ada")
    page = ada.get("/finance/balances/").get_data(as_text=True)
    assert "Debit and credit agree" in page
    figures = [(html.unescape(link), text) for link, text in re.findall(r'href="([^"]*finance/posting/list/\?f=[^"]*)">([^<]*)', page)]
    assert {text for _link, text in figures} >= {money.format(amount, "CNY") for amount in (19900, 900, 19000)}
    ids = dict(session.query(Account.role, Account.id))
    session.commit()
    for link, text in figures:
        asked = parse_qs(urlsplit(link).query)["f"][0]
        rows = ada.get("/api/v1/finance/posting/", query_string={"f": asked}).get_json()["result"]
        moved = sum(Decimal(row["debit"]) - Decimal(row["credit"]) for row in rows)
        sides = {name for name in ("debit", "credit") if f'["{name}","gt"' in asked}
        if sides and f'["account","eq","{ids["money.alipay"]}"]' in asked:
            assert abs(moved) == money.to_decimal(19900 if sides == {"debit"} else 900, "CNY"), text
        assert rows or text == money.format(0, "CNY")


def test_the_check_says_that_nothing_differs(books, as_user):
    assert "The ledger tells what happened." in as_user("ada").get("/finance/check/").get_data(as_text=True)


def test_an_order_shows_what_was_booked_of_it(books, as_user):
    page = as_user("ada").get(f"/orders/order/show/{books.id}").get_data(as_text=True)
    assert "In the ledger" in page and "/finance/entry/show/" in page
    assert "/finance/entry/show/" not in as_user("ben").get(f"/orders/order/show/{books.id}").get_data(as_text=True)


def test_a_fee_is_booked_by_hand_and_reversed(books, stall, as_user, session):
    ada = as_user("ada")
    ids = dict(session.query(Account.role, Account.id))
    session.commit()
    form = {
        "shop_id": stall.shop_id, "debit_id": ids["fees"], "credit_id": ids["money.transfer"], "amount": "12.50", "memo": "Bank fee",
        "idempotency_key": "once",
    }  # fmt: skip
    for _press in range(2):
        assert ada.post("/finance/book/", data=form).status_code == 302
    entry = session.query(Entry).filter_by(memo="Bank fee").one()
    assert entry.amount == 1250
    number = entry.id
    session.commit()
    ada.post(f"/finance/entry/action/reverse/{number}", data={"_go": "1", "why": "Wrong bank"})
    assert session.query(Entry).filter_by(reverses_id=number).count() == 1
    session.commit()
    assert ada.post("/finance/book/", data={**form, "debit_id": ids["money.transfer"], "memo": ""}).status_code == 422


def test_the_command_says_whether_the_ledger_is_right(app, books):
    assert "tells what happened" in app.test_cli_runner().invoke(finance, ["check"]).output
