"""What a platform tells of a session: the feed itself, its events, and the figures that are kept of them.

Events, viewers, comments and figures are written set-based by the consumer alone, thousands a second: they have neither
versions nor a history.
"""

from __future__ import annotations

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _
from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import mapped_column

from app.panel.core.columns import choice, flag, instant, integer, json_column, ref, relation, text
from app.panel.core.db import PanelModel
from app.panel.core.types import ChoiceType, MinorUnits, UTCDateTime
from app.shop.live.feed.states import DeadState, EventKind, EventState, Platform, Refusal

# what is added up, each in every figure: of a session and of an item, in all and for each ten seconds
COUNTERS = (
    "joins", "leaves", "comments", "likes", "gifts", "shares", "follows", "clicks", "carts", "orders", "units", "gmv",
)  # fmt: skip
OF_A_SOURCE = ("joins", "clicks", "carts", "orders", "gmv")
BUCKET_SECONDS = 10
WHOLE = 0  # in the place of an item: the whole session


class LiveFeed(PanelModel):
    """Where a platform, or a program in between, posts events, and what its secret is made from.

    A feed is of one session, or of a channel: then what comes belongs to the session that is on air there.
    """

    __tablename__ = "live_feed"
    __no_history__ = True  # the verbs are recorded
    __table_args__ = (
        UniqueConstraint("session_id", "platform"),
        UniqueConstraint("channel_id", "platform"),
        CheckConstraint("session_id IS NOT NULL OR channel_id IS NOT NULL", name="of_a_session_or_a_channel"),
    )

    session_id = ref(_("Session"), "live_session.id", ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    channel_id = ref(_("Channel"), "setup_channel.id", ondelete="CASCADE", index=False)
    channel = relation("Channel", channel_id)
    platform = choice(_("Platform"), Platform, default=Platform.WEBHOOK, readonly=True)
    public_id = text(_("Key"), 40, required=True, unique=True, readonly=True)
    nonce = text("", 64, required=True, hidden=True)
    former_nonce = text("", 64, hidden=True)
    former_until = instant(_("The former secret is good until"), readonly=True)
    is_open = flag(_("Takes events"), default=True, readonly=True)
    refused_count = integer(_("Turned away"), default=0, readonly=True)
    refused_at = instant(_("Turned away last"), readonly=True)
    refused_code = choice(_("Why"), Refusal, readonly=True)
    refused_why = text(_("What the sender was told"), 200, readonly=True)  # in the language of programs

    def __str__(self) -> str:
        return f"{self.session or self.channel}: {self.platform.label}"


class LiveFeedRefusal(Model):
    """How many posts of a feed were turned away for one reason."""

    __tablename__ = "live_feed_refusal"
    __table_args__ = (UniqueConstraint("feed_id", "code"),)

    id = mapped_column(Integer, primary_key=True)
    feed_id = mapped_column(ForeignKey("live_feed.id", ondelete="CASCADE"), nullable=False)
    code = mapped_column(String(20), nullable=False)
    count = mapped_column(BigInteger, nullable=False, default=0)
    at = mapped_column(UTCDateTime, nullable=False)


class LiveDead(PanelModel):
    """An event that could not be stored: the database refused it, alone and each time, or it came for a channel on which there
    is no session any more. Kept with the reason, to be played again when that is mended."""

    __tablename__ = "live_dead"
    __no_history__ = True  # of what it holds; playing it again is recorded at its feed
    __table_args__ = (UniqueConstraint("feed_id", "source_event_id"), Index(None, "state", "at"))

    feed_id = ref(_("Feed"), "live_feed.id", required=True, ondelete="CASCADE", index=False)
    feed = relation("LiveFeed", feed_id)
    session_id = ref(_("Session"), "live_session.id", ondelete="CASCADE")
    session = relation("LiveSession", session_id)
    source_event_id = text(_("Number of the event"), 100, required=True, readonly=True)
    kind = choice(_("Kind"), EventKind, length=10, readonly=True)
    body = json_column("", hidden=True)  # as it was sent
    reason = text(_("Why"), 300, readonly=True)
    tries = integer(_("Refused so often"), default=0, readonly=True)
    at = instant(_("Refused last"), required=True, readonly=True)
    state = choice(_("State"), DeadState, default=DeadState.KEPT, readonly=True)
    replayed_at = instant(_("Played again at"), readonly=True)

    def __str__(self) -> str:
        return self.source_event_id


class LiveEvent(Model):
    """One event, once: the unique number of its sender is what makes at-least-once senders end in exactly-once totals."""

    __tablename__ = "live_event"
    __table_args__ = (
        UniqueConstraint("feed_id", "source_event_id"),
        Index("ix_live_event_session_id_kind_at", "session_id", "kind", "at"),
        Index(
            "ix_live_event_waiting", "id", sqlite_where=sql("state = 'waiting'"), postgresql_where=sql("state = 'waiting'")
        ),
    )

    id = mapped_column(Integer, primary_key=True)
    feed_id = mapped_column(ForeignKey("live_feed.id", ondelete="CASCADE"), nullable=False)
    source_event_id = mapped_column(String(100), nullable=False)
    session_id = mapped_column(ForeignKey("live_session.id", ondelete="CASCADE"), nullable=False)
    kind = mapped_column(String(10), nullable=False)
    at = mapped_column(UTCDateTime, nullable=False)
    item_id = mapped_column(Integer, nullable=False, default=WHOLE)  # no foreign key: an item may go, its figures stay
    viewer = mapped_column(String(64), nullable=False, default="")
    n = mapped_column(BigInteger, nullable=False, default=1)
    amount = mapped_column(MinorUnits, nullable=True)
    number = mapped_column(String(100), nullable=True)  # of an order: the platform's own
    # of what has to be worked off as well: orders
    state = mapped_column(ChoiceType(EventState, 10), nullable=True)
    is_paid = mapped_column(Boolean, nullable=False, default=False)
    coupon = mapped_column(String(40), nullable=True)  # of an order: a code, or which offer of the session
    sku = mapped_column(String(100), nullable=True)  # of an order: the code that the platform named
    order_id = mapped_column(ForeignKey("orders_order.id", ondelete="SET NULL"), nullable=True, index=True)
    reason = mapped_column(String(300), nullable=True)


class LiveComment(Model):
    """What a viewer wrote. A hidden one is kept, with the word or the mute that hid it."""

    __tablename__ = "live_comment"
    __table_args__ = (
        Index("ix_live_comment_session_id_at", "session_id", "at"),
        Index("ix_live_comment_session_id_viewer", "session_id", "viewer"),
    )

    id = mapped_column(Integer, primary_key=True)
    session_id = mapped_column(ForeignKey("live_session.id", ondelete="CASCADE"), nullable=False)
    feed_id = mapped_column(Integer, nullable=False)
    source_event_id = mapped_column(String(100), nullable=False)
    at = mapped_column(UTCDateTime, nullable=False)
    viewer = mapped_column(String(64), nullable=False)
    name = mapped_column(String(80), nullable=False)
    text = mapped_column(String(500), nullable=False)
    item_id = mapped_column(Integer, nullable=False, default=WHOLE)
    is_hidden = mapped_column(Boolean, nullable=False, default=False)
    why = mapped_column(String(100), nullable=True)


class LiveViewer(Model):
    """Somebody who was seen in a session, and by which way he first came."""

    __tablename__ = "live_viewer"
    __table_args__ = (UniqueConstraint("session_id", "viewer"),)

    id = mapped_column(Integer, primary_key=True)
    session_id = mapped_column(ForeignKey("live_session.id", ondelete="CASCADE"), nullable=False)
    viewer = mapped_column(String(64), nullable=False)
    name = mapped_column(String(80), nullable=False)
    source = mapped_column(String(40), nullable=False)
    first_at = mapped_column(UTCDateTime, nullable=False)
    last_at = mapped_column(UTCDateTime, nullable=False)


class _Figures:
    """The counters, and the reading of the number of viewers: that of the latest instant, and of equal ones the highest."""

    joins = mapped_column(BigInteger, nullable=False, default=0)
    leaves = mapped_column(BigInteger, nullable=False, default=0)
    comments = mapped_column(BigInteger, nullable=False, default=0)
    likes = mapped_column(BigInteger, nullable=False, default=0)
    gifts = mapped_column(BigInteger, nullable=False, default=0)
    shares = mapped_column(BigInteger, nullable=False, default=0)
    follows = mapped_column(BigInteger, nullable=False, default=0)
    clicks = mapped_column(BigInteger, nullable=False, default=0)
    carts = mapped_column(BigInteger, nullable=False, default=0)
    orders = mapped_column(BigInteger, nullable=False, default=0)
    units = mapped_column(BigInteger, nullable=False, default=0)
    gmv = mapped_column(BigInteger, nullable=False, default=0)
    viewers = mapped_column(BigInteger, nullable=False, default=0)
    viewers_ms = mapped_column(BigInteger, nullable=False, default=0)


class LiveBucket(_Figures, Model):
    """Ten seconds of a session, or of one of its items: by the events' own time, however late they come."""

    __tablename__ = "live_bucket"
    __table_args__ = (UniqueConstraint("session_id", "item_id", "starts_at"),)

    id = mapped_column(Integer, primary_key=True)
    session_id = mapped_column(ForeignKey("live_session.id", ondelete="CASCADE"), nullable=False)
    item_id = mapped_column(Integer, nullable=False, default=WHOLE)
    starts_at = mapped_column(UTCDateTime, nullable=False)


class LiveTally(_Figures, Model):
    """The same in all: what a console shows ten times a second without adding up buckets."""

    __tablename__ = "live_tally"
    __table_args__ = (UniqueConstraint("session_id", "item_id"),)

    id = mapped_column(Integer, primary_key=True)
    session_id = mapped_column(ForeignKey("live_session.id", ondelete="CASCADE"), nullable=False)
    item_id = mapped_column(Integer, nullable=False, default=WHOLE)
    newcomers = mapped_column(BigInteger, nullable=False, default=0)  # different viewers
    events = mapped_column(BigInteger, nullable=False, default=0)  # of every kind, each once
    repeated = mapped_column(BigInteger, nullable=False, default=0)  # that came again and changed nothing
    last_ms = mapped_column(BigInteger, nullable=False, default=0)  # the latest instant that an event names
    heard_ms = mapped_column(BigInteger, nullable=False, default=0)  # when the last post came in


class LiveSourceBucket(Model):
    """Ten seconds of one source of viewers: search, recommendation, followers, and so on."""

    __tablename__ = "live_source_bucket"
    __table_args__ = (UniqueConstraint("session_id", "source", "starts_at"),)

    id = mapped_column(Integer, primary_key=True)
    session_id = mapped_column(ForeignKey("live_session.id", ondelete="CASCADE"), nullable=False)
    source = mapped_column(String(40), nullable=False)
    starts_at = mapped_column(UTCDateTime, nullable=False)
    joins = mapped_column(BigInteger, nullable=False, default=0)
    clicks = mapped_column(BigInteger, nullable=False, default=0)
    carts = mapped_column(BigInteger, nullable=False, default=0)
    orders = mapped_column(BigInteger, nullable=False, default=0)
    gmv = mapped_column(BigInteger, nullable=False, default=0)
