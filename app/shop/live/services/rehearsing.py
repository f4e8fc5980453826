"""A rehearsal: begun on the run sheet of a session, played into the three consoles, and timed.

It has a session of its own that is a rehearsal, so what is told in it writes neither order nor stock; what the consoles
could do outside of a session is only logged. The truth of how far it is stands in SQL: who plays it may die at any line.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.panel.core import clock, policy, records
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.lease import insert_once
from app.panel.core.transaction import transactional
from app.shop.live import incidents, queries
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.simulator import Plan, Simulator
from app.shop.live.feed.staging import plant, stage
from app.shop.live.feed.states import Platform
from app.shop.live.incidents import RehearsalState
from app.shop.live.models import (
    LiveComment,
    LiveEvent,
    LiveFeed,
    LiveIncident,
    LiveItem,
    LiveReaction,
    LiveRehearsal,
    LiveSession,
    LiveViewer,
)
from app.shop.live.permissions import SESSION
from app.shop.live.services import run
from app.shop.live.services.commands import Effect, obey
from app.shop.live.services.plan import COPIED
from app.shop.live.states import ItemKind, ItemState, Post, SessionState

MINUTES, SPEEDS = (5, 10, 15, 20, 30, 60), (1, 2, 5, 10)
AWAY = 10.0  # seconds without a sign of its player: then it goes on where it stopped
# what stays within the session: everything else that a console can do is logged in a rehearsal and not done
WITHIN = frozenset({
    "begin", "end", "list", "resume", "suspend", "delist", "pin", "unpin", "repin", "next", "notice", "take_notice", "minutes",
    "undo", "ask", "send_to_host", "escalate", "give_back", "done", "open_again", "say", "seen",
    "game", "free_order", "open_game", "close_game", "draw", "call_off", "prize", "mute", "block", "unmute", "hide",
    "price", "offer", "stop_offer", "hint_followed", "hint_dismissed", "hint_follow", "hint_dismiss", "hint_apply",
})  # fmt: skip


@transactional
def start(
    source_id: int, *, actor: Any, minutes: int = 10, speed: int = 1, seed: int = 7, peak: int = 300, is_replay: bool = False
) -> LiveRehearsal:
    """Begin one on the run sheet of a session, with events that are made, or with its own.

    :raises DomainError: while another one runs in the shop, and when there is nothing to play
    """  # fmt: skip
    policy.authorize(actor, "control", SESSION)
    if minutes not in MINUTES or speed not in SPEEDS or not 0 <= seed < 2**31 or not 10 <= peak <= 2000:
        raise InvalidInput({"minutes": _("Choose one from the list.")})
    source: LiveSession = records.get(LiveSession, source_id, actor=actor)
    _alone(source.shop_id)
    if not any(item.kind is ItemKind.ITEM for item in source.items):
        raise DomainError(_("The run sheet has nothing to sell: there is nothing to rehearse."))
    if is_replay and not _has_events(source):
        raise DomainError(_("Its single events are not kept any more: choose made ones."))
    now = clock.now()
    session = _session(source, now, minutes, speed)
    rehearsal = LiveRehearsal(
        session_id=session.id, shop_id=source.shop_id, source_id=source.id, minutes=minutes, speed=speed, seed=seed, peak=peak,
        is_replay=int(is_replay), positioned_at=now, heartbeat_at=now, begun_at=now,
    )  # fmt: skip
    db.session.add(rehearsal)
    try:
        db.session.flush()
    except IntegrityError:
        raise DomainError(_("A rehearsal runs already. End it first.")) from None
    items = {item.position: item.id for item in session.items}
    for one in plant(rehearsal.length_ms, _goods(session)):
        db.session.add(
            LiveIncident(rehearsal_id=rehearsal.id, kind=one.kind, at_ms=one.at, item_id=items.get(one.position or -1))
        )
    db.session.flush()
    return rehearsal


def _alone(shop_id: int) -> None:
    other = running_in(shop_id)
    if other is not None:
        raise DomainError(
            _("“%(title)s” runs since %(at)s. End it first.", title=str(other.session), at=clock.wall(other.begun_at))
        )


def running_in(shop_id: int) -> LiveRehearsal | None:
    query = select(LiveRehearsal).where(LiveRehearsal.shop_id == shop_id, LiveRehearsal.ended_at.is_(None))
    found: LiveRehearsal | None = db.session.scalars(query).first()
    return found


def _has_events(source: LiveSession) -> bool:
    found = select(LiveEvent.id).where(LiveEvent.session_id == source.id).limit(1)
    return source.begun_at is not None and db.session.scalar(found) is not None


def _session(source: LiveSession, now: dt.datetime, minutes: int, speed: int) -> LiveSession:
    session = LiveSession(
        title=source.title, shop_id=source.shop_id, channel_id=source.channel_id,
        creator_id=source.creator_id, room_id=source.room_id, state=SessionState.LIVE, starts_at=now, begun_at=now,
        ends_at=now + dt.timedelta(minutes=max(1, minutes // speed)), is_practice=True, currency=source.currency,
        copied_from_id=source.id, goal_gmv=source.goal_gmv, goal_viewers=source.goal_viewers, goal_orders=source.goal_orders,
    )  # fmt: skip
    db.session.add(session)
    db.session.flush()
    for item in db.session.scalars(queries.items_of(source.id)):
        values = {name: getattr(item, name) for name in COPIED}
        state = ItemState.LISTED if item.kind is ItemKind.ITEM else ItemState.PLANNED
        db.session.add(LiveItem(session_id=session.id, state=state, **values))
    db.session.add(LiveFeed(
        session_id=session.id, platform=Platform.SIMULATOR, public_id=secrets.token_hex(12), nonce=secrets.token_hex(32),
        is_open=False,
    ))  # fmt: skip
    db.session.flush()
    db.session.refresh(session)
    return session


def _goods(session: LiveSession) -> list[tuple[int, int]]:
    """Position and price of what can be sold."""
    goods = [item for item in session.items if item.kind is ItemKind.ITEM]
    return [(item.position, item.live_price or (item.sku.price if item.sku else 0) or 9900) for item in goods]


# --- what is played ---


def script(rehearsal: LiveRehearsal) -> list[Event]:
    """Every event of it, by milliseconds since the beginning. The same rehearsal has the same script, always."""
    items = _goods(rehearsal.session)
    if rehearsal.is_replay and rehearsal.source is not None:
        events = _of_the_past(rehearsal.source, rehearsal.length_ms)
    else:
        plan = Plan(0, rehearsal.minutes, tuple(items), rehearsal.peak, rehearsal.seed, incidents=False)
        events = list(Simulator(plan).events())
    return stage(events, rehearsal.length_ms, items, f"r{rehearsal.id}")


def _of_the_past(source: LiveSession, length: int) -> list[Event]:
    begun = source.begun_at or source.starts_at
    until = begun + dt.timedelta(milliseconds=length)
    texts = {
        (feed, number): text
        for feed, number, text in db.session.execute(
            select(LiveComment.feed_id, LiveComment.source_event_id, LiveComment.text)
            .where(LiveComment.session_id == source.id, LiveComment.at < until)
        )
    }  # fmt: skip
    people = {
        viewer: (name, way)
        for viewer, name, way in db.session.execute(
            select(LiveViewer.viewer, LiveViewer.name, LiveViewer.source).where(LiveViewer.session_id == source.id)
        )
    }
    positions = {item.id: item.position for item in source.items}
    rows: Any = db.session.scalars(
        select(LiveEvent).where(LiveEvent.session_id == source.id, LiveEvent.at >= begun, LiveEvent.at < until)
        .order_by(LiveEvent.at, LiveEvent.id)
    )  # fmt: skip
    return [
        Event(
            "", row.kind, round((row.at - begun).total_seconds() * 1000), row.viewer, *people.get(row.viewer, ("", "")),
            positions.get(row.item_id), row.n, texts.get((row.feed_id, row.source_event_id), ""), row.amount,
        )
        for row in rows
    ]  # fmt: skip


@transactional
def move(rehearsal_id: int, position: int, target: int) -> bool:
    """It was told up to `target`: show the incidents that this reaches, and sign. False when another player was faster."""
    now = clock.now()
    table = LiveRehearsal.__table__
    mine = (table.c.id == rehearsal_id) & (table.c.position_ms == position) & table.c.ended_at.is_(None)
    moved: Any = db.session.execute(
        update(table).where(mine).values(position_ms=target, positioned_at=now, heartbeat_at=now).returning(table.c.id)
    )
    if moved.first() is None:
        return False
    query = select(LiveIncident).where(
        LiveIncident.rehearsal_id == rehearsal_id, LiveIncident.at_ms <= target, LiveIncident.shown_at.is_(None)
    )
    for incident in db.session.scalars(query):
        incident.shown_at = now
    return True


def target_of(rehearsal: LiveRehearsal) -> int:
    """Up to where it should be told by now. After a while without a player it goes on where it stopped."""
    now = clock.now()
    if (now - rehearsal.heartbeat_at).total_seconds() > AWAY:
        return int(rehearsal.position_ms)
    passed = (now - rehearsal.positioned_at).total_seconds() * rehearsal.speed
    return min(rehearsal.length_ms, int(rehearsal.position_ms + passed * 1000))


def running() -> list[LiveRehearsal]:
    return list(db.session.scalars(select(LiveRehearsal).where(LiveRehearsal.ended_at.is_(None)).order_by(LiveRehearsal.id)))


# --- what people do ---


@transactional
def set_speed(rehearsal_id: int, speed: int, *, actor: Any) -> None:
    rehearsal = of(rehearsal_id, actor=actor, right="control")
    if speed not in SPEEDS:
        raise InvalidInput({"speed": _("Choose one from the list.")})
    if rehearsal.ended_at is not None:
        raise DomainError(_("This rehearsal is over."))
    rehearsal.position_ms, rehearsal.positioned_at = target_of(rehearsal), clock.now()
    rehearsal.speed = speed


@transactional
def stop(rehearsal_id: int, *, actor: Any) -> None:
    """End it and its session before all of it was played."""
    rehearsal = of(rehearsal_id, actor=actor, right="control")
    if rehearsal.ended_at is None:
        end(rehearsal, actor=actor)


def end(rehearsal: LiveRehearsal, *, actor: Any = SYSTEM) -> None:
    """End its session as the control desk would; what listens to that ends the rehearsal."""
    run.end(rehearsal.session_id, actor=actor, key=f"rehearsal-{rehearsal.id}-end")


def finish(session: LiveSession) -> None:
    """The session is over, whoever ended it: so is its rehearsal. Runs in the transaction that ends the session."""
    rehearsal = of_session(session.id)
    if rehearsal is not None:
        is_whole = rehearsal.position_ms >= rehearsal.length_ms
        rehearsal.state = RehearsalState.ENDED if is_whole else RehearsalState.STOPPED
        rehearsal.ended_at = clock.now()


def of_session(session_id: int) -> LiveRehearsal | None:
    """The rehearsal that runs in this session."""
    query = select(LiveRehearsal).where(LiveRehearsal.session_id == session_id, LiveRehearsal.ended_at.is_(None))
    found: LiveRehearsal | None = db.session.scalars(query).first()
    return found


def of(rehearsal_id: int, *, actor: Any, right: str = "read") -> LiveRehearsal:
    """A rehearsal for whoever may see its session."""
    policy.authorize(actor, right, SESSION)
    rehearsal = db.session.get(LiveRehearsal, rehearsal_id)
    records.get(LiveSession, rehearsal.session_id if rehearsal is not None else 0, actor=actor)
    assert rehearsal is not None
    return rehearsal


def is_only_shown(session_id: int, verb: str) -> bool:
    """Would this command reach outside of a session that is a rehearsal?"""
    is_practice = select(LiveSession.is_practice).where(LiveSession.id == session_id)
    return verb not in WITHIN and bool(db.session.scalar(is_practice))


def pretend(session_id: int, verb: str, values: dict[str, Any], *, actor: Any, key: str, right: str) -> dict[str, Any]:
    """Log a command of a rehearsal that would have written orders, coupons, stock or messages, and do nothing else."""

    def work(_session: LiveSession) -> Effect:
        return Effect(_("Rehearsed: %(verb)s. Nothing is written.", verb=verb))

    told = {name: value for name, value in values.items() if name != "key" and isinstance(value, int | str)}
    return obey(session_id, verb, told, work, actor=actor, right=right, key=key)


def react(session_id: int, post: Post, verb: str, action_id: int, item_id: int | None, *, actor: Any) -> None:
    """A command was given: is it the first thing that this post does about an open incident?"""
    rehearsal = of_session(session_id)
    if rehearsal is not None:
        _react(rehearsal.id, post, verb, action_id, item_id, actor)


@transactional
def _react(rehearsal_id: int, post: Post, verb: str, action_id: int, item_id: int | None, actor: Any) -> None:
    now = clock.now()
    since = now - dt.timedelta(seconds=incidents.LIMIT)
    query = select(LiveIncident).where(LiveIncident.rehearsal_id == rehearsal_id, LiveIncident.shown_at >= since)
    for incident in db.session.scalars(query.order_by(LiveIncident.at_ms.desc())):
        if not incidents.counts(incident.kind, post, verb, item_id, incident.item_id):
            continue
        is_first = insert_once(
            LiveReaction, incident_id=incident.id, post=post, person_id=actor.id, action_id=action_id, verb=verb[:40],
            seconds=round((now - incident.shown_at).total_seconds(), 3), at=now, version=1, created_at=now, changed_at=now,
        )  # fmt: skip
        if is_first:
            return  # one command answers one incident, the newest that is open


