"""What would happen, before anything does: counts and reasons of all rows, the first fifty before and after, sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.bulk.engine import declaring, naming
from app.panel.bulk.engine.chunks import Piece
from app.panel.bulk.engine.declaring import Look, Operation
from app.panel.bulk.engine.rowbyrow import RowByRow
from app.panel.bulk.engine.selecting import ITEMS, Selection
from app.panel.bulk.engine.setbased import SetBased
from app.panel.bulk.engine.survey import Survey
from app.panel.bulk.models import Run
from app.panel.core import cells, clock, policy, sight
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.fields import FieldSpec, resource_of, specs
from app.panel.core.history import plain
from app.panel.core.tidying import passing

FIRST = 50
AT_ONCE = {SetBased: 50_000, RowByRow: 200}  # rows that are looked at within a request


def is_quick(operation: Operation, rows: int) -> bool:
    """Is the preview done sooner than a worker would have heard of it?"""
    return any(isinstance(operation, kind) and rows <= most for kind, most in AT_ONCE.items())


def findings(run: Run, actor: Any, beat: Callable[[int], None] = lambda read: None) -> dict[str, Any]:
    """As it is stored with a run that was looked at."""
    operation = declaring.find(run.operation)
    if operation is None:
        raise DomainError(_("This operation is no longer known."))
    params = run.params or {}
    whole = Piece(operation, run.id, 1, run.expected, actor, params.get("values") or {}, Selection.of(params))
    operation.authorize(actor, whole.values)
    seen_at = clock.now()  # what is changed while this is worked out counts as changed since
    survey = _survey(operation, whole, beat)
    first = replace(whole, high=min(FIRST, whole.high))
    looks = operation.look_at(first)
    return {**survey.kept(), "first": _shown(operation, first, looks), "as_of": seen_at.isoformat()}


def _survey(operation: Any, whole: Piece, beat: Callable[[int], None]) -> Survey:
    if isinstance(operation, SetBased):
        return operation.survey(whole)
    found = Survey()
    for low in range(1, whole.high + 1, operation.chunk):
        piece = replace(whole, low=low, high=min(low + operation.chunk - 1, whole.high))
        with passing():
            found.add(operation.survey(piece))
        beat(piece.high)
    return found


def _shown(operation: Operation, piece: Piece, looks: dict[int, Look]) -> list[dict[str, Any]]:
    """The rows of a piece by name, with what would change of each."""
    model: Any = operation.model
    rows = {row.id: row for row in db.session.scalars(select(model).where(model.id.in_(piece.keys)))}
    sight.look(piece.actor, list(rows.values()))
    access = policy.fields(piece.actor, resource_of(model))
    shown = []
    for seq, key in db.session.execute(select(ITEMS.c.seq, ITEMS.c.row_id).where(piece.items).order_by(ITEMS.c.seq)):
        if (look := looks.get(seq)) is None or key not in rows:
            continue
        names = [name for name in look.after if access.usable(name)]
        shown.append({
            "id": key, "label": str(rows[key])[:120], "refused": look.refused, "same": look.same,
            "changes": [] if look.refused else [_change(operation, rows[key], name, look) for name in names],
            "money": look.money, "stock": look.stock, "messages": look.messages,
        })  # fmt: skip
    return shown


def _change(operation: Operation, row: Any, name: str, look: Look) -> dict[str, Any]:
    """One field before and after, in words. Its name stays, so that only who may read it is shown it."""
    field = specs(operation.model).get(name)
    before, after = look.before.get(name), look.after[name]
    return {
        "name": name, "label": naming.of_field(operation, name), "before": _text(field, before, row),
        "after": _text(field, after, row), "differs": plain(before) != plain(after), **_stored(field, before, after, row),
    }  # fmt: skip


def _stored(field: FieldSpec | None, before: Any, after: Any, row: Any) -> dict[str, Any]:
    """What is written otherwise in another language, as it is stored."""
    if field is None or field.kind not in naming.TRANSLATED:
        return {}
    currency = field.currency_of(row) if field.kind == "money" else ""
    return {"stored": {"before": plain(before), "after": plain(after), "currency": currency}}


def _text(field: FieldSpec | None, value: Any, row: Any) -> str:
    if field is not None and field.target is not None and field.kind in ("ref", "many"):
        keys = value if isinstance(value, list) else [value]
        if keys and all(isinstance(key, int) for key in keys):
            return ", ".join(_called(field.target, key) for key in keys)
    if field is not None and field.choices is not None and isinstance(value, str):
        value = field.choices.of(value) or value  # operations that are no SQL tell what is stored
    return cells.show(value, field, row).get("text", "")


def _called(model: type[Any], key: int) -> str:
    related = db.session.get(model, key)
    return sight.called(current_actor(), related) if related is not None else str(key)
