"""Values of the database as cells: a column of a chunk at a time, as text for CSV, as numbers and times for XLSX.

The values come as the database writes them, times and decimals as text, because a million of them would otherwise be made
into objects only to be written out again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from app.panel.core import money
from app.panel.core.fields import FieldSpec, default_currency
from app.panel.core.tablefiles import DOUBTFUL, guarded, safe

LONGEST_CELL = 32_767  # of a sheet, in characters
EXACT = 10**15  # from here on a spreadsheet rounds: such a number is written as a text
HOUR = dt.timedelta(hours=1)
Values = Sequence[Any]
Maker = Callable[[Values, Values | None], list[Any]]  # of values and, for amounts, their currencies


def maker(field: FieldSpec, wall: Wall, *, is_typed: bool) -> Maker:
    """How the cells of a column are made."""
    if field.choices is not None:
        words = {member.value: str(member.label) for member in field.choices}
        return _of_words(words if is_typed else {value: safe(word) for value, word in words.items()}, is_typed)
    if field.kind == "bool":
        yes, no = _("yes"), _("no")
        return lambda values, _more: [None if value is None else yes if value else no for value in values]
    if field.kind == "money":
        return _amounts if is_typed else _amounts_written
    if field.kind == "instant":
        return _times(wall, is_typed)
    if field.kind == "date":
        return _days if is_typed else lambda values, _more: [None if value is None else str(value) for value in values]
    if field.kind == "number":
        return _numbers if is_typed else lambda values, _more: [_digits(value, field.digits[1]) for value in values]
    if field.kind == "integer":
        return _integers if is_typed else lambda values, _more: list(values)
    return cut if is_typed else guard


def guard(values: Values, _more: Values | None = None) -> list[Any]:
    """Texts of a CSV file, none of which is a formula."""
    return [guarded(value) if value and value[0] in DOUBTFUL else value for value in values]


def cut(values: Values, _more: Values | None = None) -> list[Any]:
    """Texts of a sheet; they are cells of the kind “text” there, and never anything else."""
    return [value if value is None or len(value) <= LONGEST_CELL else value[:LONGEST_CELL] for value in values]


def texts(values: Values, *, is_typed: bool) -> list[Any]:
    return cut(values) if is_typed else guard(values)


class _Words(dict[Any, Any]):
    """The words of a choice; a value that an older release stored stands for itself."""

    def __init__(self, words: dict[str, str], is_typed: bool) -> None:
        super().__init__({value: word for value, word in words.items() if word})
        self[None] = None
        self.is_typed = is_typed

    def __missing__(self, value: Any) -> Any:
        return value if self.is_typed else safe(value)


def _of_words(words: dict[str, str], is_typed: bool) -> Maker:
    known = _Words(words, is_typed)
    return lambda values, _more: list(map(known.__getitem__, values))


def _exponents(values: Values, currencies: Values | None) -> list[int]:
    usual = default_currency()
    known = {currency: money.exponent(currency or usual) for currency in set(currencies or [usual])}
    if currencies is None or len(set(known.values())) == 1:
        return [next(iter(known.values()))] * len(values)
    return [known[currency] for currency in currencies]


def _amounts(values: Values, currencies: Values | None) -> list[Any]:
    return [
        None if value is None else value / 10**digits if -EXACT < value < EXACT else f"{Decimal(value).scaleb(-digits):f}"
        for value, digits in zip(values, _exponents(values, currencies), strict=True)
    ]


def _amounts_written(values: Values, currencies: Values | None) -> list[Any]:
    digits = _exponents(values, currencies)
    if digits and digits.count(2) == len(digits):
        return [None if v is None else f"{v // 100}.{v % 100:02d}" if v >= 0 else f"-{-v // 100}.{-v % 100:02d}" for v in values]
    return [None if v is None else f"{Decimal(v).scaleb(-places):f}" for v, places in zip(values, digits, strict=True)]


def _integers(values: Values, _more: Values | None) -> list[Any]:
    return [value if value is None or -EXACT < value < EXACT else str(value) for value in values]


def _numbers(values: Values, _more: Values | None) -> list[Any]:
    return [None if value is None else float(value) for value in values]


def _digits(value: Any, places: int) -> str | None:
    if value is None:
        return None
    text = f"{Decimal(str(value)):.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _days(values: Values, _more: Values | None) -> list[Any]:
    found = [dt.date.fromisoformat(value) if isinstance(value, str) else value for value in values]
    return [str(day) if day is not None and day.year < 1900 else day for day in found]


def _local(value: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    return value.replace(tzinfo=dt.UTC).astimezone(zone).replace(tzinfo=None)


class _Begins(dict[str, str]):
    """`2026-11-11 12` → `2026-11-11 20`; nothing where the times of an hour differ from it by a part of an hour."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self.zone, self.are_whole = zone, True

    def __missing__(self, hour: str) -> str:
        here = dt.datetime.fromisoformat(f"{hour}:00:00")
        there = _local(here, self.zone)
        self[hour] = found = there.isoformat(" ")[:13] if not (there - here) % HOUR else ""
        self.are_whole = self.are_whole and bool(found)
        return found


class Wall:
    """Instants of the database on the wall of the shop: asked of the zone once an hour of the calendar, then remembered."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.hours: dict[Any, Any] = {}
        self.begins = _Begins(zone)

    def local(self, value: dt.datetime) -> dt.datetime:
        return _local(value, self.zone)

    def written(self, text: str) -> str:
        """`2026-11-11 12:00:07.000000` as `2026-11-11 20:00:07`."""
        begins = self.begins[text[:13]]
        return f"{begins}{text[13:19]}" if begins else self.local(dt.datetime.fromisoformat(text[:19])).isoformat(" ")

    def of(self, value: dt.datetime) -> dt.datetime:
        """The same for a time of the driver."""
        hour = value.toordinal() * 24 + value.hour
        if (away := self.hours.get(hour)) is None:
            begin = value.replace(minute=0, second=0, microsecond=0)
            away = self.hours[hour] = self.local(begin) - begin
        return value.replace(microsecond=0) + away if not away % HOUR else self.local(value.replace(microsecond=0))


def _times(wall: Wall, is_typed: bool) -> Maker:
    def make(values: Values, _more: Values | None) -> list[Any]:
        for known in (wall.hours, wall.begins):
            if len(known) > 50_000:
                known.clear()
        is_text = next((type(value) is str for value in values if value is not None), False)
        found: list[Any]
        if is_text:
            begins = wall.begins
            found = [None if value is None else begins[value[:13]] + value[13:19] for value in values]
            if not begins.are_whole:
                found = [None if value is None else wall.written(value) for value in values]
            if not is_typed:
                return found
            read = dt.datetime.fromisoformat
            found = [None if value is None else read(value) for value in found]
        else:
            found = [None if value is None else wall.of(value) for value in values]
            if not is_typed:
                return [None if at is None else at.isoformat(" ") for at in found]
        return [str(at) if at is not None and at.year < 1900 else at for at in found]

    return make
