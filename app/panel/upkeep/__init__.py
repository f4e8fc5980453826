"""What keeps the panel going by itself: what runs when, and whether everything that should be there is there."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(__name__, label=_("Upkeep"), icon="fa-heart-pulse", needs=("workbench", "bulk"), order=960)
