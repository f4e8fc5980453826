"""When, while it is shown, an item sells."""

import pytest

from app.shop.live.analysis.display import Slot, read


def test_sales_that_rise_to_the_end_ask_for_a_longer_display():
    found = read([Slot(0, 300)], [(280, 6), (250, 2), (120, 2), (10, 1), (350, 1)])
    assert (found.sold, found.after, found.last_third, found.reason) == (11, 1, pytest.approx(8 / 11), "longer")
    assert found.suggested == pytest.approx(5 * 4 / 3, abs=0.05)


def test_sales_that_are_over_early_ask_for_a_shorter_one():
    found = read([Slot(0, 600)], [(30, 4), (90, 4), (150, 3), (590, 1)])
    assert (found.reason, found.suggested) == ("shorter", 2.5)  # 10 of 12 pieces came within 150 seconds


def test_displays_of_unequal_length_are_laid_over_one_another():
    found = read([Slot(0, 100), Slot(1000, 1400)], [(50, 3), (1200, 5), (1399, 2)])
    assert found.tenths == (0, 0, 0, 0, 0, 8, 0, 0, 0, 2)
    assert found.minutes == pytest.approx(250 / 60)


def test_few_sales_suggest_nothing():
    found = read([Slot(0, 300)], [(200, 9)])
    assert (found.suggested, found.reason) == (None, "few")
    assert read([], []).last_third is None
