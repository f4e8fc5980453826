"""What goes wrong in a rehearsal, what each post is asked to do about it, and what that is worth.

Pure: it knows neither tables nor clocks. docs/live.md holds the same table for people, and a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices
from app.shop.live.states import Post

GOAL, LIMIT = 10, 120  # seconds: all points up to the first, none from the second on


class IncidentKind(Choices):
    PRICE_SLIP = "price_slip", _("Wrong price"), "danger"
    FLOOD = "flood", _("Flood of questions"), "warning"
    STOCK_OUT = "stock_out", _("Sold out"), "danger"
    RUDE = "rude", _("Rude comment"), "warning"
    VIEWERS_DROP = "viewers_drop", _("Viewers leave"), "warning"
    GAP = "gap", _("Silent feed"), "danger"


class RehearsalState(Choices):
    RUNNING = "running", _("Running"), "danger"
    ENDED = "ended", _("Played to its end"), "success"
    STOPPED = "stopped", _("Stopped early"), "muted"


@dataclass(frozen=True)
class Asked:
    """One of these commands is a reaction; with `of_item` only about the item of the incident, or about none."""

    verbs: tuple[str, ...]
    of_item: bool = False


# which part of the way through each begins
PLANTED = {
    IncidentKind.PRICE_SLIP: 0.15, IncidentKind.FLOOD: 0.28, IncidentKind.STOCK_OUT: 0.42, IncidentKind.RUDE: 0.55,
    IncidentKind.VIEWERS_DROP: 0.68, IncidentKind.GAP: 0.84,
}  # fmt: skip
TALK = ("say",)
REACTIONS: dict[tuple[IncidentKind, Post], Asked] = {
    (IncidentKind.PRICE_SLIP, Post.CONTROL): Asked(("notice", "suspend", "delist", "price"), of_item=True),
    (IncidentKind.PRICE_SLIP, Post.HOST): Asked(("seen", "say")),
    (IncidentKind.PRICE_SLIP, Post.SERVICE): Asked(("say", "ask", "escalate")),
    (IncidentKind.FLOOD, Post.CONTROL): Asked(("ask", "send_to_host", "done", "notice")),
    (IncidentKind.FLOOD, Post.HOST): Asked(("done", "give_back")),
    (IncidentKind.FLOOD, Post.SERVICE): Asked(("ask", "done", "escalate", "send_to_host")),
    (IncidentKind.STOCK_OUT, Post.CONTROL): Asked(("suspend", "delist", "notice"), of_item=True),
    (IncidentKind.STOCK_OUT, Post.HOST): Asked(("seen", "say")),
    (IncidentKind.STOCK_OUT, Post.SERVICE): Asked(("say", "ask", "escalate")),
    (IncidentKind.RUDE, Post.CONTROL): Asked(("mute", "block", "hide", "say")),
    (IncidentKind.RUDE, Post.HOST): Asked(("seen", "say")),
    (IncidentKind.RUDE, Post.SERVICE): Asked(("mute", "block", "hide", "say")),
    (IncidentKind.VIEWERS_DROP, Post.CONTROL): Asked(("say", "next", "pin", "notice", "poll", "game", "offer")),
    (IncidentKind.VIEWERS_DROP, Post.HOST): Asked(("seen", "say", "done")),
    (IncidentKind.VIEWERS_DROP, Post.SERVICE): Asked(("say", "ask", "send_to_host", "escalate")),
    (IncidentKind.GAP, Post.CONTROL): Asked(("say", "notice")),
    (IncidentKind.GAP, Post.HOST): Asked(TALK),
    (IncidentKind.GAP, Post.SERVICE): Asked(TALK),
}

WORDS = {
    "notice": _("Write a notice"), "suspend": _("Suspend"), "delist": _("Delist"), "price": _("Correct the price"),
    "seen": _("Confirm a call"), "say": _("Write to the team"), "ask": _("Write the question down"), "escalate": _("Ask the host"),
    "send_to_host": _("To the host"), "done": _("Done"), "give_back": _("Back to the service"), "mute": _("Mute the viewer"),
    "block": _("Block the viewer"), "hide": _("Hide the comment"), "next": _("Next item"), "pin": _("Put it on screen"),
    "poll": _("Ask all viewers"), "game": _("Begin a game"), "offer": _("Begin an offer"),
}  # fmt: skip


def word(verb: str) -> str:
    """What a command is called here."""
    return str(WORDS.get(verb) or WORDS.get(verb.partition("_")[0]) or verb)


def counts(kind: IncidentKind, post: Post, verb: str, item_id: int | None, of_item: int | None) -> bool:
    """Is this command of this post a reaction to the incident? A verb of a game or a coupon counts by its first word."""
    asked = REACTIONS[kind, post]
    if verb not in asked.verbs and verb.partition("_")[0] not in asked.verbs:
        return False
    return not asked.of_item or item_id is None or of_item is None or item_id == of_item


def points(seconds: float | None) -> int:
    """100 up to ten seconds, falling evenly to 0 at two minutes; 0 for who did nothing."""
    if seconds is None:
        return 0
    return max(0, min(100, round(100 * (LIMIT - seconds) / (LIMIT - GOAL))))
