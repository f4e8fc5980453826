"""One run of the rights check: how far it is, and what it found."""

from __future__ import annotations

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, ForeignKey, Integer, String
from sqlalchemy.orm import mapped_column

from app.panel.core import clock
from app.panel.core.choices import Choices
from app.panel.core.types import ChoiceType, UTCDateTime


class CheckState(Choices):
    WAITING = "waiting", _("Waiting"), "neutral"
    RUNNING = "running", _("Running"), "info"
    DONE = "done", _("Done"), "success"
    FAILED = "failed", _("Failed"), "danger"


class RightsCheck(Model):
    """`holes` are [{route, role, row, expected, seen}], `counts` the calls by role."""

    __tablename__ = "accounts_rights_check"

    id = mapped_column(Integer, primary_key=True)
    state = mapped_column(ChoiceType(CheckState), nullable=False, default=CheckState.WAITING)
    asked_by_id = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), nullable=True)
    asked_at = mapped_column(UTCDateTime, nullable=False, default=clock.now)
    ended_at = mapped_column(UTCDateTime, nullable=True)
    done = mapped_column(Integer, nullable=False, default=0)
    total = mapped_column(Integer, nullable=False, default=0)
    routes = mapped_column(Integer, nullable=False, default=0)
    roles = mapped_column(Integer, nullable=False, default=0)
    calls = mapped_column(Integer, nullable=False, default=0)
    holes = mapped_column(JSON, nullable=False, default=list)
    counts = mapped_column(JSON, nullable=False, default=dict)
    problem = mapped_column(String(500), nullable=False, default="")
