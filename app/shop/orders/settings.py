"""What the owner of the shop may set about orders."""

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices
from app.panel.core.settings import define, less_often


class CheckMode(Choices):
    """How one part of the first check of a new order is done."""

    AUTO = "auto", _("Checked by itself"), "success"
    MANUAL = "manual", _("Confirmed by a person"), "warning"
    OFF = "off", _("Not checked"), "muted"


CHECKS = {
    "goods": _("First check: goods are known"),
    "quantity": _("First check: quantity is in stock"),
    "address": _("First check: address is complete"),
    "phone": _("First check: phone number is right"),
}

for _code, _label in CHECKS.items():
    define(
        f"orders.check_{_code}", CheckMode.AUTO.value, label=_label, kind="choice", choices=CheckMode, required=True,
        group=_("Orders"),
    )  # fmt: skip
define(
    "orders.late_after_hours", 48, label=_("A paid order is late after"), kind="integer", min=0, max=2160, unit=_("hours"),
    group=_("Orders"), help=_("Paid and not shipped for so long, it is listed as a problem. 0: never."),
)  # fmt: skip
define(
    "orders.trace_after_hours", 24, label=_("A parcel without a trace is a problem after"), kind="integer", min=0, max=2160,
    unit=_("hours"), group=_("Orders"), help=_("Shipped with a courier who has said nothing for so long. 0: never."),
)  # fmt: skip
define(
    "orders.close_unpaid_hours", 48, label=_("An order that nobody pays is closed after"), kind="integer", min=0, max=2160,
    unit=_("hours"), group=_("Orders"), help=_("Its stock is free again. 0: never."),
)  # fmt: skip
define(
    "orders.remind_after_hours", 24, label=_("The buyer of an unpaid order is reminded after"), kind="integer", min=0, max=2160,
    unit=_("hours"), group=_("Orders"), help=_("Once an order, by e-mail, else by a text message. 0: never."),
)  # fmt: skip
define(
    "orders.reminder_subject", "", label=_("Subject of the reminder"), group=_("Orders"), length=200,
    help=_("Left empty: our own words. {number}, {name}, {shop}, {amount} and {until} are filled in."),
)  # fmt: skip
define(
    "orders.reminder_body", "", label=_("Text of the reminder"), kind="longtext", group=_("Orders"), length=2000,
    help=_("Left empty: our own words. {number}, {name}, {shop}, {amount} and {until} are filled in."),
)  # fmt: skip
define(
    "orders.proof_above", 0, label=_("Ask who it is before a refund above"), kind="integer", min=0, max=1_000_000_000,
    group=_("Orders"), loosens=less_often,
    help=_("In the currency of the order. Password and second step are asked for once more, and count for ten minutes. 0: never."),
)  # fmt: skip
define(
    "orders.receipt_footer", "", label=_("Last line of the receipt"), group=_("Orders"),
    help=_("Such as opening hours or how to return goods."),
)  # fmt: skip


def check_key(code: str) -> str:
    """The key under which the mode of a check is kept."""
    return f"orders.check_{code}"
