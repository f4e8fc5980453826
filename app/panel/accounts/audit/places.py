"""What a line of the trail is about: its table, the model and resource behind it, and what these are called."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, and_, or_, select

from app.panel.core import policy, settings
from app.panel.core.columns import INFO
from app.panel.core.db import PanelModel, db
from app.panel.core.fields import resource_of
from app.panel.core.trail import TABLE

PUBLICATIONS, DRAFT, WAITING = "accounts_publication", "accounts_draft", "accounts_waiting_change"
BESIDES = {
    "core_setting": (settings.RESOURCE, _("Settings")), "core_history": ("accounts.Audit", _("Trail")),
    PUBLICATIONS: ("accounts.Configuration", _("Publications")), DRAFT: ("accounts.Configuration", _("Draft")),
    WAITING: ("accounts.Configuration", _("Changes for a second person")),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """One table. `view` is its screen; `label` the word for one of its rows."""

    table: str
    resource: str
    model: Any = None
    view: Any = None
    parent: Any = None  # (model, relation) of what its rows belong to, for those without a screen

    @property
    def label(self) -> str:
        if self.table in BESIDES:
            return str(BESIDES[self.table][1])
        if self.view is not None:
            return str(self.view.title)
        if self.resource in policy.REGISTRY.names:
            return str(policy.REGISTRY.names[self.resource])
        owner, relation = self.parent or (None, "")
        above = current_app.extensions["panel_views"].get(owner)
        if above is not None:
            return f"{above.title}: {getattr(owner, relation).property.info[INFO]['label']}"
        return gettext("Other records")


def places() -> dict[str, Place]:
    """Every table that a line may be about, by name."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return _places(app)


@functools.lru_cache(maxsize=4)
def _places(app: Any) -> dict[str, Place]:
    views = app.extensions["panel_views"]
    models = {mapper.class_.__tablename__: mapper.class_ for mapper in PanelModel.registry.mappers}
    parents: dict[Any, Any] = {}
    for model in models.values():
        for relation in model.__mapper__.relationships:
            if relation.uselist and relation.secondary is None and INFO in relation.info:
                parents.setdefault(relation.mapper.class_, (model, relation.key))
    found = {
        table: Place(table, resource_of(model), model, views.get(model), parents.get(model)) for table, model in models.items()
    }
    return found | {table: Place(table, resource) for table, (resource, _label) in BESIDES.items()}


def open_to(actor: Any) -> list[Place]:
    """The tables of whose rows this reader may see some."""
    return [place for place in places().values() if policy.allowed(actor, "read", place.resource)]


def visible(actor: Any) -> ColumnElement[bool] | None:
    """A line is seen by whoever sees its row: the condition for this reader, None for all lines.

    Of a deleted row nobody can say any more whose it was: where rows are limited, its lines go with it.
    """
    if policy.sees_every_row(actor):
        return None
    whole, parts = [], []
    for place in open_to(actor):
        if place.resource == "accounts.Audit":
            continue  # what was blotted, exported and removed is the administrator's to know
        rule = policy.row_condition(actor, place.model) if place.model is not None else None
        if rule is None:
            whole.append(place.table)
        else:
            parts.append(and_(TABLE.c.table == place.table, TABLE.c.key.in_(select(place.model.id).where(rule))))
    return or_(TABLE.c.table.in_(whole), *parts)


def rows_of(lines: Iterable[Any], actor: Any) -> dict[tuple[str, int], Any]:
    """The rows that these lines are about, as far as they are there and this reader may see them: a statement a table."""
    wanted: dict[str, set[int]] = {}
    for line in lines:
        if line.key:
            wanted.setdefault(line.table, set()).add(line.key)
    found = {}
    for table, keys in sorted(wanted.items()):
        place = places().get(table)
        if place is None or place.model is None or not hasattr(place.model, "id"):
            continue
        if not policy.allowed(actor, "read", place.resource):
            continue
        query = policy.scope(select(place.model).where(place.model.id.in_(keys)), actor, place.model)
        found.update({(table, row.id): row for row in db.session.scalars(query).unique()})
    return found


__all__ = ["Place", "open_to", "places", "rows_of", "visible"]
