"""The closed lists of marketing: stored as the short word, read as the label, seen as the tone."""

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices


class Occasion(Choices):
    """What a batch of coupons is for; some are given only to whom they are meant for."""

    GENERAL = "general", _("For everybody"), "neutral"
    NEWCOMER = "newcomer", _("New customers"), "info"
    BIRTHDAY = "birthday", _("Birthday"), "success"
    WIN_BACK = "win_back", _("Win back"), "warning"
    COMPENSATION = "compensation", _("Compensation"), "danger"
    LIVE = "live", _("Live session"), "progress"


class Benefit(Choices):
    AMOUNT = "amount", _("An amount off"), "info"
    PERCENT = "percent", _("Percent off"), "neutral"


class OnRefund(Choices):
    """What becomes of a used coupon when all of its order is refunded."""

    STAYS = "stays", _("It stays used"), "neutral"
    RETURNED = "returned", _("The customer gets it back"), "success"
    VOID = "void", _("It is made void"), "danger"


class CouponState(Choices):
    ISSUED = "issued", _("Can be used"), "info"
    RESERVED = "reserved", _("Waits for payment"), "progress"
    REDEEMED = "redeemed", _("Used"), "success"
    VOID = "void", _("Void"), "danger"
    EXPIRED = "expired", _("Expired"), "muted"


class PromotionKind(Choices):
    """The forms of a promotion; one engine prices them all."""

    SPECIAL = "special", _("Limited-time price"), "info"
    CUT = "cut", _("Direct cut"), "info"
    SECKILL = "seckill", _("Flash sale"), "danger"
    FIRST = "first", _("Only the first orders"), "warning"
    REDUCTION = "reduction", _("Full reduction"), "success"
    GIFT = "gift", _("Full gift"), "progress"
    GROUP = "group", _("Group buy"), "success"


PRICES = (PromotionKind.SPECIAL, PromotionKind.CUT, PromotionKind.SECKILL, PromotionKind.FIRST, PromotionKind.GROUP)
TIERED = (PromotionKind.REDUCTION, PromotionKind.GIFT)


class Audience(Choices):
    EVERYBODY = "everybody", _("Everybody"), "neutral"
    NEWCOMERS = "newcomers", _("Customers without a paid order"), "info"


class Stacking(Choices):
    """What may count on the same goods beside a promotion."""

    ALL = "all", _("With everything"), "success"
    COUPONS = "coupons", _("With coupons, with no other promotion"), "info"
    ALONE = "alone", _("With nothing else"), "warning"


class PartRefund(Choices):
    """How much is given back for a part of an order that a full reduction was taken off."""

    RECOMPUTE = "recompute", _("What is kept is priced anew"), "info"
    SHARE = "share", _("Each piece gets back what was paid for it"), "neutral"


class GroupState(Choices):
    """What became of a group. One that everybody left, or in which nobody paid, counts in no rate."""

    OPEN = "open", _("Waits for members"), "progress"
    FILLED = "filled", _("Went through"), "success"
    FAILED = "failed", _("Not complete in time"), "danger"
    EMPTY = "empty", _("Nobody in it"), "muted"


class MemberState(Choices):
    SEATED = "seated", _("Waits for payment"), "warning"
    PAID = "paid", _("Has paid"), "success"
    LEFT = "left", _("Has left"), "muted"
    REFUNDED = "refunded", _("Got the money back"), "danger"


IN_GROUP = (MemberState.SEATED, MemberState.PAID)
GONE = (GroupState.FAILED, GroupState.EMPTY)


class UseState(Choices):
    TAKEN = "taken", _("Counted"), "success"
    RELEASED = "released", _("Given back"), "muted"
