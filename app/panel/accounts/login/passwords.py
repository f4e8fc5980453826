"""How passwords are kept and which are good enough (SAFETY F22, F24, R22)."""

from __future__ import annotations

import functools
import importlib
import secrets
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask import current_app
from flask_babel import gettext

from app.panel.accounts import settings as settings
from app.panel.accounts.models import User
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.settings import setting

LONGEST = 256
LEAST_BESIDE_NAMES, SHORTEST_NAME = 8, 4
SCORE = 3  # of 4: "safely unguessable", 10^8 guesses and more
# OWASP's smallest setting; 19 MiB a hash is why only a few may run at once
COST = {"time_cost": 2, "memory_cost": 19_456, "parallelism": 1}
AT_ONCE, PATIENCE = 4, 10.0
_pool = threading.BoundedSemaphore(AT_ONCE)
# without letters and digits that look alike, for passwords that are read from a terminal
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_names: list[Callable[[], Iterable[str]]] = []


class Busy(DomainError):
    """All places of the hash pool are taken."""

    status = 503


@functools.lru_cache(maxsize=4)
def _hasher(**cost: int) -> PasswordHasher:
    return PasswordHasher(**cost)


@functools.lru_cache(maxsize=4)
def _nobody(**cost: int) -> str:
    """A hash that fits no password: what unknown users are measured against, at the same price."""
    return _hasher(**cost).hash(secrets.token_urlsafe(32))


def _cost() -> dict[str, int]:
    return current_app.config.get("PASSWORD_COST") or COST


def _pooled(work: Any, *args: Any) -> Any:
    if not _pool.acquire(timeout=PATIENCE):
        raise Busy(gettext("Too many people are logging in just now. Please try again."))
    try:
        return work(*args)
    finally:
        _pool.release()


def hash_password(password: str) -> str:
    return str(_pooled(_hasher(**_cost()).hash, password))


def matches(stored: str | None, password: str) -> bool:
    """Compare, and take the same time when there is nothing to compare with."""
    hasher, known = _hasher(**_cost()), bool(stored and stored.startswith("$argon2"))
    try:
        _pooled(hasher.verify, stored if known else _nobody(**_cost()), password[:LONGEST])
    except (Argon2Error, InvalidHashError):
        return False
    return known


def prepare() -> None:
    """Make the hash for unknown users before the first of them comes: making it costs as much as a check."""
    _nobody(**_cost())


def outdated(stored: str) -> bool:
    """Was it hashed at another price than today's?"""
    return _hasher(**_cost()).check_needs_rehash(stored)


def least_length() -> int:
    return int(setting("accounts.password_min"))


def check(password: str, *hints: str | None, field: str = "password") -> None:
    """Refuse what is short or easily guessed; no rule about kinds of characters (ASVS 6.2.5).

    :param hints: words that an attacker would try first, such as the person's own name
    :raises InvalidInput: with the sentence for `field`
    """
    if sentence := problem(password, [hint for hint in hints if hint]):
        raise InvalidInput({field: sentence})


def problem(password: str, hints: list[str]) -> str:
    """What is wrong with a new password, or ""."""
    if len(password) < least_length():
        return gettext("Use at least %(n)s characters. A short sentence is easy to remember.", n=least_length())
    if len(password) > LONGEST:
        return gettext("Use at most %(n)s characters.", n=LONGEST)
    if "\x00" in password:
        return gettext("This password holds a character that cannot be typed.")
    if password.lower() in _judge("zxcvbn.matching").RANKED_DICTIONARIES["passwords"]:
        return gettext("This password is on the list of those that are tried first.")
    known = [*hints, *(name for names in _names for name in names())]
    words = [part for hint in known for part in {hint, *hint.replace("@", " ").replace(".", " ").split()}]
    if len(_without(password, words)) < LEAST_BESIDE_NAMES:
        return gettext("This password is hardly more than a name that others know. Add another word or two.")
    if _judge("zxcvbn").zxcvbn(password[:72], user_inputs=words)["score"] < SCORE:
        return gettext("This password is easy to guess. Add another word or two.")
    return ""


def _without(password: str, words: list[str]) -> str:
    """What is left of it without these words; short ones stand in many others by chance."""
    left = password.lower()
    for word in sorted({word.lower() for word in words}, key=len, reverse=True):
        if len(word) >= (SHORTEST_NAME if word.isascii() else 2):
            left = left.replace(word, "")
    return left


def names_from(names: Callable[[], Iterable[str]]) -> Callable[[], Iterable[str]]:
    """Contribute words that everybody here knows, such as the names of the shops: a password of them is no secret."""
    _names.append(names)
    return names


@names_from
def names_of_the_panel() -> list[str]:
    host = urlsplit(current_app.config.get("PUBLIC_URL") or "").hostname or ""
    return [str(current_app.config.get("APP_NAME", "Zhanggui")), host]


def check_for(user: User, password: str, field: str = "password") -> None:
    check(password, user.username, user.first_name, user.last_name, user.email, field=field)


def generate() -> str:
    """A password for the first start and for the demo: 80 bits, easy to type."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def _judge(part: str) -> Any:
    """Loaded with the first password that somebody chooses: its dictionaries take 12 MB."""
    return importlib.import_module(part)
