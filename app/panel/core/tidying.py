"""What is kept in memory, and looked for in it, while very many rows go by."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from app.panel.core.db import db

SELDOM = 100_000  # objects between two looks


@contextmanager
def seldom_tidied() -> Iterator[None]:
    """Rows go as they came, without circles: to look for garbage among all that the application holds costs a tenth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(max(usual[0], SELDOM), *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@contextmanager
def passing() -> Iterator[None]:
    """Rows that are read meanwhile go again from the session; those that were there before, who asks and his run, stay."""
    stay = set(db.session)
    try:
        yield
    finally:
        for row in set(db.session) - stay:
            db.session.expunge(row)
