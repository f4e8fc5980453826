"""Figures over all rows that a list asks for, not only those of the page: asked after the page, so that it need not wait."""

from __future__ import annotations

from typing import Any

from app.panel.core import filters, listing
from app.panel.core.db import db


def count(asked: listing.Asked, plan: listing.Plan, actor: Any) -> tuple[int, bool]:
    """How many rows, and whether that is all of them: no more than the limit of lists are counted."""
    query, _conditions = listing.statement(asked, plan, actor)
    found = int(db.session.scalar(filters.count_up_to(query, listing.COUNT_LIMIT + 1)) or 0)
    return min(found, listing.COUNT_LIMIT), found <= listing.COUNT_LIMIT
