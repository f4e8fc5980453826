"""Writing the plans of the generic importer: found again by natural key, references looked up, a chunk at a time.

A model with rules of its own (`records.override`) is written row by row through them, and so is what rights or the database
refuse in part; any other chunk is written as a set (`generic_sets`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import and_, or_, select
from sqlalchemy.exc import IntegrityError

from app.panel.bulk import generic_sets, references, writing
from app.panel.bulk.importers import Image, Plan, Result
from app.panel.bulk.states import Outcome
from app.panel.core import policy, records, setwise, sight
from app.panel.core.db import db
from app.panel.core.errors import DomainError, Forbidden, InvalidInput
from app.panel.core.fields import resource_of, specs
from app.panel.core.transaction import savepoint

if TYPE_CHECKING:
    from app.panel.bulk.generic import TableWork


def apply(work: TableWork, plans: list[Plan], *, dry_run: bool) -> list[Result]:
    access = policy.fields(work.actor, resource_of(work.model))
    if (dark := next((name for name in work.key if not access.usable(name)), None)) is not None:
        # by which rows are found again, and by which not, he would read what is masked for him
        raise Forbidden(_("You cannot find rows again by “%(column)s”: you do not see it whole.", column=work.heading(dark)))
    resolved = references.resolve(work, plans)
    if dry_run and work.to_show > 0:
        references.show(work, plans, resolved)
    return _written(work, resolved, access, dry_run)


def _written(work: TableWork, resolved: generic_sets.Resolved, access: policy.FieldAccess, dry_run: bool) -> list[Result]:
    """As a set; where one of them stands against it, halves of it, and at last one by one."""
    if generic_sets.fits(work, access):
        if (found := generic_sets.apply(work, resolved, dry_run=dry_run)) is not None:
            return found
        if len(resolved) > generic_sets.FEW:
            half = len(resolved) // 2
            return _written(work, resolved[:half], access, dry_run) + _written(work, resolved[half:], access, dry_run)
    existing = _existing(work, resolved)
    foreign = sight.out_of_reach(work.actor, work.model, {row.id for row in existing.values()})
    results: list[Result] = []
    for values, why in resolved:
        if why:
            results.append(Result.refuse(why))
            continue
        if (row := existing.get(_key(work, values))) is not None and row.id in foreign:
            results.append(Result.refuse(_("There is such a row already, but you may not change it.")))
            continue
        results.append(_one(work, values, existing))
    return results


def _key(work: TableWork, values: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(values.get(name) for name in work.key)


def _existing(work: TableWork, resolved: list[tuple[dict[str, Any], str]]) -> dict[tuple[Any, ...], Any]:
    """Rows of these natural keys, whoever may see them: one that is foreign must not be made a second time."""
    model = work.model
    found: dict[tuple[Any, ...], Any] = {}
    wanted = list({_key(work, values) for values, why in resolved if not why})
    columns = [specs(model)[name].column for name in work.key]
    for part in writing.pieces(wanted, 200):
        if len(columns) == 1:
            condition = columns[0].in_([key[0] for key in part])
        else:
            condition = or_(*(and_(*(c == v for c, v in zip(columns, key, strict=True))) for key in part))
        for row in db.session.scalars(select(model).where(condition).order_by(model.id)):
            found.setdefault(tuple(getattr(row, specs(model)[name].name) for name in work.key), row)
    return found


def _one(work: TableWork, values: dict[str, Any], existing: dict[tuple[Any, ...], Any]) -> Result:
    row = existing.get(_key(work, values))
    try:
        with savepoint():
            if row is None:
                return _create(work, values, existing)
            return _update(work, row, values)
    except InvalidInput as error:
        known = specs(work.model)
        said = [f"{known[name].label if name in known else name}: {text}" for name, text in error.errors.items()]
        return Result.refuse(" ".join(said))
    except DomainError as error:
        return Result.refuse(str(error))
    except IntegrityError:
        return Result.refuse(_("The database refused this record: it contradicts another one."))


def _create(work: TableWork, values: dict[str, Any], existing: dict[tuple[Any, ...], Any]) -> Result:
    given = {name: value for name, value in values.items() if value is not None}
    access = policy.fields(work.actor, resource_of(work.model))
    records.must_fill(specs(work.model).values(), access)
    if why := generic_sets.missing(work.model, given):
        return Result.refuse(why)
    row = records.create(work.model, given, actor=work.actor)
    existing[_key(work, values)] = row
    return Result(Outcome.NEW, row.id, images=[Image(work.model.__tablename__, row.id, None, row.version)])


def _update(work: TableWork, row: Any, values: dict[str, Any]) -> Result:
    known, access = specs(work.model), policy.fields(work.actor, resource_of(work.model))
    for name in values:  # whether the file says what is stored would tell it
        if access.masked(name) and not access.settable(name, getattr(row, name)):
            raise setwise.refusal(known[name], access)
    before: dict[str, Any] = {}
    changed: dict[str, Any] = {}
    for name, value in values.items():
        if value is None and not generic_sets.may_be_empty(known[name]):
            continue
        if known[name].kind == "many":
            now = sorted(other.id for other in getattr(row, name))
            if now != sorted(value or []):
                before[name], changed[name] = now, value or []
        elif writing.difference(row, {name: value}):
            before[name], changed[name] = writing.plain(getattr(row, name)), value
    if not changed:
        return Result(Outcome.SAME, row.id)
    records.update(row, changed, actor=work.actor)
    return Result(Outcome.CHANGED, row.id, images=[Image(work.model.__tablename__, row.id, before, row.version)])
