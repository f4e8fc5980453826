"""Screens of the catalog, one file a noun."""

from app.shop.catalog.views.categories import (
    AttributeSetView,
    BrandView,
    CategoryView,
    KeywordView,
    PhaseRuleView,
    SynonymView,
    TagView,
)
from app.shop.catalog.views.media import ProductImageView, ProductVideoView
from app.shop.catalog.views.products import ProductMoveView, ProductView
from app.shop.catalog.views.skus import ChannelPriceView, ListingView, SkuView

__all__ = [
    "AttributeSetView", "BrandView", "CategoryView", "ChannelPriceView", "KeywordView", "ListingView",
    "PhaseRuleView", "ProductImageView", "ProductMoveView", "ProductVideoView", "ProductView", "SkuView", "SynonymView", "TagView",
]  # fmt: skip
