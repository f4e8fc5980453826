"""Who wins: a draw that anybody can make again from its seed."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable


def new_seed() -> str:
    """32 random bytes as hexadecimal digits."""
    return secrets.token_hex(32)


def commitment(seed: str) -> str:
    """What is shown before the draw: nobody who knows it can tell the seed, and nobody can change the seed afterwards."""
    return hashlib.sha256(seed.encode()).hexdigest()


def winners(seed: str, takers: Iterable[str], count: int) -> list[str]:
    """`count` of the takers in the order of the draw: those whose SHA-256 of seed and key is the least.

    Each taker has one chance however often he is named, the order in which they are named does not matter, and whoever
    has the seed and the list can compute it again with any tool that knows SHA-256.
    """
    tickets = sorted((hashlib.sha256(f"{seed}\n{taker}".encode()).hexdigest(), taker) for taker in set(takers))
    return [taker for _ticket, taker in tickets[:count]]
