"""Rows as the small tables of a page: columns and cells, for `ui.table`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import current_app
from sqlalchemy import select

from app.panel.core import cells, policy
from app.panel.core.db import db
from app.panel.core.fields import resource_of, spec
from app.panel.core.screens import row_url


def table(
    model: type[Any], rows: list[Any], names: list[str], *, actor: Any, empty: object, own: dict[str, Any] | None = None
) -> SimpleNamespace:
    """Rows of a model with the columns that this reader may see; `own` gives cells of its own (name → function)."""
    access = policy.fields(actor, resource_of(model))
    shown = access.only(names)
    columns = [SimpleNamespace(label=str(spec(model, name).label), align=cells.align(spec(model, name))) for name in shown]
    own = own or {}

    def line(row: Any) -> SimpleNamespace:
        drawn = [own[name](row) if name in own else cells.cell(row, name, access, row_url) for name in shown]
        return SimpleNamespace(url="", cells=drawn)

    return SimpleNamespace(columns=columns, rows=[line(row) for row in rows], empty=str(empty))


def causes(rows: list[Any]) -> dict[tuple[str, int], Any]:
    """The rows behind (resource, number) pairs as links, one statement a resource."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        if row.cause_resource and row.cause_id:
            wanted.setdefault(row.cause_resource, set()).add(row.cause_id)
    found: dict[tuple[str, int], Any] = {}
    for resource, ids in wanted.items():
        model: Any = current_app.extensions["panel_models"].get(resource)
        if model is None:
            continue
        for row in db.session.scalars(select(model).where(model.id.in_(ids))):
            url = row_url(row)
            found[resource, row.id] = cells.link(row, url) if url else cells.text(row)
    return found


def cause_cell(known: dict[tuple[str, int], Any]) -> Any:
    def show(row: Any) -> Any:
        if not row.cause_id:
            return cells.text("")
        return known.get((row.cause_resource, row.cause_id), cells.text(f"#{row.cause_id}"))

    return show
