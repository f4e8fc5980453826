"""A forecast speaks only where it was better than "as it is now"."""

import math
import random

import pytest

from app.shop.live.analysis import forecast, trend


def rises_and_falls(scale, seed):
    """A session of two hours: viewers come quickly, are most after an hour, and go slowly."""
    rng = random.Random(seed)
    shape = [(1 - math.exp(-minute / 12)) * math.exp(-max(0, minute - 60) / 40) for minute in range(120)]
    return [scale * value * rng.gauss(1, 0.02) for value in shape]


PAST = [rises_and_falls(scale, seed) for seed, scale in enumerate((200, 900, 400, 650, 300))]


def test_the_course_of_past_sessions_is_better_where_sessions_are_alike():
    skill = forecast.back_test(PAST, summed=False, horizon=30, way="as_before")
    assert skill.asked >= forecast.LEAST
    assert skill.may_speak
    assert skill.better_by > 0.5
    said = forecast.say(skill, PAST[0][:60], summed=False, past=PAST[1:])
    assert said.low <= said.value <= said.high
    assert said.value == pytest.approx(PAST[0][89], rel=0.1)


def test_a_walk_without_memory_is_left_alone():
    rng = random.Random(5)
    walks = []
    for _session in range(5):
        walk = [1000.0]
        for _minute in range(119):
            walk.append(walk[-1] + rng.gauss(0, 30))
        walks.append(walk)
    skill = forecast.back_test(walks, summed=False, horizon=15, way="as_before")
    assert skill.asked >= forecast.LEAST
    assert not skill.may_speak
    assert skill.better_by <= 0


def test_few_sessions_let_nothing_speak():
    assert not forecast.back_test(PAST[:2], summed=False, horizon=15, way="as_before").may_speak
    assert (
        forecast.say(
            forecast.back_test(PAST, summed=True, horizon=15, way="as_before"), PAST[0][:5], summed=True, past=PAST
        )
        is None
    )


def test_a_sum_is_of_the_minutes_to_come():
    course = [1, 2, 3, 4, 5, 6]
    assert forecast.came(course, 2, 3, summed=True) == 3 + 4 + 5
    assert forecast.came(course, 2, 3, summed=False) == 5
    assert forecast.came(course, 4, 3, summed=True) is None
    assert forecast.plain([1, 2, 3], 2, summed=True) == 5
    assert forecast.plain([4], 15, summed=True) == 60


def test_smoothing_goes_on_with_a_trend_and_says_how_sure_it_is():
    rng = random.Random(2)
    said = forecast.smoothed([100 + 2 * minute + rng.gauss(0, 3) for minute in range(60)], 15, summed=False)
    assert 215 < said.value < 255
    assert said.low < said.value < said.high
    assert forecast.smoothed([5.0] * 30, 15, summed=False) is None


def test_a_change_of_level_is_found_and_noise_is_not():
    rng = random.Random(1)
    level = [rng.gauss(10, 1) for _minute in range(60)] + [rng.gauss(16, 1) for _minute in range(60)]
    assert trend.changes(level) == [60]
    assert trend.changes([rng.gauss(10, 1) for _minute in range(120)]) == []
    assert trend.slope([1.0, 3.0, 5.0]) == 2.0
