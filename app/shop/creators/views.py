"""Screens of creators."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.interface import PanelInterface
from app.shop.creators import domain
from app.shop.creators.models import Creator
from app.shop.setup.views import PerShopView


@domain.view(_("Creators"), icon="fa-user-group", order=10)
class CreatorView(PerShopView):
    datamodel = PanelInterface(Creator)
    one = _("creator")
    list_columns = ["name", "kind", "phone", "user", "shop", "is_active"]
    filter_columns = ["name", "kind", "shop", "is_active"]
    search_columns = ["name"]
    sort_columns = ["name", "kind"]
    default_sort = "name"
    quick_filters = ["kind"]
    show_fieldsets = [
        (_("Live creator"), ["name", "kind", "is_active", "shop"]),
        (_("Contact"), ["phone", "user"]),
        ("", ["note"]),
    ]
    form_fieldsets = show_fieldsets
    child_tables = ["accounts"]
    empty_text = _("Who presents in your live sessions? Add your hosts and guests.")
