"""Codes of an app, by time (RFC 6238): six digits, half a minute each. They know no database."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from urllib.parse import quote, urlencode

STEP, DIGITS = 30, 6
DRIFT = 1  # steps that a clock may be wrong, to either side
SECRET_BYTES = 20


def new_secret() -> str:
    """As base32, for that is what apps take."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code(secret: str, step: int) -> str:
    """The code of a step of 30 seconds since 1970."""
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    start = mac[-1] & 15
    number = struct.unpack(">I", mac[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def step_at(seconds: float) -> int:
    return int(seconds // STEP)


def fitting_step(secret: str, typed: str, now: int, after: int) -> int | None:
    """The step near `now` whose code this is, if it comes later than the last one that was taken (a replay does not)."""
    found = [
        step for step in range(now - DRIFT, now + DRIFT + 1)
        if hmac.compare_digest(code(secret, step), typed) and step > after
    ]  # fmt: skip
    return found[0] if found else None


def address(secret: str, account: str, issuer: str) -> str:
    """What the picture says to the app."""
    options = urlencode({"secret": secret, "issuer": issuer, "digits": DIGITS, "period": STEP}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{issuer}:{account}')}?{options}"


def spaced(secret: str) -> str:
    """For whoever types it: in fours."""
    return " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))
