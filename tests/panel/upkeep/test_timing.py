"""When something runs, in words and fields."""

import pytest

from app.panel.core.errors import InvalidInput
from app.panel.upkeep import timing


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("30 2 * * *", "every day at 02:30"), ("*/5 * * * *", "every 5 minutes"), ("* * * * *", "every minute"),
        ("40 * * * *", "every hour at minute 40"), ("0 9 * * 1,5", "every Monday, Friday at 09:00"), ("0 9 * * 7", "every Sunday at 09:00"),
        ("15 6 1 * *", "on day 1 of every month at 06:15"), ("0 0 1 1 *", "by the line 0 0 1 1 *"), ("0 8-18 * * *", "by the line 0 8-18 * * *"),
        ("*/7 * * * *", "by the line */7 * * * *"), ("0 0 1 * 1", "by the line 0 0 1 * 1"),
        ("2-52/10 * * * *", "every 10 minutes, from minute 2 on"), ("5-55/10 * * * *", "every 10 minutes, from minute 5 on"),
        *((cron, f"by the line {cron}") for cron in ("2-42/10 * * * *", "12-52/10 * * * *", "0-56/7 * * * *", "5-9/0 * * * *", "2-52/10 8 * * *")),
    ],
)  # fmt: skip
def test_a_cron_line_is_said_in_plain_words(app, session, cron, words):
    assert timing.said(cron) == words


def test_what_the_fields_say_is_the_same_line_again(app, session):
    for cron in ("*/15 * * * *", "* * * * *", "7 * * * *", "30 2 * * *", "0 9 * * 1,5", "15 6 28 * *"):
        found = timing.of(cron)
        form = {"kind": found.kind, "every": found.every, "minute": found.minute, "time": found.time, "day": found.day}
        assert timing.read(form, [str(day) for day in found.weekdays]) == cron
    assert timing.read({"kind": "cron", "cron": " 0  8-18 * * * "}, []) == "0 8-18 * * *"


@pytest.mark.parametrize(
    "form",
    [{"kind": "minutes", "every": "7"}, {"kind": "hourly", "minute": "60"}, {"kind": "daily", "time": "25:00"},
     {"kind": "monthly", "time": "02:30", "day": "31"}, {"kind": "weekly", "time": "02:30"}, {"kind": "yearly", "time": "02:30"}],
)  # fmt: skip
def test_fields_that_say_nothing_are_refused(app, session, form):
    with pytest.raises(InvalidInput):
        timing.read(form, [])
