"""Which notices reach whom by what: the bell, mail and what is added to them; at once or once a day; not at night."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(__name__, label=_("Notices"), icon="fa-bell", needs=("accounts",), order=950)
