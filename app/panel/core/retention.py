"""Letting the oldest lines of the trail go, whole blocks at a time; the chain still verifies (see `core.trail`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import delete, func, select, update

from app.panel.core import chain, chain_check, clock, history, trail, trailsets
from app.panel.core.chain import BLOCKS, Block, Kind
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.settings import define, setting
from app.panel.core.transaction import transactional

FEWEST = 6
PART = 200
MONTHS = "core.trail_months"


def _check_months(value: int | None) -> None:
    if value and value < FEWEST:
        raise ValueError(gettext("Keep at least %(n)s months, or 0 for ever.", n=FEWEST))


define(
    MONTHS, 0, label=_("Keep the trail for"), kind="integer", min=0, max=600, unit=_("months"), check=_check_months,
    help=_("0: for ever. Older lines are removed at night, after the chain was checked."), group=_("Audit"),
    loosens=lambda before, after: bool(after) and (not before or after < before),
)  # fmt: skip


def horizon() -> dt.datetime | None:
    """Before when lines may go, by the setting; None to keep all."""
    months = setting(MONTHS)
    return clock.now() - dt.timedelta(days=round(months * 30.44)) if months else None


def forget(before: dt.datetime, *, actor: Any) -> int:
    """Remove the lines of all sealed blocks that are older; returns how many lines went.

    :raises DomainError: when the chain is broken, for then they are evidence
    """
    if not chain_check.check().ok:
        raise DomainError(gettext("The trail was tampered with. Nothing is removed from it."))
    gone = 0
    while blocks := _old(before):
        gone += _remove([block.id for block in blocks], actor=actor)
    return gone


def _old(before: dt.datetime) -> Sequence[Any]:
    old = (BLOCKS.c.newest_at < before) & BLOCKS.c.removed_at.is_(None) & (BLOCKS.c.kind != Kind.REMOVED.value)
    return db.session.execute(select(BLOCKS.c.id).where(old).order_by(BLOCKS.c.id).limit(PART)).all()


@transactional
def _remove(numbers: list[int], *, actor: Any) -> int:
    gone, lines = 0, trail.TABLE
    with trail.door(trail.RETENTION):
        for block in db.session.execute(select(BLOCKS).where(BLOCKS.c.id.in_(numbers))).all():
            mine = list(chain.hinted(block.hints))
            for start in range(0, len(mine), trail.CHUNK):
                part = lines.c.id.in_(mine[start : start + trail.CHUNK])
                gone += db.session.execute(delete(lines).where(part)).rowcount  # type: ignore[attr-defined]
        trailsets.forget_empty()
        db.session.execute(update(Block).where(Block.id.in_(numbers)).values(removed_at=clock.now(), hints=None))
    if not chain.append_removed(numbers):
        raise DomainError(gettext("Somebody else was faster."))
    until = db.session.scalar(select(func.max(BLOCKS.c.newest_at)).where(BLOCKS.c.id.in_(numbers)))
    told = {"lines": [None, gone], "until": [None, until]}
    history.record_about("core_history", chain_check.REMOVED_BY_RETENTION, told, actor=actor)
    return gone
