"""Money: an integer of minor units and a currency code. Decimal only where a person or a file reads it."""

from __future__ import annotations

import pickle
import re
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from importlib.resources import files

from babel.core import UnknownLocaleError
from babel.numbers import format_currency, get_currency_symbol
from flask_babel import get_locale
from flask_babel import gettext as _

MAX_MINOR = 10**15
_SIGNS = "".join(chr(n) for n in range(0x24, 0xFFFF) if unicodedata.category(chr(n)) == "Sc")
_MARK = rf"(?:[A-Z]{{3}}|[A-Za-z]{{0,3}}[{re.escape(_SIGNS)}]|元|圆|Rs\.?|Tk|RM|Rp|kr|zł|Kč)"
_LEFT, _RIGHT = re.compile(rf"^{_MARK}\s*"), re.compile(rf"\s*{_MARK}$")
_GROUPED = re.compile(r"\d{1,3}(?:[.,']\d{3})+(?:[.,]\d+)?")


@cache
def _fractions() -> dict[str, tuple[int, ...]]:
    """What Babel knows of the digits of currencies. Asked itself, it would keep 2 MB of other things with it in the process."""
    with (files("babel") / "global.dat").open("rb") as file:
        known: dict[str, tuple[int, ...]] = pickle.load(file)["currency_fractions"]  # noqa: S301 (of the installed package)
    return known


def exponent(currency: str) -> int:
    """Digits after the point (ISO 4217 through CLDR): 2 for CNY, 0 for JPY, 3 for KWD."""
    known = _fractions()
    return known.get(currency, known["DEFAULT"])[0]


def to_decimal(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-exponent(currency))


def from_decimal(amount: Decimal, currency: str) -> int:
    """Minor units of an amount; ValueError when it has more digits than the currency knows."""
    if not amount.is_finite():
        raise ValueError(_("That is no amount of money."))
    scaled = amount.scaleb(exponent(currency))
    minor = int(scaled)
    if scaled != minor:
        raise ValueError(_("%(currency)s has at most %(n)s decimals.", currency=currency, n=exponent(currency)))
    if abs(minor) > MAX_MINOR:
        raise ValueError(_("That amount is too large."))
    return minor


def parse(text: str, currency: str) -> int:
    """Minor units from what people and exports write: `¥1,234.50`, `1 234,50`, `(12.00)`, `１２.５`.

    :raises ValueError: with a sentence, when it is no amount or has too many decimals
    """
    raw = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-")
    negative = raw.startswith("(") and raw.endswith(")")
    raw = raw.strip("()")
    sign = ""
    for _round in range(2):  # the sign may stand before or behind the symbol
        if raw[:1] in "+-" and raw[:1]:
            sign, raw = raw[0], raw[1:].lstrip()
        raw = _LEFT.sub("", raw)
    raw = _RIGHT.sub("", raw).strip()
    digits = _plain_number(raw, exponent(currency))
    try:
        amount = Decimal(digits)
    except InvalidOperation:
        raise ValueError(_("“%(text)s” is no amount of money.", text=text[:40])) from None
    return from_decimal(-amount if negative or sign == "-" else amount, currency)


def _plain_number(raw: str, decimals: int) -> str:
    """Drop group marks: the last of `.` and `,` is the decimal mark, unless it can only group thousands."""
    raw = re.sub(r"[\s\u00a0\u202f]", "", raw)
    marks = [c for c in raw if c in ".,'"]
    if len(marks) > 1 and not _GROUPED.fullmatch(raw):
        return "?"
    raw = raw.replace("'", "")
    if len(set(raw) & {",", "."}) == 2:
        group = "," if raw.rfind(".") > raw.rfind(",") else "."
        return raw.replace(group, "").replace(",", ".")
    mark = "," if "," in raw else "."
    head, _mark, tail = raw.rpartition(mark)
    if raw.count(mark) > 1 or (mark == "," and len(tail) == 3 and decimals != 3 and head not in ("", "0")):
        return raw.replace(mark, "")
    return raw.replace(",", ".")


def format(minor: int | str | None, currency: str) -> str:
    """As the reader's language writes it: `¥1,234.50`."""
    if minor is None or isinstance(minor, str):  # as a reader may see it: nothing, or the mask
        return minor or ""
    return _written(minor, currency, str(get_locale() or "en"))


def writer() -> Callable[[int, str], str]:
    """`format` for many amounts in the language of one reader."""
    locale = str(get_locale() or "en")
    return lambda minor, currency: _written(minor, currency, locale)


@lru_cache(maxsize=8192)
def _written(minor: int, currency: str, locale: str) -> str:
    """Kept, for pages repeat their amounts, most of all nought, and Babel takes 0.1 ms for each."""
    try:
        return format_currency(to_decimal(minor, currency), currency, locale=locale)
    except UnknownLocaleError:
        return f"{to_decimal(minor, currency)} {currency}"


def symbol(currency: str) -> str:
    return get_currency_symbol(currency, locale=get_locale() or "en")


def plain(minor: int | None, currency: str) -> str:
    """As a form, a file or an API writes it: `1234.50`."""
    return "" if minor is None else f"{to_decimal(minor, currency):f}"


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` minor units in proportion to `weights` so that the parts add up to it exactly.

    Largest remainder method (Hare quota); ties go to the earlier part. All-zero weights split evenly.
    """
    if not weights:
        return []
    if any(weight < 0 for weight in weights):
        raise ValueError("weights cannot be negative")
    if not total or len(weights) == 1:
        return [total] * len(weights)
    if total < 0:
        return [-part for part in allocate(-total, weights)]
    shares = list(weights) if any(weights) else [1] * len(weights)
    whole = sum(shares)
    parts = [total * share // whole for share in shares]
    order = sorted(range(len(shares)), key=lambda i: (-(total * shares[i] % whole), i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts
