"""Quadrants, similar sessions and correlations."""

import math

import pytest

from app.shop.live.analysis.comparing import Correlation, Traits, correlate, nearest, quadrants


def test_items_fall_into_quadrants_by_what_was_usual_in_the_session():
    found = quadrants({1: (1000, 100), 2: (100, 20), 3: (900, 9), 4: (50, 0), 5: (0, 0)})
    assert found == {1: "star", 2: "hidden", 3: "dear", 4: "idle", 5: "idle"}


def test_the_hours_before_and_after_midnight_are_near():
    mine = Traits(23.5, 1, frozenset({1}))
    past = {10: Traits(0.5, 1, frozenset({1})), 11: Traits(12, 1, frozenset({1})), 12: Traits(23.5, 2, frozenset({1})),
            13: Traits(23.5, 1, frozenset({1, 2}))}  # fmt: skip
    assert nearest(mine, past, k=4) == [
        (10, pytest.approx(1 / 12)),
        (13, 0.5),
        (11, pytest.approx(11.5 / 12)),
        (12, 1.0),
    ]


def test_a_correlation_says_how_many_pairs_it_has_and_how_sure_it_is():
    found = correlate([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 7, 5])
    assert (found.n, found.is_weak, found.r) == (6, True, pytest.approx(16 / math.sqrt(17.5 * 70 / 3)))
    assert (found.low, found.high) == (
        pytest.approx(-0.0553, abs=1e-3),
        pytest.approx(0.9761, abs=1e-3),
    )  # tanh(artanh r ± 1.96 / √3)
    assert correlate(range(40), [n % 2 for n in range(40)]).is_clear is False


def test_pairs_that_cannot_tell_anything_give_no_number():
    assert correlate([1, 2], [2, 3]) == Correlation(None, 2)
    assert correlate([1, 1, 1, 1], [1, 2, 3, 4]) == Correlation(None, 4)
    assert correlate([1, 2, 3, 4], [2, 4, 6, 8]) == Correlation(pytest.approx(1.0), 4)
