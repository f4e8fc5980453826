"""Running numbers of papers: `PD20261121-001`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.transaction import savepoint

T = TypeVar("T")
TRIES = 20


def numbered(model: Any, prefix: str, make: Callable[[str], T]) -> T:
    """Call `make` with the next free number of the day; it adds the row. Two that want the same one try again."""
    start = f"{prefix}{clock.today():%Y%m%d}-"
    for _attempt in range(TRIES):
        latest = db.session.scalar(select(func.max(model.number)).where(model.number.startswith(start)))
        number = f"{start}{int(latest.rpartition('-')[2]) + 1 if latest else 1:03d}"
        try:
            with savepoint():
                made = make(number)
                db.session.flush()
            return made
        except IntegrityError as error:
            if db.session.scalar(select(model.id).where(model.number == number)) is None:
                raise error  # something else was wrong with the row
    raise RuntimeError(f"no free number after {TRIES} tries")
