"""The configuration of the back office: every one that was published, and the one that is being written."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import JSON, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.panel.core import clock
from app.panel.core.types import UTCDateTime

BASE = "accounts_publication.id"
ONLY = 1  # the draft is one row


class Publication(Model):
    """A whole configuration that was put in force once. The latest that was not rolled back holds."""

    __tablename__ = "accounts_publication"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    document: Mapped[Any] = mapped_column(JSON, nullable=False)
    digest: Mapped[str] = mapped_column(String(64), nullable=False)
    note: Mapped[str] = mapped_column(Text, nullable=False, default="")
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), nullable=True, index=True)
    published_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, nullable=False, default=clock.now)
    confirm_by: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, nullable=True)
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, nullable=True)
    rolled_back_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, nullable=True)
    rolled_back_why: Mapped[str] = mapped_column(String(500), nullable=False, default="")
    based_on_id: Mapped[int | None] = mapped_column(ForeignKey(BASE, ondelete="SET NULL"), nullable=True, index=True)
    # a name, where one asked for it and another one confirmed it
    asked_by: Mapped[str] = mapped_column(String(130), nullable=False, default="", server_default="")

    published_by: Mapped[Any] = relationship(User, foreign_keys=[published_by_id])

    def __str__(self) -> str:
        return f"#{self.id}"


class ConfigurationDraft(Model):
    """What will be published next. Without a document nobody has begun one; the version counts on all the same."""

    __tablename__ = "accounts_draft"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    document: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    based_on_id: Mapped[int | None] = mapped_column(ForeignKey(BASE, ondelete="SET NULL"), nullable=True, index=True)
    version: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), nullable=True, index=True)
    changed_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, nullable=False, default=clock.now)

    changed_by: Mapped[Any] = relationship(User, foreign_keys=[changed_by_id])
