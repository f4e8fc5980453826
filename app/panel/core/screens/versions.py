"""What a form showed when it was opened. It travels with the form, so that a stale save can tell who changed what.

Its values are those of the form's own fields: what somebody may not see is not in it, and of what he sees masked only
a mark by which a change is noticed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

from flask import current_app, request

from app.panel.core import forms, sight
from app.panel.core.actor import current_actor
from app.panel.core.fields import FieldSpec


def snapshot(form: Any, row: Any, tables: Mapping[str, Iterable[FieldSpec]]) -> str:
    """The fields of a row as the form shows them, and those of its children (`{table: columns}`)."""
    rows = {
        name: {str(child.id): line_of(columns, child) for child in sight.children(current_actor(), getattr(row, name))}
        for name, columns in tables.items()
    }
    return json.dumps({"fields": {f.name: stored(form, f, row) for f in watched(form)}, "rows": rows}, ensure_ascii=False)


def opened() -> dict[str, Any]:
    """What the form that was sent showed when it was opened; empty where it does not say so."""
    try:
        found = json.loads(request.form.get("base") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def watched(form: Any) -> list[forms.RawField]:
    """The fields of a form that hold a value of the row."""
    return [f for f in form if isinstance(f, forms.RawField) and f.spec is not None and f.kind != "file"]


def stored(form: Any, field: forms.RawField, row: Any) -> str:
    """The value of a field of a row as its input sends it; a mark of it where it is masked."""
    assert field.spec is not None
    value = sent(forms.typed(field.spec, row))
    if not forms.is_masked(form, field):
        return value
    key = f"{current_app.config['SECRET_KEY']}:{row.id}:{field.name}"
    return hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest()[:20]


def line_of(columns: Iterable[FieldSpec], child: Any) -> dict[str, str]:
    return {known.name: sent(forms.typed(known, child)) for known in columns}


def sent(value: Any) -> str:
    """A value as a form sends it."""
    if value in (None, False):
        return ""
    if value is True:
        return "1"
    return ",".join(str(part) for part in value) if isinstance(value, list) else str(value)


def alike(known: FieldSpec, one: str, other: str, row: Any) -> bool:
    """Do two texts say the same value? `12.5` and `12.50` do."""
    if one == other:
        return True
    try:
        values = [known.parse(text, row) for text in (one, other)]
    except ValueError:
        return False
    if known.kind == "many":
        return set(values[0]) == set(values[1])
    return bool(values[0] == values[1])
