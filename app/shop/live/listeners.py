"""What live sessions do when something happened below."""

from __future__ import annotations

from typing import Any

from app.shop.live import events, jobs
from app.shop.live.feed.defaults import ensure_plays, ensure_rules
from app.shop.live.models import LiveSession
from app.shop.live.services import games_clock, offers, presets, prices, rehearsing, selling
from app.shop.marketing import sessions
from app.shop.orders.events import order_placed
from app.shop.orders.models import Order
from app.shop.setup.events import shop_opened

REPORT_AFTER = 15  # seconds


@shop_opened.connect
def give_the_usual_rules(_shop: Any, **_more: Any) -> None:
    """A shop that opens finds rules of hints to begin with."""
    ensure_rules()
    ensure_plays()
    presets.ensure()


@order_placed.connect
def only_what_is_open_is_sold(order: Order, is_sold: bool, **_more: Any) -> None:
    """What a platform has sold already is taken in all the same."""
    if order.session_key and not is_sold:
        selling.check(order)


@events.session_ended.connect
def its_prices_and_offers_end(session: LiveSession, **_more: Any) -> None:
    offers.end_all(session)
    prices.settle(session)


@events.session_begun.connect
def open_the_first_games(session: LiveSession, **_more: Any) -> None:
    games_clock.session_begun(session)


@events.session_ended.connect
def close_the_last_games(session: LiveSession, **_more: Any) -> None:
    games_clock.session_over(session)


@events.session_ended.connect
def make_its_report(session: LiveSession, **_more: Any) -> None:
    """Its figures are still coming in while it ends: the report waits for the last ones."""
    jobs.report.enqueue_in(REPORT_AFTER, session_id=session.id)


@events.session_ended.connect
def end_its_rehearsal(session: LiveSession, **_more: Any) -> None:
    if session.is_practice:
        rehearsing.finish(session)


sessions.contribute(selling.to_choose)
