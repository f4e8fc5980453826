"""Marketing: coupons, promotions, and the price engine that answers what a line costs and why."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(
    __name__,
    label=_("Marketing"),
    icon="fa-bullhorn",
    needs=("accounts", "workbench", "setup", "catalog", "inventory", "customers", "orders", "logistics"),
    order=17,
)
