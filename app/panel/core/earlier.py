"""A row as it stood before: its present values, with what its trail says was changed since then taken back."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import clock, forms, history
from app.panel.core.db import db
from app.panel.core.errors import NotFound

LONGEST = 1000  # changes that are taken back at most


def entry_of(row: Any, entry_id: str) -> history.HistoryEntry:
    """:raises NotFound: for a line of the trail of another row"""
    found = db.session.get(history.HistoryEntry, int(entry_id)) if entry_id.isdecimal() and len(entry_id) < 12 else None
    if found is None or found.table != row.__tablename__ or found.key != row.id:
        raise NotFound(_("There is nothing here."))
    return found


def show(form: Any, row: Any, entry: history.HistoryEntry) -> int:
    """Fill a form with a row as it stood when this line was written; returns how many fields differ from now.

    Only what the form has can come back, so nobody brings back what he may not write. What is masked stays as it is.
    """
    table = history.HistoryEntry
    later = db.session.scalars(
        select(table).where(table.table == entry.table, table.key == entry.key, table.id > entry.id)
        .order_by(table.id.desc()).limit(LONGEST)
    )  # fmt: skip
    before: dict[str, Any] = {}
    for line in later:
        # a verb that says what it was given (`record`) says nothing of before
        before.update({n: pair[0] for n, pair in line.changes.items() if line.verb == "update" or pair[0] is not None})
    differing = 0
    for field in form:
        known = getattr(field, "spec", None)
        if known is None or field.name not in before or known.kind in ("file", "many") or forms.is_masked(form, field):
            continue
        value = _as_typed(known, before[field.name], row)
        if str(value or "") != str(field.data or ""):
            field.description = _("At present: %(value)s", value=str(field.data or "–"))
            field.data = value
            differing += 1
    return differing


def _as_typed(known: Any, value: Any, row: Any) -> Any:
    """A value of the trail as its input element wants it."""
    if known.kind == "instant" and isinstance(value, str):
        return clock.local(clock.from_iso(value)).strftime("%Y-%m-%dT%H:%M")
    return known.plain(value, row) if known.kind == "money" else value
