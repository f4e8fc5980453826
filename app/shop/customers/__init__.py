"""Who buys from us: customers, addresses, tags, notes, consents, and what the law lets them ask for."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(__name__, label=_("Customers"), icon="fa-users", needs=("setup",))
