"""What people, forms, files and API clients write → Python values. One function a kind; ValueError carries the sentence."""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app.panel.core import clock, money
from app.panel.core.types import MAX_BIGINT

if TYPE_CHECKING:
    from app.panel.core.fields import FieldSpec

_INTEGER = re.compile(r"[+-]?\d{1,19}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # halves of a character, which JSON can write
_YES = {"1", "true", "yes", "y", "on", "是", "真", "对", "✓"}
_NO = {"0", "false", "no", "n", "off", "", "否", "假", "不"}
MAX_TEXT = 200_000
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%d.%m.%Y", "%d/%m/%Y")


def text(spec: FieldSpec, raw: Any) -> str:
    if not isinstance(raw, str):
        raise ValueError(_("Text is expected."))
    if raw.isascii() and raw.isprintable():  # most of a large file: there is nothing in it to put right
        value = raw if spec.kind == "longtext" else raw.strip()
    else:
        value = unicodedata.normalize("NFC", raw.replace("\r\n", "\n"))
        if _CONTROL.search(value):
            raise ValueError(_("It holds characters that cannot be shown."))
        if spec.kind != "longtext":
            value = re.sub(r"\s*\n\s*", " ", value).strip()
    limit = spec.length or MAX_TEXT
    if len(value) > limit:
        raise ValueError(_("At most %(max)s characters, these are %(n)s.", max=limit, n=len(value)))
    return value


def integer(spec: FieldSpec, raw: Any) -> int:
    if isinstance(raw, bool):
        raise ValueError(_("A whole number is expected."))
    if isinstance(raw, int):
        value = raw
    else:
        digits = unicodedata.normalize("NFKC", str(raw)).strip().replace(",", "")
        if not _INTEGER.fullmatch(digits):
            raise ValueError(_("“%(text)s” is no whole number.", text=str(raw)[:40]))
        value = int(digits)
    if abs(value) > MAX_BIGINT:
        raise ValueError(_("That number is too large."))
    return _bounded(spec, value)


def number(spec: FieldSpec, raw: Any) -> Decimal:
    if isinstance(raw, bool):
        raise ValueError(_("A number is expected."))
    try:
        value = Decimal(unicodedata.normalize("NFKC", str(raw)).strip().replace(",", ""))
    except InvalidOperation:
        raise ValueError(_("“%(text)s” is no number.", text=str(raw)[:40])) from None
    digits, decimals = spec.digits
    if not value.is_finite() or value.adjusted() >= digits - decimals:
        raise ValueError(_("That number is too large."))
    if -int(value.normalize().as_tuple().exponent) > decimals:
        raise ValueError(_("At most %(n)s decimals.", n=decimals))
    return _bounded(spec, value)


def _bounded(spec: FieldSpec, value: Any) -> Any:
    if spec.min is not None and value < spec.min:
        raise ValueError(_("At least %(min)s.", min=spec.min))
    if spec.max is not None and value > spec.max:
        raise ValueError(_("At most %(max)s.", max=spec.max))
    return value


def amount(spec: FieldSpec, raw: Any, currency: str) -> int:
    """Minor units of an amount in major units (`"12.50"`); a JSON float is refused, for it has lost its cents."""
    if isinstance(raw, float | bool):
        raise ValueError(_('Write the amount as text, such as "12.50".'))
    minor = money.parse(str(raw), currency)
    if spec.min is not None and minor < spec.min:
        raise ValueError(_("At least %(min)s.", min=money.format(spec.min, currency)))
    if spec.max is not None and minor > spec.max:
        raise ValueError(_("At most %(max)s.", max=money.format(spec.max, currency)))
    return minor


def currency_code(spec: FieldSpec, raw: Any) -> str:
    code = str(raw).strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError(_("A currency is three letters, such as CNY."))
    return code


def boolean(spec: FieldSpec, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(_("Yes or no is expected."))


def choice(spec: FieldSpec, raw: Any) -> Any:
    """A member by its value, else by its label in the reader's language."""
    word = str(raw).strip()
    member = spec.choices.of(word) if spec.choices else None
    if member is None and spec.choices:
        member = next((m for m in spec.choices if str(m.label).casefold() == word.casefold()), None)
    if member is None:
        known = ", ".join(str(m.label) for m in spec.choices or ())
        raise ValueError(_("“%(text)s” is none of: %(known)s.", text=word[:40], known=known))
    return member


def date(spec: FieldSpec, raw: Any) -> dt.date:
    if isinstance(raw, dt.datetime):
        return clock.local(raw).date() if raw.tzinfo else raw.date()
    if isinstance(raw, dt.date):
        return raw
    word = unicodedata.normalize("NFKC", str(raw)).strip()
    for pattern in _DATES:
        try:
            return dt.datetime.strptime(word, pattern).date()
        except ValueError:
            continue
    raise ValueError(_("“%(text)s” is no date such as 2026-11-21.", text=word[:40]))


def instant(spec: FieldSpec, raw: Any) -> dt.datetime:
    """ISO 8601; without an offset it is the wall clock of the shop."""
    if isinstance(raw, dt.datetime):
        value = raw
    else:
        word = unicodedata.normalize("NFKC", str(raw)).strip().replace("/", "-")
        word = re.sub(r"\s*(UTC|Z)$", "+00:00", word)
        word = re.sub(r"\s+([+-]\d{2}):?(\d{2})$", r"\1:\2", word)
        try:
            value = dt.datetime.fromisoformat(word)
        except ValueError:
            value = _loose_instant(word)
    if value.tzinfo is None:
        value = value.replace(tzinfo=clock.zone())
    try:
        return value.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError(_("That date is out of range.")) from None


def _loose_instant(word: str) -> dt.datetime:
    for pattern in (
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d",
        "%d-%m-%Y %H:%M:%S",
        "%d-%m-%Y %H:%M",
        "%d-%m-%Y",
    ):
        try:
            return dt.datetime.strptime(word, pattern)
        except ValueError:
            continue
    raise ValueError(_("“%(text)s” is no time such as 2026-11-21 09:30.", text=word[:40]))


def reference(spec: FieldSpec, raw: Any) -> int:
    """The id of another row; whether it exists and may be seen is asked by `records`."""
    if isinstance(raw, dict):
        raw = raw.get("id")
    word = str(raw).strip()
    if isinstance(raw, bool) or not re.fullmatch(r"\d{1,10}", word) or not 0 < int(word) < 2**31:
        raise ValueError(_("Choose one from the list."))
    return int(word)


def references(spec: FieldSpec, raw: Any) -> list[int]:
    if isinstance(raw, str):
        raw = [part for part in raw.split(",") if part.strip()]
    if not isinstance(raw, list | tuple):
        raise ValueError(_("A list is expected."))
    return list(dict.fromkeys(reference(spec, part) for part in raw))


def json_value(spec: FieldSpec, raw: Any) -> Any:
    if not isinstance(raw, str):
        return raw
    try:
        return json.loads(raw)
    except ValueError as error:
        raise ValueError(_("This is no valid JSON: %(why)s", why=error)) from None


def child_rows(spec: FieldSpec, raw: Any) -> list[dict[str, Any]]:
    if not isinstance(raw, list) or not all(isinstance(row, dict) for row in raw):
        raise ValueError(_("A list of rows is expected."))
    return raw


BY_KIND: dict[str, Callable[..., Any]] = {
    "text": text, "longtext": text, "phone": text, "email": text, "url": text, "code": text, "integer": integer,
    "number": number, "currency": currency_code, "bool": boolean, "choice": choice, "date": date, "instant": instant,
    "ref": reference, "file": reference, "many": references, "json": json_value, "children": child_rows,
}  # fmt: skip
