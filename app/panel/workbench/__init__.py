"""The home page: what the domains want a person to see first."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(__name__, label=_("Workbench"), icon="fa-house", order=0)
