"""Pictures and films as rows: filters by licence, corrections one by one, the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import files, policy
from app.panel.core.actor import current_actor
from app.panel.core.interface import PanelInterface
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.catalog import domain, services
from app.shop.catalog.models import Product, ProductImage, ProductVideo
from app.shop.catalog.views.categories import picture
from app.shop.catalog.views.products import ProductView


@domain.view(_("Pictures"), icon="fa-images", order=80)
class ProductImageView(PanelView):
    """Every picture with its right; filtered by “No licence” it is the report of what must not be shown."""

    datamodel = PanelInterface(ProductImage)
    one = _("picture")
    list_columns = ["file", "product", "is_main", "source", "licence", "licence_note", "proof_id", "fetch_error"]
    filter_columns = ["product", "is_main", "source", "licence", "licence_note", "proof_id", "file_id", "fetch_error"]
    search_columns = ["alt", "licence_note"]
    sort_columns = ["position", "source", "licence"]
    quick_filters = ["licence", "source"]
    label_columns = {"file": _("Picture"), "proof_id": _("Proof")}
    show_fieldsets = [
        (_("Picture"), ["product", "file", "source_url", "fetch_error", "alt", "position", "is_main"]),
        (_("Right to show it"), ["source", "licence", "licence_note", "proof"]),
    ]
    form_fieldsets = [
        (_("Picture"), ["product", "file_id", "source_url", "alt", "position", "is_main"]),
        (_("Right to show it"), ["source", "licence", "licence_note", "proof_id"]),
    ]
    formatters = {
        "file": lambda image: picture(image.file_id, str(image)),
        "proof_id": lambda image: gettext("yes") if image.proof_id else "",
    }

    @verb("main", _("Make it the main picture"), icon="fa-star", permission="write", many=False,
          when=lambda image: not image.is_main)  # fmt: skip
    def main(self, images: list[ProductImage], form: Any) -> str:
        services.set_main_image(images[0], actor=current_actor())
        return gettext("This is the main picture now.")


@domain.relate(ProductView, label=_("Videos"), via="product", order=30)
@domain.view(_("Videos"), icon="fa-film", order=82, menu=False)
class ProductVideoView(PanelView):
    datamodel = PanelInterface(ProductVideo)
    title = _("Videos")
    one = _("video")
    list_columns = ["title", "product", "file_id", "url"]
    filter_columns = ["title", "product"]
    search_columns = ["title"]
    sort_columns = ["title", "position"]
    default_sort = "position"
    label_columns = {"file_id": _("Video file")}
    show_fieldsets = [(_("Video"), ["product", "title", "file_id", "url", "position"])]
    form_fieldsets = show_fieldsets
    formatters = {
        "file_id": lambda video: {"kind": "link", "text": gettext("Watch"), "url": files.url(video.file_id)}
        if video.file_id else "",
        "url": lambda video: {"kind": "link", "text": video.url, "url": video.url} if video.url else "",
    }  # fmt: skip


@domain.panel(ProductView, label=_("Videos"), order=6)
def product_videos(product: Product, actor: Any) -> Any:
    """Films of ours play here; those that stand elsewhere are links that name their host."""
    if not product.videos or not policy.allowed(actor, "read", "catalog.ProductVideo"):
        return None
    return _player(product.videos)


@domain.panel(ProductVideoView, label=_("Preview"), order=5)
def video_preview(video: ProductVideo, actor: Any) -> Any:
    return _player([video])


def _player(videos: list[ProductVideo]) -> tuple[str, dict[str, Any]]:
    def parts(video: ProductVideo) -> tuple[ProductVideo, str, str]:
        return video, files.url(video.file_id) if video.file_id else "", urlsplit(video.url or "").hostname or ""

    return "catalog/_videos.html", {"shown": [parts(video) for video in videos]}
