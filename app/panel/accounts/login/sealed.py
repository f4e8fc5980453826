"""Secrets that must be read again lie sealed in the database; those that are only compared lie there as keyed digests.

Both keys come from SECRET_KEY, which is in no table and in no backup of one. With another SECRET_KEY nothing of it can be
read: people then enrol anew, after `flask accounts reset-two-step`.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import importlib
from typing import Any

from flask import current_app


class Unreadable(Exception):
    """It was sealed with another key, or changed."""


def seal(text: str, purpose: str) -> str:
    return str(_box(_key(purpose)).encrypt(text.encode()).decode())


def unseal(sealed: str, purpose: str) -> str:
    """:raises Unreadable: for what was not sealed here for this purpose"""
    try:
        return str(_box(_key(purpose)).decrypt(sealed.encode()).decode())
    except _fernet().InvalidToken as error:
        raise Unreadable(purpose) from error


def digest(text: str, purpose: str) -> str:
    """What is kept of a short secret: without the key nobody can try all of them against it."""
    return hmac.new(_key(purpose), text.encode(), hashlib.sha256).hexdigest()


def _key(purpose: str) -> bytes:
    secret = current_app.config["SECRET_KEY"]
    raw = secret.encode() if isinstance(secret, str) else secret
    return hmac.new(raw, f"zhanggui {purpose} v1".encode(), hashlib.sha256).digest()


@functools.lru_cache(maxsize=8)
def _box(key: bytes) -> Any:
    return _fernet().Fernet(base64.urlsafe_b64encode(key))


@functools.cache
def _fernet() -> Any:
    """Loaded with the first secret: most starts of a process meet none."""
    return importlib.import_module("cryptography.fernet")
