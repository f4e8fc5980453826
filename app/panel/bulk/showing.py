"""The first records as they will be: a plan's values kept with the check as JSON, and drawn for whoever reads them.

What is kept are values and no words, so that every reader sees them in his own language and in the time of the business.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.panel.core import cells, clock, money
from app.panel.core.choices import Choices


@dataclass(frozen=True)
class Amount:
    """An amount of money on its way to the page."""

    minor: int | None
    currency: str


def kept(value: Any) -> Any:
    """A value of `Plan.shown` as JSON holds it."""
    if isinstance(value, Amount):
        return {"minor": value.minor, "currency": value.currency} if value.minor is not None else None
    if isinstance(value, Choices):
        return {"choice": value.value, "of": _name(type(value))}
    if isinstance(value, dt.datetime):
        return {"at": value.astimezone(dt.UTC).isoformat()}
    if isinstance(value, dt.date):
        return {"on": value.isoformat()}
    if isinstance(value, list | tuple):
        return [kept(one) for one in value]
    return str(value) if isinstance(value, Decimal) else value


def cell(value: Any) -> cells.Cell:
    """What was kept, as the lists of the panel draw such a value."""
    if isinstance(value, list):
        found = [cell(one) for one in value]
        if found and all(one["kind"] == "money" for one in found):
            return {"kind": "money", "text": " – ".join(str(one["text"]) for one in found)}
        return cells.show([one["text"] for one in found], None)
    if not isinstance(value, dict):
        return cells.show(value, None)
    if "minor" in value:
        return {"kind": "money", "text": money.format(value["minor"], value["currency"])}
    if "at" in value:
        return cells.show(clock.from_iso(value["at"]), None)
    if "on" in value:
        return cells.show(clock.date_from_iso(value["on"]), None)
    return cells.show(_member(value), None)


def columns(first: Sequence[dict[str, Any]]) -> list[tuple[str, bool]]:
    """The names that occur, and whether the column holds figures."""
    names = dict.fromkeys(name for row in first for name in row["shown"])
    return [(name, any(_is_figure(row["shown"].get(name)) for row in first)) for name in names]


def has_times(first: Sequence[dict[str, Any]]) -> bool:
    return any(isinstance(value, dict) and "at" in value for row in first for value in row["shown"].values())


def _is_figure(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(_is_figure(one) for one in value)
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, dict) and "minor" in value)


def _name(choices: type[Choices]) -> str:
    return f"{choices.__module__}.{choices.__qualname__}"


def _member(value: dict[str, Any]) -> Any:
    choices = next((one for one in Choices.__subclasses__() if _name(one) == value.get("of")), None)
    word = value.get("choice", "")
    return (choices.of(word) if choices is not None else None) or word
