"""What a person chose about notices, and what is still to be carried to him."""

from __future__ import annotations

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _
from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.panel.core.choices import Choices
from app.panel.core.types import UTCDateTime


class Mode(Choices):
    """When a kind of notice goes out by one of the ways."""

    OFF = "off", _("Not at all"), "muted"
    NOW = "now", _("At once"), "success"
    DIGEST = "digest", _("Once a day"), "info"


class NoticeChoice(Model):
    """By which way one kind of notice reaches one person; without a row it is as the kind says."""

    __tablename__ = "notices_choice"

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(60), primary_key=True)
    carrier: Mapped[str] = mapped_column(String(20), primary_key=True)
    mode: Mapped[str] = mapped_column(String(10), nullable=False)


class NoticeHours(Model):
    """When one person wants to be left in peace, and when his digest is made. Times of the business's wall clock."""

    __tablename__ = "notices_hours"

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    quiet_from: Mapped[str] = mapped_column(String(5), nullable=False, default="")
    quiet_until: Mapped[str] = mapped_column(String(5), nullable=False, default="")
    digest_at: Mapped[str] = mapped_column(String(5), nullable=False, default="08:30")


class NoticeDelivery(Model):
    """One notice that is to go out by one way. It names the notice and holds no text of its own."""

    __tablename__ = "notices_delivery"
    __table_args__ = (Index("ix_notices_delivery_due", "sent_at", "due_at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("core_notice.id", ondelete="CASCADE"), nullable=False, index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    carrier: Mapped[str] = mapped_column(String(20), nullable=False)
    due_at = mapped_column(UTCDateTime, nullable=False)
    sent_at = mapped_column(UTCDateTime, nullable=True)
