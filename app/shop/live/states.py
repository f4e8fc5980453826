"""Closed lists of the live domain and the moves that its rows may make."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices


class SessionState(Choices):
    DRAFT = "draft", _("Draft"), "neutral"
    READY = "ready", _("Ready"), "info"
    LIVE = "live", _("On air"), "danger"
    ENDED = "ended", _("Ended"), "success"
    CANCELLED = "cancelled", _("Cancelled"), "muted"


SESSION_MOVES = {
    SessionState.DRAFT: {SessionState.READY, SessionState.CANCELLED},
    SessionState.READY: {SessionState.DRAFT, SessionState.LIVE, SessionState.CANCELLED},
    SessionState.LIVE: {SessionState.ENDED},
    SessionState.ENDED: set(),
    SessionState.CANCELLED: {SessionState.DRAFT},
}
PLANNED = (SessionState.DRAFT, SessionState.READY)


class ItemKind(Choices):
    ITEM = "item", _("Item"), "info"
    DEMO = "demo", _("Demonstration"), "progress"


class ItemState(Choices):
    """Whether an item can be bought in the session."""

    PLANNED = "planned", _("Not yet listed"), "neutral"
    LISTED = "listed", _("Listed"), "success"
    SUSPENDED = "suspended", _("Suspended"), "warning"
    DELISTED = "delisted", _("Delisted"), "muted"


ITEM_MOVES = {
    ItemState.PLANNED: {ItemState.LISTED},
    ItemState.LISTED: {ItemState.SUSPENDED, ItemState.DELISTED},
    ItemState.SUSPENDED: {ItemState.LISTED, ItemState.DELISTED},
    ItemState.DELISTED: {ItemState.LISTED},
}


class Post(Choices):
    """The three posts of a session."""

    HOST = "host", _("Host"), "danger"
    CONTROL = "control", _("Field control"), "info"
    SERVICE = "service", _("Service"), "success"


class OfferKind(Choices):
    """What the control desk can give in a session. A session price comes with its item; the others are started."""

    PRICE = "price", _("Session price"), "info"
    COUPON = "coupon", _("Coupon"), "success"
    FLASH = "flash", _("Flash sale"), "danger"
    FIRST = "first", _("Only the first orders"), "warning"


class PresetKind(Choices):
    """What a button of the control desk starts."""

    COUPON = "coupon", _("Coupon"), "success"
    FLASH = "flash", _("Flash sale"), "danger"
    FIRST = "first", _("Only the first orders"), "warning"
    FREE = "free", _("Free order"), "progress"


class OfferState(Choices):
    RUNNING = "running", _("Offer runs"), "success"
    STOPPED = "stopped", _("Offer stopped"), "muted"
    UNDONE = "undone", _("Undone"), "muted"


class CheckKind(Choices):
    EQUIPMENT = "equipment", _("Equipment"), "neutral"
    MEETING = "meeting", _("Meeting"), "info"
    CONCLUSION = "conclusion", _("From the last session"), "warning"
    SIGN_OFF = "sign_off", _("Sign-off"), "progress"


class QuestionState(Choices):
    NEW = "new", _("New question"), "warning"
    SENT = "sent", _("With the host"), "info"
    ESCALATED = "escalated", _("Escalated"), "danger"
    DONE = "done", _("Done"), "success"


class AskedOf(Choices):
    """Who has to answer a question now."""

    SERVICE = "service", _("Service"), "success"
    HOST = "host", _("Host"), "danger"
    PRODUCT = "product", _("Product team"), "info"


class MessageKind(Choices):
    NOTE = "note", _("Message"), "neutral"
    SLOW_DOWN = "slow_down", _("Slow down"), "warning"
    SPEED_UP = "speed_up", _("Speed up"), "progress"


class GameKind(Choices):
    """What viewers play while a session is on air."""

    POLL = "poll", _("Poll"), "info"
    LOTTERY = "lottery", _("Comment lottery"), "progress"
    BAG = "bag", _("Lucky bag"), "danger"
    QUIZ = "quiz", _("Quiz"), "warning"
    FREE = "free", _("Free order"), "success"


class GameState(Choices):
    PLANNED = "planned", _("Planned"), "neutral"
    OPEN = "open", _("Open"), "danger"
    CLOSED = "closed", _("Closed, not drawn"), "warning"
    DONE = "done", _("Done"), "success"
    CANCELLED = "cancelled", _("Cancelled"), "muted"


GAME_MOVES = {
    GameState.PLANNED: {GameState.OPEN, GameState.CANCELLED},
    GameState.OPEN: {GameState.CLOSED, GameState.DONE, GameState.CANCELLED},
    GameState.CLOSED: {GameState.DONE, GameState.CANCELLED},
    GameState.DONE: set(),
    GameState.CANCELLED: set(),
}


class Condition(Choices):
    """What somebody has to do, within the time, to take part."""

    COMMENT = "comment", _("Write a comment"), "neutral"
    KEYWORD = "keyword", _("Write the word"), "info"
    FOLLOW = "follow", _("Follow the room"), "progress"
    ORDER = "order", _("Order in the session"), "success"
    CHOICE = "choice", _("Write one of the choices"), "info"


class PrizeState(Choices):
    """How far a prize has come to its winner."""

    WON = "won", _("Won, not claimed"), "warning"
    CLAIMED = "claimed", _("Claimed"), "info"
    SENT = "sent", _("Prize sent"), "success"


class Trait(Choices):
    """By what an audience is described."""

    AGE = "age", _("Age"), "info"
    SEX = "sex", _("Sex"), "neutral"
    REGION = "region", _("Region"), "success"
    INTEREST = "interest", _("Interests"), "progress"


class Origin(Choices):
    IMPORTED = "imported", _("From a file"), "info"
    MEASURED = "measured", _("Measured from customers"), "success"


class Outcome(Choices):
    DONE = "done", _("Done"), "success"
    REFUSED = "refused", _("Refused"), "danger"
    UNDONE = "undone", _("Undone"), "muted"
