"""The arithmetic, for any cart there can be."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.shop.marketing.reckoning import Bought, Term, given_back, take_off, term_of, worth_of

carts = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 10**7)), min_size=1, max_size=8)
tiers = st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 10**7)), max_size=3).map(tuple)


@st.composite
def orders(draw):
    """(pieces and price of each line, terms, what each takes off each line)"""
    lines = draw(carts)
    some = st.lists(st.integers(0, len(lines) - 1), min_size=1, unique=True).map(sorted).map(tuple)
    by_tiers = st.builds(Term, lines=some, tiers=tiers, shares=st.booleans())
    by_percent = st.builds(
        Term, lines=some, percent=st.integers(1, 99), least=st.integers(0, 10**6), cap=st.none() | st.integers(0, 10**6)
    )
    return lines, draw(st.lists(by_tiers | by_percent, max_size=3))


def came_off(lines, terms):
    left, parts = [n * price for n, price in lines], []
    for term in terms:
        off = take_off(left, term)
        assert sum(off) == term.off(sum(left[at] for at in term.lines))
        assert all(0 <= part <= value for part, value in zip(off, left, strict=True))
        left = [value - part for value, part in zip(left, off, strict=True)]
        parts.append(off)
    return left, [Bought(n, price, tuple(off[at] for off in parts)) for at, (n, price) in enumerate(lines)]


@settings(max_examples=300, deadline=None)
@given(orders())
def test_parts_add_up_and_nothing_falls_below_zero(order):
    lines, terms = order
    left, bought = came_off(lines, terms)
    assert worth_of(bought, terms, [n for n, _price in lines]) == sum(left)
    assert worth_of(bought, terms, [0] * len(lines)) == 0
    assert [term_of(term.lines, term.kept()) for term in terms] == terms


@settings(max_examples=300, deadline=None)
@given(orders(), st.randoms(use_true_random=False))
def test_what_goes_back_bit_by_bit_is_what_was_paid(order, dice):
    lines, terms = order
    left, bought = came_off(lines, terms)
    kept, paid_back = [n for n, _price in lines], 0
    while any(kept):
        after = [dice.randint(0, n) for n in kept]
        due = given_back(bought, terms, kept, after, paid_back)
        assert due >= 0
        kept, paid_back = after, paid_back + due
        assert paid_back <= sum(left)
    assert paid_back == sum(left)
