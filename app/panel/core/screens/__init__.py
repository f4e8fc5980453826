"""What the templates get: one plain object a page."""

from app.panel.core.screens.boards import board, calendar
from app.panel.core.screens.cellediting import change as change_cell
from app.panel.core.screens.cellediting import editor as cell_editor
from app.panel.core.screens.common import default_fieldsets, default_form, fieldsets, names, row_url
from app.panel.core.screens.conflicts import conflict_page, merge, send_again, unknown_to_form
from app.panel.core.screens.editing import (
    child_columns,
    draft_key,
    form_page,
    once,
    open_columns,
    said_before,
    verb_page,
)
from app.panel.core.screens.filtering import asked_plainly
from app.panel.core.screens.listframe import list_html
from app.panel.core.screens.lists import list_page, trash_page
from app.panel.core.screens.reading import columns_read
from app.panel.core.screens.shows import changes_said, related_part, show_page, timeline, verb_word, who_said
from app.panel.core.screens.uploads import Uploads, fingerprint, hold, hold_in_rows, numbered
from app.panel.core.screens.versions import snapshot

__all__ = [
    "Uploads",
    "asked_plainly",
    "board",
    "calendar",
    "cell_editor",
    "change_cell",
    "changes_said",
    "child_columns",
    "columns_read",
    "conflict_page",
    "default_fieldsets",
    "default_form",
    "draft_key",
    "fieldsets",
    "fingerprint",
    "form_page",
    "hold",
    "hold_in_rows",
    "list_html",
    "list_page",
    "merge",
    "names",
    "numbered",
    "once",
    "open_columns",
    "related_part",
    "row_url",
    "said_before",
    "send_again",
    "show_page",
    "snapshot",
    "timeline",
    "trash_page",
    "unknown_to_form",
    "verb_page",
    "verb_word",
    "who_said",
]
