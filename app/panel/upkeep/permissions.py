"""Schedules and health are the administrator's, unless he gives them to a role."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement

from app.panel.core import policy
from app.panel.upkeep.models import Repeat

SCHEDULE, HEALTH = "core.Schedule", "upkeep.Health"
policy.name(SCHEDULE, _("Schedules"))
policy.name(HEALTH, _("Health of the system"))
policy.verbs(SCHEDULE, run=_("Run now"))
policy.name("upkeep.Repeat", _("Repeated operations"))


@policy.rows(Repeat, _("Only those that one has asked for; whoever may change schedules sees all."))
def own_repeats(actor: object) -> ColumnElement[bool] | None:
    if policy.allowed(actor, "write", SCHEDULE):
        return None
    mine: ColumnElement[bool] = Repeat.actor_id == getattr(actor, "id", None)
    return mine
