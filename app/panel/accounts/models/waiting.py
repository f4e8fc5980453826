"""A change that waits for a second person."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.panel.core import clock
from app.panel.core.choices import Choices
from app.panel.core.types import ChoiceType, UTCDateTime


class WaitingState(Choices):
    WAITING = "waiting", _("Waits for a second person"), "warning"
    CONFIRMED = "confirmed", _("Confirmed"), "success"
    REFUSED = "refused", _("Refused"), "danger"
    WITHDRAWN = "withdrawn", _("Withdrawn"), "muted"
    EXPIRED = "expired", _("Expired"), "muted"


class WaitingChange(Model):
    """`what` says it as data, of the sort that `kind` names; two that wait are never `about` the same."""

    __tablename__ = "accounts_waiting_change"
    __table_args__ = (Index("ix_accounts_waiting_change_state", "state", "about"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), nullable=False)
    about: Mapped[str] = mapped_column(String(120), nullable=False)
    what: Mapped[Any] = mapped_column(JSON, nullable=False)
    path: Mapped[str] = mapped_column(String(100), nullable=False, default="")
    state: Mapped[Any] = mapped_column(ChoiceType(WaitingState), nullable=False, default=WaitingState.WAITING)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), nullable=True)
    asked_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, nullable=False, default=clock.now)
    expires_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, nullable=False)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), nullable=True)
    decided_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, nullable=True)
    why: Mapped[str] = mapped_column(String(500), nullable=False, default="")

    asked_by: Mapped[Any] = relationship(User, foreign_keys=[asked_by_id])
    decided_by: Mapped[Any] = relationship(User, foreign_keys=[decided_by_id])

    def __str__(self) -> str:
        return f"#{self.id}"
