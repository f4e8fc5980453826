"""What a console sends with a command, read with care: shared by all who add commands to a post."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext

from app.panel.core.errors import InvalidInput

Command = Callable[[int, dict[str, Any], Any, str], dict[str, Any]]
"""(session, what was sent, actor, key) → the answer."""


def number(raw: dict[str, Any], name: str) -> int:
    value = raw.get(name)
    if type(value) is not int or not 0 < value < 2**31:
        raise InvalidInput({name: gettext("Choose one from the list.")})
    return value


def maybe(raw: dict[str, Any], name: str) -> int | None:
    return number(raw, name) if raw.get(name) is not None else None


def words(raw: dict[str, Any], name: str) -> str:
    value = raw.get(name) or ""
    if not isinstance(value, str) or len(value) > 2000 or "\x00" in value:
        raise InvalidInput({name: gettext("This is too long.")})
    return value


def version(raw: dict[str, Any]) -> int | None:
    return maybe(raw, "version")


def about(raw: dict[str, Any]) -> int | None:
    """The item that a command named, whatever else it is about."""
    return raw["item"] if type(raw.get("item")) is int else None
