"""What an administrator may set about log-ins and passwords."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.settings import define

GROUP = _("Log-in and passwords")
LEAST_IDLE_MINUTES = 5

define(
    "accounts.password_min", 12, label=_("Shortest password"), kind="integer", min=8, max=64, unit=_("characters"),
    group=GROUP,
)  # fmt: skip
define(
    "accounts.device_lock", False, label=_("Device lock for everybody"), kind="bool", group=GROUP,
    help=_("A log-in from a new device waits until it is confirmed by a second step or by mail."),
)  # fmt: skip
define(
    "accounts.captcha_after", 3, label=_("Ask for a captcha after"), kind="integer", unit=_("failed log-ins"), min=0, max=50,
    help=_("Of one name, and five times as many from one network. 0 never asks."), group=GROUP,
)  # fmt: skip
define(
    "accounts.idle_minutes", 30, label=_("End a session that was not used for"), kind="integer", unit=_("minutes"),
    min=LEAST_IDLE_MINUTES, max=720, group=GROUP,
)  # fmt: skip
define(
    "accounts.session_hours", 12, label=_("End every session after"), kind="integer", min=1, max=72, unit=_("hours"),
    group=GROUP,
)  # fmt: skip
