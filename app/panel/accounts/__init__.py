"""People: who they are, how they log in, what they may do, how the screen looks to them."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(__name__, label=_("People"), icon="fa-users", order=900)
