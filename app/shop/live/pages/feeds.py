"""The feeds in the browser: opened for a session or a channel, the secret shown once, what came by them and what was refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import abort, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.panel.core import clock, policy, records, veil
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.interface import PanelInterface
from app.panel.core.pages import PanelPage, expose, needs
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.live import domain
from app.shop.live.feed import keys, sifting
from app.shop.live.feed.states import DeadState, EventKind, Refusal
from app.shop.live.models import LiveDead, LiveEvent, LiveFeed, LiveSession
from app.shop.live.pages.examples import CURL, PYTHON
from app.shop.live.queries import on_the_way
from app.shop.setup.models import Channel


@domain.view(_("Feeds"), icon="fa-satellite-dish", order=80)
class LiveFeedView(PanelView):
    datamodel = PanelInterface(LiveFeed)
    title = _("Feeds of sessions")
    one = _("feed")
    list_columns = ["session", "channel", "platform", "is_open", "refused_count", "refused_at", "refused_code"]
    filter_columns = ["session", "channel", "platform", "is_open"]
    sort_columns = ["refused_at"]
    default_sort = "-id"
    found_everywhere = False
    can_add = can_edit = can_delete = can_import = can_export = False
    added_on = ("/live/feeds/", "write", _("Open a feed"))
    show_fieldsets = [
        (_("Feed"), ["session", "channel", "platform", "public_id", "is_open", "former_until"]),
        (_("Turned away"), ["refused_count", "refused_at", "refused_code", "refused_why"]),
    ]
    empty_text = _(
        "No feed yet. A session or a channel gets one on its own page; then its platform can post what happens."
    )

    @verb(
        "address",
        _("Address and examples"),
        icon="fa-plug",
        permission="read",
        many=False,
        read_only=True,
        primary=True,
    )
    def address(self, feeds: list[LiveFeed], form: Any) -> Any:
        feed = feeds[0]
        if feed.session_id is not None:
            return redirect(url_for("live_sessionfeed.index", live_id=feed.session_id))
        return redirect(url_for("live_channelfeed.index", channel_id=feed.channel_id))


@domain.view(_("Refused events"), icon="fa-triangle-exclamation", order=81)
class LiveDeadView(PanelView):
    datamodel = PanelInterface(LiveDead)
    title = _("Events that were refused")
    one = _("refused event")
    list_columns = ["at", "feed", "session", "kind", "source_event_id", "reason", "tries", "state"]
    filter_columns = ["session", "kind", "state", "at"]
    sort_columns = ["at"]
    default_sort = "-at"
    quick_filters = ["state"]
    found_everywhere = False
    can_add = can_edit = can_delete = can_import = False
    show_fieldsets = [
        (_("Event"), ["at", "feed", "session", "kind", "source_event_id", "reason", "tries", "state", "replayed_at"])
    ]
    empty_text = _("Every event was stored.")

    @verb("replay", _("Play again"), icon="fa-rotate-right", permission="replay", primary=True,
          when=lambda one: one.state is DeadState.KEPT)  # fmt: skip
    def replay(self, rows: list[LiveDead], form: Any) -> str:
        for row in rows:
            sifting.play_again(row, actor=current_actor())
        return gettext("%(n)s events played again.", n=len(rows))


class FeedPage(PanelPage):
    """What the pages of a session's and of a channel's feed have in common."""

    resource = keys.RESOURCE
    stands_under = "live_livefeed"

    def _change(self, subject: LiveSession | Channel) -> Any:
        """Open, change the secret, or close; a secret stands on the answer and nowhere else."""
        actor, wish, feed = current_actor(), request.form.get("do"), keys.feed_of(subject)
        if wish == "open":
            _feed, secret = keys.open_feed(subject, actor=actor)
            return self._page(subject, secret)
        if feed is None or wish not in ("renew", "close"):
            abort(400)
        if wish == "renew":
            return self._page(subject, keys.new_secret(feed, actor=actor))
        keys.close_feed(feed, actor=actor)
        return self._page(subject)

    def _page(self, subject: LiveSession | Channel, secret: str = "") -> str:
        feed, actor = keys.feed_of(subject), current_actor()
        is_shown = feed is not None and veil.shows(feed, "public_id")
        path = keys.path_of(feed) if feed is not None and is_shown else ""
        url = f"{request.host_url.rstrip('/')}{path}" if path else ""
        is_channel = isinstance(subject, Channel)
        words = {"url": url or "https://…/live/feed/…/"}
        return self.render(
            "live/feed.html", title=gettext("Feed of %(name)s", name=str(veil.seen(subject))), subject=subject, feed=feed,
            secret=secret, url=url, is_channel=is_channel, may_write=policy.allowed(actor, "write", keys.RESOURCE),
            examples=(("curl", CURL % words), ("Python", PYTHON % words)),
            counted=counted(feed) if feed is not None else None, why=Refusal, kinds=EventKind,
            refusals=keys.refusals_of(feed) if feed is not None else [],
            hours=int(keys.FORMER_FOR.total_seconds() // 3600),
            back=url_for("setup_channel.show" if is_channel else "live_livesession.show", pk=subject.id),
        )  # fmt: skip


def counted(feed: LiveFeed) -> SimpleNamespace:
    """What came by a feed: how many events of each kind, the last one, and how many are kept aside."""
    table = LiveEvent.__table__.c
    kinds = db.session.execute(
        select(table.kind, func.count()).where(table.feed_id == feed.id).group_by(table.kind).order_by(func.count().desc())
    ).all()  # fmt: skip
    last = db.session.execute(
        select(table.kind, table.at, table.session_id).where(table.feed_id == feed.id).order_by(table.id.desc()).limit(1)
    ).first()  # fmt: skip
    dead = select(func.count()).where(LiveDead.feed_id == feed.id, LiveDead.state == DeadState.KEPT)
    return SimpleNamespace(
        kinds=kinds, all=sum(count for _kind, count in kinds), last=last, dead=db.session.scalar(dead) or 0
    )


@domain.page(_("Feed of a session"), menu=False)
class SessionFeedPage(FeedPage):
    title = _("Feed of a session")
    route_base = "/live"

    @expose("/<int:live_id>/feed", methods=["GET"])
    @needs("read")
    def index(self, live_id: int) -> Any:
        return self._page(_session(live_id))

    @expose("/<int:live_id>/feed", methods=["POST"])
    @needs("write")
    def change(self, live_id: int) -> Any:
        return self._change(_session(live_id))


@domain.page(_("Feed of a channel"), menu=False)
class ChannelFeedPage(FeedPage):
    """What comes by it belongs to the session that is on air on the channel."""

    title = _("Feed of a channel")
    route_base = "/live/channels"

    @expose("/<int:channel_id>/feed", methods=["GET"])
    @needs("read")
    def index(self, channel_id: int) -> Any:
        return self._page(_channel(channel_id))

    @expose("/<int:channel_id>/feed", methods=["POST"])
    @needs("write")
    def change(self, channel_id: int) -> Any:
        return self._change(_channel(channel_id))


def _session(live_id: int) -> LiveSession:
    found: LiveSession = records.get(LiveSession, live_id, actor=current_actor())
    return found


def _channel(channel_id: int) -> Channel:
    found: Channel = records.get(Channel, channel_id, actor=current_actor())
    return found


@domain.page(_("Open a feed"), menu=False)
class FeedChoicePage(PanelPage):
    """For which session or channel?"""

    resource = keys.RESOURCE
    title = _("Open a feed")
    route_base = "/live/feeds"
    stands_under = "live_livefeed"

    @expose("/")
    @needs("read")
    def index(self) -> Any:
        actor = current_actor()
        sessions = list(db.session.scalars(on_the_way(actor, clock.now() - clock.days(1))))
        channels = db.session.scalars(
            policy.scope(select(Channel), actor, Channel).order_by(Channel.position, Channel.id).limit(100)
        )
        return self.render("live/feeds.html", sessions=sessions, channels=list(channels))
