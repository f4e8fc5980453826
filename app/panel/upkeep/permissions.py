"""Schedules and health are the administrator's, unless he gives them to a role."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core import policy

SCHEDULE, HEALTH = "core.Schedule", "upkeep.Health"
policy.name(SCHEDULE, _("Schedules"))
policy.name(HEALTH, _("Health of the system"))
policy.verbs(SCHEDULE, run=_("Run now"))
