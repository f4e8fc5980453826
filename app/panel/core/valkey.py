"""Connections to Valkey. It is a doorbell and a loudspeaker; the truth is in the database."""

from __future__ import annotations

from typing import Any

import redis
import redis.asyncio
from flask import Flask
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

QUICK = 1.0  # seconds: a request that cannot reach Valkey goes on without it


def client(app: Flask, *, timeout: float | None = QUICK) -> redis.Redis:
    """The client of this application for a given patience; None waits as long as the command does."""
    if not app.config.get("REDIS_URL"):
        raise redis.ConnectionError("there is no REDIS_URL")
    clients: dict[float | None, redis.Redis] = app.extensions.setdefault("panel_valkey", {})
    if timeout not in clients:
        clients[timeout] = redis.Redis.from_url(
            app.config["REDIS_URL"],
            socket_timeout=timeout,
            socket_connect_timeout=QUICK,
            retry=Retry(NoBackoff(), 1),  # one more try for a connection that the server had closed; never a wait
        )
    return clients[timeout]


def async_client(app: Flask) -> Any:
    """A client for one event loop; its owner closes it. It must not block for as long as ten seconds."""
    return redis.asyncio.Redis.from_url(
        app.config["REDIS_URL"], socket_connect_timeout=QUICK, socket_timeout=10.0, retry=AsyncRetry(NoBackoff(), 0)
    )
