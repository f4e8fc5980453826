"""What the page of two versions gets: for each field, and each table of children, mine against theirs."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from flask import request
from flask_babel import gettext as _

from app.panel.core import forms, history, policy
from app.panel.core.actor import current_actor
from app.panel.core.fields import FieldSpec, spec
from app.panel.core.screens.editing import child_columns


def conflict_page(view: Any, form: Any, row: Any) -> SimpleNamespace:
    """Mine against theirs, for each field in which they differ."""
    rows = []
    for field in form:
        if not isinstance(field, forms.RawField) or field.spec is None or field.kind == "file" or forms.is_masked(form, field):
            continue
        theirs = forms.typed(field.spec, row)
        if str(theirs or "") != str(field.data or ""):
            rows.append(
                SimpleNamespace(
                    name=field.name,
                    label=str(field.label.text),
                    theirs=theirs,
                    mine=field.data,
                    theirs_text=_labelled(field.spec, theirs, row),
                    mine_text=_labelled(field.spec, field.data, row),
                )
            )
    access = policy.fields(current_actor(), view.resource)
    tables = [n for n in view.editable_children(row) if access.writable(n) and request.form.get(f"{n}-present")]
    last = history.of(row, limit=1)
    return SimpleNamespace(
        title=_("Somebody else changed this in the meantime."),
        one=view.one,
        row=row,
        rows=[*rows, *(table for name in tables if (table := _table(view, row, name)) is not None)],
        # a row of mine that is gone comes back as a new one, and what was stale is known to be so now
        dropped={name for table in tables for name in _outdated(row, table)},
        version=row.version,
        action_url=view.url("edit", pk=row.id),
        cancel_url=view.url("show", pk=row.id),
        by=last[0].actor_name if last else "",
        at=last[0].at if last else None,
    )


def unknown_to_form(row: Any, name: str) -> bool:
    """Has this table of children rows that the form did not show? To save it would remove them unseen."""
    shown = request.form.get(f"{name}-known")
    return shown is not None and not {str(child.id) for child in getattr(row, name)} <= set(shown.split(","))


def _table(view: Any, row: Any, name: str) -> SimpleNamespace | None:
    columns = child_columns(view, name)
    theirs = [_line(columns, {s.name: forms.typed(s, child) for s in columns}, row) for child in getattr(row, name)]
    mine = [_line(columns, values, row) for values in forms.child_rows(request.form, name)]
    if theirs == mine:
        return None
    return SimpleNamespace(
        name=f"{name}-keep", label=str(spec(view.model, name).label), theirs="theirs", mine="mine",
        theirs_text="\n".join(theirs), mine_text="\n".join(mine),
    )  # fmt: skip


def _line(columns: list[FieldSpec], values: dict[str, Any], row: Any) -> str:
    shown = [_labelled(known, values.get(known.name), row) for known in columns if known.name != "position"]
    return " · ".join(text for text in shown if text)


def _outdated(row: Any, name: str) -> list[str]:
    here = {str(child.id) for child in getattr(row, name)}
    gone = [key for key in request.form if re.fullmatch(rf"{name}-\d+-id", key) and request.form[key] not in here]
    return [*gone, f"{name}-known", *(key for key in request.form if re.fullmatch(rf"{name}-\d+-version", key))]


def _labelled(known: Any, value: Any, row: Any) -> str:
    if known.kind in ("ref", "many"):
        return ", ".join(label for _key, label in forms.picked(known, value, row))
    if known.choices is not None and (member := known.choices.of(value)) is not None:
        return str(member.label)
    if known.kind == "bool":
        return _("yes") if value not in (None, False, "", "0", "false") else _("no")
    return "" if value is None else str(value)
