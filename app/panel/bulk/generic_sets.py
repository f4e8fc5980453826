"""A chunk of the generic importer as a set: a handful of statements for all of its rows, where no rule looks at single ones.

None says that it cannot be done so: then the rows are written one by one, each with its own sentence.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import String, select
from sqlalchemy.exc import DataError, IntegrityError

from app.panel.bulk import writing
from app.panel.bulk.importers import Image, Result
from app.panel.bulk.states import Outcome
from app.panel.core import history, policy, records, rows
from app.panel.core.db import db
from app.panel.core.fields import FieldSpec, resource_of, specs
from app.panel.core.transaction import savepoint

if TYPE_CHECKING:
    from app.panel.bulk.generic import TableWork

NOTHING = (None, "")
FEW = 60  # rows that are written one by one when they cannot be as a set
Resolved = list[tuple[dict[str, Any], str]]


def apply(work: TableWork, resolved: Resolved, *, dry_run: bool) -> list[Result] | None:
    """:raises IntegrityError: for many rows of a run, whose chunk is then tried again in halves: a savepoint, in which SQLite
    keeps each page as it was, makes these writes three times as dear"""
    is_tried = dry_run or len(resolved) <= FEW
    policy.authorize(work.actor, "write", resource_of(work.model))
    existing, known = _existing(work, resolved), specs(work.model)
    emptied = {name for name in work.fields if may_be_empty(known[name])}
    names, by = list(work.fields), work.key[0]
    needed = _needed(work.model)
    results: list[Any] = []
    new: dict[tuple[str, ...], list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    changed: list[tuple[int, int, dict[str, list[Any]]]] = []
    seen: set[Any] = set()
    for place, (values, why) in enumerate(resolved):
        key = values.get(by)
        if key in seen and not why:
            return None  # the same row once more
        seen.add(key)
        row, result = existing.get(key), None
        if why:
            result = Result.refuse(why)
        elif row is None:
            given = {name: value for name, value in values.items() if value is not None} if None in values.values() else values
            if needed.keys() <= given.keys():
                new[tuple(given)].append((place, given))
            else:
                result = Result.refuse(_lacking(needed, given))
        elif pairs := _pairs(names, row, values, emptied):
            changed.append((place, row[-1], pairs))
        else:
            result = Result(Outcome.SAME, row[-1])
        results.append(result)
    try:
        with savepoint() if is_tried else nullcontext(), history.by(actor=work.actor):
            _write(work, new, changed, results)
    except (IntegrityError, DataError):
        if not is_tried:
            raise
        return None
    return results


def fits(work: TableWork, access: policy.FieldAccess) -> bool:
    """One key of text, plain columns, no rule of a domain, and nothing that is kept from this person."""
    model = work.model
    plain = all(spec.is_column and spec.kind not in ("many", "file", "children") for spec in work.fields.values())
    is_open = access.may_write and not (access.hidden or access.masks or access.fixed)
    if not (plain and is_open and len(work.key) == 1 and records.is_plain(model)):
        return False
    return isinstance(specs(model)[work.key[0]].column.type, String) and policy.row_condition(work.actor, model) is None


def _existing(work: TableWork, resolved: Resolved) -> dict[Any, tuple[Any, ...]]:
    """By their keys what stands in the columns that the file fills, in the order of `work.fields`, with the numbers of the rows."""
    key, place = specs(work.model)[work.key[0]], list(work.fields).index(work.key[0])
    wanted = list({values[key.name] for values, why in resolved if not why and values.get(key.name)})
    columns = [spec.column for spec in work.fields.values()]
    query = select(*columns, work.model.id).where(rows.among(key.column, wanted)).order_by(work.model.id.desc())
    return {row[place]: row for row in map(tuple, db.session.execute(query))}


def _pairs(names: list[str], row: tuple[Any, ...], values: dict[str, Any], emptied: set[str]) -> dict[str, list[Any]]:
    """{column: [before, after]} of what differs; an empty cell leaves alone what may not be empty."""
    pairs = {}
    for name, before in zip(names, row, strict=False):
        value = values[name]
        if before != value and (value is not None or name in emptied) and not (before in NOTHING and value in NOTHING):
            pairs[name] = [before, value]
    return pairs


def _write(work: TableWork, new: Any, changed: list[tuple[int, int, dict[str, list[Any]]]], results: list[Any]) -> None:
    table = work.model.__tablename__
    for given in new.values():
        ids = writing.insert_rows(work.model, [row for _place, row in given], actor=work.actor)
        for (place, _row), key in zip(given, ids, strict=True):
            results[place] = Result(Outcome.NEW, key, images=[Image(table, key, None, 1)])
    images = writing.update_rows(work.model, [(key, pairs) for _place, key, pairs in changed], actor=work.actor)
    for (place, key, _pairs_of), image in zip(changed, images, strict=True):
        results[place] = Result(Outcome.CHANGED, key, images=[image])


def missing(model: type[Any], given: dict[str, Any]) -> str:
    """Which columns a new row needs that the file leaves empty, in a sentence."""
    return _lacking(_needed(model), given)


def _needed(model: type[Any]) -> dict[str, Any]:
    """What every row of a table needs, and what it is called."""
    known = specs(model)
    return {
        spec.name: spec.label for spec in set(known.values())
        if spec.required and spec.default is None and not spec.readonly and spec.is_column and known[spec.name].kind != "currency"
    }  # fmt: skip


def _lacking(needed: dict[str, Any], given: dict[str, Any]) -> str:
    lacks = [label for name, label in needed.items() if name not in given]
    return _("“%(column)s” is missing.", column=", ".join(sorted(map(str, lacks)))) if lacks else ""


def may_be_empty(spec: FieldSpec) -> bool:
    """An empty cell does not empty a field that needs a value or has one by default."""
    return not spec.required and (spec.kind == "many" or bool(spec.model.__table__.c[spec.column.key].nullable))
