"""Operations on many rows beside the ways of others: `python -m bench.bulk [quick | ROWS] [postgresql] [PART…]`.

Prices and refunds of 100,000 rows and their undo, an export of 1,000,000 orders, an import of a sheet of 100,000 rows; `quick`
takes a fifth of that. Everything runs on the same database in turns, each in a process of its own. The
seconds of the processor (with those of the database server) decide, for they are nearly the same whatever else the machine
does; those of the clock stand beside them. What was measured is left in bench/out/bulk.json, by engine. Parts are
prices, refunds, imports and exports; without one all are measured.
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
from run import FRUGAL

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
        """An empty database: (environment, address). The environment is that in which `run.py` starts the parts of an instance."""
        home = self.folder / name
        env = self.databases.env(self.rows) | FRUGAL | {"ZHANGGUI_HOME": str(home)}
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


def prices(bench: Bench) -> None:
    parts, reference, at = "bench.bulkparts", "bench.bulkreference", bench.url
    if bench.databases.engine == "sqlite":
        at = f"sqlite:///{bench.folder / 'reference.db'}"
    servers.run([sys.executable, "-m", reference, "fill", at], cwd=ROOT, env=bench.env)
    for _round in range(ROUNDS):
        bench.part("reference raw", "-m", reference, "raw", at, bench.rows)
        bench.part("reference orm", "-m", reference, "orm", at, bench.rows)
        bench.part("raw", "-m", parts, "raw", bench.url)
        bench.part("orm", "-m", parts, "orm", bench.url)
        run = bench.part("price", "-m", parts, "price")
        bench.part("price undo", "-m", parts, "undo", run["run"])


def refunds(bench: Bench) -> None:
    parts, at = "bench.bulkparts", bench.url
    if bench.databases.engine == "sqlite":
        at = f"sqlite:///{bench.folder / 'bare.db'}"  # as there, in a file of its own
    for _round in range(ROUNDS):
        bench.part("bare", "-m", "bench.bulkbare", "reference", at, bench.rows)
    bench.part("lean", "-m", "bench.bulkbare", "lean", at, bench.rows)
    bench.part("rows", "-m", "bench.bulkrows")
    run = bench.part("refund", "-m", parts, "refund")
    bench.part("refund undo", "-m", parts, "undo", run["run"])


def export(bench: Bench) -> None:
    count = bench.rows * (EXPORTED // ROWS)
    (env, database), out = bench.instance("exports"), bench.folder
    bench.fill(env, "bench.fill", count)
    for _round in range(ROUNDS):
        bench.part("bare csv", "-m", "bench.exports", "bare", database, out / "bare.csv", env=env)
        bench.part("export csv", "-m", "bench.bulkfiles", "export", "csv", out / "ours.csv", env=env)
    bench.part("export xlsx", "-m", "bench.bulkfiles", "export", "xlsx", out / "ours.xlsx", env=env)
    bench.part("openpyxl", "-m", "bench.exports", "openpyxl", database, out / "peer.xlsx", count // 20, env=env, python=PYTHON)


def bring_in(bench: Bench) -> None:
    sheet, files, most = bench.folder / "brands.xlsx", "bench.bulkfiles", bench.rows // 10
    servers.run([sys.executable, "-m", files, "sheet", sheet, bench.rows], cwd=ROOT, env=bench.env)
    servers.run([sys.executable, "-m", files, "known", bench.rows // 2], cwd=ROOT, env=bench.env)
    bench.part("read", "-m", files, "read", sheet)
    bench.part("import", "-m", "bench.bulkparts", "import", sheet)
    at = bench.url if bench.databases.server is not None else f"sqlite:///{bench.folder / 'peer.db'}"
    env = os.environ | {"BENCH_URL": at} | {name: told for name, told in bench.env.items() if name == "BENCH_SERVER"}
    bench.part("import-export", PEERS / "stock_import_export.py", sheet, most, env=env, python=PYTHON)


def goals(bench: Bench) -> list[tuple[str, str, str, bool]]:
    """(what, bound, reached, is it met)."""
    told = {"price": _prices_reached, "refund": _refunds_reached, "export csv": _exports_reached, "import": _imports_reached}
    return [goal for name, reached in told.items() if name in bench.found for goal in reached(bench)]


def _prices_reached(bench: Bench) -> list[tuple[str, str, str, bool]]:
    rate = {name: bench.middle(name, "rate") for name in ("price", "orm", "raw", "reference orm", "reference raw")}
    found = []
    for kind, least in (("orm", 8.0), ("raw", 0.35)):
        for name, of in ((f"reference {kind}", "the reference table"), (kind, "our own table")):
            reached, what = rate["price"] / rate[name], f"price change / {LABELS[kind]} on {of}, rows a second"
            found.append((what, f"at least {least:g}", f"{reached:.2f}", reached >= least))
    back = bench.middle("price undo") / bench.middle("price")
    return [*found, ("undo of the price change / run", "at most 1.5", f"{back:.2f}", back <= 1.5)]


def _refunds_reached(bench: Bench) -> list[tuple[str, str, str, bool]]:
    m, whole, scale = bench.middle, 30 if bench.databases.engine == "sqlite" else 60, ROWS / bench.rows
    ratio, taken, back = m("refund") / m("bare"), m("refund", "seconds") * scale, m("refund undo") / m("refund")
    clock, by_hand = m("refund", "seconds") / m("bare", "seconds"), m("refund") / m("rows")
    return [
        ("refunds / bare chunked engine, time", "at most 1.6", f"{ratio:.1f}", ratio <= 1.6),
        ("the same by the clock", "at most 1.6", f"{clock:.1f}", clock <= 1.6),
        ("refunds / a leaner engine, time", "no goal", f"{m('refund') / m('lean'):.1f}", True),
        (f"{ROWS:,} refunds by the clock", f"under {whole} s", f"{taken:.0f} s", taken < whole),
        (f"{ROWS:,} refunds by the processor", f"under {whole} s", f"{m('refund') * scale:.0f} s", m("refund") * scale < whole),
        ("refunds / a bare chunked loop that writes the same rows, time", "at most 1.6", f"{by_hand:.2f}", by_hand <= 1.6),
        ("undo of the refunds / run", "at most 1.5", f"{back:.2f}", back <= 1.5),
        ("stock and books after refunds and undo", "add up", "they do" if sound(bench) else "they do not", sound(bench)),
    ]


def _exports_reached(bench: Bench) -> list[tuple[str, str, str, bool]]:
    m, kinds = bench.middle, ("export csv", "export xlsx")
    csv_, xlsx = m("bare csv", "rate") / m("export csv", "rate"), m("export xlsx", "rate") / m("openpyxl", "rate")
    found = []
    for name, what in (
        ("added_mb", "memory of an export beyond the program that it is a fork of (RSS)"),
        ("uss_mb", "private memory of its process (USS)"),
        ("pss_mb", "the same, shared pages by halves (PSS)"), ("rss_mb", "the same, with all that the parent holds (RSS)"),
    ):  # fmt: skip
        most = max(m(kind, name) for kind in kinds)
        found.append((what, "under 150 MB", f"{most:.0f} MB", most < 150))
    return [
        *found,
        ("CSV / bare csv.writer, time", "at most 2", f"{csv_:.2f}", csv_ <= 2),
        ("XLSX / openpyxl in write-only mode, rows a second", "at least 3", f"{xlsx:.1f}", xlsx >= 3),
    ]


def _imports_reached(bench: Bench) -> list[tuple[str, str, str, bool]]:
    ours, first = bench.middle("import") / bench.found["import"][0]["rows"], lambda name: bench.found[name][0]
    peer = first("import-export")
    read = peer["read"] / peer["rows_read"]
    ahead, checked = ((read + spent / peer["rows"]) / ours for spent in (peer["cpu"], peer["cpu"] + peer["dry"]))
    peers = "import / django-import-export"
    return [
        (f"{peers}, rows a second", "at least 10", f"{ahead:.1f}", ahead >= 10),
        (f"{peers} with the dry run of its admin, rows a second", "at least 10", f"{checked:.1f}", checked >= 10),
        ("memory of the parser", "under 200 MB", f"{first('read')['peak_mb']:.0f} MB", first("read")["peak_mb"] < 200),
    ]


def sound(bench: Bench) -> bool:
    return not any(one["sums"]["wrong"] for name in ("refund", "refund undo") for one in bench.found[name])


LABELS = {
    "reference raw": "the reference: raw `UPDATE` of an indexed column with an audit insert",
    "reference orm": "the reference: ORM loop over an indexed column",
    "raw": "raw `UPDATE` by key ranges with an audit insert", "orm": "ORM loop that keeps nothing",
    "price": "our price change", "price undo": "its undo",
    "bare": "a bare chunked engine with ledger rows, as the goal was set from",
    "lean": "the same with numbers for keys and more room", "rows": "the same rows as ours, by a bare chunked loop",
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


PARTS = {"prices": prices, "refunds": refunds, "imports": bring_in, "exports": export}


def main(arguments: list[str]) -> int:
    engine = "postgresql" if "postgresql" in arguments else "sqlite"
    count = next((int(one) for one in arguments if one.isdecimal()), ROWS // 5 if "quick" in arguments else ROWS)
    began, databases = time.monotonic(), None
    chosen = [part for name, part in PARTS.items() if name in arguments] or list(PARTS.values())
    install_peers()
    try:
        databases = Databases(engine)
        bench = Bench(databases, count)
        bench.fill(bench.env, "bench.bulkdata", bench.rows)
        for part in chosen:
            part(bench)
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
