"""The control desk in Chromium while comments come in: what holds the page up, as the browser itself counts it."""

from __future__ import annotations

import time
from typing import Any

from tests import chromium

# whatever keeps the page from answering for longer than 50 ms is an entry of this kind; shorter ones are not told
WATCH = """() => { window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask", buffered: false }); }"""
# how late a click would be: the time from asking for a turn to having it
TURNS = """() => { window.turns = []; const ask = () => { const at = performance.now();
  setTimeout(() => { window.turns.push(performance.now() - at); setTimeout(ask, 20); }, 0); }; ask(); }"""
AT_ONCE = 5  # comments of a post: ten posts a second


def page(port: int, room: dict[str, Any], seconds: int, rate: int = 50) -> dict[str, Any]:
    """A desk that is open while `rate` comments a second are posted to its feed."""
    from playwright.sync_api import sync_playwright

    from app.shop.live.feed.envelope import Event
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
        tab = context.new_page()
        tab.goto(f"/live/{room['session']}/control")
        tab.locator("html[data-stream=open]").wait_for(state="attached", timeout=60_000)
        tab.locator("#chart-live .js-plotly-plot").wait_for(timeout=60_000)  # the desk stands, with its chart
        tab.wait_for_timeout(6000)
        tab.evaluate(WATCH)
        tab.evaluate(TURNS)
        began, sent = time.perf_counter(), 0
        while sent < rate * seconds:
            at, stamp = int(time.time() * 1000), f"{began:.3f}-{sent}"
            sender.send([
                Event(f"p{stamp}-{n}", "comment", at, f"v{sent + n}", f"观众{sent + n}", text=f"这个多少钱 {stamp}-{n}")
                for n in range(AT_ONCE)
            ])  # fmt: skip
            sent += AT_ONCE
            time.sleep(max(0.0, began + sent / rate - time.perf_counter()))
        tab.locator("[data-comments] li", has_text=f"{stamp}-{AT_ONCE - 1}").wait_for(state="attached", timeout=60_000)
        long, turns = tab.evaluate("() => window.longTasks"), tab.evaluate("() => window.turns")
        shown = tab.locator("[data-comments] li").count()
        browser.close()
    turns.sort()
    return {
        "comments": sent, "per_second": rate, "longest_task_ms": round(max(long, default=0)), "tasks_over_50_ms": len(long),
        "tasks_over_100_ms": sum(one > 100 for one in long), "p99_turn_ms": round(turns[int(len(turns) * 0.99)], 1), "shown": shown,
    }  # fmt: skip
