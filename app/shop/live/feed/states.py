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


class EventKind(Choices):
    """What a platform can tell of. The value stands in what it sends."""

    VIEWERS = "viewers", _("Number of viewers"), "muted"
    JOIN = "join", _("Somebody comes"), "neutral"
    LEAVE = "leave", _("Somebody leaves"), "muted"
    COMMENT = "comment", _("Comment"), "info"
    LIKE = "like", _("Likes"), "neutral"
    GIFT = "gift", _("Gift of a viewer"), "neutral"
    SHARE = "share", _("Shared by a viewer"), "neutral"
    FOLLOW = "follow", _("New fan"), "neutral"
    CLICK = "click", _("Clicks"), "neutral"
    CART = "cart", _("Into carts"), "info"
    ORDER = "order", _("Order"), "success"
    PRICE = "price", _("Price on the platform"), "warning"
    STOCK = "stock", _("Stock on the platform"), "warning"
    GAP = "gap", _("Silence of the platform"), "danger"
    BOOK = "book", _("Booking"), "info"


class Refusal(Choices):
    """Why a post of a feed was turned away."""

    SIGNATURE = "signature", _("Not signed by this feed"), "danger"
    OLD = "old", _("Signed too long ago"), "warning"
    REPLAYED = "replayed", _("The same nonce again"), "warning"
    OVERSIZE = "oversize", _("Too large"), "danger"
    MALFORMED = "malformed", _("Not readable"), "danger"
    CUT = "cut", _("Cut off"), "warning"
    IDLE = "idle", _("No session on air"), "muted"


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
