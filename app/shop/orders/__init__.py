"""Orders: what was bought, what was paid for it, what was sent, and what went back."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(
    __name__,
    label=_("Orders"),
    icon="fa-cart-shopping",
    needs=("accounts", "workbench", "setup", "catalog", "inventory", "customers"),
    order=10,
)
