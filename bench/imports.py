"""The import of many orders on this machine: `python -m bench.imports [ORDERS]` writes a file of Shopify's layout, brings it
in through the command line on an empty instance, and prints seconds, those of the processor, peak memory and whether the
sums agree.

The file is the same for the same number. A third of the orders has two lines, a tenth a discount, one in twelve a refund.
With DATABASE_URL it runs on PostgreSQL.
"""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = [
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Currency", "Subtotal", "Shipping",
    "Taxes", "Total", "Discount Code", "Discount Amount", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price",
    "Lineitem sku", "Shipping Name", "Shipping Street", "Shipping City", "Shipping Phone", "Refunded Amount",
]  # fmt: skip


def write(path: Path, orders: int) -> Decimal:
    """Write the file and return the sum of its totals."""
    chance, whole = random.Random(7), Decimal(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, HEAD, restval="")
        out.writeheader()
        for number in range(1, orders + 1):
            lines = [(chance.randint(1, 3), Decimal(chance.randint(500, 30000)) / 100) for _ in range(1 + (number % 3 == 0))]
            goods = sum((quantity * price for quantity, price in lines), Decimal(0))
            discount = (goods / 10).quantize(Decimal("0.01")) if number % 10 == 0 else Decimal("0.00")
            total = goods - discount + 5
            whole += total
            day = f"2026-{1 + number % 9:02}-{1 + number % 28:02}"
            first = {
                "Email": f"buyer{number % (orders // 4 + 1)}@example.org", "Financial Status": "paid",
                "Paid at": f"{day} 10:00:00 +0800", "Fulfillment Status": "fulfilled", "Fulfilled at": f"{day} 18:00:00 +0800",
                "Currency": "CNY", "Subtotal": goods - discount, "Shipping": "5.00", "Taxes": "0.00", "Total": total,
                "Discount Code": "TEN" if discount else "", "Discount Amount": discount, "Created at": f"{day} 09:58:00 +0800",
                "Shipping Name": f"Buyer {number}", "Shipping Street": f"Long Street {number % 300}", "Shipping City": "Hangzhou",
                "Shipping Phone": f"138{number % (orders // 4 + 1):08d}", "Refunded Amount": "5.00" if number % 12 == 0 else "0.00",
            }  # fmt: skip
            for quantity, price in lines:
                article = chance.randint(1, 900)
                out.writerow({
                    "Name": f"#{number}", "Lineitem quantity": quantity, "Lineitem name": f"Article {article}",
                    "Lineitem price": price, "Lineitem sku": f"A-{article}", **first,
                })  # fmt: skip
                first = {}
    return whole


def processor_seconds() -> float:
    """Of all processes that this one has begun and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(orders: int) -> int:
    home = Path(tempfile.mkdtemp(prefix="zhanggui-bench-"))
    expected = write(home / "orders.csv", orders)
    env = {**os.environ, "ZHANGGUI_HOME": str(home / "home"), "ZHANGGUI_ADMIN_PASSWORD": "bench of the long street 9"}
    subprocess.run([sys.executable, "run.py", "setup"], cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
    began, worked = time.monotonic(), processor_seconds()
    options = ["--as", "shopify-orders", "--json"]
    command = [sys.executable, "-m", "flask", "--app", "app", "import", str(home / "orders.csv"), *options]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    seconds, worked = time.monotonic() - began, processor_seconds() - worked
    if done.returncode:
        print(done.stderr[-2000:])
        return 1
    told = json.loads(done.stdout.strip().splitlines()[-1])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    agree = Decimal(told["totals"]["CNY"]) == expected
    print(f"{orders:,} orders, {(home / 'orders.csv').stat().st_size / 2**20:.0f} MB: {seconds:.1f} s "
          f"({worked:.1f} s of processor), {peak:.0f} MB, "
          f"{told['new']:,} new, {told['refused']:,} refused, total {told['totals']['CNY']} "
          f"{'agrees' if agree else f'is not {expected}'}")  # fmt: skip
    return int(not agree or told["new"] != orders)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
