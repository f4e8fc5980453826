"""What lies where: stock by warehouse and SKU, its journal, alerts, stock-taking and purchases."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(__name__, label=_("Inventory"), icon="fa-warehouse", needs=("setup", "catalog"))
