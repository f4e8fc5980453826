"""What a run, its sums and its columns are called, in the language of whoever reads it: kept are the words of whoever asked."""

from __future__ import annotations

from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from app.panel.bulk.engine import declaring
from app.panel.bulk.engine.declaring import Operation
from app.panel.bulk.languages import languages
from app.panel.bulk.models import Run
from app.panel.bulk.states import RunKind
from app.panel.core import cells, money
from app.panel.core.fields import FieldSpec, specs

LONGEST = 200
TRANSLATED = ("money", "choice", "bool")


def titled(operation: Operation, values: dict[str, Any]) -> str:
    """An operation with what was answered."""
    said = operation.said(values)
    return (_("%(operation)s: %(said)s", operation=operation.label, said=said) if said else str(operation.label))[:LONGEST]


def title(run: Run | Any) -> str:
    """As it is kept, unless it is known to say the same in the language of the reader: names may be others by now, or gone."""
    operation, kept = declaring.find(run.operation), str(run.file_name or "")
    if operation is None:
        return kept
    values = (run.params or {}).get("values") or {}
    try:
        here = titled(operation, values)
        return here if here == kept or any(kept in _in(language, operation, values) for language in languages()) else kept
    except (LookupError, TypeError, ValueError):  # what an earlier release has kept of it is no longer understood
        return kept


def _in(language: str, operation: Operation, values: dict[str, Any]) -> tuple[str, str]:
    """With what was answered, and without: an earlier release did not tell it of every operation."""
    with force_locale(language):
        return titled(operation, values), str(operation.label)


def sums(run: Run | Any) -> dict[str, Any]:
    """The sums that were found, each called as its operation calls it now; where that no longer knows it, as it was kept."""
    kept, operation = (run.findings or {}).get("sums") or {}, declaring.find(run.operation)
    if operation is None or not kept:
        return kept
    try:
        here = operation.sum_labels((run.params or {}).get("values") or {})
    except (LookupError, TypeError, ValueError):
        here = {}
    return {name: {**one, "label": str(here.get(name, one["label"]))} for name, one in kept.items()}


def heads(run: Run | Any) -> dict[str, str]:
    """What the fields are called of which the first rows speak, by their names."""
    operation = declaring.find(run.operation)
    kept = {one["name"]: one["label"] for row in (run.findings or {}).get("first") or () for one in row["changes"]}
    return {name: of_field(operation, name) if operation is not None else label for name, label in kept.items()}


def change(operation: Operation | None, one: dict[str, Any]) -> dict[str, Any]:
    """A field of the first rows before and after, an amount or a choice as it is written in the language of the reader."""
    stored, field = one.get("stored"), specs(operation.model).get(one["name"]) if operation is not None else None
    if not stored or field is None or field.kind not in TRANSLATED:
        return one
    return {**one, **{side: _written(field, stored[side], stored["currency"], one[side]) for side in ("before", "after")}}


def _written(field: FieldSpec, value: Any, currency: str, kept: str) -> str:
    if field.kind == "money":
        return money.format(value, currency) if isinstance(value, int) else kept
    known = field.choices.of(value) if field.choices is not None and isinstance(value, str) else value
    return str(cells.show(known, field)["text"]) if known is not None else kept


def of_field(operation: Operation, name: str) -> str:
    field = specs(operation.model).get(name)
    return str(field.label if field is not None else operation.labels.get(name, name))


def headline(run: Run) -> str:
    """The same, with the word that it is taken back where it is."""
    return _("Take back: %(file)s", file=title(run)) if run.kind is RunKind.UNDO else title(run)
