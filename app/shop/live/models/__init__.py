"""Tables of the live domain."""

from app.shop.live.models.around import LiveCheck, LiveConclusion, LiveLink
from app.shop.live.models.plan import LiveItem, LiveRoom, LiveSession
from app.shop.live.models.run import LiveAction, LiveMessage, LiveNotice, LiveQuestion, LiveSlot

__all__ = [
    "LiveAction",
    "LiveCheck",
    "LiveConclusion",
    "LiveItem",
    "LiveLink",
    "LiveMessage",
    "LiveNotice",
    "LiveQuestion",
    "LiveRoom",
    "LiveSession",
    "LiveSlot",
]
