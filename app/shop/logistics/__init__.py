"""Logistics: couriers, what happens to parcels on their way, waybills, and by which method an order is sent."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(
    __name__,
    label=_("Logistics"),
    icon="fa-truck-fast",
    needs=("accounts", "workbench", "setup", "customers", "orders"),
    order=15,
)
