"""PanelView: FAB's ModelView with its traps tamed (DESIGN 7) and with screens of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_appbuilder import ModelView, expose
from flask_babel import gettext, lazy_gettext

from app.panel.core import (
    forms,
    history,
    listcolumns,
    listing,
    listtotals,
    policy,
    records,
    savedlists,
    screens,
    trash,
    verbs,
)
from app.panel.core.actor import current_actor
from app.panel.core.domain import Panel, Tab
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.fields import resource_of, spec
from app.panel.core.formpages import FormPages
from app.panel.core.interface import PanelInterface
from app.panel.core.pages import needs
from app.panel.core.routing import address, numbered
from app.panel.core.security import safe_next

MAX_SELECTED = 500


class PanelView(FormPages, ModelView):
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
    found_everywhere = True  # are its rows among what the search of everything finds?
    icon = "fa-table"
    default_sort = "-id"
    form_fieldsets: list[Any] | None = None
    child_tables: list[str] = []
    quick_filters: list[str] = []
    counts_tabs = True  # do the tabs of the first quick filter show how many rows they have?
    can_add = can_edit = can_delete = True
    can_import = True
    edits_many = True  # may fields of many of its rows be changed at once?
    added_on: tuple[str, str, Any] | None = None  # address, verb and label of a page on which rows are added instead
    can_export = True  # are its rows handed out as a file, to whoever may export them?
    empty_text: Any = lazy_gettext("Nothing here yet.")
    formatters: dict[str, Any] = {}
    board_column: str | None = None  # the choice by which cards stand on the board; empty for no board
    calendar_column: str | None = None  # the date by which rows stand in the calendar; empty for none
    inline_columns: list[str] | None = None  # what is changed in the list itself; None: all that the form of a row changes
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

    def url(self, method: str, **values: Any) -> str:
        """The address of one of its pages."""
        endpoint = f"{self.endpoint}.{method}"
        if not values:
            return address(endpoint)
        if len(values) == 1 and type(number := values[name := next(iter(values))]) is int and number >= 0:
            return numbered(endpoint, name, number)
        return url_for(endpoint, **values)

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
        kept = savedlists.kept(self.endpoint, plan, actor)
        if not request.args and (chosen := kept.opens_with()):
            return redirect(replace(chosen, opens_otherwise=True).url(self.url("list")))
        if address := screens.asked_plainly(self, plan):
            return redirect(address)
        asked = listing.read(request.args, plan)
        shown = listcolumns.chosen(asked.cols, kept.layout, plan)
        laid = replace(plan, columns=tuple(shown))
        found = listing.find(replace(asked, size=1) if asked.shape else asked, laid, actor, screens.columns_read(self, laid))
        listing.tell(self.model, asked, found, "list")
        page = screens.list_page(self, asked, plan, found, actor, kept, shown)
        page.board = screens.board(self, asked, laid, actor) if asked.shape == "board" else None
        page.calendar = screens.calendar(self, asked, laid, actor) if asked.shape == "calendar" else None
        return screens.list_html(self, page)

    @expose("/show/<pk>")
    @needs("read")
    def show(self, pk: str) -> Any:
        actor = current_actor()
        row = records.get(self.model, pk, actor=actor)
        if request.args.get("part") == "related":
            return self.page_of("panel/_related.html", page=screens.related_part(self, row, actor, request.args), row=row)
        template = "panel/print.html" if request.args.get("print") else "panel/show.html"
        return self.page_of(template, page=screens.show_page(self, row, actor, request.args), row=row)

    def quick_counts(self, name: str, actor: Any) -> dict[str, int]:
        """Numbers on the tabs of a quick filter, by value, counted when the page is there, no further than one above
        listing.COUNT_LIMIT."""
        return listtotals.by_value(self.plan(actor), name, actor)

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
