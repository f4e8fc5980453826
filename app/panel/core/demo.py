"""The demo: domains contribute rows to a world that is the same for the same seed and day. Set-based, so it is quick.

A part fills tables through `World.insert`, which numbers and stamps the rows; what must hold of rows that services
write (sums, journals, logs) must hold of these too, and a test asks.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy import func, insert, select, text

from app.panel.core import clock, policy, settings
from app.panel.core.actor import SYSTEM
from app.panel.core.changes import Change
from app.panel.core.db import PanelModel, db
from app.panel.core.errors import DomainError
from app.panel.core.history import HistoryEntry
from app.panel.core.transaction import transactional

CHUNK = 5000
MARK = "core.demo_seed"
settings.define(MARK, 0, label="", kind="integer", hidden=True)


@dataclass
class World:
    """What the parts share: one source of chance, the moment of now, and what earlier parts made."""

    seed: int
    scale: int
    now: dt.datetime
    random: random.Random
    made: dict[str, Any] = field(default_factory=dict)
    counters: dict[type[Any], int] = field(default_factory=dict)
    rows: dict[type[Any], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def today(self) -> dt.date:
        return clock.local(self.now).date()

    def number(self, model: type[Any]) -> int:
        """The next number of a table."""
        if model not in self.counters:
            self.counters[model] = int(db.session.scalar(select(func.max(model.id))) or 0)
        self.counters[model] += 1
        return self.counters[model]

    def add(self, model: type[Any], at: dt.datetime | None = None, **values: Any) -> dict[str, Any]:
        """Keep a row for `flush`; it has its number at once."""
        when = at or self.now
        row = {"id": self.number(model), **values}
        if issubclass(model, PanelModel):
            row |= {"version": 1, "created_at": when, "changed_at": when, "created_by_id": None, "changed_by_id": None}
        self.rows[model].append(row)
        return row

    def note(self, model: type[Any], key: int, verb: str, at: dt.datetime, actor: str = "demo") -> None:
        """A line in the trail of a row."""
        self.rows[HistoryEntry].append({
            "id": self.number(HistoryEntry), "at": at, "actor_id": None, "actor_name": actor, "verb": verb,
            "table": model.__tablename__, "key": key, "path": "demo", "run_id": None, "request_id": "", "why": "", "changes": {},
        })  # fmt: skip

    def flush(self, *order: type[Any]) -> None:
        """Write the kept rows of these tables, in this order; all that are left when none is named."""
        for model in order or list(self.rows):
            rows = self.rows.pop(model, [])
            for start in range(0, len(rows), CHUNK):
                db.session.execute(insert(model.__table__), rows[start : start + CHUNK])

    def tell(self, model: type[Any], keys: list[int]) -> None:
        """Tell the changed-rows feed of what was inserted."""
        for key in keys:
            self.rows[Change].append(
                {"id": self.number(Change), "table": model.__tablename__, "key": key, "kind": "insert", "at": self.now}
            )


Part = Callable[[World], None]
_parts: list[tuple[int, Part]] = []


def part(order: int) -> Callable[[Part], Part]:
    """Contribute to the demo. Lower orders first; keep to tens: setup 10, catalog 20, customers 30, orders 40."""

    def register(func_: Part) -> Part:
        _parts.append((order, func_))
        return func_

    return register


@transactional
def load(seed: int = 7, scale: int = 1, now: dt.datetime | None = None) -> World:
    """Fill an empty instance.

    :raises DomainError: when there are rows already: a demo never mixes with what somebody owns
    """
    if settings.setting(MARK):
        raise DomainError("The demo is loaded already.")
    world = World(seed, scale, (now or clock.now()).replace(microsecond=0), random.Random(seed))
    for _order, func_ in sorted(_parts, key=lambda entry: entry[0]):
        func_(world)
    world.flush()
    _advance_sequences(world)
    settings.store({MARK: seed}, actor=SYSTEM)
    return world


def _advance_sequences(world: World) -> None:
    """PostgreSQL counts by itself and does not see numbers that were given."""
    if db.session.connection().dialect.name != "postgresql":
        return
    for model, last in world.counters.items():
        name = f"{model.__tablename__}_id_seq"
        db.session.execute(text("SELECT setval(:name, :last)"), {"name": name, "last": last})


def is_loaded() -> bool:
    return bool(settings.setting(MARK))


@transactional
def remove(actor: Any) -> int:
    """Empty every table that domains fill, and the trails of its rows; accounts and settings stay. Returns the rows."""
    policy.authorize(actor, "write", settings.RESOURCE)
    gone = 0
    kept = ("ab_", "core_", "accounts_", "alembic_")
    tables = [table for table in reversed(db.metadata.sorted_tables) if not table.name.startswith(kept)]
    for table in tables:
        for column in table.columns:  # a tree points at itself: its rows let go of each other first
            if any(key.column.table is table for key in column.foreign_keys) and column.nullable:
                db.session.execute(table.update().values({column: None}))
        gone += int(db.session.execute(table.delete()).rowcount)  # type: ignore[attr-defined]
    names = [table.name for table in tables]
    for name in ("core_history", "core_change", "core_trash"):
        trail = db.metadata.tables[name]
        db.session.execute(trail.delete().where(trail.c["table"].in_(names)))
    settings.store({MARK: 0}, actor=actor)
    db.session.expire_all()
    return gone


@click.command("demo")
@click.option("--seed", default=7, show_default=True, help="The same seed on the same day makes the same shop.")
@click.option("--scale", default=1, show_default=True, type=click.IntRange(1, 100), help="Customers and orders, times this.")
@with_appcontext
def command(seed: int, scale: int) -> None:
    """Fill an empty instance with a living shop."""
    try:
        world = load(seed, scale)
    except DomainError as error:
        raise click.ClickException(error.message) from error
    counts = ", ".join(f"{count} {name}" for name, count in world.made.get("counts", {}).items())
    click.echo(f"The demo is loaded: {counts}.")


def init_app(app: Flask) -> None:
    app.cli.add_command(command)


def spread(chance: random.Random, weights: list[float], total: int) -> Iterator[int]:
    """`total` indexes drawn by weight, sorted."""
    yield from sorted(chance.choices(range(len(weights)), weights=weights, k=total))


__all__ = ["World", "init_app", "is_loaded", "load", "part", "remove", "spread"]
