"""Signatures of what programs post to us, and the secrets behind them (SAFETY R21).

A secret is kept nowhere: it is the HMAC of a random number, which a table holds, under the key of the instance. So the
table alone signs nothing, and a new number is a new secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

TOLERANCE = 300  # seconds that a signature is good for, before and after


def secret_of(key: str | bytes, purpose: str, nonce: str) -> str:
    """The secret of `nonce` under the key of an instance; each purpose has secrets of its own."""
    material = key if isinstance(key, bytes) else key.encode()
    made = hmac.new(material, f"{purpose}:{nonce}".encode(), hashlib.sha256)
    return "zgs_" + base64.urlsafe_b64encode(made.digest()).decode().rstrip("=")


def signature(secret: str, head: str, body: bytes) -> str:
    """HMAC-SHA256 over `head`, a dot and the body, as hex."""
    return hmac.new(secret.encode(), f"{head}.".encode() + body, hashlib.sha256).hexdigest()


def fits(secrets: Sequence[str], head: str, body: bytes, given: str) -> bool:
    """Was it signed under one of these? Empty ones cost as much time and fit nothing, so that nobody learns which exist."""
    found = [hmac.compare_digest(signature(secret or "none", head, body), given) and secret != "" for secret in secrets]
    return any(found)


def is_fresh(seconds: int, now: float) -> bool:
    return abs(now - seconds) <= TOLERANCE
