"""Operations that are repeated: what is done to which rows, and in whose name."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.columns import json_column, ref, relation, text
from app.panel.core.db import PanelModel


class Repeat(PanelModel):
    """An operation with what its form said, over rows by number or by what a list shows then. When it runs says its schedule."""

    __tablename__ = "upkeep_repeat"

    schedule_id = ref(_("Schedule"), "core_schedule.id", ondelete="CASCADE", required=True, unique=True, index=False)
    schedule = relation("Schedule", schedule_id)
    actor_id = ref(_("In the name of"), "ab_user.id", ondelete="CASCADE", required=True)
    actor = relation("User", actor_id)
    operation = text(_("Operation"), 120, required=True)
    selection = json_column(_("Rows"), default=dict, hidden=True)
    values = json_column(_("Settings"), default=dict, hidden=True)
    label = text(_("Name"), 200, required=True)

    def __str__(self) -> str:
        return str(self.label)
