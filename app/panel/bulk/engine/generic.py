"""Operations that any model has: chosen fields of many rows, into the trash, and back from it."""

from __future__ import annotations

import threading
from typing import Any

from flask import current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from wtforms import SelectMultipleField
from wtforms.validators import Optional

from app.panel.bulk import images, writing
from app.panel.bulk.engine import declaring
from app.panel.bulk.engine.chunks import Piece
from app.panel.bulk.engine.declaring import Look, Operation
from app.panel.bulk.engine.rowbyrow import RowByRow, bring_back
from app.panel.core import history, policy, records, trash
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.fields import FieldSpec, resource_of, specs
from app.panel.core.forms import PanelForm, RawField, dress, unbound
from app.panel.core.history import plain
from app.panel.core.screens.common import names
from app.panel.core.trash import TrashEntry

NOT_EDITED = ("children", "computed", "file", "json")
EDIT, DELETE = "edit", "delete"


class EditForm(PanelForm):
    """What is filled in is set in all rows; what is left empty stays as it is, unless it is named among `emptied`."""

    def for_operation(self, operation: Operation, actor: Any) -> None:
        """Offer what this person may write, and which of it can be emptied."""
        allowed = {one.name: one for one in editable(operation.model, actor)}
        for field in list(self):
            if isinstance(field, RawField) and field.name not in allowed:
                del self[field.name]
        dress(self)
        for field in self:
            if isinstance(field, RawField):
                _leave_open(field)
        able = [(name, str(one.label)) for name, one in allowed.items() if not one.required and one.kind != "bool"]
        self.emptied.choices = able  # type: ignore[attr-defined]

    def typed(self) -> dict[str, Any]:
        """What was written, and what is to be emptied."""
        emptied = dict.fromkeys(self.emptied.data or (), "")  # type: ignore[attr-defined]
        filled = [field for field in self if isinstance(field, RawField) and field.data not in (None, "", [])]
        return {field.name: field.data for field in filled} | emptied


def _leave_open(field: RawField) -> None:
    """No value is a value of its own here: leave it as it is."""
    field.required = False
    field.render_kw = {name: value for name, value in (field.render_kw or {}).items() if name != "required"}
    if field.spec is not None and field.spec.kind in ("bool", "choice"):
        told = [("true", _("yes")), ("false", _("no"))] if field.spec.kind == "bool" else field.spec.choices.pairs()  # type: ignore[union-attr]
        field.choices = [("", _("as it is")), *told]


def _field(one: FieldSpec) -> Any:
    """As on the form of a row, but yes and no are a choice of three."""
    return RawField(one.label, spec=one, kind="select", description=one.help) if one.kind == "bool" else unbound(one)


def editable(model: type[Any], actor: Any = None) -> list[FieldSpec]:
    """The fields that can be changed in many rows at once: those that the form of a row changes."""
    access = policy.fields(actor, resource_of(model)) if actor is not None else None
    view, known = current_app.extensions["panel_views"].get(model), specs(model)
    in_form = {known[name].name for name in names(view.edit_fieldsets)} if view is not None else known.keys()
    return [
        one for one in dict.fromkeys(known.values())
        if one.name in in_form and one.kind not in NOT_EDITED and not (one.hidden or one.readonly or one.unique)
        and (access is None or access.writable(one.name))
    ]  # fmt: skip


class EditFields(RowByRow):
    """Chosen fields of many rows get one value, by the rules of the model."""

    label, icon, order = _("Edit fields of many rows"), "fa-pen-to-square", 200
    permission = "write"

    def written(self, values: dict[str, Any]) -> list[str]:
        return list(values.get("set") or ())

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        given = form.typed()
        if not given:
            raise InvalidInput({"": gettext("Fill in at least one field.")})
        parsed = records.parse(self.model, given, names=set(given), partial=True)
        return {"set": {name: plain(value) for name, value in parsed.items()}, "raw": given}

    def said(self, values: dict[str, Any]) -> str:
        known = specs(self.model)
        return ", ".join(str(known[name].label) for name in self.written(values) if name in known)

    def _meant(self, values: dict[str, Any], row: Any) -> dict[str, Any]:
        return records.parse(self.model, values["raw"], row=row, partial=True, names=set(values["raw"]))

    def look(self, row: Any, values: dict[str, Any], *, actor: Any) -> Look:
        try:
            meant = self._meant(values, row)
            if history.present_run() is None:  # in a run the update itself asks
                records.check(row, meant, actor=actor)
        except InvalidInput as error:
            return Look(refused=self._why(error))
        before = {name: _held(row, name) for name in meant}
        return Look(same=before == {name: _plain(value) for name, value in meant.items()}, before=before, after=meant)

    def apply(self, row: Any, values: dict[str, Any], *, actor: Any) -> None:
        try:
            records.update(row, self._meant(values, row), actor=actor)
        except InvalidInput as error:
            raise DomainError(self._why(error)) from error

    def _why(self, error: InvalidInput) -> str:
        """The first that does not fit, with the field of which it speaks: many are changed at once."""
        name, said = next(iter(error.errors.items()), ("", error.message))
        field = specs(self.model).get(name)
        return gettext("%(field)s: %(why)s", field=field.label, why=said) if field is not None else str(said)

    def kept(self, row: Any, values: dict[str, Any]) -> dict[str, Any]:
        return {name: plain(_held(row, name)) for name in self.written(values)}

    def take_back(self, row: Any, image: dict[str, Any], *, actor: Any) -> str:
        records.update(row, {name: writing.from_plain(self.model, name, value) for name, value in image.items()}, actor=actor)
        return ""


