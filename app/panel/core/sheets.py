"""PanelSheet: Flask-Admin's list as a grid to edit in place, held to the policy. No forms, no create, no delete.

Flask-Admin is public by default, fetches a row past its own filters and asks nothing on inline edits (SAFETY A05, A06).
"""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, abort, g, request, url_for
from flask_admin import Admin, AdminIndexView
from flask_admin.base import expose
from flask_admin.contrib.sqla import ModelView as SheetView
from flask_admin.theme import Bootstrap4Theme
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from jinja2 import pass_context

from app.panel.core import cells, forms, history, listing, listtotals, paging, policy, records
from app.panel.core.actor import NOBODY, current_actor
from app.panel.core.db import db
from app.panel.core.domain import Domain
from app.panel.core.errors import Conflict, DomainError
from app.panel.core.fields import resource_of, spec


class NoIndex(AdminIndexView):
    """Flask-Admin registers an open index page unless it is given one that refuses."""

    def is_accessible(self) -> bool:
        return False

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        abort(404)


class CsrfForm(FlaskForm):
    """Flask-Admin's own CSRF uses another token; this one is the application's."""


class PanelSheet(SheetView):
    can_create = can_delete = can_edit = can_view_details = can_export = False
    can_set_page_size = True
    page_size, page_size_options = 50, (25, 50, 100)
    column_display_actions = False
    form_base_class = CsrfForm
    domain_key = ""

    def create_blueprint(self, admin: Any) -> Any:
        """The grid and the change of one cell; the package's forms, export and actions get no address."""
        self._urls: list[Any] = [rule for rule in self._urls if rule[1] in ("index_view", "ajax_update")]
        return super().create_blueprint(admin)

    @property
    def resource(self) -> str:
        return resource_of(self.model)

    def is_accessible(self) -> bool:
        return policy.allowed(current_actor(), "read", self.resource)

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        abort(401 if current_actor() is NOBODY else 403)

    def _access(self) -> policy.FieldAccess:
        return policy.fields(current_actor(), self.resource)

    def get_list_columns(self) -> list[tuple[str, Any]]:
        names = self._access().only([name for name in self.column_list if not self._access().masked(name)])
        labels = self.column_labels or {}
        return [(name, str(labels.get(name) or spec(self.model, name).label)) for name in names]

    @property
    def _list_columns(self) -> list[tuple[str, Any]]:
        return self.get_list_columns()

    @_list_columns.setter
    def _list_columns(self, value: Any) -> None:
        """Flask-Admin keeps them once for all readers; ours are asked for each."""

    def is_editable(self, name: str) -> bool:
        return name in (self.column_editable_list or ()) and self._access().writable(name)

    def is_open(self) -> bool:
        """Whether this reader can write into any of its columns."""
        return any(self.is_editable(name) for name, _label in self.get_list_columns())

    def lines_up(self, name: str) -> bool:
        """Whether a column holds figures, which stand below each other as in the lists."""
        return cells.align(spec(self.model, name)) == "end"

    def get_list(
        self, page: Any, sort_column: Any, sort_desc: Any, search: Any, filters: Any, **more: Any
    ) -> tuple[None, list[Any]]:
        """A page by key, found and searched as the lists of the panel are; Flask-Admin would count off and read all rows."""
        actor = current_actor()
        plan = listing.plan_for(
            self.model, actor, columns=[name for name, _label in self.get_list_columns()],
            searchable=list(self.column_searchable_list or ()), default_sort=self.column_default_sort or "-id",
        )  # fmt: skip
        sort = f"{'-' if sort_desc else ''}{sort_column}" if sort_column in plan.sortable else ""
        place = paging.read(request.args, paging.order_of(self.model, sort or plan.default_sort, actor))
        q = (search or "").replace("\x00", "").strip()[: listing.MAX_SEARCH]
        asked = listing.Asked(q=q, sort=sort, size=more.get("page_size") or self.page_size, place=place)
        found = listing.find(asked, plan, actor)
        g.sheet_found = (found, str(listtotals.count_of(found, asked, plan, actor)))
        return None, found.rows

    def found(self) -> tuple[dict[str, str], str]:
        """Where the pages beside this one are, and how many rows there are; for the template."""
        found, said = g.sheet_found
        state: dict[str, Any] = {name: value for name, value in request.args.items() if name not in (*paging.NAMES, "page")}

        def url(place: paging.Place) -> str:
            return url_for(f"{self.endpoint}.index_view", **{**state, **place.words()})

        return {
            "first": url(paging.FIRST) if found.before else "", "prev": url(found.before) if found.before else "",
            "next": url(found.after) if found.after else "", "last": url(paging.LAST) if found.after else "",
        }, said  # fmt: skip

    def scaffold_list_form(self, widget: Any = None, validators: Any = None) -> Any:
        """No fields: Flask-Admin knows neither our amounts nor our choices; `editor` tells the script what it needs."""
        return CsrfForm

    def editor(self, row: Any, name: str) -> dict[str, str]:
        """The attributes of a cell that can be edited, for sheet.js."""
        field, value = spec(self.model, name), getattr(row, name)
        found = {"data-pk": str(row.id), "data-version": str(row.version), "name": name}
        found["data-value"] = "" if value is None else str(forms.typed(field, row))
        choices = [("false", _("no")), ("true", _("yes"))] if field.kind == "bool" else []
        if field.kind == "bool":
            found["data-value"] = "true" if value else "false"
        if field.choices is not None:
            choices = [*([] if field.required else [("", "")]), *((v, str(label)) for v, label in field.choices.pairs())]
        if choices:
            found["data-source"] = json.dumps([{"value": key, "text": label} for key, label in choices])
        return found

    @pass_context
    def get_list_value(self, context: Any, model: Any, name: str) -> Any:
        """A cell as the lists of the panel show it."""
        return cells.cell(model, name, self._access()).get("text", "")

    def get_one(self, id: Any) -> Any:
        try:
            return records.get(self.model, id, actor=current_actor())
        except DomainError:
            abort(404)

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Any:
        """One cell, through the same verbs as a form: rights, version, history. Answers with the row as it stands then."""
        actor = current_actor()
        if not policy.allowed(actor, "write", self.resource):
            abort(403)
        name = next((key for key in request.form if key in self.column_list), "")
        if name and not self.is_editable(name):
            abort(403)
        seen = request.form.get("version", "")
        if not name or not seen.isdecimal():
            return _("This form is too old. Open it again."), 428
        try:
            row = records.get(self.model, request.form.get("list_form_pk", ""), actor=actor, verb="write")
            values = records.parse(
                self.model, {name: request.form[name]}, row=row, partial=True, names={spec(self.model, name).name}
            )
            with history.by("sheet"):
                records.update(row, values, actor=actor, version=int(seen))
        except Conflict as error:
            return (self._as_it_is_now(row, name) if error.theirs else error.message), error.status
        except DomainError as error:
            return error.message, 422 if error.status < 403 else error.status
        return self._row(row), 200

    def _as_it_is_now(self, row: Any, name: str) -> dict[str, Any]:
        """What somebody else made of the row meanwhile, so that nobody has to load the sheet anew to write over it."""
        now = cells.cell(row, name, self._access()).get("text", "")
        said = _("Somebody else changed this in the meantime. It says “%(value)s” now; Enter writes yours over it.", value=now)
        return {"message": said, **self._row(row)}

    def _row(self, row: Any) -> dict[str, Any]:
        """How a row stands: what can be edited of it as it is typed, and the other columns, by their places, as they are read.
        What was typed is often not what is stored, and a column that nobody edits may follow from one that somebody did."""
        names, access = [name for name, _label in self.get_list_columns()], self._access()
        values = {name: self.editor(row, name)["data-value"] for name in names if self.is_editable(name)}
        texts = {at: cells.cell(row, name, access).get("text", "") for at, name in enumerate(names) if name not in values}
        return {"version": row.version, "values": values, "texts": texts}


def mount(app: Flask, domains: list[Domain]) -> None:
    """Serve the sheets at /sheets/<domain>/<noun>/ behind one Flask-Admin without an index.

    `app.extensions["panel_sheets"]` then answers which models have one; the list of such a model links to it.
    """
    app.extensions["panel_sheets"] = {}
    index = NoIndex(url="/sheets", endpoint="sheets", name="Sheets")
    admin = Admin(
        app,
        name="Zhanggui",
        url="/sheets",
        endpoint="sheets",
        index_view=index,
        theme=Bootstrap4Theme(base_template="admin/panel.html"),
    )
    for domain in domains:
        for cls, model, label in domain.sheets:
            if not issubclass(cls, PanelSheet):
                raise TypeError(f"{cls.__name__} derives from a class of the package; use PanelSheet")
            noun = model.__name__.lower()
            endpoint, url = f"sheet_{domain.key}_{noun}", f"/sheets/{domain.key}/{noun}"
            admin.add_view(cls(model, db, name=label or model.__name__, endpoint=endpoint, url=url))
            app.extensions["panel_sheets"][model] = f"{endpoint}.index_view"
