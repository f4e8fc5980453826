"""What became of background work, counted in Valkey.

A work-horse lives for one piece of work, so counters in files of its own would be one file a job. Valkey keeps them for all
of them; when it is empty again they begin anew, as counters may.
"""

from __future__ import annotations

import contextlib
from typing import Any

from flask import Flask, current_app
from redis.exceptions import RedisError

from app.panel.core import valkey

COUNTS, SECONDS = "panel:work", "panel:work-seconds"


def note_work(name: str, result: str, seconds: float) -> None:
    """Count one piece of work. Nothing happens while Valkey is away: figures are no reason to fail."""
    with contextlib.suppress(RedisError):
        pipe = valkey.client(current_app._get_current_object()).pipeline(transaction=False)  # type: ignore[attr-defined]
        pipe.hincrby(COUNTS, f"{result} {name}", 1)
        pipe.hincrbyfloat(SECONDS, name, seconds)
        pipe.execute()


def work(app: Flask) -> tuple[dict[tuple[str, str], int], dict[str, float]]:
    """How often each (name, result) came, and how many seconds each name took."""
    client: Any = valkey.client(app)
    counts = {}
    for key, count in client.hgetall(COUNTS).items():
        result, _, name = key.decode().partition(" ")
        counts[name, result] = int(count)
    return counts, {name.decode(): float(total) for name, total in client.hgetall(SECONDS).items()}
