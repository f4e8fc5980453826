"""What time alone makes due: old events are forgotten. The figures that were made of them stay."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select

from app.panel.core import clock, ticker
from app.panel.core.db import db
from app.panel.core.jobs import job, scheduled
from app.panel.core.lease import affected
from app.panel.core.transaction import transactional
from app.shop.live.feed import beside, consumer, door, playing, rights
from app.shop.live.feed.states import EVENTS_FOR
from app.shop.live.models import LiveComment, LiveDead, LiveEntry, LiveEvent, LiveSession, LiveViewer
from app.shop.live.services import booking, forecasting, games_clock, reviewing, stocked

# being imported here is what registers the loop of the consumer, the door of the feed, and who may do what with them
PARTS = (beside, consumer, door, playing, rights)
PEOPLE_FOR = dt.timedelta(days=180)
CHUNK = 5000


@ticker.each(1)
def games_on_time() -> None:
    """Polls and draws open and close by the server's clock, whoever looks; what fell due while it was away follows now."""
    games_clock.on_time()


@ticker.each(0.5)
def stock_on_screens() -> None:
    """At each beat, so that what is sold elsewhere stands on the consoles within two seconds."""
    stocked.tell()


@scheduled("live.forget_events", cron="20 4 * * *", label=_("Forget old events of live sessions"))
@job("live.forget_events", timeout=900)
def forget_events() -> None:
    """A sender repeats itself for days, not for months: after thirty days an event need no longer be known by its number.
    What viewers wrote, and who they were, goes after half a year."""
    while _forget():
        pass
    booking.forget(clock.now() - PEOPLE_FOR)


@transactional
def _forget() -> int:
    now, gone = clock.now(), 0
    for model, column, span in (
        (LiveEvent, LiveEvent.at, EVENTS_FOR), (LiveDead, LiveDead.at, EVENTS_FOR), (LiveComment, LiveComment.at, PEOPLE_FOR),
        (LiveViewer, LiveViewer.last_at, PEOPLE_FOR), (LiveEntry, LiveEntry.at, PEOPLE_FOR),
    ):  # fmt: skip
        table = model.__table__
        old = select(table.c.id).where(column < now - span).limit(CHUNK)
        gone += affected(delete(table).where(table.c.id.in_(old)))
    db.session.flush()
    return gone


@scheduled("live.remind", cron="* * * * *", misfire="run_once", label=_("Remind those who booked a session"))
@job("live.remind", queue="live", timeout=240)
def remind() -> int:
    """Write to those who booked the sessions that begin soon, each once."""
    keys = [session.id for session in booking.due(clock.now())]
    db.session.rollback()
    return sum(booking.remind(key) for key in keys)


@job("live.report", timeout=300, tries=3)
def report(session_id: int) -> None:
    """Make the report of a session that ended; hold its forecasts against what came, and learn from it."""
    session = db.session.get(LiveSession, session_id)
    if session is None:
        return
    figures, shop_id = reviewing.build(session), session.shop_id
    db.session.rollback()
    reviewing.keep(session_id, figures)
    forecasting.hold_against(db.session.get(LiveSession, session_id))
    learn.enqueue_unless_waiting(shop_id=shop_id)


@job("live.learn", queue="bulk", timeout=1800)
def learn(shop_id: int) -> None:
    """Ask past sessions how well they could have been forecast."""
    forecasting.learn(shop_id)


@scheduled("live.forecast", cron="*/5 * * * *", misfire="skip", label=_("Forecast the sessions on air"))
@job("live.forecast", queue="live", timeout=240)
def forecast_on_air() -> int:
    """Say what the next minutes of the sessions on air will bring, where past sessions show that it can be told."""
    said = 0
    for session in forecasting.on_air():
        said += len(forecasting.say(session, clock.now()))
    return said
