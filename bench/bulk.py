"""Operations on many rows beside the ways of others: `python -m bench.bulk [quick] [postgresql]`.

Prices and refunds of 100,000 rows and their undo, an export of 1,000,000 orders, an import of a sheet of 100,000 rows; `quick`
takes a fifth, a tenth and a fifth of that. Everything runs on the same database in turns, each in a process of its own. The
seconds of the processor (with those of the database server) decide, for they are nearly the same whatever else the machine
does; those of the clock stand beside them. What was measured is left in bench/out/bulk.json, by engine.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from typing import Any

from bench import servers
from bench.servers import OUT, PEERS, PYTHON, ROOT, Databases, install_peers

ROWS, EXPORTED, ROUNDS = 100_000, 1_000_000, 3
Found = dict[str, dict[str, Any]]


class Bench:
    """One instance that is filled anew, and how a part is measured on it."""

    def __init__(self, databases: Databases, rows: int) -> None:
        self.databases, self.rows, self.found = databases, rows, dict[str, Any]()
        self.folder = OUT / f"bulk-{databases.engine}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.env, self.url = self.instance("bulk")

    def instance(self, name: str) -> tuple[dict[str, str], str]:
        """An empty database: (environment, address)."""
        home = self.folder / name
        env = self.databases.env(self.rows) | {"ZHANGGUI_HOME": str(home)}
        if self.databases.server is None:
            return env, f"sqlite:///{home / 'zhanggui.db'}"
        import psycopg

        with psycopg.connect(self.databases.server.get_uri(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
            connection.execute(f"CREATE DATABASE {name}")
        url = str(self.databases.server.get_uri(name)).replace("postgresql://", "postgresql+psycopg://")
        return env | {"DATABASE_URL": url, "BENCH_SERVER": str(self.databases.server.get_pid())}, url

    def fill(self, env: dict[str, str], program: str, rows: int) -> None:
        print(f"Filling {rows:,} rows by {program} on {self.databases.engine}.", flush=True)
        servers.run([sys.executable, "run.py", "setup"], cwd=ROOT, env=env)
        servers.run([sys.executable, "-m", program, rows], cwd=ROOT, env=env)

    def part(self, name: str, *command: Any, env: dict[str, str] | None = None, python: Any = sys.executable) -> dict[str, Any]:
        """Run a part and keep what it says under a name; a second time it is another round."""
        told = [str(python), *map(str, command)]
        done = subprocess.run(told, cwd=ROOT, env=env or self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(told)}\n{done.stderr[-3000:]}")
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        if "cpu" not in found:  # bench.exports tells nothing of the clock
            found["cpu"] = found.pop("seconds")
        found["rate"] = found["rows"] / found["cpu"]
        self.found.setdefault(name, []).append(found)
        clock = f", {found['seconds']:.1f} of the clock" if "seconds" in found else ""
        print(f"  {name}: {found['rows']:,} rows, {found['cpu']:.2f} s of the processor{clock}", flush=True)
        return found

    def middle(self, name: str, what: str = "cpu") -> float:
        """Of all rounds."""
        return float(statistics.median(one[what] for one in self.found[name]))


def operations(bench: Bench) -> None:
    parts = "bench.bulkparts"
    for _round in range(ROUNDS):
        bench.part("raw", "-m", parts, "raw", bench.url)
        bench.part("orm", "-m", parts, "orm", bench.url)
        run = bench.part("price", "-m", parts, "price")
        bench.part("price undo", "-m", parts, "undo", run["run"])
        bench.part("bare", "-m", parts, "bare", bench.url, bench.rows)
    if bench.databases.engine == "sqlite":
        bench.part("rows", "-m", "bench.bulkrows")
    run = bench.part("refund", "-m", parts, "refund")
    bench.part("refund undo", "-m", parts, "undo", run["run"])


def export(bench: Bench, count: int) -> None:
    (env, database), out = bench.instance("exports"), bench.folder
    bench.fill(env, "bench.fill", count)
    bench.part("bare csv", "-m", "bench.exports", "bare", database, out / "bare.csv", env=env)
    for kind in ("csv", "xlsx"):
        bench.part(f"export {kind}", "-m", "bench.bulkfiles", "export", kind, out / f"ours.{kind}", env=env)
    bench.part("openpyxl", "-m", "bench.exports", "openpyxl", database, out / "peer.xlsx", count // 20, env=env, python=PYTHON)


def bring_in(bench: Bench) -> None:
    sheet, files, most = bench.folder / "brands.xlsx", "bench.bulkfiles", bench.rows // 10
    servers.run([sys.executable, "-m", files, "sheet", sheet, bench.rows], cwd=ROOT, env=bench.env)
    servers.run([sys.executable, "-m", files, "known", bench.rows // 2], cwd=ROOT, env=bench.env)
    bench.part("read", "-m", files, "read", sheet)
    bench.part("import", "-m", "bench.bulkparts", "import", sheet)
    env = os.environ | {"BENCH_FILE": str(bench.folder / "peer.db")}
    bench.part("import-export", PEERS / "stock_import_export.py", sheet, most, env=env, python=PYTHON)


def goals(bench: Bench) -> list[tuple[str, str, str, bool]]:
    """(what, bound, reached, is it met)."""
    m, is_sqlite, first = bench.middle, bench.databases.engine == "sqlite", lambda name: bench.found[name][0]
    whole = 30 if is_sqlite else 60
    scale = ROWS / bench.rows
    against_orm, against_raw = m("price", "rate") / m("orm", "rate"), m("price", "rate") / m("raw", "rate")
    refunds, taken = m("refund") / m("bare"), m("refund", "seconds") * scale
    back, back_refunds = m("price undo") / m("price"), m("refund undo") / m("refund")
    csv_, xlsx = first("bare csv")["rate"] / first("export csv")["rate"], first("export xlsx")["rate"] / first("openpyxl")["rate"]
    peer = first("import-export")
    per_row = peer["cpu"] / peer["rows"] + peer["read"] / peer["rows_read"]
    ahead = per_row * first("import")["rows"] / first("import")["cpu"]
    memory = max(first(f"export {kind}")["uss_mb"] for kind in ("csv", "xlsx"))
    share = max(first(f"export {kind}")["pss_mb"] for kind in ("csv", "xlsx"))
    resident = max(first(f"export {kind}")["rss_mb"] for kind in ("csv", "xlsx"))
    return [
        ("price change / ORM loop that keeps nothing, rows a second", "at least 8", f"{against_orm:.1f}", against_orm >= 8),
        ("price change / raw UPDATE with an audit insert", "at least 0.35", f"{against_raw:.2f}", against_raw >= 0.35),
        ("refunds / bare chunked engine, time", "at most 1.6", f"{refunds:.1f}", refunds <= 1.6),
        (f"{ROWS:,} refunds by the clock", f"under {whole} s", f"{taken:.0f} s", taken < whole),
        (f"{ROWS:,} refunds by the processor", f"under {whole} s", f"{m('refund') * scale:.0f} s", m("refund") * scale < whole),
        ("undo of the price change / run", "at most 1.5", f"{back:.2f}", back <= 1.5),
        ("undo of the refunds / run", "at most 1.5", f"{back_refunds:.2f}", back_refunds <= 1.5),
        ("stock and books after refunds and undo", "add up", "they do" if sound(bench) else "they do not", sound(bench)),
        ("memory of an export, private (USS)", "under 150 MB", f"{memory:.0f} MB", memory < 150),
        ("the same, shared pages by halves (PSS)", "under 150 MB", f"{share:.0f} MB", share < 150),
        ("the same, with all that the parent holds (RSS)", "under 150 MB", f"{resident:.0f} MB", resident < 150),
        ("CSV / bare csv.writer, time", "at most 2", f"{csv_:.2f}", csv_ <= 2),
        ("XLSX / openpyxl in write-only mode, rows a second", "at least 3", f"{xlsx:.1f}", xlsx >= 3),
        ("import / django-import-export, rows a second", "at least 10", f"{ahead:.1f}", ahead >= 10),
        ("memory of the parser", "under 200 MB", f"{first('read')['peak_mb']:.0f} MB", first("read")["peak_mb"] < 200),
    ]


def sound(bench: Bench) -> bool:
    return not any(one["sums"]["wrong"] for name in ("refund", "refund undo") for one in bench.found[name])


LABELS = {
    "raw": "raw `UPDATE` by key ranges with an audit insert", "orm": "ORM loop that keeps nothing",
    "price": "our price change", "price undo": "its undo", "bare": "a bare chunked engine with ledger rows",
    "rows": "the rows of a refund alone, by hand",
    "refund": "our refunds", "refund undo": "their undo", "bare csv": "a bare `csv.writer`", "export csv": "our CSV",
    "export xlsx": "our XLSX", "openpyxl": "openpyxl in write-only mode",
    "read": "reading the sheet alone", "import": "our import, checked and upserted with history",
    "import-export": "django-import-export, without the reading",
}  # fmt: skip


def tables(bench: Bench) -> str:
    said = ["| what | rows | s of the processor | s of the clock | rows a second of the processor |", "|---|---:|---:|---:|---:|"]
    for name, label in LABELS.items():
        if name in bench.found:
            clock = f"{bench.middle(name, 'seconds'):.1f}" if "seconds" in bench.found[name][0] else ""
            rows = bench.found[name][0]["rows"]
            said.append(f"| {label} | {rows:,} | {bench.middle(name):.2f} | {clock} | {bench.middle(name, 'rate'):,.0f} |")
    said += ["", "| what | goal | reached |", "|---|---|---|"]
    for what, bound, reached, is_met in goals(bench):
        said.append(f"| {what} | {bound} | {reached}{'' if is_met else ', not met'} |")
    return "\n".join(said)


def main(arguments: list[str]) -> int:
    engine, quick = "postgresql" if "postgresql" in arguments else "sqlite", "quick" in arguments
    began, databases = time.monotonic(), None
    install_peers()
    try:
        databases = Databases(engine)
        bench = Bench(databases, ROWS // 5 if quick else ROWS)
        bench.fill(bench.env, "bench.bulkdata", bench.rows)
        operations(bench)
        bring_in(bench)
        export(bench, EXPORTED // 10 if quick else EXPORTED)
    finally:
        if databases is not None:
            databases.close()
    print(f"\n{tables(bench)}\n\n{time.monotonic() - began:.0f} s. Load of the machine at the end {os.getloadavg()[0]:.1f}.")
    path = OUT / "bulk.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept[engine] = {"rows": bench.rows, "load": os.getloadavg(), "parts": bench.found, "goals": goals(bench)}
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
