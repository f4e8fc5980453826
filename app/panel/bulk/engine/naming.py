"""What a run is called, in the language of whoever reads it: as it is kept, its title speaks that of whoever asked for it."""

from __future__ import annotations

from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from app.panel.bulk.engine import declaring
from app.panel.bulk.engine.declaring import Operation
from app.panel.bulk.languages import languages
from app.panel.bulk.models import Run
from app.panel.bulk.states import RunKind

LONGEST = 200


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
        return here if here == kept or any(_in(language, operation, values) == kept for language in languages()) else kept
    except (LookupError, TypeError, ValueError):  # what an earlier release has kept of it is no longer understood
        return kept


def _in(language: str, operation: Operation, values: dict[str, Any]) -> str:
    with force_locale(language):
        return titled(operation, values)


def headline(run: Run) -> str:
    """The same, with the word that it is taken back where it is."""
    return _("Take back: %(file)s", file=title(run)) if run.kind is RunKind.UNDO else title(run)
