"""Finance: the ledger, in which every sum that came, went or is owed stands twice; and what is read from it."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(
    __name__, label=_("Finance"), icon="fa-scale-balanced", needs=("workbench", "setup", "orders", "logistics"), order=50
)
