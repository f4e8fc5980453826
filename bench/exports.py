"""Exports of many orders: `python -m bench.exports [ORDERS]` fills an empty instance and writes its list of orders as CSV and
XLSX, each in a process of its own; prints seconds of the processor, rows a second and peak memory as JSON.

Beside them: a bare `csv.writer` over the cursor of the driver, with the same columns, and openpyxl's write-only mode over the
same cursor (for a tenth of the rows, in an environment that has openpyxl: BENCH_PEERS names its Python).
With DATABASE_URL it runs on PostgreSQL.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = (
    "number", "state", "shop.name", "channel.name", "creator_name", "buyer_name", "total", "refund_state", "placed_at", "paid_at",
)  # fmt: skip
BARE = (
    "SELECT o.number, o.state, s.name, c.name, o.creator_name, o.buyer_name, o.total, o.refund_state, o.placed_at, o.paid_at "
    "FROM orders_order o LEFT JOIN setup_shop s ON s.id = o.shop_id LEFT JOIN setup_channel c ON c.id = o.channel_id ORDER BY o.id"
)


def spent(began: float, count: int, **more: Any) -> str:
    seconds, used = time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"seconds": round(seconds, 2), "rows_a_second": int(count / seconds), "peak_mb": round(used), "rows": count}
    return json.dumps(found | more)


def ours(kind: str, path: Path) -> str:
    from app import create_app
    from app.panel.core.actor import SYSTEM
    from app.panel.exports import services

    app = create_app()
    with app.app_context():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        began, wish = time.process_time(), services.Wish("orders_order", list(COLUMNS), kind, {"sort": "id"})
        keys = services.numbers(wish, actor=SYSTEM)
        count = services.write(path, wish, keys, actor=SYSTEM)
        return spent(began, count, application_mb=round(before), megabytes=path.stat().st_size // 2**20)


def cursor(database: str) -> Any:
    if database.startswith("sqlite"):
        import sqlite3

        return sqlite3.connect(database.removeprefix("sqlite:///")).execute(BARE)
    import psycopg

    found = psycopg.connect(database.replace("+psycopg", "")).cursor("bare")
    found.itersize = 5000
    return found.execute(BARE)


def bare(database: str, path: Path) -> str:
    began, count, found = time.process_time(), 0, cursor(database)
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        out = csv.writer(file)
        while rows := found.fetchmany(5000):
            out.writerows(rows)
            count += len(rows)
    return spent(began, count)


def openpyxl(database: str, path: Path, most: int) -> str:
    from openpyxl import Workbook

    began, count, found = time.process_time(), 0, cursor(database)
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for count, row in enumerate(found, 1):
        sheet.append(row)
        if count == most:
            break
    book.save(path)
    return spent(began, count)


def run(command: list[str], env: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main(orders: int) -> None:
    home = Path(tempfile.mkdtemp(prefix="zhanggui-bench-"))
    database = os.environ.get("DATABASE_URL") or f"sqlite:///{home / 'home' / 'zhanggui.db'}"
    env = {**os.environ, "ZHANGGUI_HOME": str(home / "home"), "ZHANGGUI_ADMIN_PASSWORD": "bench of the long street 9"}
    env["DATABASE_URL"] = database
    subprocess.run([sys.executable, "run.py", "setup"], cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([sys.executable, "-m", "bench.fill", str(orders)], cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
    me, found = [sys.executable, "-m", "bench.exports"], {}
    found["bare csv.writer"] = run([*me, "bare", database, str(home / "bare.csv")], env)
    for kind in ("csv", "gb18030", "xlsx"):
        found[kind] = run([*me, "ours", kind, str(home / f"ours.{kind}")], env)
    if peers := os.environ.get("BENCH_PEERS"):
        other = [peers, "-m", "bench.exports", "openpyxl", database]
        found["openpyxl"] = run([*other, str(home / "peer.xlsx"), str(orders // 10)], env)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["ours", kind, path]:
            print(ours(kind, Path(path)))
        case ["bare", database, path]:
            print(bare(database, Path(path)))
        case ["openpyxl", database, path, most]:
            print(openpyxl(database, Path(path), int(most)))
        case [number]:
            main(int(number))
        case _:
            main(1_000_000)
