"""What is measured of operations, each in a process of its own: `python -m bench.bulkparts WAY`, over the instance of ZHANGGUI_HOME
and DATABASE_URL; prints seconds of the clock and of the processor, that of the database server included, as JSON.

Ours: `price`, `refund`, `undo RUN`. Beside them, over the same tables and with the same safety of a commit: `raw`, an UPDATE by key
ranges with an audit INSERT … SELECT; `orm`, a loop over objects that keeps nothing. The bare engine that refunds are measured
against is in `bench.bulkbare`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Column, MetaData, Table, create_engine, event, select, text
from sqlalchemy.orm import Session, registry

CHUNK = 5_000


def server_seconds() -> float:
    """Of the processes of PostgreSQL, when there are any."""
    found = 0.0
    if "BENCH_SERVER" in os.environ:
        for one in psutil.Process(int(os.environ["BENCH_SERVER"])).children():
            try:
                times = one.cpu_times()
                found += times.user + times.system
            except psutil.Error:
                pass
    return found


def all_seconds() -> float:
    """Of this process, of those that it began and that have ended, and of the server."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime + server_seconds()


def measured(work: Callable[[], int], **more: Any) -> str:
    began, spent = time.monotonic(), all_seconds()
    count = work()
    found = {
        "rows": count, "seconds": time.monotonic() - began, "cpu": all_seconds() - spent,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip
    return json.dumps(found | {name: value() if callable(value) else value for name, value in more.items()})


def ours(way: str, given: str) -> str:
    from app import create_app
    from app.panel.bulk import loop
    from app.panel.bulk.engine import life
    from app.panel.bulk.engine.declaring import find
    from app.panel.bulk.engine.selecting import Selection
    from app.panel.bulk.models import Run
    from app.panel.core.actor import SYSTEM
    from app.panel.core.db import db

    values: dict[str, dict[str, Any]] = {
        "price": {"how": "percent", "value": int(given or 500), "ending": "", "currency": "CNY", "margin": None},
        "refund": {"how": "all", "value": 0, "currency": "CNY", "reason": "other", "restock": False, "note": ""},
    }
    keys = {"price": "catalog.change_price", "refund": "orders.refund"}
    app = create_app()
    with app.app_context():
        if way == "undo":
            run = life.take_back(db.session.get_one(Run, int(given)), actor=SYSTEM)
            looked = 0.0
        else:
            began = time.process_time()
            run = life.prepare(find(keys[way]), Selection(), values[way], actor=SYSTEM)  # type: ignore[arg-type]
            life.look(run, actor=SYSTEM)
            loop.work_off(run.id)
            looked = time.process_time() - began
            life.start(run.id, actor=SYSTEM)
        number = run.id

        def work() -> int:
            loop.work_off(number)
            return db.session.get_one(Run, number, populate_existing=True).changed

        return measured(work, run=number, preview_cpu=looked, sums=sums)


def bring_in(path: str) -> str:
    """A sheet, as the command line brings it in: checked, written and put on the trail in one go."""
    from app import create_app
    from app.panel.bulk import drafts, loop, runs, store
    from app.panel.bulk.models import Run
    from app.panel.core.actor import SYSTEM
    from app.panel.core.db import db

    columns = {name: name for name in ("name", "slug", "country", "website")}
    params = {"mapping": {"columns": columns, "key": ["name"], "decimal": ""}, "options": {}}
    app, ends = create_app(), dict[str, int]()

    def work() -> int:
        with Path(path).open("rb") as file:
            run = drafts.prepare(store.keep(file, "brands.xlsx"), actor=SYSTEM, importer="table:catalog.Brand", params=params)
        runs.ask_start(run.id, actor=SYSTEM, unchecked=True)
        loop.work_off(run.id)
        run = db.session.get_one(Run, run.id, populate_existing=True)
        ends.update(new=run.new, changed=run.changed, same=run.same, refused=run.refused)
        return run.new + run.changed

    with app.app_context():
        return measured(work, ends=lambda: ends)


def sums() -> dict[str, Any]:
    """Whether stock and books add up, asked behind what is measured."""
    from app.shop.finance import services as finance
    from app.shop.inventory import services as inventory

    return {"wrong": [str(one) for one in [*inventory.verify()[:3], *finance.verify()[:3]]]}


def engine_of(url: str) -> Any:
    found = create_engine(url)
    if url.startswith("sqlite"):

        @event.listens_for(found, "connect")
        def settings(connection: Any, _record: Any) -> None:  # those of the application
            connection.isolation_level = None
            for one in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536", "wal_autocheckpoint=4000"):
                connection.execute(f"PRAGMA {one}")

        @event.listens_for(found, "begin")
        def begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return found


def raw(url: str) -> str:
    engine = engine_of(url)
    with engine.begin() as c:
        key = "bigserial" if c.dialect.name == "postgresql" else "integer"
        c.execute(text("DROP TABLE IF EXISTS bench_audit"))
        columns = f"id {key} PRIMARY KEY, tbl varchar(40), row_id integer, verb varchar(10), old bigint, new bigint"
        c.execute(text(f"CREATE TABLE bench_audit({columns})"))
        last = c.scalar(text("SELECT max(id) FROM catalog_sku"))

    told = text(
        "INSERT INTO bench_audit(tbl, row_id, verb, old, new) SELECT 'catalog_sku', id, 'update', price, price + 1 "
        "FROM catalog_sku WHERE id BETWEEN :a AND :b"
    )

    def work() -> int:
        count = 0
        for low in range(1, last + 1, CHUNK):
            where = {"a": low, "b": low + CHUNK - 1}
            with engine.begin() as c:
                c.execute(told, where)
                count += c.execute(text("UPDATE catalog_sku SET price = price + 1 WHERE id BETWEEN :a AND :b"), where).rowcount
        return count

    return measured(work)


def orm(url: str) -> str:
    engine, mapped = engine_of(url), registry()
    known = Table("catalog_sku", MetaData(), autoload_with=engine, resolve_fks=False)
    columns = [Column(one.name, one.type, primary_key=one.primary_key) for one in known.columns]
    table = Table("catalog_sku", mapped.metadata, *columns)

    class Sku:
        pass

    mapped.map_imperatively(Sku, table)
    with engine.connect() as c:
        last = c.scalar(text("SELECT max(id) FROM catalog_sku"))

    def work() -> int:
        count = 0
        for low in range(1, last + 1, CHUNK):
            with Session(engine) as session:
                for sku in session.scalars(select(Sku).where(table.c.id.between(low, low + CHUNK - 1))):
                    sku.price += 1  # type: ignore[attr-defined]
                    count += 1
                session.commit()
        return count

    return measured(work)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["import", path]:
            print(bring_in(path))
        case ["raw", url]:
            print(raw(url))
        case ["orm", url]:
            print(orm(url))
        case [way, *more]:
            print(ours(way, more[0] if more else ""))
