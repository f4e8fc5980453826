"""Tables of the live domain."""

from app.shop.live.models.around import LiveCheck, LiveConclusion, LiveLink
from app.shop.live.models.feed import (
    BUCKET_SECONDS,
    COUNTERS,
    OF_A_SOURCE,
    WHOLE,
    LiveBucket,
    LiveComment,
    LiveDead,
    LiveEvent,
    LiveFeed,
    LiveFeedRefusal,
    LiveSourceBucket,
    LiveTally,
    LiveViewer,
)
from app.shop.live.models.games import LiveEntry, LiveGame, LiveSeal, LiveWinner
from app.shop.live.models.offers import LiveOffer, LivePreset
from app.shop.live.models.plan import LiveItem, LiveRoom, LiveSession
from app.shop.live.models.reach import LiveBooking, LiveOut, LiveOutlet
from app.shop.live.models.rehearsal import LiveIncident, LiveReaction, LiveRehearsal
from app.shop.live.models.review import LiveAudience, LiveForecast, LiveReport, LiveSkill
from app.shop.live.models.run import LiveAction, LiveMessage, LiveNotice, LiveQuestion, LiveSlot
from app.shop.live.models.watch import (
    LiveBlockWord,
    LiveHint,
    LiveHintRule,
    LiveMute,
    LivePlay,
    LiveReply,
    LiveReplyRule,
)

__all__ = [
    "BUCKET_SECONDS",
    "COUNTERS",
    "OF_A_SOURCE",
    "WHOLE",
    "LiveAction",
    "LiveAudience",
    "LiveBlockWord",
    "LiveBooking",
    "LiveBucket",
    "LiveCheck",
    "LiveComment",
    "LiveConclusion",
    "LiveDead",
    "LiveEntry",
    "LiveEvent",
    "LiveFeed",
    "LiveFeedRefusal",
    "LiveForecast",
    "LiveGame",
    "LiveHint",
    "LiveHintRule",
    "LiveIncident",
    "LiveItem",
    "LiveLink",
    "LiveMessage",
    "LiveMute",
    "LiveNotice",
    "LiveOffer",
    "LiveOut",
    "LiveOutlet",
    "LivePlay",
    "LivePreset",
    "LiveQuestion",
    "LiveReaction",
    "LiveRehearsal",
    "LiveReply",
    "LiveReplyRule",
    "LiveReport",
    "LiveRoom",
    "LiveSeal",
    "LiveSession",
    "LiveSkill",
    "LiveSlot",
    "LiveSourceBucket",
    "LiveTally",
    "LiveViewer",
    "LiveWinner",
]
