"""PanelSheet: Flask-Admin's list as a grid to edit in place, held to the policy. No forms, no create, no delete.

Flask-Admin is public by default, fetches a row past its own filters and asks nothing on inline edits (SAFETY A05, A06).
"""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, request
from flask_admin import Admin, AdminIndexView
from flask_admin.base import expose
from flask_admin.contrib.sqla import ModelView as SheetView
from flask_admin.theme import Bootstrap4Theme
from flask_wtf import FlaskForm
from sqlalchemy import func, select

from app.panel.core import history, policy, records
from app.panel.core.actor import NOBODY, current_actor
from app.panel.core.db import db
from app.panel.core.domain import Domain
from app.panel.core.errors import DomainError
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
        return [(name, str(spec(self.model, name).label)) for name in names]

    @property
    def _list_columns(self) -> list[tuple[str, Any]]:
        return self.get_list_columns()

    @_list_columns.setter
    def _list_columns(self, value: Any) -> None:
        """Flask-Admin keeps them once for all readers; ours are asked for each."""

    def is_editable(self, name: str) -> bool:
        return name in (self.column_editable_list or ()) and self._access().writable(name)

    def get_query(self) -> Any:
        condition = policy.row_condition(current_actor(), self.model)
        query = db.session.query(self.model)
        return query if condition is None else query.filter(condition)

    def get_count_query(self) -> Any:
        statement = policy.scope(select(func.count()).select_from(self.model), current_actor(), self.model)
        return (
            db.session.query(func.count(self.model.id)).filter(statement.whereclause)
            if statement.whereclause is not None
            else (db.session.query(func.count(self.model.id)))
        )

    def get_one(self, id: Any) -> Any:
        try:
            return records.get(self.model, id, actor=current_actor())
        except DomainError:
            abort(404)

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Any:
        """One cell, through the same verbs as a form: rights, version, history."""
        actor = current_actor()
        name = next((key for key in request.form if self.is_editable(key)), None)
        if name is None:
            abort(403)
        try:
            row = records.get(self.model, request.form.get("list_form_pk", ""), actor=actor, verb="write")
            values = records.parse(
                self.model, {name: request.form[name]}, row=row, partial=True, names={spec(self.model, name).name}
            )
            with history.by("sheet"):
                records.update(row, values, actor=actor)
        except DomainError as error:
            return error.message, 422 if error.status < 403 else error.status
        return "", 200


def mount(app: Flask, domains: list[Domain]) -> None:
    """Serve the sheets at /sheets/<domain>/<noun>/ behind one Flask-Admin without an index."""
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
            title = str(label or model.__name__)
            admin.add_view(
                cls(model, db, name=title, endpoint=f"sheet_{domain.key}_{noun}", url=f"/sheets/{domain.key}/{noun}")
            )
