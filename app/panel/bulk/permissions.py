"""Runs: everybody sees his own; `read` on runs shows those of all."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement

from app.panel.bulk.models import Mapping, Run
from app.panel.core import folding, policy

policy.verbs("bulk.Run", oversee=_("See the imports of everybody"))
folding.part_of("bulk.Run", "bulk.Mapping")


@policy.rows(Run, _("Only runs that one started; whoever oversees runs sees all."))
def own_runs(actor: object) -> ColumnElement[bool] | None:
    """Whoever may not oversee sees what he started."""
    if policy.allowed(actor, "oversee", "bulk.Run"):
        return None
    return Run.actor_id == getattr(actor, "id", None)


@policy.rows(Mapping, _("Everybody sees all of them."))
def every_mapping(_actor: object) -> ColumnElement[bool] | None:
    return None
