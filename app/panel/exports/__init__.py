"""Any list as a file: its columns or chosen ones, its rows or ticked ones, at once or by a run in the background."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(__name__, label=_("Exports"), icon="fa-file-export", needs=("bulk",), order=910)
