"""From a cleaned cell to a value: numbers, money, instants, ids. Nothing is guessed silently: doubt raises BadValue."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from .problems import BadValue

EMPTY = frozenset({"", "-", "--", "—", "–", "N/A", "n/a", "null", "NULL", "None", "\\N", "#N/A"})
YES = frozenset({"true", "yes", "y", "1", "是", "on", "x", "✓", "√", "有", "真"})
NO = frozenset({"false", "no", "n", "0", "否", "off", "无", "假"})
_DAMAGED = re.compile(r"^[+-]?\d(?:[.,]\d+)?E\+\d{1,3}$", re.IGNORECASE)
_MONEY_LEFT = re.compile(r"^(?:[A-Z]{3}|[^\d\s.,()+-]{1,4})\s*", re.IGNORECASE)
_MONEY_RIGHT = re.compile(r"\s*(?:[A-Z]{3}|[^\d\s.,()+-]{1,4})$", re.IGNORECASE)
_PLAIN = re.compile(r"^-?\d+(?:\.\d+)?$")
_CENTS = re.compile(r"(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)  # as nearly every amount is written
_GROUPED = re.compile(r"^\d{1,3}(?:,\d{3})+$")
LARGEST = Decimal(10) ** 13
ORDERS = ("ymd", "dmy", "mdy")
_DATE = re.compile(
    r"^(\d{1,4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,4})\s*日?"
    r"(?:[\sT]*(\d{1,2})[:时](\d{1,2})分?(?::?(\d{1,2})(?:[.,](\d{1,9}))?秒?)?\s*([AaPp][Mm])?"
    r"\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$"
)
_COMPACT = re.compile(r"^(19|20)(\d{2})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?$")


def is_empty(cell: str) -> bool:
    return cell in EMPTY


def half_width(cell: str) -> str:
    """Full-width digits and signs, as Chinese keyboards write them, in their plain form."""
    return cell if cell.isascii() else unicodedata.normalize("NFKC", cell).strip()


def text(cell: str) -> str | None:
    return None if cell in EMPTY else cell


def identifier(cell: str) -> str | None:
    """An id, an order number, a barcode, a phone. Raises when a spreadsheet has turned it into 1.18E+11."""
    if cell in EMPTY:
        return None
    cell = half_width(cell)
    if _DAMAGED.match(cell):
        raise BadValue("id_damaged", value=cell[:40])
    if cell.endswith(".0") and cell[:-2].isdecimal():
        return cell[:-2]
    return cell


def is_sound(cell: str) -> bool:
    """Does a cell that begins as a number does say what it says, as a text and as an id?"""
    return cell[0] != " " and not (cell.endswith(".0") or _DAMAGED.match(cell))


def decimal(cell: str, comma: bool | None = None) -> Decimal | None:
    """A number as people write it; `comma` says whether the comma is the decimal mark (None: seen from the cell)."""
    if cell in EMPTY:
        return None
    if _PLAIN.match(cell) and comma is not True:
        number = Decimal(cell)
    else:
        number = _written(cell, comma)
    if abs(number) > LARGEST:
        raise BadValue("number_too_large", value=cell[:40])
    return number


def _written(cell: str, comma: bool | None) -> Decimal:
    raw = half_width(cell).replace("\u2212", "-")
    negative = raw.startswith("(") and raw.endswith(")")
    raw = raw.strip("()")
    sign = ""
    for _round in range(2):  # the sign may stand before or behind the symbol
        if raw[:1] in ("+", "-"):
            sign, raw = raw[0], raw[1:].lstrip()
        raw = _MONEY_LEFT.sub("", raw)
    raw = _MONEY_RIGHT.sub("", raw).strip()
    digits = _mark(re.sub(r"[\s'’_]", "", raw), comma)
    if not _PLAIN.match(digits) or digits.startswith("-"):
        raise BadValue("not_a_number", value=cell[:40])
    try:
        number = Decimal(digits)
    except InvalidOperation:
        raise BadValue("not_a_number", value=cell[:40]) from None
    return -number if negative != (sign == "-") else number


def _mark(raw: str, comma: bool | None) -> str:
    """Group marks away, the decimal mark a point."""
    if comma is True:
        return raw.replace(".", "").replace(",", ".")
    if comma is False:
        return raw.replace(",", "")
    if "," in raw and "." in raw:
        return raw.replace(",", "") if raw.rfind(".") > raw.rfind(",") else raw.replace(".", "").replace(",", ".")
    if "," in raw:
        return raw.replace(",", "") if _GROUPED.match(raw) else raw.replace(",", ".")
    return raw.replace(".", "") if raw.count(".") > 1 else raw


def minor(cell: str, exponent: int, comma: bool | None = None) -> int | None:
    """Money as an integer of minor units; never rounded, except for the dust of a spreadsheet's float."""
    if exponent == 2 and comma is not True and (written := _CENTS.fullmatch(cell)):
        return int(written[1] + (written[2] or "").ljust(2, "0"))
    number = decimal(cell, comma)
    if number is None:
        return None
    scaled = number.scaleb(exponent)
    whole = scaled.to_integral_value()
    if whole != scaled and abs(whole - scaled) > Decimal("0.000001"):
        raise BadValue("too_many_decimals", value=cell[:40], decimals=exponent)
    return int(whole)


