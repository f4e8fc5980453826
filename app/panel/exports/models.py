"""What people keep of exports: which columns, in which order, as which kind of file."""

from __future__ import annotations

from flask_appbuilder import Model
from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.panel.core import clock
from app.panel.core.types import UTCDateTime

LONGEST_NAME = 60


class Template(Model):
    """Columns of one list under a name. Whoever opens a shared one gets of it what he may see himself."""

    __tablename__ = "exports_template"
    __table_args__ = (UniqueConstraint("user_id", "list_key", "name"), Index("ix_exports_template_key", "list_key"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    list_key = mapped_column(String(100), nullable=False)
    name = mapped_column(String(LONGEST_NAME), nullable=False)
    columns = mapped_column(JSON, nullable=False, default=list)
    format = mapped_column(String(20), nullable=False, default="xlsx")
    roles = mapped_column(JSON, nullable=False, default=list)  # keys of the roles that find it too
    is_shared = mapped_column(Boolean, nullable=False, default=False)
    created_at = mapped_column(UTCDateTime, nullable=False, default=clock.now)
