"""Who may open feeds, see what came by them, and set the rules that watch them."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, select

from app.panel.core import folding, policy
from app.shop.live.models import LiveDead, LiveFeed, LiveHint, LiveMute, LiveReply, LiveSession
from app.shop.setup.models import Channel
from app.shop.setup.permissions import OF_MINE, my_shop_ids, sees_all_shops

RULES = ("live.LiveBlockWord", "live.LiveReplyRule", "live.LiveHintRule", "live.LivePlay")
policy.name("live.LiveFeed", _("Feeds of sessions"))
policy.name("live.LiveDead", _("Events that were refused"))
policy.verbs("live.LiveDead", replay=_("Play refused events again"))
policy.name("live.LiveHint", _("Hints"))
policy.name("live.LiveReply", _("Answers given by themselves"))
policy.name("live.LiveMute", _("Muted viewers"))
policy.name("live.LiveBlockWord", _("Block words"))
policy.name("live.LiveReplyRule", _("Automatic answers"))
policy.name("live.LiveHintRule", _("Rules of hints"))
policy.name("live.LivePlay", _("Playbook"))
policy.verbs("live.LiveHint", answer=_("Follow hints or set them aside"))
folding.part_of("live.LiveFeed", "live.LiveReply", "live.LiveDead")
folding.part_of("live.LiveHintRule", "live.LiveReplyRule", "live.LiveBlockWord", "live.LivePlay")

_SEEN = dict.fromkeys(("live.LiveHint", "live.LiveReply", "live.LiveMute", *RULES), "read")
for _role in ("operations", "field_control", "host", "support", "deputy", "viewer"):
    policy.grant(_role, _SEEN)
for _role in ("operations", "field_control", "deputy"):
    policy.grant(
        _role, {"live.LiveHint": "answer", "live.LiveMute": "write delete", **dict.fromkeys(RULES, "write delete")}
    )
policy.grant("support", {"live.LiveMute": "write delete"})
# whoever opens a feed learns its secret, and who signs with that books orders: administrators do
for _role in ("operations", "deputy"):
    policy.grant(_role, {"live.LiveFeed": "read", "live.LiveDead": "read replay"})


def _of_my_sessions(model: Any) -> None:
    @policy.rows(model, OF_MINE)
    def rule(actor: Any) -> ColumnElement[bool] | None:
        if sees_all_shops(actor):
            return None
        mine = select(LiveSession.id).where(LiveSession.shop_id.in_(my_shop_ids(actor)))
        found: ColumnElement[bool] = model.session_id.in_(mine)
        if model is LiveDead:  # what found no session is of the channel of its feed
            channels = select(Channel.id).where(Channel.shop_id.in_(my_shop_ids(actor)))
            feeds = select(LiveFeed.id).where(LiveFeed.channel_id.in_(channels))
            return found | (model.session_id.is_(None) & model.feed_id.in_(feeds))
        return found | model.session_id.is_(None) if model is LiveMute else found

    policy.follow(model, LiveSession, "session_id")


for _model in (LiveDead, LiveHint, LiveReply, LiveMute):
    _of_my_sessions(_model)


@policy.rows(LiveFeed, OF_MINE)
def feeds_of_mine(actor: Any) -> ColumnElement[bool] | None:
    """Those of sessions and of channels of my shops."""
    if sees_all_shops(actor):
        return None
    shops = my_shop_ids(actor)
    sessions = select(LiveSession.id).where(LiveSession.shop_id.in_(shops))
    found: ColumnElement[bool] = LiveFeed.session_id.in_(sessions) | LiveFeed.channel_id.in_(
        select(Channel.id).where(Channel.shop_id.in_(shops))
    )
    return found


policy.follow(LiveFeed, LiveSession, "session_id")
