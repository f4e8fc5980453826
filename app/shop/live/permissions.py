"""Who sees which sessions, and what each of the three posts may do in them (TEAM-01)."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, select

from app.panel.core import folding, policy
from app.shop.live.models import (
    LiveAction,
    LiveBooking,
    LiveCheck,
    LiveConclusion,
    LiveGame,
    LiveItem,
    LiveLink,
    LiveMessage,
    LiveNotice,
    LiveOffer,
    LiveOut,
    LiveOutlet,
    LivePreset,
    LiveQuestion,
    LiveRoom,
    LiveSession,
    LiveSlot,
    LiveWinner,
)
from app.shop.live.states import Post
from app.shop.setup.models import Channel
from app.shop.setup.permissions import OF_MINE, my_shop_ids, sees_all_shops

SESSION, ITEM, ROOM = "live.LiveSession", "live.LiveItem", "live.LiveRoom"
BOOKING, OUTLET, OUT = "live.LiveBooking", "live.LiveOutlet", "live.LiveOut"
CONCLUSION, CHECK, ACTION = "live.LiveConclusion", "live.LiveCheck", "live.LiveAction"
GAME, WINNER, MUTE = "live.LiveGame", "live.LiveWinner", "live.LiveMute"
OFFER, PRESET = "live.LiveOffer", "live.LivePreset"
# by which right one stands at a post
VERBS = {Post.HOST: "present", Post.CONTROL: "control", Post.SERVICE: "serve"}

policy.verbs(
    SESSION, present=_("Present: use the host's prompter"), control=_("Run sessions from the control desk"),
    serve=_("Answer viewers from the service desk"), advise=_("Answer questions that the service passes to the product team"),
    offer=_("Give prices, coupons and other offers in sessions"),
)  # fmt: skip
OF_A_SESSION = (
    LiveItem, LiveCheck, LiveConclusion, LiveLink, LiveSlot, LiveNotice, LiveQuestion, LiveMessage, LiveAction,
    LiveGame, LiveWinner, LiveOffer, LiveBooking, LiveOut,
)  # fmt: skip
folding.part_of(SESSION, ITEM, CHECK, ACTION, CONCLUSION, GAME, WINNER, OFFER)
_SEEN = dict.fromkeys((SESSION, ITEM, ROOM, CONCLUSION, CHECK, ACTION, GAME, WINNER), "read")
for _role in ("operations", "field_control", "host", "support", "deputy", "viewer"):
    policy.grant(_role, _SEEN)
for _role in ("operations", "field_control", "deputy"):
    policy.grant(_role, {
        SESSION: "write control", ITEM: "write delete", ROOM: "write", CONCLUSION: "write", CHECK: "write delete",
        WINNER: "export",
    })  # fmt: skip
policy.grant("operations", {SESSION: "delete export", ROOM: "delete", CONCLUSION: "delete"})
policy.grant("deputy", {SESSION: "present serve advise"})
policy.grant("operations", {SESSION: "advise"})
for _role in ("operations", "field_control", "host", "support", "deputy", "viewer"):
    policy.grant(_role, {OFFER: "read", PRESET: "read"})
for _role in ("operations", "field_control", "deputy"):
    policy.grant(_role, {SESSION: "offer", PRESET: "write delete"})
policy.grant("host", {SESSION: "present"})
# who booked left a way to reach him: those who prepare sessions see it, nobody else
policy.mask(BOOKING, "contact", verb="see_contacts", how="tail")
policy.verbs(BOOKING, see_contacts=_("See all contacts at any time"))
policy.verbs(OUT, send=_("Send again what failed"))
folding.part_of(SESSION, BOOKING, OUT)
for _role in ("operations", "field_control", "deputy"):
    policy.grant(_role, {BOOKING: "read write delete", OUTLET: "read", OUT: "read send"})
for _role in ("operations", "deputy"):
    policy.grant(_role, {BOOKING: "export import"})
policy.grant("deputy", {BOOKING: "see_contacts"})
policy.grant("support", {SESSION: "serve"})


@policy.rows(LiveSession, OF_MINE)
def sessions_of_my_shops(actor: Any) -> ColumnElement[bool] | None:
    return None if sees_all_shops(actor) else LiveSession.shop_id.in_(my_shop_ids(actor))


@policy.rows(LiveRoom, OF_MINE)
def rooms_of_my_shops(actor: Any) -> ColumnElement[bool] | None:
    """Those that every shop may use, and those of one's own."""
    return None if sees_all_shops(actor) else LiveRoom.shop_id.is_(None) | LiveRoom.shop_id.in_(my_shop_ids(actor))


@policy.rows(LiveOutlet, OF_MINE)
def outlets_of_my_shops(actor: Any) -> ColumnElement[bool] | None:
    if sees_all_shops(actor):
        return None
    mine: ColumnElement[bool] = LiveOutlet.channel_id.in_(
        select(Channel.id).where(Channel.shop_id.in_(my_shop_ids(actor)))
    )
    return mine


def _of_my_sessions(model: Any) -> None:
    @policy.rows(model, OF_MINE)
    def rule(actor: Any) -> ColumnElement[bool] | None:
        if sees_all_shops(actor):
            return None
        mine: ColumnElement[bool] = model.session_id.in_(
            select(LiveSession.id).where(LiveSession.shop_id.in_(my_shop_ids(actor)))
        )
        return mine

    policy.follow(model, LiveSession, "session_id")


@policy.rows(LivePreset, OF_MINE)
def presets_of_my_shops(actor: Any) -> ColumnElement[bool] | None:
    """Those of every shop, and those of one's own."""
    return None if sees_all_shops(actor) else LivePreset.shop_id.is_(None) | LivePreset.shop_id.in_(my_shop_ids(actor))


for _model in OF_A_SESSION:
    _of_my_sessions(_model)


def posts_of(actor: Any) -> list[Post]:
    """At which posts somebody may stand."""
    return [post for post, verb in VERBS.items() if policy.allowed(actor, verb, SESSION)]
