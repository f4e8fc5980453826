"""Retention against sums made by hand."""

import pytest

from app.shop.live.analysis.retention import Visit, at_minute, curve, mean_watch_time

END = 600.0


def test_when_all_are_seen_to_go_the_curve_is_the_share_of_those_who_stay_longer():
    visits = [Visit(0, 30), Visit(0, 90), Visit(100, 250), Visit(200, 400)]  # 30, 90, 150 and 200 seconds
    assert curve(visits, END) == [1.0, 0.75, 0.5, 0.25]
    assert mean_watch_time(visits, END) == (30 + 90 + 150 + 200) / 4


def test_who_was_still_there_at_the_end_did_not_go():
    visits = [Visit(0, 60), Visit(END - 30), Visit(0), Visit(0, 120)]
    # 30 s: nobody went, one is no longer seen; 60 s: 1 of 3 went; 120 s: 1 of 2 went
    assert curve(visits, END)[:4] == pytest.approx([1.0, 2 / 3, 1 / 3, 1 / 3])


def test_nobody_is_told_about_minutes_that_nobody_could_have_stayed():
    assert curve([], END) == []
    assert mean_watch_time([], END) is None
    assert at_minute(curve([Visit(0, 200)], END), 5) is None
    assert at_minute(curve([Visit(0)], END), 5) == 1.0
