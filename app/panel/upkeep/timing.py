"""When something runs, in plain words and in fields that anybody can fill in; a cron line for what they cannot say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from babel.dates import get_day_names
from flask_babel import get_locale, lazy_gettext
from flask_babel import gettext as _

from app.panel.core.errors import InvalidInput

KINDS = {
    "minutes": lazy_gettext("Every few minutes"), "hourly": lazy_gettext("Every hour"), "daily": lazy_gettext("Every day"),
    "weekly": lazy_gettext("On days of the week"), "monthly": lazy_gettext("On a day of the month"),
    "cron": lazy_gettext("By a cron line"),
}  # fmt: skip
EVERY = (1, 2, 3, 5, 10, 15, 20, 30)
LAST_SURE_DAY = 28  # every month has it
STEPS = re.compile(r"(\d{1,2})-(\d{1,2})/(\d{1,2}) \* \* \* \*", re.ASCII)  # such as 2-52/10: every ten minutes, beside others


@dataclass(frozen=True)
class Timing:
    """`weekdays` are those of cron: 0 is Sunday."""

    kind: str
    minute: int = 0
    hour: int = 0
    weekdays: tuple[int, ...] = ()
    day: int = 1
    every: int = 5
    cron: str = ""

    @property
    def time(self) -> str:
        return f"{self.hour:02d}:{self.minute:02d}"


def of(cron: str) -> Timing:
    """What a cron line says; `cron` where only the line itself says it."""
    minute, hour, day, month, weekday = (*cron.split(), *"*****")[:5]
    other = Timing("cron", cron=cron)
    if month != "*":
        return other
    if minute.startswith("*") and (hour, day, weekday) == ("*", "*", "*"):
        every = "1" if minute == "*" else minute.removeprefix("*/")
        return Timing("minutes", every=int(every), cron=cron) if every.isdecimal() and int(every) in EVERY else other
    if not _is_number(minute, 59):
        return other
    if (hour, day, weekday) == ("*", "*", "*"):
        return Timing("hourly", int(minute), cron=cron)
    if not _is_number(hour, 23):
        return other
    if (day, weekday) == ("*", "*"):
        return Timing("daily", int(minute), int(hour), cron=cron)
    if day == "*" and all(_is_number(part, 7) for part in weekday.split(",")):
        days = tuple(sorted({int(part) % 7 for part in weekday.split(",")}))
        return Timing("weekly", int(minute), int(hour), days, cron=cron)
    if weekday == "*" and _is_number(day, 31) and int(day):
        return Timing("monthly", int(minute), int(hour), day=int(day), cron=cron)
    return other


def typed(form: Mapping[str, Any], chosen_days: list[str]) -> SimpleNamespace:
    """What was filled in, right or wrong, for the same fields to show again."""
    kind, every = str(form.get("kind", "")), str(form.get("every", ""))
    return SimpleNamespace(
        kind=kind if kind in KINDS else "cron", every=int(every) if _is_number(every, 59) else 0,
        weekdays=tuple(int(day) for day in chosen_days if _is_number(day, 6)),
        **{name: str(form.get(name, "")) for name in ("minute", "day", "time", "cron")},
    )  # fmt: skip


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 3 and int(text) <= most


def said(cron: str) -> str:
    """`every day at 02:30`."""
    found = of(cron)
    if found.kind == "minutes":
        return _("every minute") if found.every == 1 else _("every %(n)s minutes", n=found.every)
    if found.kind == "hourly":
        return _("every hour at minute %(n)s", n=found.minute)
    if found.kind == "daily":
        return _("every day at %(time)s", time=found.time)
    if found.kind == "weekly":
        names = dict(weekdays())
        return _("every %(days)s at %(time)s", days=_(", ").join(names[day] for day in found.weekdays), time=found.time)
    if found.kind == "monthly":
        return _("on day %(day)s of every month at %(time)s", day=found.day, time=found.time)
    steps = STEPS.fullmatch(cron)
    if steps:
        first, last, every = map(int, steps.groups())
        if first < every and last < 60 <= last + every and 60 % every == 0:  # the whole hour, at equal distances
            return _("every %(n)s minutes, from minute %(first)s on", n=every, first=first)
    return _("by the line %(cron)s", cron=cron)


def weekdays() -> list[tuple[int, str]]:
    """Cron's number and name of each day, from Monday on."""
    names = get_day_names("wide", locale=get_locale())
    return [((number + 1) % 7, str(names[number])) for number in range(7)]


def read(form: Mapping[str, Any], chosen_days: list[str]) -> str:
    """The cron line that the fields of a form say.

    :raises InvalidInput: for what no fields of ours ask for
    """
    kind = form.get("kind", "")
    if kind == "cron":
        return " ".join(str(form.get("cron", "")).split())
    if kind == "minutes":
        every = _number(form, "every", 1, 30)
        if every not in EVERY:
            raise InvalidInput({"every": _("This is none of the choices.")})
        return "* * * * *" if every == 1 else f"*/{every} * * * *"
    if kind == "hourly":
        return f"{_number(form, 'minute', 0, 59)} * * * *"
    hour, minute = _time(str(form.get("time", "")))
    if kind == "daily":
        return f"{minute} {hour} * * *"
    if kind == "monthly":
        return f"{minute} {hour} {_number(form, 'day', 1, LAST_SURE_DAY)} * *"
    days = sorted({int(day) for day in chosen_days if _is_number(day, 6)})
    if kind != "weekly" or not days:
        raise InvalidInput({"days": _("Choose at least one day.")})
    return f"{minute} {hour} * * {','.join(map(str, days))}"


def _number(form: Mapping[str, Any], name: str, least: int, most: int) -> int:
    text = str(form.get(name, ""))
    if not _is_number(text, most) or int(text) < least:
        raise InvalidInput({name: _("A number from %(min)s to %(max)s is expected.", min=least, max=most)})
    return int(text)


def _time(text: str) -> tuple[int, int]:
    hour, _colon, minute = text.partition(":")
    if not _is_number(hour, 23) or not _is_number(minute[:2], 59):
        raise InvalidInput({"time": _("A time such as 02:30 is expected.")})
    return int(hour), int(minute[:2])
