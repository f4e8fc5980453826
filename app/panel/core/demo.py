"""The demo: domains contribute rows to a world that is the same for the same seed and day. Set-based, so it is quick.

A part fills tables through `World.insert`, which numbers and stamps the rows; what must hold of rows that services
write (sums, journals, logs) must hold of these too, and a test asks.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy import func, insert, or_, select, text, true

from app.panel.core import chain, clock, domain, files, settings, trail, trailsets
from app.panel.core.actor import SYSTEM
from app.panel.core.changes import Change
from app.panel.core.db import PanelModel, db
from app.panel.core.errors import DomainError
from app.panel.core.finding import keeper
from app.panel.core.history import HistoryEntry
from app.panel.core.transaction import transactional

CHUNK = 5000
MARK = "core.demo"
TRAILS = ("core_history", "core_change", "core_trash")  # say by table and number whose they are
TOLD = ("core_notice", "core_idempotency")  # lead to rows by links and remembered answers
settings.define(MARK, None, label="", kind="json", hidden=True)


@dataclass
class World:
    """What the parts share: one source of chance, the moment of now, and what earlier parts made."""

    seed: int
    scale: float
    now: dt.datetime
    random: random.Random
    zone: dt.tzinfo = dt.UTC
    made: dict[str, Any] = field(default_factory=dict)
    counters: dict[type[Any], int] = field(default_factory=dict)
    rows: dict[type[Any], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def today(self) -> dt.date:
        return clock.local(self.now).date()

    def local(self, at: dt.datetime) -> dt.datetime:
        """An instant on the wall of the shop, whose zone was asked for once."""
        return at.astimezone(self.zone)

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

    def file(self, name: str, content: bytes, size: tuple[int, int], at: dt.datetime | None = None) -> int:
        """Keep a picture, a PNG; its number. The same seed gives it the same place."""
        token = hashlib.sha256(f"{self.seed}:{name}".encode()).hexdigest()[:40]
        path = files.path_of(token)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        row = self.add(
            files.File, at, token=token, name=name, mime="image/png", size=len(content), width=size[0], height=size[1],
            sha256=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
        return int(row["id"])

    def note(self, model: type[Any], key: int, verb: str, at: dt.datetime, actor: str = "demo") -> None:
        """A line in the trail of a row."""
        self.rows[HistoryEntry].append({
            "id": self.number(HistoryEntry), "at": at, "actor_id": None, "actor_name": actor, "verb": verb,
            "table": model.__tablename__, "key": key, "path": "demo", "run_id": None, "request_id": "", "why": "", "changes": {},
            "ip": "",
        })  # fmt: skip

    def flush(self, *order: type[Any]) -> None:
        """Write the kept rows of these tables, in this order; all that are left when none is named."""
        for model in order or list(self.rows):
            rows = self.rows.pop(model, [])
            for start in range(0, len(rows), CHUNK):
                _write(model.__table__, rows[start : start + CHUNK])

    def tell(self, model: type[Any], keys: list[int]) -> None:
        """Tell the changed-rows feed of what was inserted."""
        for key in keys:
            self.rows[Change].append(
                {"id": self.number(Change), "table": model.__tablename__, "key": key, "kind": "insert", "at": self.now}
            )


def _write(table: Any, rows: list[dict[str, Any]]) -> None:
    """Insert rows as the driver takes them. SQLAlchemy's own way looks at every value of every row several times."""
    connection = db.session.connection()
    compiled = insert(table).compile(dialect=connection.dialect, column_keys=list(rows[0]))
    if not compiled.positional or compiled.insert_prefetch:  # type: ignore[attr-defined]
        connection.execute(insert(table), rows)
        return
    names = list(compiled.positiontup or ())  # type: ignore[attr-defined]
    columns = [_bound(table.c[name].type, connection.dialect, [row[name] for row in rows]) for name in names]
    connection.exec_driver_sql(str(compiled), list(zip(*columns, strict=True)))


def _bound(kind: Any, dialect: Any, values: list[Any]) -> list[Any]:
    """The values of a column as the driver takes them; most stand there more than once, so each is turned but once."""
    turn = kind.dialect_impl(dialect).bind_processor(dialect)
    if turn is None:
        return values
    turned: dict[int, Any] = {}
    for value in values:
        if id(value) not in turned:  # the rows keep the values alive, so no two have the same id
            turned[id(value)] = turn(value)
    return [turned[id(value)] for value in values]


Part = Callable[[World], None]
_parts: list[tuple[int, Part]] = []
_leavings: list[Callable[[dict[str, int]], None]] = []
_afterwards: list[Callable[[Any], None]] = []


def part(order: int) -> Callable[[Part], Part]:
    """Contribute to the demo. Lower orders first; keep to tens: setup 10, catalog 20, customers 30, orders 40."""

    def register(func_: Part) -> Part:
        _parts.append((order, func_))
        return func_

    return register


def _gather() -> None:
    """Import what the domains contribute: hundreds of kB that nobody needs in a process that fills no demo."""
    for one in current_app.extensions["panel_domains"]:
        for module in domain.parts(one, "demo"):
            import_module(module)


def load(seed: int = 7, scale: float = 1, now: dt.datetime | None = None) -> World:
    """Fill an instance that has no rows of its own yet; each part is a transaction, so that others can write between.

    What a load that was broken off has left is removed first.

    :raises DomainError: when the demo is there already
    """
    if is_loaded():
        raise DomainError("The demo is loaded already.")
    if settings.setting(MARK):
        remove(SYSTEM)
    _gather()
    world = World(seed, scale, (now or clock.now()).replace(microsecond=0), random.Random(seed))
    _begin(world)
    for _order, func_ in sorted(_parts, key=lambda entry: entry[0]):
        _run(func_, world)
    _end()
    return world


