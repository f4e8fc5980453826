"""The lists of all runs and of all remembered mappings."""

from __future__ import annotations

from typing import Any

from flask import redirect
from flask_babel import lazy_gettext as _

from app.panel.bulk import domain, runs, undo
from app.panel.bulk.engine import naming, showing
from app.panel.bulk.jobs import work
from app.panel.bulk.models import Mapping, Run
from app.panel.bulk.states import RunState
from app.panel.core.actor import current_actor
from app.panel.core.interface import PanelInterface
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView


@domain.view(_("Imports and operations"), icon="fa-clock-rotate-left", order=20)
class RunView(PanelView):
    datamodel = PanelInterface(Run)
    title = _("Imports and operations")
    one = _("import")
    label_columns = {"file_name": _("What")}
    list_columns = [
        "file_name", "kind", "state", "read", "new", "changed", "same", "refused", "skipped", "actor", "started_at", "is_undone",
    ]  # fmt: skip
    filter_columns = ["kind", "state", "importer", "file_name", "actor", "started_at", "is_undone", "refused"]
    sort_columns = ["started_at", "read", "refused"]
    default_sort = "-id"
    quick_filters = ["kind", "state"]
    show_fieldsets = [
        (_("Run"), ["file_name", "kind", "state", "importer", "actor", "approved_by", "error"]),
        (_("Times"), ["begins_at", "started_at", "finished_at"]),
        (_("Counts"), ["rows", "read", "new", "changed", "same", "refused", "skipped"]),
        (_("Undo"), ["undo_of", "is_undone"]),
    ]
    formatters = {"file_name": naming.title}
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("Nothing has been imported or changed in bulk yet.")

    @verb("open", _("Open"), icon="fa-arrow-right", permission="read", many=False, read_only=True)
    def open(self, found: list[Run], _form: Any) -> Any:
        return redirect(showing.run_url(found[0]))

    @verb("take_back", _("Take back"), icon="fa-rotate-left", when=runs.can_undo, permission="read", many=False,
          confirm=_("Take this back? What somebody has changed since stays."))  # fmt: skip
    def take_back(self, found: list[Run], _form: Any) -> Any:
        back = undo.make(found[0].id, actor=current_actor())
        if back.state is RunState.QUEUED:
            work.enqueue(run_id=back.id)
        return redirect(showing.run_url(back))


@domain.view(_("Remembered mappings"), icon="fa-table-columns", order=30)
class MappingView(PanelView):
    datamodel = PanelInterface(Mapping)
    title = _("Remembered mappings")
    one = _("mapping")
    list_columns = ["name", "importer", "headings", "changed_at"]
    label_columns = {"headings": _("Columns")}
    filter_columns = ["name", "importer", "changed_at"]
    sort_columns = ["name", "importer", "changed_at"]
    default_sort = "-changed_at"
    show_fieldsets = [(_("Mapping"), ["name", "importer", "headings", "created_at", "changed_at"])]
    form_fieldsets = [(_("Mapping"), ["name"])]
    can_add = can_import = False
    empty_text = _("No mapping is remembered yet: it is when a file is checked whose columns you have mapped.")
