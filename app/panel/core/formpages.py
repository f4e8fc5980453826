"""The pages of a PanelView on which a row is made or changed: its form, and what happens when it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, request, session
from flask_appbuilder import expose
from flask_babel import gettext

from app.panel.core import earlier, forms, policy, records, screens, sight
from app.panel.core.actor import current_actor
from app.panel.core.errors import BadRequest, Conflict, DomainError, InvalidInput
from app.panel.core.fields import FieldSpec, spec
from app.panel.core.idempotency import with_key
from app.panel.core.pages import needs
from app.panel.core.security import safe_next
from app.panel.core.transaction import transactional


class FormPages:
    """What `PanelView` is made of besides lists, show pages and operations; never a view by itself."""

    datamodel: Any
    resource: str
    can_add: bool
    can_edit: bool
    child_tables: list[str]
    add_fieldsets: Any
    edit_fieldsets: Any
    url: Any
    page_of: Any

    @property
    def model(self) -> type[Any]:
        return self.datamodel.obj  # type: ignore[no-any-return]

    @expose("/add", methods=["GET", "POST"])
    @needs("write")
    def add(self) -> Any:
        if not self.can_add:
            abort(404)
        names = screens.names(self.add_fieldsets)
        records.must_fill(self.added(), policy.fields(current_actor(), self.resource))
        form = forms.record_form(self.model, names, current_actor())()
        if request.method == "POST":
            return self._restored(form, None) if request.form.get("_draft") else self._save(form, None)
        forms.fill(form, None)
        if copied := request.args.get("copy"):
            form.copied = records.get(self.model, copied, actor=current_actor())
            forms.copy(form, form.copied)
        return self.render_form(form, None)

    def added(self) -> Sequence[FieldSpec]:
        """The fields of the form of a new row."""
        return [spec(self.model, name) for name in screens.names(self.add_fieldsets)]

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @needs("write")
    def edit(self, pk: str) -> Any:
        if not self.can_edit:
            abort(404)
        row = records.get(self.model, pk, actor=current_actor(), verb="write")
        form = self._form_of(row)
        if request.method == "POST":
            return self._restored(form, row) if request.form.get("_draft") else self._save(form, row)
        forms.fill(form, row)
        form.version.data = row.version
        form.base.data = screens.snapshot(form, row, self._editable_columns(row))
        if as_of := request.args.get("as_of"):
            form.earlier = entry = earlier.entry_of(row, as_of)
            form.differing = earlier.show(form, row, entry, current_actor())
            forms.dress(form, row)
        return self.render_form(form, row)

    def _form_of(self, row: Any) -> Any:
        return forms.record_form(self.model, screens.names(self.edit_fieldsets), current_actor(), row)()

    def _editable_columns(self, row: Any) -> dict[str, list[FieldSpec]]:
        access = policy.fields(current_actor(), self.resource)
        return {n: screens.child_columns(self, n) for n in self.editable_children(row) if access.writable(n)}

    def _save(self, form: Any, row: Any, again: bool = False) -> Any:
        """Write what was typed, or show it again with what is wrong; nothing of a refused form is stored or lost."""
        if any(name.startswith("_flt_") for name in request.args):
            raise BadRequest(gettext("This filter cannot be read."))
        pk = row.id if row is not None else None
        try:
            saved = self._write(form, row)
        except InvalidInput as error:
            return self._again(form, pk, {**error.errors})
        except Conflict as error:
            if row is None:
                raise
            return self._conflict(form, row.id, error, again)
        except DomainError as error:
            if error.status in (403, 404):
                raise
            return self._again(form, pk, {error.field or "": error.message})
        if row is None and request.form.get("_drawer"):
            found = records.get(self.model, saved, actor=current_actor())
            return {"id": found.id, "label": sight.called(current_actor(), found)}
        flash(gettext("Saved."), "success")
        session["saved"] = screens.draft_key(self, pk)
        return redirect(safe_next(request.form.get("next"), self.url("show", pk=saved)))

    def _write(self, form: Any, row: Any) -> int:
        tables = {name: screens.open_columns(self, name) for name in self.editable_children(row)}
        refused: dict[str, Any] = screens.hold_in_rows(tables)
        if not form.validate():
            refused |= {name: texts[0] for name, texts in form.errors.items() if texts}
        if refused:
            raise InvalidInput(refused)
        raw = {**forms.raw_values(form, row), **self._children(row)}
        names = {spec(self.model, name).name for name in raw}
        actor = current_actor()
        version = int(form.version.data) if str(form.version.data or "").isdecimal() else None
        if row is not None and version is None:
            raise BadRequest(gettext("This form is too old. Open it again."))
        values = records.parse(self.model, raw, row=row, partial=row is not None, names=names)
        with screens.Uploads(form) as given:

            @transactional
            def write() -> int:
                found = {**values, **given.keep(actor)}
                if row is not None:
                    return int(records.update(row, found, actor=actor, version=version).id)
                return int(records.create(self.model, found, actor=actor).id)

            if row is not None:
                return write()
            key, sent = form.idempotency_key.data or None, {**screens.fingerprint(raw, tables), **given.fingerprint()}
            return int(with_key(key, actor, f"{self.resource}.create", sent, write))

    def editable_children(self, row: Any) -> Sequence[str]:
        """The child tables that a form edits (`row` None: that of a new one); a view may show more than it edits."""
        return self.child_tables

    def may_drop_children(self, name: str) -> bool:
        """May the reader take rows out of a child table?"""
        return True

    def _children(self, row: Any) -> dict[str, Any]:
        """The child rows of the form; a table that came to have rows which the form never showed is a conflict."""
        access = policy.fields(current_actor(), self.resource)
        present = [name for name in self.editable_children(row) if request.form.get(f"{name}-present")]
        present = [name for name in present if request.form.get(f"{name}-keep") != "theirs" and access.writable(name)]
        if row is not None and any(screens.unknown_to_form(row, name) for name in present):
            raise Conflict(gettext("Somebody else changed this in the meantime."), theirs={"version": row.version})
        return {name: self._typed_children(name) for name in present}

    def _typed_children(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table of children; a box that is not ticked is not sent, and says no all the same."""
        columns = screens.open_columns(self, name)
        boxes = {known.name: "" for known in columns if known.kind == "bool"}
        rows = [screens.numbered({**boxes, **row}, columns) for row in forms.child_rows(request.form, name)]
        if any(known.name == "position" for known in columns):  # where a row stands is its position, whatever was sent
            return [{**row, "position": str(place)} for place, row in enumerate(rows)]
        return rows

    def _restored(self, form: Any, row: Any) -> Any:
        """The form with what a browser had kept of it; nothing is checked and nothing is saved."""
        forms.dress(form, row)
        screens.hold(form)
        return self.render_form(form, row)

    def _again(self, form: Any, pk: int | None, errors: dict[str, Any]) -> Any:
        # a child's error (`lines.0.title`) is drawn by the child table, the rest hangs on its field
        row = records.get(self.model, pk, actor=current_actor(), verb="write") if pk is not None else None
        forms.dress(form, row)
        screens.hold(form)
        own = {name: text for name, text in errors.items() if "." not in name}
        for text in forms.show_errors(form, own):
            flash(text, "danger")
        return self.render_form(form, row, child_errors={n: t for n, t in errors.items() if "." in n}), 422

    def _conflict(self, form: Any, pk: int, error: Conflict, again: bool) -> Any:
        """Ask about what the other person changed; where nothing is to be asked, save it as if it had been known."""
        row = records.get(self.model, pk, actor=current_actor(), verb="write")
        screens.hold(form)
        found = screens.merge(self, form, row)
        if found.questions:
            return self.page_of("panel/conflict.html", page=screens.conflict_page(found), form=form, row=row), 409
        if again:
            return self._again(form, pk, {"": error.message})
        screens.send_again(found)
        return self._save(self._form_of(row), row, again=True)

    def render_form(self, form: Any, row: Any, child_errors: dict[str, str] | None = None) -> str:
        page = screens.form_page(self, form, row, child_errors or {}, current_actor())
        return self.page_of("panel/form.html", page=page, form=form, row=row)