def integer(cell: str) -> int | None:
    number = decimal(cell)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise BadValue("not_whole", value=cell[:40])
    return int(number)


def flag(cell: str) -> bool | None:
    if cell in EMPTY:
        return None
    word = half_width(cell).lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise BadValue("not_yes_no", value=cell[:40])


def instant(cell: str, zone: ZoneInfo, order: str = "") -> dt.datetime | None:
    """An aware instant. What says no zone of its own was read from a clock in `zone`.

    `order` is ymd, dmy or mdy; without it, a date that could be read in two ways is refused.
    """
    if cell in EMPTY:
        return None
    moment = _iso(cell) or _parts(cell, order)
    if moment is None:
        raise BadValue("not_an_instant", value=cell[:40])
    return moment if moment.tzinfo is not None else _on_the_wall(moment, zone, cell)


def _iso(cell: str) -> dt.datetime | None:
    """The everyday forms, by the fast road: ISO with or without an offset ("2026-04-05 21:06:21 +0400")."""
    try:
        moment = dt.datetime.fromisoformat(cell.replace(" +", "+").replace(" -", "-") if len(cell) > 19 else cell)
    except ValueError:
        return None
    return moment if cell[:4].isdecimal() and cell[4:5] == "-" else None


def _on_the_wall(moment: dt.datetime, zone: ZoneInfo, cell: str) -> dt.datetime:
    try:
        aware = moment.replace(tzinfo=zone)
        aware.astimezone(dt.UTC)
    except (OverflowError, ValueError):
        raise BadValue("not_an_instant", value=cell[:40]) from None
    return aware


def _parts(cell: str, order: str) -> dt.datetime | None:
    cell = half_width(cell)
    if match := _COMPACT.match(cell):
        numbers = [int(part or 0) for part in match.groups()]
        return _moment(numbers[0] * 100 + numbers[1], *numbers[2:], microsecond=0, cell=cell)
    match = _DATE.match(cell)
    if not match:
        return None
    year, month, day = _sorted(match[1], match[2], match[3], order, cell)
    hour, minute, second = (int(match[place] or 0) for place in (4, 5, 6))
    if match[8]:
        hour = hour % 12 + (12 if match[8].lower() == "pm" else 0)
    micro = int((match[7] or "0").ljust(6, "0")[:6])
    moment = _moment(year, month, day, hour, minute, second, microsecond=micro, cell=cell)
    return moment.replace(tzinfo=_offset(match[9]))


def _moment(*numbers: int, microsecond: int, cell: str) -> dt.datetime:
    try:
        return dt.datetime(*numbers, microsecond=microsecond)  # type: ignore[arg-type, misc]  # noqa: DTZ001
    except ValueError:
        raise BadValue("no_such_day", value=cell[:40]) from None


def _offset(written: str | None) -> dt.tzinfo | None:
    if not written:
        return None
    if written in ("Z", "UTC"):
        return dt.UTC
    digits = written[1:].replace(":", "")
    delta = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if delta >= dt.timedelta(hours=24):
        return None
    return dt.timezone(-delta if written[0] == "-" else delta)


def _sorted(first: str, second: str, third: str, order: str, cell: str) -> tuple[int, int, int]:
    """Year, month, day. A leading four-digit number is a year whatever the rest of the file does."""
    a, b, c = int(first), int(second), int(third)
    if len(first) == 4:
        return a, b, c
    if order == "ymd" and len(third) <= 2:
        return 2000 + a, b, c
    year = c if len(third) == 4 else 2000 + c
    if len(third) == 3 or len(first) > 2:
        raise BadValue("not_an_instant", value=cell[:40])
    if order == "mdy" or (not order and b > 12):
        return year, a, b
    if order == "dmy" or a > 12 or a == b:
        return year, b, a
    raise BadValue("day_or_month", value=cell[:40])


def day(cell: str, order: str = "") -> dt.date | None:
    """A date; a time of day behind it is dropped."""
    if cell in EMPTY:
        return None
    moment = _iso(cell) or _parts(cell, order)
    if moment is None:
        raise BadValue("not_a_day", value=cell[:40])
    return moment.date()


def day_order(cells: list[str]) -> str:
    """Which order the dates of a column are written in, when one of them gives it away; else ""."""
    for cell in cells:
        match = _DATE.match(half_width(cell)) if cell else None
        if match and len(match[1]) <= 2:
            if int(match[1]) > 12:
                return "dmy"
            if int(match[2]) > 12:
                return "mdy"
    return ""
