"""The feeds of sessions: opened by whoever runs sessions, with a secret that is shown once."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select, update

from app.panel.core import clock, history, policy, signing
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.live.feed.states import Platform
from app.shop.live.models import LiveFeed, LiveSession

RESOURCE = "live.LiveFeed"
PURPOSE = "live.feed"
FORMER_FOR = dt.timedelta(hours=24)


@dataclass(frozen=True)
class Key:
    """What the door needs of a feed to check a signature."""

    feed_id: int
    public_id: str
    nonce: str
    former: str = ""
    former_until: dt.datetime | None = None

    def nonces(self, now: dt.datetime) -> tuple[str, str]:
        """That of the secret, and that of the one before while it is still good; an empty text for none."""
        is_good = bool(self.former) and self.former_until is not None and self.former_until > now
        return self.nonce, self.former if is_good else ""


def key_of(public_id: str) -> Key | None:
    """The key of the open feed of this name."""
    table = LiveFeed.__table__.c
    columns = (table.id, table.public_id, table.nonce, table.former_nonce, table.former_until)
    found = db.session.execute(select(*columns).where(table.public_id == public_id, table.is_open)).first()
    return None if found is None else Key(found[0], found[1], found[2], found[3] or "", found[4])


def path_of(feed: LiveFeed) -> str:
    return f"/live/feed/{feed.public_id}/"


def feed_of(session: LiveSession, platform: Platform = Platform.WEBHOOK) -> LiveFeed | None:
    return db.session.scalar(select(LiveFeed).where(LiveFeed.session_id == session.id, LiveFeed.platform == platform))


@transactional
def open_feed(session: LiveSession, platform: Platform = Platform.WEBHOOK, *, actor: Any) -> tuple[LiveFeed, str]:
    """Let a platform post the events of a session; returns the secret, which can be shown only now."""
    policy.authorize(actor, "write", RESOURCE)
    feed = feed_of(session, platform)
    if feed is not None and feed.is_open:
        raise DomainError(_("This session has its feed already."))
    if feed is None:
        feed = LiveFeed(
            session_id=session.id, platform=platform, public_id=secrets.token_hex(12), nonce=secrets.token_hex(32)
        )  # fmt: skip
        db.session.add(feed)
    feed.nonce, feed.former_nonce, feed.former_until, feed.is_open = secrets.token_hex(32), None, None, True
    history.record(session, "live.feed_opened", actor=actor)
    db.session.flush()
    return feed, secret_of(feed)


@transactional
def new_secret(feed: LiveFeed, *, actor: Any) -> str:
    """Another secret, shown only now; the one before is good for another day."""
    policy.authorize(actor, "write", RESOURCE)
    feed.former_nonce, feed.former_until = feed.nonce, clock.now() + FORMER_FOR
    feed.nonce, feed.is_open = secrets.token_hex(32), True
    history.record(feed.session, "live.feed_secret", actor=actor)
    return secret_of(feed)


@transactional
def close_feed(feed: LiveFeed, *, actor: Any) -> None:
    """Take nothing more; both secrets are worthless from now on. What is in the stream already is still counted."""
    policy.authorize(actor, "write", RESOURCE)
    feed.is_open, feed.former_nonce, feed.former_until, feed.nonce = False, None, None, secrets.token_hex(32)
    history.record(feed.session, "live.feed_closed", actor=actor)


def secret_of(feed: LiveFeed) -> str:
    return signing.secret_of(current_app.config["SECRET_KEY"], PURPOSE, feed.nonce)


@transactional
def turned_away(feed_id: int, why: str) -> None:
    """Count what was not taken. Of all these the last one's reason is kept, and nothing of its content."""
    table = LiveFeed.__table__
    counted = update(table).where(table.c.id == feed_id)
    values = {"refused_at": clock.now(), "refused_why": why[:200], "refused_count": table.c.refused_count + 1}
    db.session.execute(counted.values(**values))
