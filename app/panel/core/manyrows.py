"""Thousands of rows by one statement: they go to the database as one JSON text, which it takes apart itself.

SQLAlchemy's own way binds each value by itself: for ten columns it takes forty times as long as the database. Values are
what JSON holds, and instants as `instant` writes them.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Table, text

from app.panel.core.db import db


@functools.lru_cache(8192)
def _second(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


def instant(ms: int) -> str:
    """Milliseconds since 1970 as both databases keep an instant."""
    return f"{_second(ms // 1000)}.{ms % 1000:03d}000"


def insert(
    table: Any,
    columns: tuple[str, ...],
    rows: Sequence[Sequence[Any]],
    *,
    conflict: str = "",
    returning: tuple[str, ...] = (),
) -> list[tuple[Any, ...]]:
    """Insert rows in the transaction of this thread.

    :param rows: values in the order of `columns`
    :param conflict: what follows ON CONFLICT, such as `DO NOTHING`; `excluded` is the row that came, the table's name the old one
    :return: the columns of `returning`, of each row that was written, in no order
    """
    if not rows:
        return []
    statement = _statement(table, columns, conflict, returning, db.session.connection().dialect.name)
    done = db.session.execute(statement, {"rows": orjson.dumps(rows).decode()})
    return [tuple(row) for row in done] if returning else []


@functools.cache
def _statement(table: Table, columns: tuple[str, ...], conflict: str, returning: tuple[str, ...], dialect: str) -> Any:
    if dialect == "postgresql":
        types = [table.c[name].type.compile(db.engine.dialect) for name in columns]
        values = ", ".join(f"CAST(r.value->>{at} AS {kind})" for at, kind in enumerate(types))
        source = "jsonb_array_elements(CAST(:rows AS jsonb)) AS r(value)"
    else:
        values = ", ".join(f"r.value->>{at}" for at in range(len(columns)))
        source = "json_each(:rows) AS r"
    names = ", ".join(f'"{name}"' for name in columns)
    words = f'INSERT INTO "{table.name}" ({names}) SELECT {values} FROM {source} WHERE true'  # noqa: S608 (names of ours)
    words += f" ON CONFLICT {conflict}" if conflict else ""
    words += f" RETURNING {', '.join(returning)}" if returning else ""
    return text(words)
