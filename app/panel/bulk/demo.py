"""Imports that ran while the demo stood go with it: taking one back later would reach for rows of others."""

from __future__ import annotations

from functools import partial

from sqlalchemy import delete, select

from app.panel.bulk import store
from app.panel.bulk.models import BeforeImage, Run, RunItem
from app.panel.core.db import db
from app.panel.core.demo import leaving
from app.panel.core.transaction import after_commit


@leaving
def forget_runs(kept: dict[str, int]) -> None:
    last = kept.get(Run.__tablename__, 0)
    stored = list(db.session.scalars(select(Run.file_key).where(Run.id > last)))
    db.session.execute(delete(BeforeImage).where(BeforeImage.run_id > last))
    db.session.execute(delete(RunItem).where(RunItem.run_id > last))
    db.session.execute(delete(Run).where(Run.id > last))
    for key in stored:
        after_commit(partial(store.forget, key))
