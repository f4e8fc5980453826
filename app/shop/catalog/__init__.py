"""What we sell: categories, attributes, brands, products, SKUs, pictures."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(__name__, label=_("Catalog"), icon="fa-tags", needs=("setup", "workbench"), order=20)
