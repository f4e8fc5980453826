"""What the owner of the shop may set about marketing."""

from flask_babel import lazy_gettext as _

from app.panel.core.settings import define

PAY_MINUTES = "marketing.group_pay_minutes"

define(
    PAY_MINUTES, 60, label=_("An unpaid place in a group is free again after"), kind="integer", min=0, max=10080, unit=_("minutes"),
    group=_("Marketing"), help=_("Its order is closed. 0: it waits for its payment as any other order does."),
)  # fmt: skip
