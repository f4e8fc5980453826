"""Search in an instance that `bench.fill` has filled: `python -m bench.search`, with ZHANGGUI_HOME and DATABASE_URL.

Builds what is not built of the index and prints, for each of some words, how long a page of orders and its count take of the
processor: the best of three, in milliseconds, without the drawing of the page.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from app import create_app
from app.panel.core import listing, listtotals
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.finding import keeper
from app.shop.orders.models import Order

WORDS = ("涵", "子涵", "欧阳子涵", "oyzh", "zihan", "wang", "SO00012345", "12345", "SO0", "zzzz")


def main() -> None:
    app = create_app()
    with app.app_context(), app.test_request_context():
        began = time.process_time()
        keeper.catch_up()
        print(f"index: {time.process_time() - began:.0f} s of processor")
        plan = app.extensions["panel_views"][Order].plan(SYSTEM)
        for word in WORDS:
            measure(word, plan)


def measure(word: str, plan: listing.Plan) -> None:
    asked = listing.Asked(q=word)
    page, found = best(lambda: listing.find(asked, plan, SYSTEM))
    count, total = best(lambda: listtotals.count_of(found, asked, plan, SYSTEM))
    print(f"{word}\t{len(found.rows)} of {total.number}\tpage {page:.1f}\tcount {count:.1f}")


def best(func: Callable[[], Any]) -> tuple[float, Any]:
    """The shortest of three times, and the answer."""
    times, answer = [], None
    for _time in range(3):
        db.session.rollback()
        began = time.process_time()
        answer = func()
        times.append((time.process_time() - began) * 1000)
    return min(times), answer


if __name__ == "__main__":
    main()
