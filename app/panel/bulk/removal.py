"""Rows back to what they were before a run, set-based, for any table: the generic half of undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, inspect, literal, or_, select, union

from app.panel.bulk import images as kept_images
from app.panel.bulk import writing
from app.panel.bulk.importers import Image
from app.panel.bulk.models import Run
from app.panel.core import changes, history, records, trailsets
from app.panel.core.actor import SYSTEM
from app.panel.core.columns import INFO
from app.panel.core.db import PanelModel, db
from app.panel.core.errors import DomainError
from app.panel.core.fields import specs
from app.panel.core.history import HistoryEntry
from app.panel.core.transaction import savepoint


def take_back(images: Sequence[Image], *, actor: Any, since: Any, run_id: int) -> list[str]:
    """Images of one table and one kind; for each why it was left alone, "" when it was taken back."""
    model = kept_images.model_of(images[0].table)
    if model is None:
        return [_("The table is no longer there.")] * len(images)
    touched = why_not(model, images, since=since, run_id=run_id)
    free = [image for image in images if not touched.get(image.row_id)]
    if free and free[0].before is None:
        touched.update(remove(model, [image.row_id for image in free], actor=actor))
    else:
        touched.update(_restore(model, free, actor=actor))
    return [touched.get(image.row_id, "") for image in images]


def why_not(model: type[Any], images: Sequence[Image], *, since: Any, run_id: int) -> dict[int, str]:
    """Rows that somebody has touched since, with the sentence that says so. Rows that are gone are no trouble."""
    ids = [image.row_id for image in images]
    now = writing.versions(model, ids)
    said: dict[int, str] = {}
    for image in images:
        if image.row_id not in now and image.before is not None:
            said[image.row_id] = _("It was deleted since.")
        elif image.version is not None and now.get(image.row_id, image.version) != image.version:
            said[image.row_id] = _("It was changed since.")
    marks = _marks(model, ids, run_id)
    # What hangs on a row matters when the row itself would go.
    made = [image.row_id for image in images if image.before is None]
    for key in _later(model, ids, marks, since, run_id) | _children_touched(model, made, marks, since, run_id):
        said.setdefault(key, _("It was changed since."))
    return said


def _marks(model: type[Any], ids: Sequence[int], run_id: int) -> dict[int, int]:
    """Row → the last entry that the run left in its trail: somebody may have come behind it while the run still went on."""
    found: dict[int, int] = {}
    for part in writing.pieces(ids):
        query = select(HistoryEntry.key, func.max(HistoryEntry.id)).where(
            trailsets.about(model.__tablename__, part), HistoryEntry.run_id == run_id
        )
        found.update(dict(db.session.execute(query.group_by(HistoryEntry.key)).tuples().all()))
    return found


def _later(model: type[Any], ids: Sequence[int], marks: Mapping[int, int], since: Any, run_id: int) -> set[int]:
    """Rows with a trail that goes on behind their mark, or behind the run; runs that were taken back do not count."""
    found: set[int] = set()
    undone = union(select(Run.id).where(Run.is_undone), select(literal(run_id)))
    for part in writing.pieces(ids):
        query = select(HistoryEntry.key, func.max(HistoryEntry.id), func.max(HistoryEntry.at)).where(
            trailsets.about(model.__tablename__, part), HistoryEntry.path != "undo",
            or_(HistoryEntry.run_id.is_(None), HistoryEntry.run_id.not_in(undone)),
        )  # fmt: skip
        for key, last, at in db.session.execute(query.group_by(HistoryEntry.key)):
            if last > marks[key] if key in marks else at > since:
                found.add(key)
    return found


def _children_touched(model: type[Any], ids: list[int], marks: Mapping[int, int], since: Any, run_id: int) -> set[int]:
    """Rows with a child that somebody has made or changed since, other than by a run that was taken back."""
    found: set[int] = set()
    for rel in inspect(model).relationships:
        child: Any = rel.mapper.class_
        if not (rel.uselist and rel.cascade.delete and issubclass(child, PanelModel)):
            continue
        key = next(iter(rel.remote_side))
        silent = getattr(child, "__no_history__", False)
        for part in writing.pieces(ids):
            query = select(child.id, key).where(key.in_(part))
            if silent:
                query = query.where(or_(child.created_at > since, child.changed_at > since))
            parents: dict[int, int] = dict(db.session.execute(query).tuples().all())
            own = {row: marks[parent] for row, parent in parents.items() if parent in marks}
            own |= _marks(child, list(parents), run_id)
            kept = parents if silent else _later(child, list(parents), own, since, run_id)
            found.update(parents[child_id] for child_id in kept)
    return found


def remove(model: type[Any], ids: list[int], *, actor: Any) -> dict[int, str]:
    """Delete rows that nothing else needs, with their children; for the others the reason."""
    used = _used(model, ids)
    free = [key for key in ids if key not in used]
    for part in writing.pieces(free):
        _remove_children(model, part)
        # A row that points at one of its own table must go before it: the younger ones first.
        for group in [[key] for key in sorted(part, reverse=True)] if _points_at_itself(model) else [part]:
            db.session.execute(delete(model).where(model.id.in_(group)).execution_options(synchronize_session=False))
    history.record_many(model, [(key, {}) for key in free], verb="delete", actor=actor)
    changes.record(model, free, "delete")
    return dict.fromkeys(used, str(_("Other rows need it by now.")))


def _remove_children(model: type[Any], ids: list[int]) -> None:
    """Children whose key does not cascade by itself."""
    for rel in inspect(model).relationships:
        if rel.uselist and rel.cascade.delete:
            key = next(iter(rel.remote_side))
            if not _cascades(key):
                db.session.execute(delete(rel.mapper.local_table).where(key.in_(ids)))
        elif _owns_links(rel):
            key = rel.local_remote_pairs[0][1]
            if not _cascades(key):
                db.session.execute(delete(rel.secondary).where(key.in_(ids)))


def _owns_links(rel: Any) -> bool:
    """A product owns the links to its tags; to a tag they are uses, which it keeps hidden or only views."""
    hidden = bool(rel.info.get(INFO, {}).get("hidden"))
    return rel.secondary is not None and not rel.viewonly and not hidden


def _points_at_itself(model: type[Any]) -> bool:
    table = model.__table__
    return any(key.column.table is table for column in table.columns for key in column.foreign_keys)


def _cascades(column: Any) -> bool:
    return all((key.ondelete or "").upper() == "CASCADE" for key in column.foreign_keys)


def _used(model: type[Any], ids: list[int]) -> set[int]:
    """Rows that others point at, also where the database would let the pointer go: it would be lost in silence."""
    mapper = inspect(model)
    own = {next(iter(rel.remote_side)) for rel in mapper.relationships if rel.uselist and rel.cascade.delete}
    own |= {rel.local_remote_pairs[0][1] for rel in mapper.relationships if _owns_links(rel)}
    used = _used_through_children(mapper, ids)
    for table in db.metadata.tables.values():
        for column in table.columns:
            held = any(key.column is model.__table__.c.id for key in column.foreign_keys)
            link = any(rel.secondary is table for rel in mapper.relationships)
            if not held or column in own or (_cascades(column) and not link):
                continue
            for part in writing.pieces(ids):
                query = select(column).where(column.in_(part)).distinct()
                if table is model.__table__:
                    query = query.where(table.c.id.not_in(ids))
                used.update(db.session.scalars(query))
    return used


def _used_through_children(mapper: Any, ids: list[int]) -> set[int]:
    """Rows with a child that others need: an order line points at the SKU, and the product would take it along."""
    used: set[int] = set()
    for rel in mapper.relationships:
        if not (rel.uselist and rel.cascade.delete and issubclass(rel.mapper.class_, PanelModel)):
            continue
        key = next(iter(rel.remote_side))
        for part in writing.pieces(ids):
            query = select(rel.mapper.local_table.c.id, key).where(key.in_(part))
            parents: dict[int, int] = dict(db.session.execute(query).tuples().all())
            used.update(parents[child_id] for child_id in _used(rel.mapper.class_, list(parents)))
    return used


def _restore(model: type[Any], images: Sequence[Image], *, actor: Any) -> dict[int, str]:
    """Old values back, through the rules of the model when it has rules."""
    said: dict[int, str] = {}
    known = specs(model)
    rows = {}
    for part in writing.pieces(image.row_id for image in images):
        rows.update({row.id: row for row in db.session.scalars(select(model).where(model.id.in_(part)))})
    plain_rows = []
    for image in images:
        values = {name: writing.from_plain(model, name, value) for name, value in (image.before or {}).items()}
        row = rows[image.row_id]
        if any(known[name].kind in ("many", "children") for name in values if name in known):
            said[image.row_id] = _restore_one(row, values)
        else:
            plain_rows.append((row.id, writing.difference(row, values)))
    writing.update_rows(model, [(key, pairs) for key, pairs in plain_rows if pairs], actor=actor, restoring=True)
    for key in rows:
        db.session.expire(rows[key])
    _stands_as_before(model, images)
    return {key: why for key, why in said.items() if why}


def _stands_as_before(model: type[Any], images: Sequence[Image]) -> None:
    """Earlier runs find the rows as they left them, though the version has gone on: they can be taken back, too.

    Whoever else has changed such a row in between stands in its history, which `why_not` asks as well.
    """
    now = writing.versions(model, [image.row_id for image in images])
    moved = [
        {"whose": image.row_id, "then": image.version, "now": now[image.row_id]}
        for image in images if image.version is not None and image.row_id in now
    ]  # fmt: skip
    kept_images.stamp(model, moved, older=True)


def stamp(model: type[Any], versions: Mapping[int, int]) -> None:
    """Rows that an undo has touched once more, with the version that they had: runs that left them so still know them."""
    now = writing.versions(model, list(versions))
    moved = [
        {"whose": key, "then": then, "now": now[key]} for key, then in versions.items() if now.get(key, then) != then
    ]  # fmt: skip
    kept_images.stamp(model, moved)


def _restore_one(row: Any, values: dict[str, Any]) -> str:
    try:
        with savepoint():
            records.assign(row, values, actor=SYSTEM)
            db.session.flush()
    except DomainError as error:
        return str(error)
    return ""
