"""Who may see and do what in the catalog. Products are shared by all shops; listings follow "my channels"."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement

from app.panel.core import folding, policy
from app.shop.catalog.models import (
    ChannelPrice,
    Listing,
    Product,
    ProductImage,
    ProductMove,
    ProductRelation,
    ProductVideo,
    Sku,
)
from app.shop.setup.permissions import OF_MINE, my_channel_ids

PRODUCT = "catalog.Product"
DATA = ("Category", "Attribute", "AttributeSet", "Brand", "Tag", "Keyword", "Synonym", "ProductImage", "ProductVideo",
        "ProductRelation", "Listing")  # fmt: skip

policy.verbs(PRODUCT, publish=_("Put on sale and take off"), phase=_("Change the phase"))
policy.verbs("catalog.Category", move=_("Move and merge"))
policy.verbs("catalog.Sku", see_cost=_("See the cost"))
folding.part_of(PRODUCT, "catalog.ProductImage", "catalog.Listing", "catalog.ChannelPrice", "catalog.PhaseRule")
folding.part_of("catalog.Keyword", "catalog.Synonym")

policy.protect("catalog.Sku", "cost", verb="see_cost")

policy.grant("operations", {
    PRODUCT: "read write delete export import publish phase", "catalog.Sku": "read write delete export import",
    "catalog.ChannelPrice": "read write delete", "catalog.PhaseRule": "read",
    "catalog.ProductMove": "read", **{f"catalog.{noun}": "read write delete export import" for noun in DATA},
})  # fmt: skip
policy.grant("operations", {"catalog.Category": "move"})
policy.grant("finance", {
    PRODUCT: "read export", "catalog.Sku": "read export see_cost", "catalog.ChannelPrice": "read",
    "catalog.ProductMove": "read", **{f"catalog.{noun}": "read" for noun in DATA},
})  # fmt: skip
policy.grant("deputy", {
    PRODUCT: "read write export publish phase", "catalog.Sku": "read write export see_cost",
    "catalog.ChannelPrice": "read write delete", "catalog.ProductMove": "read",
    **{f"catalog.{noun}": "read write" for noun in DATA},
})  # fmt: skip
for _role in ("support", "host", "field_control", "viewer"):
    policy.grant(_role, {
        PRODUCT: "read", "catalog.Sku": "read", "catalog.ProductMove": "read",
        **{f"catalog.{noun}": "read" for noun in DATA},
    })  # fmt: skip


for _model in (Sku, ProductImage, ProductVideo, ProductRelation, Listing, ProductMove):
    policy.follow(_model, Product, "product_id")
policy.follow(ChannelPrice, Sku, "sku_id")


@policy.rows(Listing, OF_MINE)
def listings_of_my_channels(actor: Any) -> ColumnElement[bool]:
    return Listing.channel_id.in_(my_channel_ids(actor))


@policy.rows(ChannelPrice, OF_MINE)
def prices_of_my_channels(actor: Any) -> ColumnElement[bool]:
    return ChannelPrice.channel_id.in_(my_channel_ids(actor))
