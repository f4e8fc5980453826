"""Runs: everybody sees his own; `read` on runs shows those of all."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement

from app.panel.bulk.models import Mapping, Run
from app.panel.bulk.states import RunState
from app.panel.core import folding, policy

policy.verbs(
    "bulk.Run", oversee=_("See the imports of everybody"), approve=_("Approve operations on many rows"),
    limit=_("Set limits of operations on many rows"),
)  # fmt: skip
folding.part_of("bulk.Run", "bulk.Mapping")


@policy.rows(Run, _("Only runs that one started or may approve; whoever oversees runs sees all."))
def own_runs(actor: object) -> ColumnElement[bool] | None:
    """Whoever may not oversee sees what he started."""
    if policy.allowed(actor, "oversee", "bulk.Run"):
        return None
    mine = Run.actor_id == getattr(actor, "id", None)
    return mine | (Run.state == RunState.ASKED) if policy.allowed(actor, "approve", "bulk.Run") else mine


@policy.rows(Mapping, _("Everybody sees all of them."))
def every_mapping(_actor: object) -> ColumnElement[bool] | None:
    return None
