"""Rules about names, codes and pictures as pure functions: columns, services and pages all ask here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask_babel import gettext as _

from app.panel.core import clock

SHOP_NAME_LENGTH = (8, 12)
LOGO_SIDE = 400
CREDIT_CODE_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_CODE = re.compile(rf"[{CREDIT_CODE_CHARACTERS}]{{2}}\d{{6}}[{CREDIT_CODE_CHARACTERS}]{{10}}")
_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))


@dataclass(frozen=True)
class Finding:
    """Something that a rule has to say about a field; it warns unless the shop's settings make it block."""

    field: str
    sentence: str


def credit_code_digit(body: str) -> str:
    """Check character of the first 17 characters of a credit code (GB 32100-2015, 5.4: weights 3^i mod 31)."""
    total = sum(CREDIT_CODE_CHARACTERS.index(char) * weight for char, weight in zip(body, _WEIGHTS, strict=True))
    return CREDIT_CODE_CHARACTERS[(31 - total % 31) % 31]


def credit_code(value: str | None) -> None:
    """:raises ValueError: with a sentence, unless `value` is empty or a whole, correct credit code"""
    if not value:
        return
    if len(value) != 18:
        raise ValueError(_("A unified social credit code has 18 characters, not %(n)s.", n=len(value)))
    if not _CREDIT_CODE.fullmatch(value):
        raise ValueError(_("A unified social credit code has digits and capital letters without I, O, S, V and Z."))
    if credit_code_digit(value[:17]) != value[17]:
        raise ValueError(_("The check character of this credit code does not fit: please compare it with the licence."))


def zone(value: str | None) -> None:
    """:raises ValueError: unless empty or a zone such as `Asia/Shanghai`"""
    if value and not clock.is_zone(value):
        raise ValueError(_("“%(zone)s” is no time zone such as Asia/Shanghai.", zone=value))


def rare_characters(text: str) -> list[str]:
    """Characters outside the table of common characters (GB 2312, levels 1 and 2), in the order of appearance."""
    rare = []
    for char in text:
        try:
            char.encode("gb2312")
        except UnicodeEncodeError:
            rare.append(char)
    return list(dict.fromkeys(rare))


def shop_name_findings(name: str, core_keyword: str | None = "") -> list[Finding]:
    """What speaks against a shop name: its length, rare characters, a core keyword that it lacks."""
    findings = []
    low, high = SHOP_NAME_LENGTH
    name = name.strip()
    if not low <= len(name) <= high:
        findings.append(
            _("The name has %(n)s characters; %(low)s to %(high)s are found best.", n=len(name), low=low, high=high)
        )
    if rare := rare_characters(name):
        findings.append(_("Rare characters that few people can type: %(chars)s.", chars=" ".join(rare)))
    words = (core_keyword or "").split()
    if not words:
        findings.append(_("No core keyword is set: name the category and the brand that the name should hold."))
    missing = [word for word in words if word.casefold() not in name.casefold()]
    if missing:
        findings.append(_("The core keyword is missing: %(words)s.", words=", ".join(missing)))
    return [Finding("name", sentence) for sentence in findings]


def scope_lines(scope: str | None) -> list[str]:
    """Categories of a licence scope, as they are typed: one a line, or separated by commas or semicolons."""
    return [part.strip() for part in re.split(r"[\n;；,，、]", scope or "") if part.strip()]


def category_findings(main_category: str | None, scope: str | None) -> list[Finding]:
    """Does the business licence cover the main category? Silent while nobody has recorded a scope."""
    lines, category = scope_lines(scope), (main_category or "").strip()
    if not lines or not category:
        return []
    if any(category in line or line in category for line in lines):
        return []
    sentence = _("“%(category)s” is outside the scope of the business licence.", category=category)
    return [Finding("main_category", sentence)]


def logo_problem(width: int, height: int) -> str | None:
    """Why a picture cannot be a logo, or None."""
    if min(width, height) < LOGO_SIDE:
        return _(
            "The logo needs at least %(side)s × %(side)s pixels; this picture has %(w)s × %(h)s.",
            side=LOGO_SIDE, w=width, h=height,
        )
    if width != height:
        return _("The logo must be square; this picture has %(w)s × %(h)s. You can cut it.", w=width, h=height)
    return None


def crop_box(width: int, height: int, where: str = "middle") -> tuple[int, int, int, int]:
    """The largest square of a picture: at its start (left or top), its middle or its end."""
    side = min(width, height)
    spare = max(width, height) - side
    offset = {"start": 0, "middle": spare // 2, "end": spare}[where]
    left, top = (offset, 0) if width >= height else (0, offset)
    return left, top, left + side, top + side
