"""MKT-08, MKT-09: five hundred buyers over HTTP on a real server with two processes; the counts are exact on both engines."""

from collections import Counter

import pytest

from tests.goals import goal
from tests.shop.marketing import rush
from tests.shop.orders.test_rush import order, stall

__all__ = ["stall"]

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def test_the_first_hundred_of_five_hundred_buyers_and_no_other_pay_less(stall):
    session = stall.script(rush.promote)
    lines = {"FIRST": [{"sku": "F-1", "quantity": 1}], "FLASH": [{"sku": "F-2", "quantity": 1}]}
    live = {"FLASH": {"session": f"live:{session}"}, "FIRST": {}}  # LVC-08: the flash sale is one of the control desk
    orders = [order(stall, f"{kind}-{n}", lines[kind], **live[kind]) for n in range(250) for kind in lines]
    told, _seconds = stall.buyers(orders)
    assert Counter(status for status, _answer in told) == {201: 500}
    first, flash = (Counter(stall.script(lambda kind=kind: rush.totals(f"R-{kind}"))) for kind in lines)
    counted = stall.script(rush.counted)
    goal("MKT-09", first[10], 100, (first[10], flash[10]) == (100, 50))
    assert (first, flash) == ({10: 100, 100: 150}, {10: 50, 100: 200})
    assert counted == [[100, 100, 100], [50, 50, 50]]