@transactional
def _begin(world: World) -> None:
    """Remember which rows were there before: they stay when the demo goes."""
    kept = {}
    for table in db.metadata.sorted_tables:
        marked = func.max(table.c.id) if "id" in table.c else func.count()
        if isinstance(last := db.session.scalar(select(marked).select_from(table)), int) and last:
            kept[table.name] = last
    settings.store({MARK: {"seed": world.seed, "kept": kept, "whole": False}}, actor=SYSTEM)


@transactional
def _end() -> None:
    settings.store({MARK: {**settings.setting(MARK), "whole": True}}, actor=SYSTEM)
    keeper.all_anew()


@transactional
def _run(func_: Part, world: World) -> None:
    world.zone = clock.zone()
    func_(world)
    world.flush()
    _advance_sequences(world)
    world.counters.clear()  # services may write between two parts


def _tables() -> list[Any]:
    """The tables that domains fill, those that point at others first."""
    own = ("ab_", "core_", "accounts_", "alembic_", "bulk_", "notices_")
    return [table for table in reversed(db.metadata.sorted_tables) if not table.name.startswith(own)]


def _advance_sequences(world: World) -> None:
    """PostgreSQL counts by itself and does not see numbers that were given."""
    if db.session.connection().dialect.name != "postgresql":
        return
    for model, last in world.counters.items():
        name = f"{model.__tablename__}_id_seq"
        db.session.execute(text("SELECT setval(:name, :last)"), {"name": name, "last": last})


def is_loaded() -> bool:
    """Whether the demo is there, all of it."""
    return bool((settings.setting(MARK) or {}).get("whole"))


@transactional
def remove(actor: Any) -> int:
    """Empty every table that domains fill, with the trails and files of its rows; what was there before stays.

    What people entered while the demo stood goes too: their orders are orders of its products. Returns the number of
    rows that went.
    """
    _gather()
    mark = settings.setting(MARK) or {}
    kept = mark.get("kept", {}) if isinstance(mark, dict) else {}
    gone = 0
    for table in _tables():
        _let_go(table, kept)
    with trail.door(trail.DEMO):
        for table in _tables():
            gone += _deleted(table, _new(table, kept))
            for name in TRAILS:
                left = db.metadata.tables[name]
                _deleted(left, (left.c["table"] == table.name) & (left.c.key > kept.get(table.name, 0)))
    trailsets.forget_empty()
    chain.begin_again(kept.get(HistoryEntry.__tablename__, 0))
    for name in TOLD:
        _deleted(db.metadata.tables[name], db.metadata.tables[name].c.id > kept.get(name, 0))
    done = db.metadata.tables["core_outbox"]
    _deleted(done, (done.c.id > kept.get(done.name, 0)) & done.c.key.is_not(None) & (done.c.state == "done"))
    for clean in _leavings:
        clean(kept)
    files.forget_unused(newer_than=kept.get(files.File.__tablename__, 0))
    settings.store({MARK: None}, actor=actor)
    db.session.expire_all()
    keeper.all_anew()
    for func_ in _afterwards:
        func_(actor)
    return gone


def _deleted(table: Any, which: Any) -> int:
    return int(db.session.execute(table.delete().where(which)).rowcount)  # type: ignore[attr-defined]


def _new(table: Any, kept: dict[str, int]) -> Any:
    """Which rows came since: by their number, and, where rows have none, by what they point at."""
    if "id" in table.c:
        return table.c.id > kept.get(table.name, 0)
    if table.name not in kept:
        return true()
    return or_(*(column > kept.get(target, 0) for column, target in _pointers(table)))


def _let_go(table: Any, kept: dict[str, int]) -> None:
    """Rows that stay, and the rows of a tree that goes, point no more at what goes."""
    for column, target in _pointers(table):
        if column.nullable and "id" in table.c:
            stays = table.c.id <= kept.get(table.name, 0)
            which = column > kept.get(target, 0) if target == table.name else stays & (column > kept.get(target, 0))
            db.session.execute(table.update().where(which).values({column: None}))


def _pointers(table: Any) -> list[tuple[Any, str]]:
    """The columns that point at tables of domains, with the names of these."""
    domains = {other.name for other in _tables()}
    keys = [(column, key.column.table.name) for column in table.columns for key in column.foreign_keys]
    return [(column, target) for column, target in keys if target in domains]


def leaving(func_: Callable[[dict[str, int]], None]) -> Callable[[dict[str, int]], None]:
    """Contribute to what goes with the demo from tables that outlive it: `func_(the last number kept, by table)`."""
    _leavings.append(func_)
    return func_


def afterwards(func_: Callable[[Any], None]) -> Callable[[Any], None]:
    """Contribute to what an instance needs when its demo is gone."""
    _afterwards.append(func_)
    return func_


@click.command("demo")
@click.option("--seed", default=7, show_default=True, help="The same seed on the same day makes the same shop.")
@click.option(
    "--scale", default=1, show_default=True, type=click.IntRange(1, 100), help="Customers and orders, times this."
)
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


__all__ = ["World", "afterwards", "init_app", "is_loaded", "leaving", "load", "part", "remove", "spread"]
