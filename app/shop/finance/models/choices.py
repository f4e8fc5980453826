"""The closed lists of the finance domain."""

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices


class AccountKind(Choices):
    """On which side an account grows: assets and expenses by debits, the others by credits."""

    ASSET = "asset", _("Asset"), "info"
    LIABILITY = "liability", _("Liability"), "warning"
    EQUITY = "equity", _("Equity"), "neutral"
    INCOME = "income", _("Income"), "success"
    EXPENSE = "expense", _("Expense"), "danger"


class EntryKind(Choices):
    """What an entry was made for."""

    PAYMENT = "payment", _("Payment of a buyer"), "success"
    SALE = "sale", _("Sale of an order"), "info"
    REFUND = "refund", _("Refund to a buyer"), "danger"
    COUPON = "coupon", _("Coupon redeemed"), "progress"
    COMPENSATION = "compensation", _("Compensation paid"), "warning"
    HAND = "hand", _("Booked by hand"), "neutral"
    REVERSAL = "reversal", _("Reversal"), "muted"
