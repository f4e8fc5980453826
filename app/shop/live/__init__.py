"""Live sessions: planned on a run sheet, run from three linked consoles, and what came of them."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(
    __name__,
    label=_("Live"),
    icon="fa-video",
    needs=("accounts", "workbench", "setup", "catalog", "inventory", "customers", "orders", "marketing", "creators"),
    order=16,
)
