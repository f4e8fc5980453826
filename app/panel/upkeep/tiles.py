"""On the home page: something is silent, late or missing."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _

from app.panel.upkeep import health
from app.panel.upkeep.permissions import HEALTH
from app.panel.workbench import registry as workbench


@workbench.todo("upkeep.alarms", _("The system needs a look"), needs=("read", HEALTH), order=1)
def alarms(_actor: Any) -> workbench.Todo:
    return workbench.Todo(len(health.alarms()), url_for("upkeep_health.index"), tone="danger")
