"""The business and its shops: who we are, where we sell, who works where."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(__name__, label=_("Setup"), icon="fa-store", needs=("accounts", "workbench"), order=800)
