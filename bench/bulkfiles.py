"""Files of an operation's rows, each in a process of its own: `python -m bench.bulkfiles WAY`, printed as JSON.

`export KIND PATH`: the list of orders, in a fork of the loaded application, as a worker makes it: beside the peak of the
process stand its private memory (USS) and its share of what it has in common with its parent (PSS), sampled while it writes.
`read PATH`: reading a sheet alone. `sheet PATH ROWS`: the file that is imported.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from bench.exports import COLUMNS

EVERY = 0.2


class Sampled:
    """The most memory of this process while something is done, in MB."""

    def __init__(self) -> None:
        self.most = {"uss_mb": 0.0, "pss_mb": 0.0, "rss_mb": 0.0}
        self.spent = 0.0  # by looking, which is not what an export costs
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        process = psutil.Process()
        while not self.over.wait(EVERY):
            found = process.memory_full_info()
            for name, value in (("uss_mb", found.uss), ("pss_mb", found.pss), ("rss_mb", found.rss)):
                self.most[name] = max(self.most[name], value / 2**20)
            self.spent = time.thread_time()

    def __enter__(self) -> Sampled:
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        self.thread.join()


def export(kind: str, path: Path) -> None:
    os.environ["ZHANGGUI_PART"] = "background"  # whose forks work; another one would have Alembic too
    from app import create_app
    from app.panel.core.actor import SYSTEM
    from app.panel.exports import services

    app = create_app()
    told, tell = os.pipe()
    if os.fork() == 0:
        begun = psutil.Process().memory_info().rss / 2**20
        with app.app_context(), Sampled() as memory:
            began, clock = time.process_time(), time.monotonic()
            wish = services.Wish("orders_order", list(COLUMNS), kind, {"sort": "id"})
            count = services.write(path, wish, services.numbers(wish, actor=SYSTEM), actor=SYSTEM)
            found = {"rows": count, "seconds": time.monotonic() - clock, "cpu": time.process_time() - began - memory.spent}
        found["added_mb"] = max(0.0, memory.most["rss_mb"] - begun)
        os.write(tell, json.dumps(found | memory.most).encode())
        os._exit(0)
    os.close(tell)
    with os.fdopen(told, "rb") as pipe:
        print(pipe.read().decode())
    os.wait()


def sheet(path: Path, count: int) -> None:
    """Names of which the first half is known already, with other values than are stored."""
    from rustpy_xlsxwriter import write_worksheet

    def rows() -> Any:
        for n in range(1, count + 1):
            yield {"name": f"Brand {n}", "slug": f"brand-{n}", "country": f"Country {n % 190}", "website": f"https://b{n}.example.org"}

    write_worksheet(rows(), str(path), "Brands")


def known(count: int) -> None:
    """The rows that are there before."""
    from app import create_app
    from app.panel.core import clock, rows
    from app.panel.core.transaction import transactional
    from app.shop.catalog.models import Brand

    @transactional
    def fill() -> None:
        now = {"created_at": clock.now(), "changed_at": clock.now()}
        rows.insert_many(Brand.__table__, [{"name": f"Brand {n}", "slug": f"old-{n}"} for n in range(1, count + 1)], now)

    with create_app().app_context():
        fill()


def read(path: Path) -> None:
    """The parser is a process of its own; how much memory that one took."""
    from app.panel.bulk.source import Source

    with Source(path) as source:
        count = sum(1 for _row in source.rows())
    used, child = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = used.ru_utime + used.ru_stime + child.ru_utime + child.ru_stime
    print(json.dumps({"rows": count, "cpu": spent, "peak_mb": child.ru_maxrss / 1024}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["export", kind, path]:
            export(kind, Path(path))
        case ["sheet", path, count]:
            sheet(Path(path), int(count))
        case ["known", count]:
            known(int(count))
        case ["read", path]:
            read(Path(path))
