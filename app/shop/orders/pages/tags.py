"""The words that orders can bear."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.interface import PanelInterface
from app.panel.core.views import PanelView
from app.shop.orders import domain
from app.shop.orders.models import OrderTag
from app.shop.orders.views import OrderView


@domain.view(_("Order tags"), icon="fa-tag", order=92)
class OrderTagView(PanelView):
    datamodel = PanelInterface(OrderTag)
    title = _("Order tags")
    one = _("tag")
    list_columns = ["name", "note"]
    default_sort = "name"
    form_fieldsets = [(_("Tag"), ["name", "note"])]
    can_import = False
    empty_text = _("No tags yet. A tag groups orders: gifts, wholesale, to be called …")


domain.relate(OrderTagView, label=_("Orders"), via="tags")(OrderView)
