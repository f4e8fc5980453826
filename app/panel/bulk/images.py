"""How rows stood before a run, and with which version it left them.

An operation writes one row an item, and the item itself holds it. An import writes rows of many tables a record: it keeps
images of their own. What concerns a row whatever run has changed it asks both, here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Text, bindparam, case, cast, func, select, update

from app.panel.bulk.models import BeforeImage, Run, RunItem
from app.panel.bulk.states import Outcome, RunKind
from app.panel.core.db import PanelModel, db
from app.panel.core.fields import resource_of
from app.panel.core.rows import among

ITEMS: Any = RunItem.__table__
IMAGES: Any = BeforeImage.__table__
NEVER = 2**31 - 1  # no row reaches this version: an image that was emptied is nobody's any more


def changed_by(run_id: int | None, items: Any = ITEMS) -> ColumnElement[bool]:
    """The items of an operation that changed their rows; each holds how its row stood before."""
    return (items.c.run_id == run_id) & (items.c.outcome == Outcome.CHANGED.value)


def changed_rows(run_id: int | None, items: Any = ITEMS) -> ColumnElement[bool]:
    """The same where rows are asked for by their numbers: with the number of the run as a bare column SQLite would read
    all items of the run for each of them."""
    return (items.c.run_id + 0 == run_id) & (items.c.outcome == Outcome.CHANGED.value)


def keep(run_id: int, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write into items how their rows stood: (`seq`, `before`, `version`) each."""
    given = [{"at": row["seq"], "stood": row["before"], "then": row["version"]} for row in rows]
    if given:
        one = (ITEMS.c.run_id == run_id) & (ITEMS.c.seq == bindparam("at"))
        values = {"before": bindparam("stood"), "version": bindparam("then")}
        db.session.connection().execute(update(ITEMS).where(one).values(values), given)


def left_at(items: Any) -> ColumnElement[int]:
    """With which version the run itself left the row of an item of an operation."""
    return case((cast(items.c.lines, Text) == "[]", items.c.version), else_=items.c.lines[0].as_integer())


def remembered(items: Any) -> ColumnElement[Any]:
    """The lines of an item whose row is known by another version from now on: of an operation, which has none of a file, they
    hold the one with which it left the row."""
    is_lite = db.session.connection().dialect.name == "sqlite"
    version = (func.json_array if is_lite else func.json_build_array)(items.c.version)
    return case((cast(items.c.lines, Text) == "[]", version), else_=items.c.lines)


def stamp(model: type[Any], moved: Sequence[Mapping[str, int]], *, older: bool = False) -> None:
    """Let runs know rows by another version: {"whose", "then", "now"} each.

    :param older: those that had left it before `then`: of operations the one that came right before alone, for what somebody has
        written by hand in between would be lost; whoever takes an import back asks the trail for that as well
    """
    for table, mine in _both(model) if moved else ():
        then = bindparam("then", type_=Integer)
        version = table.c.version == then
        if older:
            version = table.c.version < then if table is IMAGES else left_at(table) == then - 1
        statement = update(table).where(mine, table.c.row_id == bindparam("whose"), version)
        kept = {"lines": remembered(table)} if table is ITEMS else {}
        db.session.connection().execute(statement.values(version=bindparam("now"), **kept), moved)


def forget(rows: Iterable[tuple[str, int]]) -> list[int]:
    """Empty what operations would need to bring these rows, (table, number) each, back to what they were; their runs.

    Whoever takes such a run back later finds the rows changed since, and leaves them alone.
    """
    runs: set[int] = set()
    for table, found in groupby(sorted(rows), key=lambda row: row[0]):
        if (model := model_of(table)) is not None:
            mine = _of_operations(model) & among(ITEMS.c.row_id, [key for _table, key in found])
            runs.update(db.session.scalars(select(ITEMS.c.run_id).where(mine).distinct()))
            db.session.execute(update(ITEMS).where(mine).values(before=None, version=NEVER))
    return sorted(runs)


def model_of(table: str) -> type[Any] | None:
    mappers = PanelModel.registry.mappers
    return next((mapper.class_ for mapper in mappers if getattr(mapper.local_table, "name", "") == table), None)


def _both(model: type[Any]) -> tuple[tuple[Any, ColumnElement[bool]], ...]:
    return (ITEMS, _of_operations(model)), (IMAGES, IMAGES.c.table == model.__tablename__)


def _of_operations(model: type[Any]) -> ColumnElement[bool]:
    """The items of runs over this model. By the rows asked for, not by all that those runs have written."""
    return (ITEMS.c.run_id + 0).in_(operations_of(model))  # type: ignore[no-any-return]


def operations_of(model: type[Any]) -> Select[Any]:
    """The numbers of the runs over this model."""
    return select(Run.id).where(Run.kind == RunKind.OPERATION, Run.resource == resource_of(model))
