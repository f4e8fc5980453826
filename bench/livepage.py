"""The control desk in Chromium while comments come in: what holds the page up, as the browser itself counts it.

Twice: a desk that stands when the comments begin (`longest_task_ms` and what follows), which is what the goal speaks of, and a desk
that is opened while they come (`opened_meanwhile`), where the reading of scripts and the first drawing of the chart count too.
Beside the time on the clock, in which the machine may do something else, stands the processor's time of the page's own thread.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests import chromium

# whatever keeps the page from answering for longer than 50 ms is an entry of this kind; shorter ones are not told
WATCH = """() => { window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask", buffered: true }); }"""
# how late a click would be: the time from asking for a turn to having it
TURNS = """() => { window.turns = []; const ask = () => { const at = performance.now();
  setTimeout(() => { window.turns.push(performance.now() - at); setTimeout(ask, 20); }, 0); }; ask(); }"""
AT_ONCE = 5  # comments of a post: ten posts a second
TRACED = ["-*", "devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel", "blink.user_timing"]


def page(port: int, room: dict[str, Any], seconds: int, rate: int = 50) -> dict[str, Any]:
    """A desk that is open, and one that is opened, while `rate` comments a second are posted to its feed."""
    from playwright.sync_api import sync_playwright

    from app.shop.live.feed.sender import Sender

    path = chromium.find()
    if not path:
        return {"skipped": "there is no Chromium"}
    sender, base = Sender(f"http://127.0.0.1:{port}{room['path']}", room["secret"]), f"http://127.0.0.1:{port}"
    name, _, value = room["cookies"][0].partition("=")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context(base_url=base, viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": name, "value": value, "url": base}])
        context.add_init_script(f"({WATCH})()")
        tab = context.new_page()
        _post(sender, "before", 1)  # a desk that nothing was told of yet shows no figures
        _open(tab, room)
        tab.wait_for_timeout(6000)
        browser.start_tracing(page=tab, categories=TRACED)
        tab.evaluate("() => { window.longTasks = []; performance.mark('comments'); }")
        tab.evaluate(TURNS)
        with _comments(sender, rate, seconds) as flow:
            flow.join()
        tab.locator("[data-comments] li", has_text=flow.name).wait_for(state="attached", timeout=60_000)
        found = {"comments": rate * seconds, "per_second": rate, **_held_up(browser, tab)}
        turns = sorted(tab.evaluate("() => window.turns"))
        found |= {"p99_turn_ms": round(turns[int(len(turns) * 0.99)], 1), "shown": tab.locator("[data-comments] li").count()}
        tab.close()
        tab = context.new_page()
        browser.start_tracing(page=tab, categories=TRACED)
        with _comments(sender, rate, max(10, seconds // 2)) as flow:
            _open(tab, room)
            tab.evaluate("() => performance.mark('comments')")
            flow.join()
        found["opened_meanwhile"] = _held_up(browser, tab)
        browser.close()
    return found


def _open(tab: Any, room: dict[str, Any]) -> None:
    tab.goto(f"/live/{room['session']}/control")
    tab.locator("html[data-stream=open]").wait_for(state="attached", timeout=60_000)
    tab.locator("#chart-live .js-plotly-plot").wait_for(timeout=60_000)  # the desk stands, with its chart


def _post(sender: Any, stamp: str, count: int) -> None:
    from app.shop.live.feed.envelope import Event

    at = int(time.time() * 1000)
    sender.send([
        Event(f"p{stamp}-{n}", "comment", at, f"v{stamp}{n}", f"观众{n}", text=f"这个多少钱 {stamp}-{n}") for n in range(count)
    ])  # fmt: skip


@contextmanager
def _comments(sender: Any, rate: int, seconds: int) -> Iterator[threading.Thread]:
    """So many comments a second for so long, from a thread of its own; its name is what the last one says."""
    began = time.perf_counter()

    def flow() -> None:
        for sent in range(0, rate * seconds, AT_ONCE):
            _post(sender, f"{began:.3f}-{sent}", AT_ONCE)
            time.sleep(max(0.0, began + (sent + AT_ONCE) / rate - time.perf_counter()))

    thread = threading.Thread(target=flow, name=f"{began:.3f}-{rate * seconds - AT_ONCE}-{AT_ONCE - 1}")
    thread.start()
    yield thread
    thread.join()


def _held_up(browser: Any, tab: Any) -> dict[str, Any]:
    """The tasks of the page's own thread: those that the browser calls long, and how much of the processor the longest one took."""
    long, events = tab.evaluate("() => window.longTasks"), json.loads(browser.stop_tracing())["traceEvents"]
    mine = next((one["pid"], one["tid"]) for one in events if one["name"] == "comments" and "blink" in one.get("cat", ""))
    used = [one.get("tdur", 0) / 1000 for one in events if (one["pid"], one["tid"]) == mine and one["name"].endswith("RunTask")]
    return {
        "longest_task_ms": round(max(long, default=0)), "tasks_over_50_ms": len(long),
        "tasks_over_100_ms": sum(one > 100 for one in long), "longest_task_processor_ms": round(max(used, default=0)),
        "tasks_over_100_ms_of_processor": sum(one > 100 for one in used),
    }  # fmt: skip
