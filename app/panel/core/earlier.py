"""A row as it stood before: its present values, with what its trail says was changed since then taken back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import clock, files, forms, history, policy, sight, trailsets, trash
from app.panel.core.db import db
from app.panel.core.errors import NotFound
from app.panel.core.fields import FieldSpec, resource_of

LONGEST = 1000  # changes that are taken back at most
MOST_NAMED = 2000  # rows of another table among which one is looked for by what it is called


def entry_of(row: Any, entry_id: str) -> history.HistoryEntry:
    """:raises NotFound: for a line of the trail of another row"""
    found = db.session.get(history.HistoryEntry, int(entry_id)) if entry_id.isdecimal() and len(entry_id) < 12 else None
    if found is None or found.table != row.__tablename__ or found.key != row.id:
        raise NotFound(_("There is nothing here."))
    return found


def show(form: Any, row: Any, entry: history.HistoryEntry, actor: Any) -> int:
    """Fill a form with a row as it stood when this line was written; returns how many fields differ from now.

    Only what the form has can come back, so nobody brings back what he may not write. What is masked stays as it is.
    """
    before = _taken_back(_since(entry, row.__tablename__, [row.id]))
    differing = 0
    for field in form:
        known = getattr(field, "spec", None)
        if known is None or known.kind == "computed" or forms.is_masked(form, field):
            continue
        name = known.relation or known.name if known.kind == "many" else known.name
        if name in before:
            put = {"file": _put_file, "many": _put_many}.get(known.kind, _put_value)
            differing += put(field, before[name], row, actor)
    return differing


def _put_value(field: Any, value: Any, row: Any, actor: Any) -> bool:
    value = _as_typed(field.spec, value, row)
    if str(value or "") == str(field.data or ""):
        return False
    field.description = _("At present: %(value)s", value=str(field.data or "–"))
    field.data = value
    return True


def _put_many(field: Any, names: Any, row: Any, actor: Any) -> bool:
    """The trail tells these rows by what they were called; which of them are gone is said."""
    present = forms.picked(field.spec, field.data, row)
    wanted = set(names or [])
    if wanted == {label for _key, label in present}:
        return False
    target: Any = field.spec.target
    rows = list(db.session.scalars(policy.scope(select(target), actor, target).limit(MOST_NAMED)))
    found = {str(one): str(one.id) for one in rows}
    field.data = [found[name] for name in sorted(wanted) if name in found]
    said = [_("At present: %(value)s", value=", ".join(label for _key, label in present) or "–")]
    if gone := sorted(wanted - set(found)):
        said.append(_("No longer there: %(names)s", names=", ".join(gone)))
    field.description = " ".join(said)
    return True


def _put_file(field: Any, key: Any, row: Any, actor: Any) -> bool:
    """The file of then, if it still is and is this person's to use; none where there was none."""
    if key == getattr(row, field.spec.name):
        return False
    file = db.session.get(files.File, key) if isinstance(key, int) else None
    if key is not None and (file is None or not files.may_read(actor, file)):
        field.description = _("The file of that time is gone.")
        return False
    field.is_taken_off = file is None
    if file is not None:
        field.held, field.held_name = files.ticket(file, actor), file.name
    return True


def rows(row: Any, name: str, columns: Iterable[FieldSpec], entry: history.HistoryEntry, actor: Any) -> list[dict[str, Any]]:
    """The rows of a table inside the form as they stood then, typed; what was removed since comes back as a new row."""
    own = [known for known in columns if known.kind not in ("file", "many")]
    children = sight.children(actor, getattr(row, name))
    removed = _removed(row, name, entry, actor)
    model = type(row).__mapper__.relationships[name].mapper.class_
    lines = _since(entry, model.__tablename__, [*(child.id for child in children), *(one.key for one in removed)])
    of: dict[int, list[history.HistoryEntry]] = {}
    for line in lines:
        of.setdefault(line.key, []).append(line)
    found = []
    for child in children:
        since = of.get(child.id, [])
        if not any(line.verb == "insert" for line in since):
            before = _taken_back(since)
            found.append({"id": child.id, "version": child.version, **{
                known.name: _as_typed(known, before[known.name], child) if known.name in before else forms.typed(known, child)
                for known in own
            }})  # fmt: skip
    for one in removed:
        since = of.get(one.key, [])
        if not any(line.verb == "insert" for line in since):
            values = {**one.rows[0][1], **_taken_back(since)}
            found.append({known.name: _as_typed(known, values.get(known.name), values) for known in own})
    if any(known.name == "position" for known in own):
        found.sort(key=lambda values: int(values.get("position") or 0))
    return found


def _removed(row: Any, name: str, entry: history.HistoryEntry, actor: Any) -> list[trash.TrashEntry]:
    """The children that went to the trash since, as far as this person would see them."""
    relation = type(row).__mapper__.relationships[name]
    model = relation.mapper.class_
    (back,) = [column.name for column in relation.remote_side]
    place = trash.TrashEntry.rows[0][1]
    query = select(trash.TrashEntry).where(
        trash.TrashEntry.resource == resource_of(model), trash.TrashEntry.deleted_at >= entry.at,
        place[back].as_integer() == row.id,
    )  # fmt: skip
    if policy.row_condition(actor, model) is not None:
        query = query.where(trash.TrashEntry.deleted_by_id == actor.id)
    found = db.session.scalars(query.order_by(trash.TrashEntry.id).limit(forms.MAX_CHILDREN))
    return [one for one in found if not entry.request_id or one.request_id != entry.request_id]


def _since(entry: history.HistoryEntry, table: str, keys: list[int]) -> list[history.HistoryEntry]:
    """The lines of these rows after this one, latest first. What was saved together with it belongs to it."""
    line = history.HistoryEntry
    query = select(line).where(trailsets.about(table, keys), line.id > entry.id)
    found = db.session.scalars(query.order_by(line.id.desc()).limit(LONGEST))
    return [one for one in found if table == entry.table or not entry.request_id or one.request_id != entry.request_id]


def _taken_back(lines: Iterable[history.HistoryEntry]) -> dict[str, Any]:
    """What stood in each field before these lines."""
    before: dict[str, Any] = {}
    for line in lines:
        # a verb that says what it was given (`record`) says nothing of before
        before.update({n: pair[0] for n, pair in line.changes.items() if line.verb == "update" or pair[0] is not None})
    return before


def _as_typed(known: Any, value: Any, row: Any) -> Any:
    """A value of the trail as its input element wants it."""
    if known.kind == "instant" and isinstance(value, str):
        return clock.local(clock.from_iso(value)).strftime("%Y-%m-%dT%H:%M")
    return known.plain(value, row) if known.kind == "money" else value
