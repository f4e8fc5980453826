"""Rows as the small tables of a page: columns and cells, for `ui.table`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import cells, policy, veil
from app.panel.core.db import db
from app.panel.core.fields import resource_of, spec
from app.panel.core.screens import row_url
from app.shop.inventory.models import StockLevel


def table(
    model: type[Any], rows: list[Any], names: list[str], *, actor: Any, empty: object, own: dict[str, Any] | None = None
) -> SimpleNamespace:
    """Rows of a model with the columns that this reader may see; `own` gives cells of its own (name → function)."""
    access = policy.fields(actor, resource_of(model))
    shown = access.only(names)
    columns = [SimpleNamespace(label=str(spec(model, name).label), align=cells.align(spec(model, name))) for name in shown]
    own = own or {}
    mine = {name for name in own if not access.masked(name)}

    def line(row: Any) -> SimpleNamespace:
        drawn = [own[name](row) if name in mine else cells.cell(row, name, access, row_url) for name in shown]
        return SimpleNamespace(url="", cells=drawn)

    return SimpleNamespace(columns=columns, rows=[line(row) for row in rows], empty=str(empty))


def sums(levels: list[StockLevel], actor: Any) -> list[tuple[Any, int]]:
    """What lies in all warehouses together, as far as this reader may know."""
    access = policy.fields(actor, resource_of(StockLevel))
    labels = {"on_hand": _("On hand"), "reserved": _("Reserved"), "available": _("Available")}
    return [(label, sum(getattr(level, name) for level in levels)) for name, label in labels.items() if access.usable(name)]


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
        if not row.cause_id or not veil.shows(row, "cause_id"):
            return cells.text("")
        return known.get((row.cause_resource, row.cause_id), cells.text(f"#{row.cause_id}"))

    return show
