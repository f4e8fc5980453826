"""Tables of the catalog."""

from app.shop.catalog.models.products import (
    Attribute,
    AttributeSet,
    Brand,
    Category,
    ChannelPrice,
    Listing,
    PhaseRule,
    Product,
    ProductImage,
    ProductMove,
    ProductRelation,
    ProductVideo,
    Sku,
    Tag,
    product_tag,
)
from app.shop.catalog.models.words import Keyword, SearchLog, Synonym

__all__ = [
    "Attribute",
    "AttributeSet",
    "Brand",
    "Category",
    "ChannelPrice",
    "Keyword",
    "Listing",
    "PhaseRule",
    "Product",
    "ProductImage",
    "ProductMove",
    "ProductRelation",
    "ProductVideo",
    "SearchLog",
    "Sku",
    "Synonym",
    "Tag",
    "product_tag",
]
