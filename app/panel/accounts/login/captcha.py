"""A riddle after a few failed log-ins (INVENTORY ACC-04). It asks no other server and needs no script.

Five digits in a picture, drawn by the package `captcha`; the same digits in words for whoever cannot see it, because a
picture alone shuts people out, and its spoken digits know English only. Proof of work in the browser was left aside: where
a shop has no TLS, browsers hide the hash functions that it needs. A picture stops no reader of pictures. It makes guessing
dear, and the limits behind it stay the wall: what it never does is to keep the owner of an account out.

Nothing is stored. The guest's signed cookie holds a random text, the digits are its keyed digest, so nobody else's riddle
fits. Each is good once, right or wrong, for ten minutes.
"""

from __future__ import annotations

import base64
import functools
import importlib
import secrets
import time
from dataclasses import dataclass
from typing import Any

from flask import session
from flask_babel import gettext

from app.panel.accounts import settings as settings
from app.panel.accounts.login import limits, sealed
from app.panel.core.errors import DomainError
from app.panel.core.security import network
from app.panel.core.settings import setting

KEY, PURPOSE = "captcha", "captcha"
LASTS, DIGITS = 600, 5
PICTURES = "60 per 10 minute"
WIDTH, HEIGHT = 200, 72
PAPER, INK = (255, 255, 255), (30, 60, 70)  # its own colours are often too pale to be read


class Unsolved(DomainError):
    status = 422

    def __init__(self) -> None:
        super().__init__(gettext("Please type the digits of the new picture, and your password once more."))


@dataclass(frozen=True)
class Riddle:
    """`picture` is an address with the picture in it, `words` are the same digits for a voice, when asked for."""

    picture: str
    words: str = ""


def is_needed(name: str, user_id: int) -> bool:
    """Have there been too many failures under this name, or from this network?"""
    most = int(setting("accounts.captcha_after"))
    return bool(most) and limits.has_failed(name, network(), user_id, most)


def new(*, in_words: bool = False) -> Riddle:
    """Another riddle for this guest; the one before is worthless.

    :raises limits.TooMany: for whoever collects pictures
    """
    limits.hit("captcha", PICTURES, network())
    session[KEY] = f"{int(time.time())}.{secrets.token_urlsafe(9)}"
    digits = _digits(session[KEY])
    return Riddle("", _spoken(digits)) if in_words else Riddle(_drawn(digits))


def check(typed: str) -> None:
    """Take the answer to this guest's riddle, which is spent by it.

    :raises Unsolved: for a wrong answer, an old riddle, and one that was answered before
    """
    asked = session.pop(KEY, None)
    made, _dot, _rest = asked.partition(".") if isinstance(asked, str) else ("", "", "")
    if not made.isdecimal() or time.time() - int(made) > LASTS or not _is_first(str(asked)):
        raise Unsolved
    if not secrets.compare_digest("".join(typed.split()).encode(), _digits(str(asked)).encode()):
        raise Unsolved


def _is_first(asked: str) -> bool:
    """An old cookie may be sent again, but its riddle is answered once."""
    try:
        limits.hit("captcha-used", "1 per 15 minute", sealed.digest(asked, PURPOSE))
    except limits.TooMany:
        return False
    return True


def _digits(asked: str) -> str:
    return f"{int(sealed.digest(asked, 'captcha digits'), 16) % 10**DIGITS:0{DIGITS}d}"


def _drawn(digits: str) -> str:
    picture = _painter().generate(digits, bg_color=PAPER, fg_color=INK).getvalue()
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def _spoken(digits: str) -> str:
    words = [
        gettext("zero"), gettext("one"), gettext("two"), gettext("three"), gettext("four"), gettext("five"), gettext("six"),
        gettext("seven"), gettext("eight"), gettext("nine"),
    ]  # fmt: skip
    return " ".join(words[int(digit)] for digit in digits)


@functools.cache
def _painter() -> Any:
    """Loaded with the first failure: it brings Pillow along."""
    return importlib.import_module("captcha.image").ImageCaptcha(width=WIDTH, height=HEIGHT)
