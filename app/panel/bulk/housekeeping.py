"""What imports leave behind, and for how long."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, select, update

from app.panel.bulk import store
from app.panel.bulk.models import Run
from app.panel.bulk.states import FINISHED, RunState
from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.transaction import transactional

FILE_DAYS = 30
DRAFT_DAYS = 7


@transactional
def tidy() -> tuple[int, int]:
    """(files, drafts) that went. The book of a run stays, so that it can still be undone;
    what the check showed of single records goes with the file."""
    now, table = clock.now(), Run.__table__
    drafts = db.session.execute(
        select(table.c.id, table.c.file_key).where(
            table.c.state.in_((RunState.DRAFT, RunState.CHECKED)), table.c.changed_at < now - dt.timedelta(days=DRAFT_DAYS)
        )
    ).all()
    old = db.session.execute(
        select(table.c.id, table.c.file_key).where(
            table.c.state.in_(FINISHED), table.c.file_key != "", table.c.finished_at < now - dt.timedelta(days=FILE_DAYS)
        )
    ).all()
    for _id, key in [*drafts, *old]:
        store.forget(key)
    for key in [row.id for row in drafts]:
        db.session.execute(delete(table).where(table.c.id == key))
    for key in [row.id for row in old]:
        db.session.execute(update(table).where(table.c.id == key).values(file_key="", findings={}))
    return len(old), len(drafts)
