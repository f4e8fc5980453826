"""Closed lists of the catalog and the moves that a product may make."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices


class ProductState(Choices):
    DRAFT = "draft", _("Draft"), "muted"
    PUBLISHED = "published", _("On sale"), "success"
    WITHDRAWN = "withdrawn", _("Off the shelf"), "warning"


STATE_MOVES: dict[ProductState, frozenset[ProductState]] = {
    ProductState.DRAFT: frozenset({ProductState.PUBLISHED}),
    ProductState.PUBLISHED: frozenset({ProductState.WITHDRAWN}),
    ProductState.WITHDRAWN: frozenset({ProductState.PUBLISHED}),
}


class ProductPhase(Choices):
    """Where a product stands in its life: is it tried out, improved or pushed?"""

    TEST = "test", _("Test phase"), "info"
    OPTIMISE = "optimise", _("Optimise phase"), "warning"
    PROMOTE = "promote", _("Promote phase"), "success"


# (from, to) -> may be made? The shop may allow or forbid a move, and say who may make it: see PhaseRule
PHASE_MOVES: frozenset[tuple[ProductPhase, ProductPhase]] = frozenset({
    (ProductPhase.TEST, ProductPhase.OPTIMISE),
    (ProductPhase.OPTIMISE, ProductPhase.TEST),
    (ProductPhase.OPTIMISE, ProductPhase.PROMOTE),
    (ProductPhase.PROMOTE, ProductPhase.OPTIMISE),
})


class ProductKind(Choices):
    """The part that a product plays in the shop; each part has a key figure of its own."""

    REGULAR = "regular", _("Regular item"), "neutral"
    TRAFFIC = "traffic", _("Traffic item"), "info"
    PROFIT = "profit", _("Profit item"), "success"
    EVENT = "event", _("Event item"), "danger"


class AttributeKind(Choices):
    TEXT = "text", _("Text")
    NUMBER = "number", _("A number")
    CHOICE = "choice", _("One of a list")
    FLAG = "flag", _("Yes or no")
    DAY = "day", _("Date")


class MoveWhat(Choices):
    """What a line of the product's log is about."""

    STATE = "state", _("State")
    PHASE = "phase", _("Phase")


class RelationKind(Choices):
    ACCESSORY = "accessory", _("Goes with it"), "info"
    SIMILAR = "similar", _("Similar"), "neutral"
    UPGRADE = "upgrade", _("Better model"), "success"


class MediaSource(Choices):
    """Who made a picture."""

    OWN = "own", _("Own picture"), "success"
    SUPPLIER = "supplier", _("From the supplier"), "info"
    STOCK = "stock", _("Picture library"), "info"
    CREATOR = "creator", _("From a creator"), "info"
    GENERATED = "generated", _("Made by AI"), "warning"
    UNKNOWN = "unknown", _("Unknown"), "danger"


class MediaLicence(Choices):
    """By what right we show a picture."""

    ORIGINAL = "original", _("Original work"), "success"
    COMMERCIAL = "commercial", _("Commercial licence"), "success"
    AUTHORISED = "authorised", _("Authorised by the owner"), "success"
    PUBLIC = "public", _("Public domain"), "info"
    NONE = "none", _("No licence"), "danger"


class KeywordKind(Choices):
    CORE = "core", _("Core word"), "info"
    HOT = "hot", _("Hot search word"), "danger"
    LONG_TAIL = "long_tail", _("Long-tail word"), "neutral"
    AUDIENCE = "audience", _("Audience word"), "success"


class SearchPlace(Choices):
    """Where somebody searched for products."""

    LIST = "list", _("List"), "neutral"
    PICKER = "picker", _("Choice in a form"), "neutral"
    API = "api", _("API"), "info"
