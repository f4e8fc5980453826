"""The feeds of sessions: opened by whoever runs sessions, with a secret that is shown once."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select, update

from app.panel.core import clock, history, manyrows, policy, signing, stepup
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.live.feed import known
from app.shop.live.feed.states import Platform
from app.shop.live.models import LiveFeed, LiveFeedRefusal, LiveSession
from app.shop.setup.models import Channel

RESOURCE = "live.LiveFeed"
PURPOSE = "live.feed"
FORMER_FOR = dt.timedelta(hours=24)
COUNTED = "(feed_id, code) DO UPDATE SET count = live_feed_refusal.count + excluded.count, at = excluded.at"


@dataclass(frozen=True)
class Key:
    """What the door needs of a feed to check a signature."""

    feed_id: int
    public_id: str
    nonce: str
    former: str = ""
    former_until: dt.datetime | None = None
    is_idle: bool = False  # of a channel on which no session is on air, nor was, nor will be soon

    def nonces(self, now: dt.datetime) -> tuple[str, str]:
        """That of the secret, and that of the one before while it is still good; an empty text for none."""
        is_good = bool(self.former) and self.former_until is not None and self.former_until > now
        return self.nonce, self.former if is_good else ""


def key_of(public_id: str) -> Key | None:
    """The key of the open feed of this name."""
    table = LiveFeed.__table__.c
    columns = (table.id, table.public_id, table.nonce, table.former_nonce, table.former_until, table.session_id, table.channel_id)
    found = db.session.execute(select(*columns).where(table.public_id == public_id, table.is_open)).first()
    if found is None:
        return None
    is_idle = found[5] is None and known.session_on(found[6]) is None
    return Key(found[0], found[1], found[2], found[3] or "", found[4], is_idle)


def path_of(feed: LiveFeed) -> str:
    return f"/live/feed/{feed.public_id}/"


def feed_of(subject: LiveSession | Channel, platform: Platform = Platform.WEBHOOK) -> LiveFeed | None:
    """The feed of a session, or of a channel."""
    column = LiveFeed.session_id if isinstance(subject, LiveSession) else LiveFeed.channel_id
    return db.session.scalar(select(LiveFeed).where(column == subject.id, LiveFeed.platform == platform))


@transactional
def open_feed(
    subject: LiveSession | Channel, platform: Platform = Platform.WEBHOOK, *, actor: Any
) -> tuple[LiveFeed, str]:
    """Let a platform post the events of a session, or of whatever session is on air on a channel; returns the secret, which
    can be shown only now.

    :raises ProofNeeded: unless a person has just shown who he is: whoever signs with the secret books orders
    """
    policy.authorize(actor, "write", RESOURCE)
    stepup.require(actor, second_step=False)
    feed = feed_of(subject, platform)
    if feed is not None and feed.is_open:
        raise DomainError(_("It has its feed already."))
    if feed is None:
        of = "session_id" if isinstance(subject, LiveSession) else "channel_id"
        feed = LiveFeed(
            **{of: subject.id}, platform=platform, public_id=secrets.token_hex(12), nonce=secrets.token_hex(32)
        )  # fmt: skip
        db.session.add(feed)
    feed.nonce, feed.former_nonce, feed.former_until, feed.is_open = secrets.token_hex(32), None, None, True
    history.record(subject, "live.feed_opened", actor=actor)
    db.session.flush()
    return feed, secret_of(feed)


@transactional
def new_secret(feed: LiveFeed, *, actor: Any) -> str:
    """Another secret, shown only now; the one before is good for another day."""
    policy.authorize(actor, "write", RESOURCE)
    stepup.require(actor, second_step=False)
    if not feed.is_open:
        raise DomainError(_("This feed is closed. Open it again, then it has a new secret."))
    feed.former_nonce, feed.former_until = feed.nonce, clock.now() + FORMER_FOR
    feed.nonce = secrets.token_hex(32)
    history.record(feed.session or feed.channel, "live.feed_secret", actor=actor)
    return secret_of(feed)


@transactional
def close_feed(feed: LiveFeed, *, actor: Any) -> None:
    """Take nothing more; both secrets are worthless from now on. What is in the stream already is still counted."""
    policy.authorize(actor, "write", RESOURCE)
    feed.is_open, feed.former_nonce, feed.former_until, feed.nonce = False, None, None, secrets.token_hex(32)
    history.record(feed.session or feed.channel, "live.feed_closed", actor=actor)


def secret_of(feed: LiveFeed) -> str:
    return signing.secret_of(current_app.config["SECRET_KEY"], PURPOSE, feed.nonce)


@transactional
def turned_away(feed_id: int, code: str, why: str, counts: Mapping[str, int]) -> None:
    """Count what was not taken, by reason. Of all these the last one's sentence is kept, and nothing of its content."""
    table, now, many = LiveFeed.__table__, clock.now(), sum(counts.values())
    values = {"refused_at": now, "refused_code": code, "refused_why": why[:200], "refused_count": table.c.refused_count + many}
    db.session.execute(update(table).where(table.c.id == feed_id).values(**values))
    rows = [
        (feed_id, code, count, manyrows.instant(int(now.timestamp() * 1000))) for code, count in sorted(counts.items())
    ]
    manyrows.insert(LiveFeedRefusal.__table__, ("feed_id", "code", "count", "at"), rows, conflict=COUNTED)


def refusals_of(feed: LiveFeed) -> list[LiveFeedRefusal]:
    """How many posts were turned away, by reason, the most frequent first."""
    query = select(LiveFeedRefusal).where(LiveFeedRefusal.feed_id == feed.id)
    return list(db.session.scalars(query.order_by(LiveFeedRefusal.count.desc(), LiveFeedRefusal.code)))
