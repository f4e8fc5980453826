"""Rights that one person lends to another for a time. The policy asks here; who keeps them registers himself.

A use is one call of a service that asks for the right, with whatever it calls; reading is no use.
"""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import Select

from app.panel.core.db import db
from app.panel.core.transaction import FRAMES


class Keeper(Protocol):
    """Who keeps the lent rights. The core knows no accounts."""

    def rights(self) -> Select[Any]:
        """(verb, resource, number) of what is lent to `:user_id` at `:now`."""

    def stands(self, number: int) -> bool:
        """Does the lender hold it himself, still?"""

    def use(self, number: int, actor: Any, verb: str, resource: str) -> None:
        """Count one use, in the present transaction.

        :raises Forbidden: when none is left
        """

    def spend(self, number: int, actor: Any, amount: int, currency: str) -> None:
        """Count money moved by the use before.

        :raises Forbidden: when it is more than was lent
        """


_keepers: list[Keeper] = []


def kept_by(keeper: Keeper) -> Keeper:
    """Register who keeps lent rights."""
    _keepers[:] = [keeper]
    return keeper


def keeper() -> Keeper | None:
    return _keepers[0] if _keepers else None


def count(number: int, actor: Any, verb: str, resource: str) -> None:
    """Count a use, unless the service that runs, or one that called it, has counted it."""
    frames = db.session().info.get(FRAMES) or []
    if not frames or any(number in frame for frame in frames):
        return
    frames[-1].add(number)
    _keepers[0].use(number, actor, verb, resource)


def spend(number: int, actor: Any, amount: int, currency: str) -> None:
    _keepers[0].spend(number, actor, amount, currency)
