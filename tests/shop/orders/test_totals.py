"""Sums that add up, for any order there can be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.panel.core.errors import DomainError
from app.shop.orders.services.totals import Goods, add_up, value_of

pytestmark = pytest.mark.slow

lines = st.lists(
    st.tuples(st.integers(1, 500), st.integers(0, 10**9), st.integers(0, 100)), min_size=1, max_size=30
).map(lambda rows: [Goods(n, price, n * price * share // 100) for n, price, share in rows])


@settings(max_examples=2000, deadline=None)
@given(lines, st.integers(0, 100), st.integers(-500, 10**7))
def test_lines_and_total_agree_to_the_last_unit(goods, percent, extra):
    left = sum(line.gross - line.discount for line in goods)
    totals = add_up(goods, discount=left * percent // 100, extra=extra)
    assert sum(totals.shares) == totals.discount == sum(line.discount for line in goods) + left * percent // 100
    assert all(0 <= share <= line.gross for share, line in zip(totals.shares, goods, strict=True))
    assert sum(line.gross - share for line, share in zip(goods, totals.shares, strict=True)) + extra == totals.total
    assert totals.subtotal - totals.discount + extra == totals.total


@settings(max_examples=2000, deadline=None)
@given(st.integers(0, 10**12), st.lists(st.integers(1, 50), min_size=1, max_size=12))
def test_pieces_given_back_one_after_the_other_are_worth_the_line(total, parts):
    quantity, refunded, done = sum(parts), 0, 0
    for pieces in parts:
        value = value_of(total, refunded, quantity, done, pieces)
        assert 0 <= value <= total - refunded
        refunded, done = refunded + value, done + pieces
    assert refunded == total


def test_more_off_than_there_is_is_refused(app):
    with app.test_request_context(), pytest.raises(DomainError):
        add_up([Goods(1, 100, 60)], discount=41)
