"""SKUs, prices and listings per channel."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _

from app.panel.core.interface import PanelInterface
from app.panel.core.views import PanelView
from app.shop.catalog import domain
from app.shop.catalog.models import ChannelPrice, Listing, Sku
from app.shop.catalog.views.products import ProductView


def _host(address: str) -> str:
    """The machine that an address leads to, or all of an address that names none."""
    try:
        return urlsplit(address).hostname or address
    except ValueError:
        return address


@domain.view(_("SKUs"), icon="fa-barcode", order=20)
class SkuView(PanelView):
    datamodel = PanelInterface(Sku)
    title = _("SKUs")
    one = _("SKU")
    list_columns = ["code", "product", "options", "barcode", "price", "cost", "is_active"]
    filter_columns = ["code", "product", "product.category", "barcode", "price", "cost", "weight_g", "is_active"]
    search_columns = ["code", "barcode", "option1", "product.title"]
    sort_columns = ["code", "barcode", "price", "cost", "weight_g"]
    default_sort = "code"
    label_columns = {"options": _("Options"), "product.category": _("Category")}
    show_fieldsets = [
        (_("SKU"), ["code", "product", "options", "barcode", "is_active"]),
        (_("Money"), ["price", "compare_at_price", "cost", "currency"]),
        (_("Parcel"), ["weight_g"]),
        (_("Picture"), ["image_id", "image_url"]),
    ]
    form_fieldsets = [
        (_("SKU"), ["product", "code", "barcode", "option1", "option2", "option3", "is_active", "position"]),
        (_("Money"), ["price", "compare_at_price", "cost", "currency"]),
        (_("Parcel"), ["weight_g"]),
        (_("Picture"), ["image_id", "image_url"]),
    ]
    formatters = {
        "image_url": lambda sku: {"kind": "link", "text": _host(sku.image_url), "url": sku.image_url}
        if sku.image_url else "",
    }  # fmt: skip


@domain.relate(SkuView, label=_("Prices per channel"), via="sku", order=10)
@domain.view(_("Channel prices"), icon="fa-tags", order=25)
class ChannelPriceView(PanelView):
    datamodel = PanelInterface(ChannelPrice)
    one = _("channel price")
    list_columns = ["sku", "channel", "price"]
    filter_columns = ["sku", "channel", "price"]
    sort_columns = ["price"]
    search_columns = ["sku.code"]
    quick_filters = ["channel"]
    show_fieldsets = [(_("Price"), ["sku", "channel", "price", "currency"])]
    form_fieldsets = show_fieldsets
    empty_text = _("A SKU costs the same everywhere until you give it a price of its own on a channel.")


@domain.relate(ProductView, label=_("Channels"), via="product", order=20)
@domain.view(_("Listings"), icon="fa-list", order=26)
class ListingView(PanelView):
    datamodel = PanelInterface(Listing)
    one = _("listing")
    list_columns = ["product", "channel", "is_listed", "external_id", "title"]
    filter_columns = ["product", "channel", "channel.kind", "is_listed", "external_id"]
    search_columns = ["external_id", "title", "product.title"]
    sort_columns = ["external_id"]
    quick_filters = ["channel"]
    label_columns = {"channel.kind": _("Platform")}
    show_fieldsets = [(_("Listing"), ["product", "channel", "is_listed", "external_id", "title"])]
    form_fieldsets = show_fieldsets
