"""The closed lists of logistics: stored as the short word, read as the label, seen as the tone."""

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices


class ParcelState(Choices):
    """Where a parcel is; the last thing that its courier said of it."""

    WAITING = "waiting", _("No trace yet"), "muted"
    COLLECTED = "collected", _("Collected"), "info"
    MOVING = "moving", _("On the way"), "info"
    DELIVERING = "delivering", _("Out for delivery"), "progress"
    SIGNED = "signed", _("Signed for"), "success"
    PROBLEM = "problem", _("Cannot be delivered"), "danger"
    RETURNED = "returned", _("Sent back"), "warning"


class CourierLink(Choices):
    """How we speak with a courier company."""

    FILE = "file", _("By hand and by file"), "muted"
    PRACTICE = "practice", _("Practice courier"), "info"


class WaybillState(Choices):
    ASKED = "asked", _("Asked for"), "progress"
    GIVEN = "given", _("Number is there"), "success"
    REFUSED = "refused", _("Refused by the courier"), "danger"
    VOID = "void", _("Void"), "muted"


class MethodKind(Choices):
    EXPRESS = "express", _("Express"), "info"
    POST = "post", _("By post"), "neutral"
    PICKUP = "pickup", _("Self pick-up"), "neutral"
    LOCAL = "local", _("Courier in town"), "neutral"


class Aim(Choices):
    """What a rule looks for among the methods that serve a place."""

    CHEAPEST = "cheapest", _("The cheapest"), "neutral"
    FASTEST = "fastest", _("The fastest"), "neutral"
    THIS = "this", _("This method"), "neutral"


class CompensationKind(Choices):
    COUPON = "coupon", _("Coupon"), "info"
    AMOUNT = "amount", _("Money back"), "warning"


class CompensationState(Choices):
    PROPOSED = "proposed", _("To approve"), "warning"
    APPROVED = "approved", _("Approved"), "success"
    REFUSED = "refused", _("Not granted"), "muted"
