"""One cell of a list as an editor, and its change: the same parsing, rights, version and history as the form of the row."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.panel.core import cells, clock, forms, history, listcolumns, listing, policy, records, sight, veil
from app.panel.core.errors import Conflict, NotFound
from app.panel.core.fields import FieldSpec, resource_of, spec
from app.panel.core.screens import drawing
from app.panel.core.screens.common import names, row_url

KINDS = frozenset({
    "text", "phone", "email", "url", "code", "currency", "integer", "number", "money", "bool", "choice", "date", "instant", "ref",
})  # fmt: skip


def editable(view: Any, plan: listing.Plan, actor: Any) -> dict[str, FieldSpec]:
    """The columns whose cells this reader may change where they stand: those of the form, or what the view says of them."""
    if not view.can_edit or not policy.allowed(actor, "write", view.resource):
        return {}
    in_form = {spec(view.model, name).name for name in names(view.edit_fieldsets)}
    found = {name: spec(view.model, name) for name in plan.columns if "." not in name}
    return {
        name: field
        for name, field in found.items()
        if field.kind in KINDS and not field.readonly and field.name in in_form
        and plan.access.writable(field.name) and not plan.access.masked(field.name)
        and (view.inline_columns is None or name in view.inline_columns)
    }  # fmt: skip


def field_of(view: Any, row: Any, name: str, actor: Any) -> FieldSpec:
    """The field behind a cell.

    :raises NotFound: for a column that cannot be changed in this row
    """
    plan = _plan(view, actor)
    known = {one: field for one, field in editable(view, plan, actor).items() if plan.access.settable(field.name, row)}
    if name not in known:
        raise NotFound(_("There is nothing here."))
    return known[name]


def _plan(view: Any, actor: Any) -> listing.Plan:
    """With all columns that he may choose to be shown."""
    plan = view.plan(actor)
    return replace(plan, columns=tuple(listcolumns.choosable(plan)))


def editor(view: Any, row: Any, name: str, actor: Any) -> dict[str, Any]:
    """What the editor of a cell needs: what stands there now, of which version, and what can be chosen."""
    field = field_of(view, row, name, actor)
    value = forms.typed(field, row)
    known: dict[str, Any] = {
        "label": view.label(name), "kind": forms.KINDS.get(field.kind, "text"), "version": row.version,
        "value": "" if value is None else value, "required": field.required, "maxlength": field.length, "options": [],
        "unit": field.currency_of(row) if field.kind == "money" else str(field.unit or ""), "help": str(field.help or ""),
    }  # fmt: skip
    if field.choices is not None:
        known["options"] = [*([] if field.required else [("", "–")]), *((v, str(label)) for v, label in field.choices.pairs())]
    if field.kind == "bool":
        known.update(kind="select", value="true" if value else "false", options=[("true", _("yes")), ("false", _("no"))])
    if field.kind == "ref":
        known["picker_url"] = url_for("pickers.options", resource=resource_of(field.model), field=field.name)
        known["picked"] = [{"id": key, "label": label} for key, label in forms.picked(field, value, row)]
    return known


def change(
    view: Any, row: Any, name: str, text: str, version: int, shown: list[str], actor: Any, *, is_back: bool = False
) -> dict[str, Any]:
    """Write one cell; answers with the version that stands now, the cells of the row as the list shows them, and what would
    bring back what stood there. With `is_back` it is that which is written: over nothing that somebody else wrote since.

    :raises DomainError: as the form does; a stale one says what stands there now
    """
    field = field_of(view, row, name, actor)
    back = _way_back(view, row, name, field, actor)
    values = records.parse(view.model, {field.name: text}, row=row, partial=True, names={field.name})
    try:
        with history.by("screen"):
            records.update(row, values, actor=actor, version=version)
    except Conflict as error:
        if not error.theirs:
            raise
        now = cells.cell(row, name, policy.fields(actor, view.resource)).get("text", "")
        said = _("Somebody else changed this in the meantime. It says “%(value)s” now; Enter writes yours over it.", value=now)
        if is_back:
            said = _("Somebody else changed this in the meantime. It says “%(value)s” now, and stays so.", value=now)
        raise Conflict(said, theirs=error.theirs) from None
    plan = _plan(view, actor)
    sight.look(actor, [getattr(row, field.relation)] if field.relation and getattr(row, field.relation) is not None else [])
    drawn = {one: _cell(view, row, one, plan) for one in shown if one in plan.columns}
    return {"version": row.version, "cells": drawn, "back": back}


def _way_back(view: Any, row: Any, name: str, field: FieldSpec, actor: Any) -> dict[str, str]:
    """What stands in a cell before it is changed, to the second: written there again, it is as it was."""
    value = getattr(row, field.name)
    exact = clock.local(value).replace(tzinfo=None).isoformat() if isinstance(value, dt.datetime) else forms.typed(field, row)
    exact = str(exact).lower() if isinstance(exact, bool) else exact
    shown = cells.cell(row, name, policy.fields(actor, view.resource)).get("text", "")
    said = _("Take back: %(label)s “%(value)s”", label=view.label(name), value=str(shown)[:40] or "–")
    return {"value": "" if exact is None else str(exact), "label": said, "done": _("Taken back.")}


def _cell(view: Any, row: Any, name: str, plan: listing.Plan) -> dict[str, Any]:
    if name in view.formatters and not plan.access.masked(name):
        shown = cells.show(view.formatters[name](veil.seen(row)), None)
    else:
        shown = cells.cell(row, name, plan.access, row_url)
    return {"kind": str(shown.get("kind", "")), "text": str(shown.get("text", "")), "html": drawing.inside(shown)}
