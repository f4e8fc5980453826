"""How many masked values somebody has had shown to him, a row a day. What he saw, and why, stands in the history."""

from __future__ import annotations

from flask_appbuilder import Model
from sqlalchemy import Boolean, Date, ForeignKey, Integer
from sqlalchemy.orm import mapped_column


class RevealCount(Model):
    """Counted by one statement with its limit in it, so that two requests at once never pass it."""

    __tablename__ = "accounts_reveal_count"

    user_id = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    on = mapped_column(Date, primary_key=True)
    count = mapped_column(Integer, nullable=False, default=0)
    was_told = mapped_column(Boolean, nullable=False, default=False)  # do the administrators know that it was not enough?