def _held(row: Any, name: str) -> Any:
    value = getattr(row, name)
    return sorted(one.id for one in value) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


class MoveToTrash(RowByRow):
    """Rows go to the trash, each with its children; what others need stays."""

    label, icon, tone, order = _("Move to the trash"), "fa-trash-can", "danger", 900
    permission, rows_go, remarks_last = "delete", True, False

    def remarks(self, values: dict[str, Any], rows: Any) -> list[str]:
        """The database knows who needs a row when it goes, and is not asked before."""
        return [gettext("What other rows still need is refused when its turn comes; this preview does not know it yet.")]

    def look(self, row: Any, values: dict[str, Any], *, actor: Any) -> Look:
        return Look()

    def apply(self, row: Any, values: dict[str, Any], *, actor: Any) -> None:
        records.delete(row, actor=actor)

    def undo_chunk(self, piece: Piece) -> dict[str, int]:
        """The rows are gone, so that each is found in the trash by its number."""
        return bring_back(piece, self._bring_back)

    def _bring_back(self, key: int, actor: Any) -> str:
        same = (TrashEntry.table == self.model.__tablename__, TrashEntry.key == key)
        entry = db.session.scalar(select(TrashEntry.id).where(*same).order_by(TrashEntry.id.desc()).limit(1))
        if entry is None:
            return gettext("It is no longer in the trash.")
        trash.restore(entry, actor=actor)
        return ""


@declaring.register
class BringBack(RowByRow):
    """What was deleted comes back, each with its children; begun from the page of a trash."""

    key, model, label, icon = "trash.restore", TrashEntry, _("Bring back"), "fa-rotate-left"
    by_version, rows_go, offered = False, True, False

    def authorize(self, actor: Any, values: dict[str, Any]) -> None:
        """Of each row is asked whether he may delete such rows: who may put them there brings them back."""

    def may(self, actor: Any) -> bool:
        return True

    def look(self, row: TrashEntry, values: dict[str, Any], *, actor: Any) -> Look:
        if not policy.allowed(actor, "delete", row.resource):
            return Look(refused=gettext("You may not bring such rows back."))
        return Look()

    def resource_of_run(self, run_id: int) -> str:
        """Of the rows that come back: an entry knows it while it is there, its image afterwards."""
        first = select(images.ITEMS.c.row_id, images.ITEMS.c.before).where(images.ITEMS.c.run_id == run_id)
        found = db.session.execute(first.order_by(images.ITEMS.c.seq).limit(1)).first()
        entry = db.session.get(TrashEntry, found.row_id) if found is not None and found.row_id is not None else None
        return entry.resource if entry is not None else str((found.before or {}).get("resource", "") if found is not None else "")

    def kept(self, row: TrashEntry, values: dict[str, Any]) -> dict[str, Any]:
        return {"resource": row.resource, "row": row.key}

    def apply(self, row: TrashEntry, values: dict[str, Any], *, actor: Any) -> None:
        trash.restore(row.id, actor=actor)

    def undo_chunk(self, piece: Piece) -> dict[str, int]:
        """The entries are gone: what came back is named by their images."""
        return bring_back(piece, lambda key, actor: self._away(piece.undoes, key, actor))

    def _away(self, run_id: int | None, entry_id: int, actor: Any) -> str:
        mine = images.changed_rows(run_id) & (images.ITEMS.c.row_id == entry_id)
        image = db.session.scalar(select(images.ITEMS.c.before).where(mine)) or {}
        model = current_app.extensions["panel_models"].get(image.get("resource"))
        if model is None:
            return gettext("It is no longer there, or no longer among your rows.")
        records.delete(records.get(model, image["row"], actor=actor, verb="delete"), actor=actor)
        return ""


def of_view(view: Any) -> list[Operation]:
    """The operations that the list of a model has without a word of its own."""
    kinds = [(EDIT, EditFields)] if view.can_edit and view.edits_many and editable(view.model) else []
    kinds += [(DELETE, MoveToTrash)] if view.can_delete else []
    return [_of(f"{name}:{view.resource}", name, base, view.model) for name, base in kinds]


def _of(key: str, name: str, base: type[Operation], model: type[Any]) -> Operation:
    """Made when it is first asked for, by one of those who ask at once: there is one of each model, and most are never used."""
    if key in declaring.OPERATIONS:
        return declaring.OPERATIONS[key]
    with _making:
        if key in declaring.OPERATIONS:
            return declaring.OPERATIONS[key]
        own: dict[str, Any] = {"key": key, "model": model}
        if name == EDIT:
            fields = {one.name: _field(one) for one in editable(model)}
            fields["emptied"] = SelectMultipleField(_("Empty these fields"), choices=(), validators=[Optional()])
            own["form"] = type("EditFieldsForm", (EditForm,), fields)
        declaring.register(type(base.__name__, (base,), own))
        return declaring.OPERATIONS[key]


_making = threading.Lock()


@declaring.found_by
def find(key: str) -> Operation | None:
    """One of these by its key, also in a process that has shown no list yet."""
    resource = key.partition(":")[2]
    views = current_app.extensions["panel_views"].values()
    view = next((one for one in views if one.resource == resource), None)
    return next((one for one in of_view(view) if one.key == key), None) if view is not None else None
