"""PanelView: FAB's ModelView with its traps tamed (DESIGN 7) and with screens of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_appbuilder import ModelView, expose
from flask_babel import gettext, lazy_gettext

from app.panel.core import forms, history, listing, policy, records, savedlists, screens, trash, verbs
from app.panel.core.actor import current_actor
from app.panel.core.domain import Panel, Tab
from app.panel.core.errors import BadRequest, Conflict, DomainError, InvalidInput
from app.panel.core.fields import FieldSpec, resource_of, spec
from app.panel.core.idempotency import with_key
from app.panel.core.interface import PanelInterface
from app.panel.core.pages import needs
from app.panel.core.routing import address
from app.panel.core.security import safe_next
from app.panel.core.transaction import transactional

MAX_SELECTED = 500


class PanelView(ModelView):
    """List, show, form and operations of one model.

    FAB's own list, search and form machinery is not used: it keeps a request's filters on the shared view, reaches
    hidden columns, and loses what was typed. What is inherited is the class contract: registration, permissions, labels.
    """

    datamodel: PanelInterface
    title: Any = ""
    one: Any = ""
    filter_columns: list[str] | None = None
    sort_columns: list[str] | None = None
    search_columns: list[str] | None = None
    default_sort = "-id"
    form_fieldsets: list[Any] | None = None
    child_tables: list[str] = []
    quick_filters: list[str] = []
    can_add = can_edit = can_delete = True
    can_import = True
    added_on: tuple[str, str, Any] | None = None  # address, verb and label of a page on which rows are added instead
    export_endpoint = ""  # a page that hands out the filtered list as a file
    empty_text: Any = lazy_gettext("Nothing here yet.")
    formatters: dict[str, Any] = {}
    tabs: list[Tab] = []
    panels: list[Panel] = []
    base_permissions: Any
    label_columns: Any
    list_columns: Any
    show_fieldsets: Any
    add_fieldsets: Any
    edit_fieldsets: Any
    _related_views: Any
    related_views: Any
    domain_key = ""
    resource = ""
    exclude_route_methods = {
        "download",
        "api",
        "api_read",
        "api_create",
        "api_update",
        "api_delete",
        "api_column_add",
        "api_column_edit",
        "api_readvalues",
        "api_get",
    }

    def __init__(self, **kwargs: Any) -> None:
        self.resource = self.resource or resource_of(self.datamodel.obj)
        self.class_permission_name = self.resource
        self.verbs = verbs.of(self)
        super().__init__(**kwargs)
        self.base_permissions = sorted({*self.base_permissions, *(f"can_{v}" for v in self.permissions())})

    def permissions(self) -> set[str]:
        """The verbs of this resource that exist: what the matrix of rights shows."""
        wanted = {"read", *(v.permission for v in self.verbs.values()), *policy.REGISTRY.verbs.get(self.resource, ())}
        wanted |= {guarded.verb for guarded in policy.REGISTRY.fields.get(self.resource, {}).values()}
        if self.can_add or self.can_edit:
            wanted.add("write")
        if self.can_delete:
            wanted.add("delete")
        if self.can_import and self.can_add:
            wanted.add("import")
        return wanted | {"export"}

    @classmethod
    def endpoint_name(cls) -> str:
        return f"{cls.domain_key}_{cls.__name__.removesuffix('View').lower()}"

    @property
    def model(self) -> type[Any]:
        return self.datamodel.obj

    def url(self, method: str, **values: Any) -> str:
        return url_for(f"{self.endpoint}.{method}", **values) if values else address(f"{self.endpoint}.{method}")

    @classmethod
    def get_default_url(cls, **kwargs: Any) -> str:
        return url_for(f"{cls.endpoint_name()}.list", **kwargs) if kwargs else address(f"{cls.endpoint_name()}.list")

    def _init_properties(self) -> None:
        """Explicit columns or declared ones, never all there are (a creator's password hash is among those)."""
        model = self.datamodel.obj
        self.label_columns = dict(self.label_columns or {})
        self.list_columns = list(self.list_columns or listing.default_columns(model))
        self.formatters = dict(self.formatters)
        self.filter_words: dict[tuple[str, str], dict[str, Any]] = {}
        for name in self.list_columns:
            if "." not in name:
                spec(model, name)  # a misspelt column stops the start, not the first reader
        self.actions: dict[str, Any] = {}
        self._related_views = self.related_views = []
        self.show_fieldsets = screens.fieldsets(self.show_fieldsets) or screens.default_fieldsets(self)
        declared = screens.fieldsets(self.form_fieldsets)
        self.add_fieldsets = screens.fieldsets(self.add_fieldsets) or declared or screens.default_form(self)
        self.edit_fieldsets = screens.fieldsets(self.edit_fieldsets) or declared or screens.default_form(self)

    def _init_forms(self) -> None:
        """Forms are made per request, for what the reader may write."""

    def _init_titles(self) -> None:
        self.title = self.title or self.model.__name__
        self.one = self.one or self.title

    def label(self, name: str) -> str:
        """The label of a column on the screens of this view."""
        if name in self.label_columns:
            return str(self.label_columns[name])
        head, _dot, tail = name.partition(".")
        field = spec(self.model, head)
        return str(spec(field.target, tail).label if tail and field.target else field.label)

    def plan(self, actor: Any, base: Any = None, columns: list[str] | None = None) -> listing.Plan:
        return listing.plan_for(
            self.model,
            actor,
            columns=columns or self.list_columns,
            filterable=self.filter_columns,
            sortable=self.sort_columns,
            searchable=self.search_columns,
            default_sort=self.default_sort,
            base=base,
        )

    @expose("/list/")
    @needs("read")
    def list(self) -> Any:
        actor = current_actor()
        plan = self.plan(actor)
        if not request.args and (chosen := savedlists.opens_with(self.endpoint, plan, actor)):
            return redirect(replace(chosen, opens_otherwise=True).url(self.url("list")))
        asked = listing.read(request.args, plan)
        found = listing.find(asked, plan, actor)
        listing.tell(self.model, asked, found, "list")
        return self.page_of("panel/list.html", page=screens.list_page(self, asked, plan, found, actor))

    @expose("/show/<pk>")
    @needs("read")
    def show(self, pk: str) -> Any:
        actor = current_actor()
        row = records.get(self.model, pk, actor=actor)
        return self.page_of("panel/show.html", page=screens.show_page(self, row, actor, request.args), row=row)

    @expose("/add", methods=["GET", "POST"])
    @needs("write")
    def add(self) -> Any:
        if not self.can_add:
            abort(404)
        names = screens.names(self.add_fieldsets)
        records.must_fill(self.added(), policy.fields(current_actor(), self.resource))
        form = forms.record_form(self.model, names, current_actor())()
        if request.method == "POST":
            return self._save(form, None)
        forms.fill(form, None)
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
        form = forms.record_form(self.model, screens.names(self.edit_fieldsets), current_actor(), row)()
        if request.method == "POST":
            return self._save(form, row)
        forms.fill(form, row)
        form.version.data = row.version
        return self.render_form(form, row)

    def _save(self, form: Any, row: Any) -> Any:
        """Write what was typed, or show it again with what is wrong; nothing of a refused form is stored or lost."""
        if any(name.startswith("_flt_") for name in request.args):
            raise BadRequest(gettext("This filter cannot be read."))
        pk = row.id if row is not None else None
        try:
            saved = self._write(form, row)
        except InvalidInput as error:
            return self._again(form, pk, {**error.errors})
        except Conflict as error:
            if row is None or not error.theirs:
                raise
            return self._conflict(form, pk)
        except DomainError as error:
            if error.status in (403, 404):
                raise
            return self._again(form, pk, {error.field or "": error.message})
        flash(gettext("Saved."), "success")
        return redirect(safe_next(request.form.get("next"), self.url("show", pk=saved)))

    def _write(self, form: Any, row: Any) -> int:
        if not form.validate():
            raise InvalidInput({name: texts[0] for name, texts in form.errors.items() if texts})
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
            key, sent = form.idempotency_key.data or None, {**raw, **given.fingerprint()}
            return int(with_key(key, actor, f"{self.resource}.create", sent, write))

    def editable_children(self, row: Any) -> Sequence[str]:
        """The child tables that a form edits (`row` None: that of a new one); a view may show more than it edits."""
        return self.child_tables

    def quick_counts(self, name: str, actor: Any) -> dict[str, int]:
        """Numbers on the tabs of a quick filter, by value; for a view that can count them in one statement."""
        return {}

    def _children(self, row: Any) -> dict[str, Any]:
        """The child rows of the form; a table that came to have rows which the form never showed is a conflict."""
        access = policy.fields(current_actor(), self.resource)
        present = [name for name in self.editable_children(row) if request.form.get(f"{name}-present")]
        present = [name for name in present if request.form.get(f"{name}-keep") != "theirs" and access.writable(name)]
        if row is not None and any(screens.unknown_to_form(row, name) for name in present):
            raise Conflict(gettext("Somebody else changed this in the meantime."), theirs={"version": row.version})
        return {name: forms.child_rows(request.form, name) for name in present}

    def _again(self, form: Any, pk: int | None, errors: dict[str, Any]) -> Any:
        # a child's error (`lines.0.title`) is drawn by the child table, the rest hangs on its field
        row = records.get(self.model, pk, actor=current_actor(), verb="write") if pk is not None else None
        forms.dress(form, row)
        own = {name: text for name, text in errors.items() if "." not in name}
        for text in forms.show_errors(form, own):
            flash(text, "danger")
        return self.render_form(form, row, child_errors={n: t for n, t in errors.items() if "." in n}), 422

    def _conflict(self, form: Any, pk: int | None) -> Any:
        row = records.get(self.model, pk, actor=current_actor(), verb="write")
        forms.dress(form, row)
        return self.page_of("panel/conflict.html", page=screens.conflict_page(self, form, row), form=form, row=row), 409

    def render_form(self, form: Any, row: Any, child_errors: dict[str, str] | None = None) -> str:
        page = screens.form_page(self, form, row, child_errors or {}, current_actor())
        return self.page_of("panel/form.html", page=page, form=form, row=row)

    @expose("/delete/<pk>", methods=["POST"])
    @needs("delete")
    def delete(self, pk: str) -> Any:
        if not self.can_delete:
            abort(404)
        actor = current_actor()
        row = records.get(self.model, pk, actor=actor, verb="delete")
        label = str(row)
        records.delete(row, actor=actor)
        flash(gettext("“%(row)s” is in the trash.", row=label), "success")
        return redirect(self.url("list"))

    @expose("/trash/")
    @needs("delete")
    def trash(self) -> Any:
        found = trash.entries(self.resource, current_actor())
        return self.page_of("panel/trash.html", page=screens.trash_page(self, found))

    @expose("/trash/<int:entry_id>/restore", methods=["POST"])
    @needs("delete")
    def restore(self, entry_id: int) -> Any:
        known = [entry.id for entry in trash.entries(self.resource, current_actor())]
        if entry_id not in known:
            abort(404)
        _table, key = trash.restore(entry_id, actor=current_actor())
        flash(gettext("It is back."), "success")
        return redirect(self.url("show", pk=key))

    @expose("/action/<string:name>/<pk>", methods=["GET", "POST"])
    @needs("read")
    def action(self, name: str, pk: str) -> Any:
        """An operation on one row: GET asks, POST does."""
        return self._operate(name, [pk], single=True)

    @expose("/action_post", methods=["POST"])
    @needs("read")
    def action_post(self) -> Any:
        """An operation on a selection, all of it or none."""
        return self._operate(request.form.get("action", ""), request.form.getlist("rowid"), single=False)

    def _operate(self, name: str, pks: Sequence[str], *, single: bool) -> Any:
        operation = self.verbs.get(name)
        if operation is None or not (operation.single if single else operation.many):
            abort(404)
        actor = current_actor()
        policy.authorize(actor, operation.permission, self.resource)
        if not pks:
            raise DomainError(gettext("Choose at least one row."))
        if len(pks) > MAX_SELECTED:
            abort(413)
        rows = records.get_many(self.model, pks, actor=actor)
        refused = [str(row) for row in rows if not operation.possible(row)]
        if refused:
            if (said := screens.said_before(self, operation, rows)) is not None:
                return self._said(said, [row.id for row in rows], single)
            raise DomainError(
                gettext("“%(verb)s” is not possible for: %(rows)s.", verb=operation.label, rows=", ".join(refused[:5]))
            )
        form = (
            operation.form(formdata=request.form if request.form.get("_go") else None)
            if operation.form
            else forms.PanelForm()
        )
        if hasattr(form, "for_rows"):
            form.for_rows(rows)
        go = request.method == "POST" and (request.form.get("_go") or not operation.asks)
        if not go and not (operation.read_only and not operation.asks):
            return self.page_of(
                "panel/verb.html", page=screens.verb_page(self, operation, rows, single), form=form, rows=rows
            )
        return self._run(operation, rows, form, single)

    def _run(self, operation: verbs.Verb, rows: Sequence[Any], form: Any, single: bool) -> Any:
        keys = [row.id for row in rows]
        if operation.form is not None and not form.validate():
            if (said := screens.said_before(self, operation, rows)) is not None:
                return self._said(said, keys, single)
            return self._ask_again(operation, keys, form, single)
        try:
            with history.by("screen"):
                result = screens.once(self, operation, rows, form)
        except InvalidInput as error:
            for text in forms.show_errors(form, error.errors):
                flash(text, "danger")
            return self._ask_again(operation, keys, form, single)
        except DomainError as error:
            if error.status in (403, 404) or not operation.asks:
                raise
            flash(error.message, "danger")
            return self._ask_again(operation, keys, form, single)
        return self._said(result, keys, single)

    def _said(self, result: Any, keys: Sequence[int], single: bool) -> Any:
        """A sentence is told where the rows are; anything else is the answer itself."""
        if result is not None and not isinstance(result, str):
            return result
        if result:
            flash(result, "success")
        return redirect(self._back(keys, single))

    def _back(self, keys: Sequence[int], single: bool) -> str:
        fallback = self.url("show", pk=keys[0]) if single else self.url("list")
        return safe_next(request.values.get("next"), fallback)

    def _ask_again(self, operation: verbs.Verb, keys: Sequence[int], form: Any, single: bool) -> Any:
        rows = records.get_many(self.model, keys, actor=current_actor())
        page = screens.verb_page(self, operation, rows, single)
        return self.page_of("panel/verb.html", page=page, form=form, rows=rows), 422

    def page_of(self, template: str, **context: Any) -> str:
        return render_template(template, view=self, appbuilder=self.appbuilder, **context)
