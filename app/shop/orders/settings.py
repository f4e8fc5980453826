"""What the owner of the shop may set about orders."""

from flask_babel import lazy_gettext as _

from app.panel.core.settings import define

MODES = (("auto", _("Checked by itself")), ("manual", _("Confirmed by a person")), ("off", _("Not checked")))
CHECKS = {
    "goods": _("Goods are known"),
    "quantity": _("Quantity is in stock"),
    "address": _("Address is complete"),
    "phone": _("Phone number is right"),
}

for _code, _label in CHECKS.items():
    define(
        f"orders.check_{_code}", "auto", label=_label, kind="choice", choices=MODES, group=_("First check of an order"),
    )  # fmt: skip
define(
    "orders.receipt_footer", "", label=_("Last line of the receipt"), kind="text", group=_("Printing"),
    help=_("Such as opening hours or how to return goods."),
)  # fmt: skip
