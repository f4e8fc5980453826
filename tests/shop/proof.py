"""The proof on real files: each brought in twice, its rows accounted for, its sums made again by csv and Decimal alone.

`python -m tests.shop.proof` prints the table of docs/figures.md. The files are looked for under ZHANGGUI_DATA, else in
`shared/data` beside the checkout; several of them may not be handed on, so none is part of this repository.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from tests import conftest

ROOT = Path(__file__).parents[2]
ENCODINGS = {"30.09.25.ventas.csv": "latin-1", "订单表_gbk.csv": "gb18030"}


@dataclass
class Line:
    """One file: what we say, what csv and Decimal say, and what the second time says."""

    file: str
    layout: str
    rows: int
    counts: dict[str, int]
    again: dict[str, int]
    sums: dict[str, Decimal]
    expected: dict[str, Decimal]
    expected_rows: int
    expected_records: int
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def judge(self) -> Line:
        if self.rows != self.expected_rows:
            self.wrong.append(f"{self.rows} rows, not {self.expected_rows}")
        if sum(self.counts.values()) != self.expected_records:
            self.wrong.append(f"{sum(self.counts.values())} records, not {self.expected_records}")
        if self.again["new"] or self.again["changed"]:
            self.wrong.append(f"the second time: {self.again}")
        for name, amount in self.expected.items():
            if self.sums.get(name, Decimal(0)) != amount:
                self.wrong.append(f"{name} {self.sums.get(name)}, not {amount}")
        return self


def folder() -> Path | None:
    """Where the real files are, or None."""
    for path in (Path(os.environ.get("ZHANGGUI_DATA", "/nonexistent")), ROOT.parent / "shared" / "data"):
        if (path / "shopify-orders").is_dir():
            return path
    return None


def files(data: Path) -> list[Path]:
    return [
        *sorted((data / "shopify-orders").glob("orders_export*.csv")), *sorted((data / "shopify-products").glob("*.csv")),
        *sorted((data / "shopify-products" / "2017").glob("*.csv")), data / "woocommerce" / "sample_products.csv",
        *sorted((data / "cn-orders").glob("tmall_order_report*.csv")),
    ]  # fmt: skip


def raw(path: Path) -> list[dict[str, str]]:
    with path.open(encoding=ENCODINGS.get(path.name, "utf-8-sig"), newline="") as file:
        return list(csv.DictReader(file))


def amount(row: dict[str, str], name: str) -> Decimal:
    return Decimal(row[name].strip() or "0")


def expectation(path: Path) -> tuple[int, int, dict[str, Decimal]]:
    """(rows, records, sums) without a line of our own reader."""
    rows = raw(path)
    if "shopify-orders" in path.parts:
        heads = [row for row in rows if row["Financial Status"]]
        goods = sum((amount(r, "Lineitem price") * int(r["Lineitem quantity"]) for r in rows), Decimal(0))
        sums = {"total": "Total", "shipping_fee": "Shipping", "tax": "Taxes", "discount": "Discount Amount",
                "refunded": "Refunded Amount"}  # fmt: skip
        found = {ours: sum((amount(row, theirs) for row in heads), Decimal(0)) for ours, theirs in sums.items()}
        return len(rows), len({row["Name"] for row in rows}), {**found, "goods": goods}
    if "shopify-products" in path.parts:
        price = sum((amount(row, "Variant Price") for row in rows), Decimal(0))
        return len(rows), len({row["Handle"] for row in rows}), {"price": price}
    if "woocommerce" in path.parts:
        prices = (Decimal(row["Sale price"] or row["Regular price"] or "0") for row in rows)
        return len(rows), len([row for row in rows if row["Type"] != "variation"]), {"price": sum(prices, Decimal(0))}
    names = {"total": "总金额", "kept": "买家实际支付金额", "refunded": "退款金额"}
    return len(rows), len({r["订单编号"] for r in rows}), {
        ours: sum((amount(row, theirs) for row in rows), Decimal(0)) for ours, theirs in names.items()
    }  # fmt: skip


def prove(path: Path) -> Line:
    """Bring one file in twice and compare. Needs an application context over an empty shop."""
    from app.panel.bulk import report
    from tests.shop.bringing import bring, counts

    content, began = path.read_bytes(), time.monotonic()
    run = bring(content, name=path.name)
    seconds = time.monotonic() - began
    again = counts(bring(content, name=path.name))
    rows, records, sums = expectation(path)
    ours = {name: Decimal(value) for named in report.sums(run.sums).values() for name, value in named.items()}
    return Line(path.name, run.importer, run.rows, counts(run), again, ours, sums, rows, records, seconds).judge()


def table(lines: list[Line]) -> str:
    head = "| file | layout | rows | records | new | same or changed | refused | sums | apart from us | s |"
    body = [
        f"| {line.file} | {line.layout} | {line.rows:,} | {line.expected_records:,} | {line.counts['new']:,} | "
        f"{line.counts['same'] + line.counts['changed']:,} | {line.counts['refused']:,} | "
        f"{line.sums.get('total', line.sums.get('price', Decimal(0))):,} | "
        f"{'the same' if not line.wrong else '; '.join(line.wrong)} | {line.seconds:.1f} |"
        for line in lines
    ]
    return "\n".join([head, "|---|---|---:|---:|---:|---:|---:|---:|---|---:|", *body])


def main() -> int:
    data = folder()
    if data is None:
        print("No real files here: set ZHANGGUI_DATA.")
        return 0
    home = Path(tempfile.mkdtemp())
    app = conftest.make_app(os.environ.get("DATABASE_URL") or f"sqlite:///{home}/proof.db", home)
    with app.app_context():
        from tests import people

        people.settle()
        lines = [prove(path) for path in files(data)]
    print(table(lines))
    return int(any(line.wrong for line in lines))


if __name__ == "__main__":
    sys.exit(main())
