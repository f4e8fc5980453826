"""Lists and forms at a million orders, beside four other admins: `python -m bench.records [quick] [20000] [postgresql]`.

The same orders, lines and customers are built once, in our tables and in plain ones; all servers run at the same time and are
asked in turns, so that whatever else the machine does weighs on all alike. Compare within one run, never across two.
`quick` takes 100,000 orders in the place of 1,000,000, and a number so many. What was measured is left in bench/out/records.json.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from bench import client, shopdata
from bench.servers import FORM_PEER, OUT, PEER_NAMES, Databases, Server, install_peers, ours, peer

SMALL = 10_000
BAD = 1.5  # so many times slower than it was measured before, a peer has had a bad run
ENGINES = ("sqlite", "postgresql")
LABELS = {
    "list": "list, first page", "last": "list, last page", "deep": "list, a page in the middle", "amount": "sorted by amount",
    "filter": "filter by status", "search 1": "orders by 1 character of a name", "search 2": "orders by 2 characters",
    "search 4": "orders by 4 characters", "edit": "edit form", "relation": "what the form asks for after it",
    "picker": "customer picker",
}  # fmt: skip
# p50 in ms on a quiet machine with the same rows: what a peer may be expected to reach
BEFORE: dict[str, dict[str, dict[str, float]]] = {
    "sqlite": {
        "stock_fab": {"list": 79, "last": 121, "amount": 74, "filter": 95, "edit": 8071},
        "stock_flask_admin": {"list": 87, "last": 2321, "amount": 70, "filter": 49, "search 2": 4850, "edit": 5970},
        "stock_django": {"list": 68, "last": 1976, "amount": 76, "filter": 88, "search 2": 5434, "edit": 25747},
        "stock_starlette_admin": {"edit": 18},
    },
    "postgresql": {
        "stock_fab": {"list": 214, "last": 244},
        "stock_flask_admin": {"list": 106, "last": 1705, "search 2": 3113},
        "stock_django": {"list": 152, "last": 2410, "search 2": 3103},
    },
}
Measured = dict[str, dict[str, dict[str, float]]]


def pages(server: Server, count: int) -> dict[str, str]:
    """The addresses that a server is asked, by what they show."""
    last, middle, order = -(-count // 50), count // 100, count // 2
    words = {f"search {length}": quote(word) for length, word in shopdata.SEARCHED.items()}
    if server.is_ours:
        base, shipped = "/orders/order/list/", quote('{"and":[["state","eq","shipped"]]}')
        return {
            "list": base, "last": f"{base}?last=1", "deep": f"{base}?from=2025-10-31", "amount": f"{base}?sort=-total",
            "filter": f"{base}?f={shipped}", **{name: f"{base}?q={word}" for name, word in words.items()},
            "edit": f"/orders/order/edit/{order}", "picker": f"/pickers/orders.Order/customer_id?q={words['search 2']}",
        }  # fmt: skip
    if server.name == "stock_fab":
        base = "/orderview/list/?psize_OrderView=50"
        return {
            "list": base, "last": f"{base}&page_OrderView={last - 1}", "deep": f"{base}&page_OrderView={middle}",
            "amount": f"{base}&_oc_OrderView=amount&_od_OrderView=desc", "filter": f"{base}&_flt_3_status=shipped",
            "edit": f"/orderview/edit/{order}",
        }  # fmt: skip
    if server.name == "stock_flask_admin":
        base = "/admin/order/"
        return {
            "list": base, "last": f"{base}?page={last - 1}", "deep": f"{base}?page={middle}", "amount": f"{base}?sort=3&desc=1",
            "filter": f"{base}?flt0_0=shipped", **{name: f"{base}?search={word}" for name, word in words.items()},
            "edit": f"{base}edit/?id={order}",
        }  # fmt: skip
    if server.name == FORM_PEER:
        base, lookup = "/admin/order/list?page_size=50", "/admin/_api/customer/relation-lookup"
        return {
            "list": base, "edit": f"/admin/order/edit?pk={order}", "relation": f"{lookup}?pks={count // 20}",
            "picker": f"{lookup}?q={words['search 2']}&skip=0&limit=20",
        }  # fmt: skip
    base = "/admin/admin/order/"
    return {
        "list": base, "last": f"{base}?p={last}", "deep": f"{base}?p={middle + 1}", "amount": f"{base}?o=-4",
        "filter": f"{base}?status__exact=shipped", **{name: f"{base}?q={word}" for name, word in words.items()},
        "edit": f"{base}{order}/change/",
    }  # fmt: skip


def measure(asked: dict[str, tuple[Server, client.Browser, dict[str, str]]], rounds: int, budget: float) -> Measured:
    """Every page of every server in turns. A page that is slow is asked less often, but three times at least."""
    times: dict[tuple[str, str], list[float]] = {}
    worked: dict[tuple[str, str], float] = {}
    found: Measured = {name: {} for name in asked}
    for _round in range(rounds):
        for page in LABELS:
            for name, (server, browser, addresses) in asked.items():
                so_far = times.setdefault((name, page), [])
                if page not in addresses or (sum(so_far) > budget and len(so_far) >= 3):
                    continue
                cpu = server.cpu_seconds()
                answer = browser.get(addresses[page])
                worked[name, page] = worked.get((name, page), 0.0) + server.cpu_seconds() - cpu
                if answer.status != 200:
                    raise RuntimeError(f"{name} answered {answer.status} to {addresses[page]}: {answer.text[:500]}")
                so_far.append(answer.seconds)
                found[name][page] = {"kilobytes": len(answer.body) / 1000}
                if statements := answer.headers.get("x-statements"):
                    found[name][page]["statements"] = float(statements)
    for (name, page), seconds in times.items():
        if seconds:
            found[name][page] |= {
                "p50": statistics.median(seconds) * 1000, "least": min(seconds) * 1000,
                "processor": worked[name, page] / len(seconds) * 1000, "times": float(len(seconds)),
            }  # fmt: skip
    return found


def statements(databases: Databases, count: int, addresses: dict[str, str]) -> dict[str, float]:
    """How many statements our pages take, counted in a process of its own."""
    told = OUT / "statements.json"
    command = [sys.executable, "-m", "bench.statements", str(told), json.dumps(addresses)]
    from bench.servers import ROOT, run

    run(command, cwd=ROOT, env=databases.env(count))
    counted: dict[str, float] = json.loads(told.read_text())
    return counted


def goals(found: Measured, count: int, more: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """(what was to reach, what was reached, is it)."""
    mine, small = found[f"ours {count:,}"], found[f"ours {SMALL:,}"]
    result: list[tuple[str, str, bool]] = []

    def ratio(what: str, page: str, others: list[dict[str, float]], bound: float) -> None:
        got, worked = (mine[page][unit] / min(one[unit] for one in others) for unit in ("p50", "processor"))
        result.append((f"{what}, at most {bound:.3g}", f"{got:.3f} (by processor {worked:.3f})", got <= bound))

    def peers(page: str, names: tuple[str, ...] = PEER_NAMES) -> list[dict[str, float]]:
        return [found[name][page] for name in names if page in found[name]]

    ratio("first page / fastest peer", "list", peers("list"), 0.25)
    best = max(more["rps"][name] for name in PEER_NAMES)
    faster = more["rps"][f"ours {count:,}"] / best
    result.append(("requests/s of the first page / best peer, at least 5", f"{faster:.1f}", faster >= 5))
    for page in ("last", "deep"):
        ratio(f"{LABELS[page]} / our first page", page, [mine["list"]], 1.3)
        ratio(f"{LABELS[page]} / Flask-Admin and Django", page, peers(page, PEER_NAMES[1:]), 0.1)
    ratio("filter by status / fastest peer", "filter", peers("filter"), 1 / 3)
    for page in ("search 1", "search 2", "search 4"):
        ratio(f"{LABELS[page]} / fastest peer", page, peers(page), 1 / 50)
    ratio("edit form / our list", "edit", [mine["list"]], 1.5)
    theirs = {unit: sum(found[FORM_PEER][page][unit] for page in ("edit", "relation")) for unit in ("p50", "processor")}
    ratio("edit form / starlette-admin's and its request", "edit", [theirs], 1)
    size = mine["edit"]["kilobytes"]
    result.append(("kB of HTML of the edit form, under 100", f"{size:.0f}", size < 100))
    for page in ("list", "last", "filter", "search 2", "edit"):
        ratio(f"{LABELS[page]}: growth from {SMALL:,} to {count:,}", page, [small[page]], 1.5)
    most = max(more["statements"].values())
    result.append(("statements of our dearest page, at most 8", f"{most:.0f}", most <= 8))
    first_load = sum(more["assets"].values()) / 1000
    result.append(("kB of scripts, styles and icons on first load, under 60", f"{first_load:.0f}", first_load < 60))
    result.append(("MB of a web process, under 200", f"{more['memory'][f'ours {count:,}']:.0f}",
                   more["memory"][f"ours {count:,}"] < 200))  # fmt: skip
    return result


def table(found: Measured, engine: str, count: int) -> list[str]:
    """The medians side by side; in brackets milliseconds of the processor, and what a peer was measured at before."""
    names = list(found)
    lines = ["| p50 ms (processor ms) | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for page, label in LABELS.items():
        cells = []
        for name in names:
            one = found[name].get(page)
            before = BEFORE[engine].get(name, {}).get(page) if count == 1_000_000 else None
            text = f"{one['p50']:.1f} ({one['processor']:.1f})" if one else "–"
            if one and before:
                text += f", before {before:,.0f}" + (", a bad run" if one["p50"] > BAD * before else "")
            cells.append(text)
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return lines


def extra(label: str, names: list[str], value: Callable[[str], str]) -> str:
    return f"| {label} | " + " | ".join(value(name) for name in names) + " |"


def main(words: list[str]) -> int:
    numbers = [int(word) for word in words if word.isdecimal() and int(word) > SMALL]
    if unknown := set(words) - {"quick", *ENGINES, *map(str, numbers)}:
        print(f"Unknown: {', '.join(sorted(unknown))}. Known: quick, {', '.join(ENGINES)}, and a number of orders above {SMALL:,}.")
        return 2
    quick, engine = "quick" in words, next((word for word in words if word in ENGINES), "sqlite")
    count = next(iter(numbers), 100_000 if quick else 1_000_000)
    began, databases = time.monotonic(), Databases(engine)
    install_peers()
    try:
        databases.build(SMALL, with_peers=False)
        databases.build(count, with_peers=True)
        print(f"Measuring {count:,} orders on {engine}; load of the machine {os.getloadavg()[0]:.1f} "
              f"on {os.cpu_count()} processors.", flush=True)  # fmt: skip
        found, more = everything(databases, count, quick)
    finally:
        databases.close()
    names = list(found)
    print("\n".join(table(found, engine, count)))
    print(extra("requests/s of the first page, 4 connections", names, lambda name: f"{more['rps'][name]:.1f}"))
    print(extra("MB of a web process", names, lambda name: f"{more['memory'][name]:.0f}"))
    print(extra("kB of HTML: list, edit form", names,
                lambda name: f"{found[name]['list']['kilobytes']:.0f}, {found[name]['edit']['kilobytes']:.0f}"))  # fmt: skip
    print(extra("statements: list, edit form", names, lambda name: told(found, more, name)))
    print(f"\nOur assets on first load: {sum(more['assets'].values()) / 1000:.1f} kB in {len(more['assets'])} files.\n")
    for what, got, met in goals(found, count, more):
        print(f"{'met    ' if met else 'NOT MET'} {what}: {got}")
    bad = [f"{name} {page}" for name, own in BEFORE[engine].items() for page, before in own.items()
           if count == 1_000_000 and page in found[name] and found[name][page]["p50"] > BAD * before]  # fmt: skip
    if bad:
        print(f"\nA bad run for {', '.join(bad)}: slower than {BAD} x of what they reach on a quiet machine.")
    kept = {"engine": engine, "orders": count, "load": os.getloadavg(), "pages": found, **more, "before": BEFORE[engine]}
    (OUT / "records.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False))
    print(f"\n{time.monotonic() - began:.0f} s. Load of the machine at the end {os.getloadavg()[0]:.1f}.")
    return 0


def told(found: Measured, more: dict[str, Any], name: str) -> str:
    own = more["statements"] if name.startswith("ours") else {p: one.get("statements") for p, one in found[name].items()}
    return ", ".join("–" if own[page] is None else f"{own[page]:.0f}" for page in ("list", "edit"))


def everything(databases: Databases, count: int, quick: bool) -> tuple[Measured, dict[str, Any]]:
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(ours(databases, one)) for one in (count, SMALL)]
        servers += [stack.enter_context(peer(name, databases.peers_url(count))) for name in (*PEER_NAMES, FORM_PEER)]
        sizes = {servers[1].name: SMALL}
        asked = {one.name: (one, one.browser(), pages(one, sizes.get(one.name, count))) for one in servers}
        for _server, browser, addresses in asked.values():  # what is compiled once is not what a page costs
            for page in ("list", "list", "list", "list", "filter", *(["last", "search 1", "edit", "picker"] if browser is
                         asked[servers[0].name][1] else [])):  # fmt: skip
                if page in addresses:
                    browser.get(addresses[page])
        found = measure(asked, 15 if quick else 40, 3.0 if quick else 20.0)
        rps = {
            name: client.requests_per_second(browser, addresses["list"], 3.0 if quick else 10.0)
            for name, (_server, browser, addresses) in asked.items()
        }
        mine = asked[servers[0].name]
        more = {
            "rps": rps,
            "memory": {name: server.memory_mb() for name, (server, *_rest) in asked.items()},
            "assets": client.assets(mine[1], mine[2]["list"]),
        }
    more["statements"] = statements(databases, count, pages(servers[0], count))
    return found, more


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
