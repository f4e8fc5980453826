"""What the owner of the shop may set about logistics."""

from flask_babel import lazy_gettext as _

from app.panel.core.settings import define

define(
    "logistics.standing_after_days", 3, label=_("A parcel stands still after"), kind="integer", min=1, max=60, unit=_("days"),
    group=_("Logistics"), help=_("Nothing was heard of it for so long, and it has not arrived."),
)  # fmt: skip
define(
    "logistics.public_trace", True, label=_("Buyers may look where their parcel is"), kind="bool", group=_("Logistics"),
    help=_("A page without log-in asks for the order number and the last four digits of the phone number."),
)  # fmt: skip
