"""Many rows at once: runs that can be watched, cancelled, resumed and undone; import is their first user."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(__name__, label=_("Imports"), icon="fa-file-import", order=900)
