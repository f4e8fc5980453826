"""How often somebody may try a password (SAFETY F21, R22).

Counted per account and network, so that a stranger cannot lock the owner out: the owner comes from elsewhere. A flood
from many networks is slowed per account too, except for networks from which that person has logged in before. A browser in
which he has logged in before has a count of its own, so that not even whoever sits beside him can lock him out. Every lock
ends by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import time
from collections.abc import Callable
from typing import Any

from flask import current_app
from flask_babel import gettext
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError
from sqlalchemy import exists, select

from app.panel.accounts.models import LoginEvent, LoginResult
from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.errors import DomainError

log = logging.getLogger(__name__)
RULES = {
    "account-network": "5 per 5 minute",
    "network": "60 per 5 minute",
    "account": "12 per 15 minute",
    "device": "5 per 5 minute",
}
KNOWN_FOR = dt.timedelta(days=90)
_memory = FixedWindowRateLimiter(MemoryStorage())


class TooMany(DomainError):
    """Come back in `retry_after` seconds."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        self.retry_after = max(1, retry_after)
        minutes = -(-self.retry_after // 60)
        super().__init__(gettext("Too many attempts. Please try again in %(n)s minutes.", n=minutes))


def headers_of(error: DomainError) -> dict[str, str]:
    """When to come back, for an answer that is a page of its own."""
    return {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else {}


def rule(name: str) -> RateLimitItem:
    return parse({**RULES, **current_app.config.get("LOGIN_LIMITS", {})}[name])


def before_login(account: str, network: str, user_id: int, device_id: int | None = None) -> None:
    """Count an attempt, before anything expensive happens. A stranger has the number 0, and is asked about like everybody.

    :param device_id: the browser, if this person has logged in with it before
    :raises TooMany: when one of the limits is used up
    """
    keys = _keys(account, network) if device_id is None else _keys_of_device(account, device_id)
    is_here = device_id is None and is_known_network(user_id, network)
    for name, key in keys.items():
        item = rule(name)
        if is_here and name == "account":
            _call("test", item, key)  # of what others try under his name he is free; it costs what a count costs
        elif not _call("hit", item, key):
            raise TooMany(int(_call("get_window_stats", item, key).reset_time - time.time()))


def after_success(account: str, network: str, most: int = 0, device_id: int | None = None) -> None:
    """A good password clears what was counted for this person here."""
    keys = _keys(account, network) | (_keys_of_device(account, device_id) if device_id is not None else {})
    for name, key in keys.items():
        if name != "network":
            _call("clear", rule(name), key)
    for item, key in _failures(account, network, most)[:2] if most else ():
        _call("clear", item, key)


def count_failure(account: str, network: str, most: int) -> None:
    """Note a failed log-in for the captcha."""
    for item, key in _failures(account, network, most):
        _call("hit", item, key)


def has_failed(account: str, network: str, user_id: int, most: int) -> bool:
    """Were there `most` failures under this name, or five times as many from this network, within the hour?

    Who comes from where he has logged in before is not asked for what others have tried under his name.
    """
    counted = _failures(account, network, most)
    if is_known_network(user_id, network):
        here = parse(f"{most} per hour"), f"failed:{named(account)}:{network}"
        counted = [here, counted[-1]]
    return not all(_call("test", item, key) for item, key in counted)


def named(account: str) -> str:
    """Names as typed are often passwords, so Valkey gets only their hash."""
    return hashlib.sha256(account.strip().lower().encode()).hexdigest()[:32]


def _failures(account: str, network: str, most: int) -> list[tuple[RateLimitItem, str]]:
    few, many, who = parse(f"{most} per hour"), parse(f"{most * 5} per hour"), named(account)
    return [(few, f"failed:{who}"), (few, f"failed:{who}:{network}"), (many, f"failed:{network}")]


def hit(name: str, limit: str, *keys: str) -> None:
    """A limit of another door (one-time links, first run, reveal).

    :raises TooMany: when it is used up
    """
    item, key = parse(limit), ":".join((name, *keys))
    if not _call("hit", item, key):
        raise TooMany(int(_call("get_window_stats", item, key).reset_time - time.time()))


def is_known_network(user_id: int, network: str) -> bool:
    """Has this person logged in from there lately?"""
    return bool(
        db.session.scalar(
            select(
                exists().where(
                    LoginEvent.user_id == user_id, LoginEvent.ip == network, LoginEvent.result == LoginResult.SUCCESS,
                    LoginEvent.at > clock.now() - KNOWN_FOR,
                )
            )
        )
    )  # fmt: skip


def _keys(account: str, network: str) -> dict[str, str]:
    who = named(account)
    return {"network": f"login:{network}", "account-network": f"login:{who}:{network}", "account": f"login:{who}"}


def _keys_of_device(account: str, device_id: int) -> dict[str, str]:
    return {"device": f"login:{named(account)}:device:{device_id}"}


def _call(method: str, item: RateLimitItem, key: str) -> Any:
    """Ask Valkey, and this process's memory while Valkey is away."""
    call: Callable[..., Any]
    try:
        call = getattr(current_app.extensions["appbuilder"].sm.limiter.limiter, method)
        return call(item, key)
    except (RedisError, StorageError, OSError) as error:
        log.warning("limits are kept in memory: %s", error)
        return getattr(_memory, method)(item, key)
