"""Insights: figures and charts that are read from the other domains; nobody reads insights."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(
    __name__, label=_("Insights"), icon="fa-chart-line", needs=("workbench", "setup", "catalog", "customers", "orders"), order=60
)
