"""Creators: who presents our goods in live sessions, our own hosts and guests, and by which accounts."""

from flask_babel import lazy_gettext as _

from app.panel.core.domain import Domain

domain = Domain(__name__, label=_("Creators"), icon="fa-user-group", needs=("setup",), order=18)
