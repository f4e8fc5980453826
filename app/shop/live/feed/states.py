"""Closed lists of the feed."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices

EVENTS_FOR = dt.timedelta(days=30)  # how long single events are kept; the figures made of them stay


class Platform(Choices):
    """Where the events of a session come from."""

    WEBHOOK = "webhook", _("Signed webhook"), "info"
    SIMULATOR = "simulator", _("Simulator"), "muted"
    TIKTOK = "tiktok", _("TikTok LIVE"), "neutral"


class EventState(Choices):
    """What came of an order that a feed told of."""

    WAITING = "waiting", _("Waiting"), "neutral"
    TAKEN = "taken", _("Taken"), "success"
    SAME = "same", _("Known already"), "muted"
    REFUSED = "refused", _("Not taken"), "danger"
    REHEARSED = "rehearsed", _("Rehearsal"), "info"


class DeadState(Choices):
    """What became of an event that could not be stored."""

    KEPT = "kept", _("Kept aside"), "danger"
    REPLAYED = "replayed", _("Played again"), "success"


class HintKind(Choices):
    VIEWERS_FALL = "viewers_fall", _("Viewers fall (per cent)"), "warning"
    FEW_COMMENTS = "few_comments", _("Little interaction (per viewer and minute)"), "warning"
    FEW_ORDERS = "few_orders", _("Clicks, but few orders (per cent of the median)"), "warning"
    TRAFFIC = "traffic", _("Traffic of a source (per cent off its usual)"), "info"
    SOURCE_LOW = "source_low", _("Few viewers from a source (per cent under past sessions)"), "info"
    SELLS_WELL = "sells_well", _("The shown item sells well (per cent of the median)"), "success"
    SELLS_BADLY = "sells_badly", _("The shown item sells badly (per cent of the median)"), "warning"
    STOCK_LOW = "stock_low", _("Stock of the shown item (pieces)"), "danger"
    PRICE_SLIP = "price_slip", _("Price on the platform is another (per cent)"), "danger"
    GAP = "gap", _("The feed is silent (seconds)"), "danger"


class HintState(Choices):
    NEW = "new", _("New"), "warning"
    FOLLOWED = "followed", _("Followed"), "success"
    DISMISSED = "dismissed", _("Set aside"), "muted"
