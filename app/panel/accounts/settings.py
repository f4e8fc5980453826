"""What an administrator may set about log-ins and passwords."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts.people import guard
from app.panel.accounts.secondperson.waiting import SETTING
from app.panel.core.db import db
from app.panel.core.settings import define, less, less_often, more, off, setting

GROUP = _("Log-in and passwords")
LEAST_IDLE_MINUTES = 5

define(
    "accounts.password_min", 12, label=_("Shortest password"), kind="integer", min=8, max=64, unit=_("characters"),
    group=GROUP, loosens=less,
)  # fmt: skip
define(
    "accounts.device_lock", False, label=_("Device lock for everybody"), kind="bool", group=GROUP, loosens=off,
    help=_("A log-in from a new device waits until it is confirmed by a second step or by mail."),
)  # fmt: skip
define(
    "accounts.captcha_after", 3, label=_("Ask for a captcha after"), kind="integer", unit=_("failed log-ins"), min=0, max=50,
    help=_("Of one name, and five times as many from one network. 0 never asks."), group=GROUP,
    loosens=less_often,
)  # fmt: skip
define(
    "accounts.idle_minutes", 30, label=_("End a session that was not used for"), kind="integer", unit=_("minutes"),
    min=LEAST_IDLE_MINUTES, max=720, group=GROUP, loosens=more,
)  # fmt: skip
define(
    "accounts.session_hours", 12, label=_("End every session after"), kind="integer", min=1, max=72, unit=_("hours"),
    group=GROUP, loosens=more,
)  # fmt: skip


def _two_administrators(wanted: bool) -> None:
    if wanted and not setting(SETTING) and guard.administrators(db.session()) < 2:
        raise ValueError(gettext("This needs two active administrators who have a password. There is only one."))


define(
    SETTING, False, label=_("A second person confirms what gives more rights"), kind="bool", group=GROUP, loosens=off,
    check=_two_administrators,
    help=_(
        "Roles, rules, roles of people and looser settings of this page then wait for somebody else who could do it himself. It "
        "needs two active administrators. If one of them leaves, what takes rights away still holds at once, and whoever owns the "
        "machine can end the waiting from its command line."
    ),
)  # fmt: skip
