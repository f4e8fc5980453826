"""Words of a file that point at rows: found for a whole chunk by number, code or name, within the actor's rows."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from app.panel.bulk import writing
from app.panel.bulk.importers import Plan
from app.panel.bulk.sentences import explain
from app.panel.core import policy
from app.panel.core.db import db
from app.panel.core.fields import FieldSpec, specs

if TYPE_CHECKING:
    from app.panel.bulk.generic import TableWork

SPLIT = re.compile(r"[,;，；、|]")
TEXT_KINDS = ("text", "email", "phone", "currency")


def resolve(work: TableWork, plans: list[Plan]) -> list[tuple[dict[str, Any], str]]:
    """The values of each plan with ids in the place of words, and what could not be found."""
    pointing = [spec for spec in work.fields.values() if spec.kind in ("ref", "many")]
    if not pointing:
        return [(plan.values, "") for plan in plans]
    found = {spec.name: _lookup(work, spec, _words(spec, plans)) for spec in pointing}
    resolved = []
    for plan in plans:
        values, wrong = dict(plan.values), []
        for spec in pointing:
            given = _split(spec, values.get(spec.name))
            ids = []
            for word in given:
                keys = found[spec.name].get(word.casefold(), set())
                if len(keys) == 1:
                    ids.append(next(iter(keys)))
                else:
                    code = "several_found" if keys else "not_found"
                    wrong.append(explain(code, {"value": word[:60]}, work.heading(spec.name)))
            if spec.kind == "many":
                values[spec.name] = ids if values.get(spec.name) is not None else None
            else:
                values[spec.name] = ids[0] if ids else None
        resolved.append((values, " ".join(wrong)))
    return resolved


def show(work: TableWork, plans: list[Plan], resolved: list[tuple[dict[str, Any], str]]) -> None:
    """The rows that were meant, by their own names, in the plans that a check shows."""
    good = [(plan, values) for plan, (values, why) in zip(plans, resolved, strict=True) if not why][: work.to_show]
    work.to_show -= len(good)
    for spec in work.fields.values():
        if spec.kind not in ("ref", "many") or spec.target is None:
            continue
        given = [values.get(spec.name) for _plan, values in good]
        ids = {key for one in given for key in (one if isinstance(one, list) else [one]) if key is not None}
        names = {row.id: str(row) for row in db.session.scalars(select(spec.target).where(spec.target.id.in_(ids)))}
        for (plan, _values), one in zip(good, given, strict=True):
            plan.shown[spec.name] = [names[key] for key in one] if isinstance(one, list) else names.get(one, "")


def _split(spec: FieldSpec, cell: str | None) -> list[str]:
    if not cell:
        return []
    parts = SPLIT.split(cell) if spec.kind == "many" else [cell]
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _words(spec: FieldSpec, plans: list[Plan]) -> list[str]:
    return list(dict.fromkeys(word for plan in plans for word in _split(spec, plan.values.get(spec.name))))


def _lookup(work: TableWork, spec: FieldSpec, words: list[str]) -> dict[str, set[int]]:
    """Word (case folded) → ids. What was found before is remembered for the rest of the file."""
    memory = work.references.setdefault(spec.name, {})
    new = [word for word in words if not memory.get(word.casefold())]
    model = spec.target
    if not new or model is None:
        return memory
    for column in _columns(model):
        for part in writing.pieces(new):
            query = policy.scope(select(column, model.id).where(or_(column.in_(part))), work.actor, model)
            for value, key in db.session.execute(query):
                memory.setdefault(str(value).casefold(), set()).add(key)
        new = [word for word in new if not memory.get(word.casefold())]
    return memory


def _columns(model: type[Any]) -> list[Any]:
    """What a person writes to mean a row: its unique texts first, then the texts of the quick search."""
    texts = [spec for spec in dict.fromkeys(specs(model).values()) if spec.kind in TEXT_KINDS]
    ranked: dict[bool, list[Any]] = defaultdict(list)
    for spec in texts:
        if spec.unique or spec.search or spec.name in ("name", "title", "code"):
            ranked[spec.unique].append(spec.column)
    return ranked[True] + ranked[False]
