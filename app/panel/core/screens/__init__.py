"""What the templates get: one plain object a page."""

from app.panel.core.screens.common import default_fieldsets, default_form, fieldsets, names, row_url
from app.panel.core.screens.conflicts import conflict_page, unknown_to_form
from app.panel.core.screens.editing import form_page, once, said_before, verb_page
from app.panel.core.screens.lists import list_page, trash_page
from app.panel.core.screens.shows import changes_said, show_page, timeline, verb_word, who_said
from app.panel.core.screens.uploads import Uploads

__all__ = [
    "Uploads",
    "changes_said",
    "conflict_page",
    "default_fieldsets",
    "default_form",
    "fieldsets",
    "form_page",
    "list_page",
    "names",
    "once",
    "row_url",
    "said_before",
    "show_page",
    "timeline",
    "trash_page",
    "unknown_to_form",
    "verb_page",
    "verb_word",
    "who_said",
]
