"""How tracking numbers look, in a spelling that a shopkeeper can read: `SF#{12,13}` is SF and 12 or 13 digits.

`#` is a digit, `@` a letter, `*` either of them; `{12}` or `{10,12}` behind one says how many. Several are told apart by blanks.
Whatever is written here is matched in time that grows with the length of the number, for nothing in it can be repeated but
one sign at a time, and a number of times that is bounded.
"""

from __future__ import annotations

import functools
import re

from flask_babel import gettext as _

KINDS = {"#": "[0-9]", "@": "[A-Z]", "*": "[0-9A-Z]"}
PART = re.compile(r"([#@*])(?:\{(\d{1,2})(?:,(\d{1,2}))?\})?|([0-9A-Za-z-])")
LONGEST = 40


def normal(number: str) -> str:
    """A number as it is kept: no blanks, capital letters."""
    return "".join(number.split()).upper()


def fits(formats: str | None, number: str) -> bool:
    """Does a number look like one of these? Where nothing is said, every number does."""
    return not (formats or "").split() or any(_pattern(one).fullmatch(number) for one in (formats or "").split())


def check(formats: str) -> str:
    """What was typed, when all of it can be read.

    :raises ValueError: with the part that cannot
    """
    for one in formats.split():
        if PART.sub("", one) or sum(most for _least, most in _lengths(one)) > LONGEST or any(a > b for a, b in _lengths(one)):
            raise ValueError(_("“%(part)s” is not a format of numbers.", part=one[:40]))
    return formats


def example(formats: str | None, digits: str) -> str:
    """A number that fits, made of these digits; one of twelve digits where nothing is said."""
    chosen = ((formats or "").split() or ["#{12}"])[0]
    source = iter(digits)

    def spell(found: re.Match[str]) -> str:
        sign, least, _most, plain = found.groups()
        return plain or "".join("X" if sign == "@" else next(source) for _place in range(int(least or 1)))

    return PART.sub(spell, chosen)


def _lengths(one: str) -> list[tuple[int, int]]:
    return [(int(least or 1), int(most or least or 1)) for _sign, least, most, _plain in PART.findall(one)]


@functools.lru_cache(maxsize=200)
def _pattern(one: str) -> re.Pattern[str]:
    def turn(found: re.Match[str]) -> str:
        sign, least, most, plain = found.groups()
        if plain:
            return re.escape(plain.upper())
        return KINDS[sign] + (f"{{{least},{most}}}" if most else f"{{{least}}}" if least else "")

    return re.compile(PART.sub(turn, one))
