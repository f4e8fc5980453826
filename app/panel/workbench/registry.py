"""Cards, charts, to-dos and shortcuts of the home page, contributed by domains in their `tiles.py`.

    @workbench.card("sales.orders", _("Orders"), needs=("read", "orders.Order"), order=20)
    def orders(actor, scope): return Card(value="12", url="…")

Each names the right it needs; who lacks it never runs its queries. What it shows is limited by the row and field rules
that its own queries ask.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import current_app

from app.panel.core import menu, policy

Right = tuple[str, str]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Period:
    """A span of dates of the shop, both included, and the span of the same length before it."""

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        return Period(self.first - dt.timedelta(days=self.days), self.first - dt.timedelta(days=1))


@dataclass(frozen=True)
class Scope:
    """What the page is about: its period, and for each narrowing what was chosen of it ("" is everything)."""

    period: Period
    narrowed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Option:
    """One choice of a narrowing: what its address says, what a person reads, and under which heading."""

    value: str
    label: str
    group: str = ""


@dataclass(frozen=True)
class Change:
    """How a figure moved: `text` is `+12.5%`, `tone` success, danger or muted."""

    label: str
    text: str
    tone: str = "muted"


@dataclass(frozen=True)
class Card:
    """One figure. `help` says what it counts, `url` opens the rows behind it."""

    value: str
    changes: tuple[Change, ...] = ()
    help: str = ""
    url: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Todo:
    """How much waits somewhere; nothing is shown when it is 0. A `label` of its own stands instead of the tile's."""

    count: int
    url: str
    tone: str = ""
    label: str = ""


@dataclass(frozen=True)
class Tile:
    """A registered piece: `func(actor, scope)` of a card or chart, `func(actor)` of a to-do or narrowing, `func()` of a button."""

    key: str
    label: Any
    func: Callable[..., Any]
    needs: tuple[Right, ...]
    order: int = 100
    options: dict[str, Any] = field(default_factory=dict)
    gives: tuple[tuple[str, str], ...] = ()

    def allowed(self, actor: Any) -> bool:
        """May this person see it? Neither what he may not do nor a field that he may not see can be worked out of it."""
        if not all(policy.allowed(actor, verb, resource) for verb, resource in self.needs):
            return False
        return all(policy.fields(actor, resource).usable(name) for resource, name in self.gives)


CARDS: dict[str, Tile] = {}
CHARTS: dict[str, Tile] = {}
NARROWINGS: dict[str, Tile] = {}
TODOS: dict[str, Tile] = {}
SHORTCUTS: dict[str, Tile] = {}


def _register(
    shelf: dict[str, Tile], key: str, label: Any, needs: Any, order: int, gives: Any = (), **options: Any
) -> Callable[[F], F]:
    rights = (needs,) if needs and isinstance(needs[0], str) else tuple(needs)

    def add(func: F) -> F:
        if key in shelf:
            raise ValueError(f"the tile {key} is declared twice")
        shelf[key] = Tile(key, label, func, rights, order, options, tuple(gives))
        return func

    return add


def card(key: str, label: Any, *, needs: Any, order: int = 100, gives: Any = ()) -> Callable[[F], F]:
    """`func(actor, scope) -> Card | None`: a figure on top of the home page.

    :param gives: fields (`(("orders.Order", "total"),)`) that it gives away; who may not see one has no such card
    """
    return _register(CARDS, key, label, needs, order, gives)


def chart(
    key: str, label: Any, *, needs: Any, order: int = 100, wide: bool = False, gives: Any = ()
) -> Callable[[F], F]:
    """`func(actor, scope) -> Chart | None`: a chart over what the page shows; `gives` as a card's."""
    return _register(CHARTS, key, label, needs, order, gives, wide=wide)


def narrowing(key: str, label: Any, *, needs: Any, order: int = 100) -> Callable[[F], F]:
    """`func(actor) -> list[Option]`: something to which all figures of the page can be narrowed, by `?<key>=<value>`.

    `label` is what stands there while nothing is chosen. Only what the reader may see is offered; other values mean
    nothing.
    """
    return _register(NARROWINGS, key, label, needs, order)


def todo(key: str, label: Any, *, needs: Any, order: int = 100, gives: Any = ()) -> Callable[[F], F]:
    """`func(actor) -> Todo | list[Todo] | None`: work that waits for this person.

    :param gives: (resource, field) by which it counts: nothing is counted for whoever may not see one of them
    """
    return _register(TODOS, key, label, needs, order, gives)


def shortcut(key: str, label: Any, *, needs: Any, icon: str = "fa-bolt", order: int = 100) -> Callable[[F], F]:
    """`func() -> url`: a button to what is done all day."""
    return _register(SHORTCUTS, key, label, needs, order, icon=icon)


def shown(shelf: dict[str, Tile], actor: Any) -> list[Tile]:
    """The tiles of this application's domains that this person may see, in order; none that tells of a hidden module."""
    off = menu.modules_off(actor)
    here = tuple(f"{domain.package}." for domain in current_app.extensions["panel_domains"] if domain.key not in off)
    seen = (tile for tile in shelf.values() if tile.func.__module__.startswith(here) and tile.allowed(actor))
    told = (tile for tile in seen if not off or not off & {resource.partition(".")[0] for _verb, resource in tile.needs})
    return sorted(told, key=lambda tile: (tile.order, tile.key))
