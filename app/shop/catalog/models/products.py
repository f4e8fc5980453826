"""Categories, attributes, brands, tags, products and their SKUs. Products are shared by all shops."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint

from app.panel.core.columns import (
    children,
    choice,
    currency,
    file_ref,
    flag,
    instant,
    integer,
    json_column,
    longtext,
    many,
    money,
    ref,
    relation,
    text,
)
from app.panel.core.db import PanelModel, db
from app.shop.catalog import rules
from app.shop.catalog.states import (
    AttributeKind,
    MediaLicence,
    MediaSource,
    MoveWhat,
    ProductKind,
    ProductPhase,
    ProductState,
    RelationKind,
)

product_tag = Table(
    "catalog_product_tag",
    db.metadata,
    Column("product_id", ForeignKey("catalog_product.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("catalog_tag.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class AttributeSet(PanelModel):
    """A template of attributes: what has to be known of every shoe, every phone."""

    __tablename__ = "catalog_attribute_set"
    name = text(_("Attribute set"), 100, required=True, unique=True, search=True)
    note = text(_("Note"), 300)
    attributes = children(
        _("Attributes"), "Attribute", back="attribute_set", order_by="(Attribute.position, Attribute.id)"
    )

    def __str__(self) -> str:
        return self.name


class Attribute(PanelModel):
    """One question of an attribute set. `code` is the key under which a product keeps its answer."""

    __tablename__ = "catalog_attribute"
    __table_args__ = (UniqueConstraint("attribute_set_id", "code"),)
    __called_by__ = ("code",)  # answers stand under it, in products, forms, files and the API
    attribute_set_id = ref(_("Attribute set"), "catalog_attribute_set.id", required=True, ondelete="CASCADE")
    attribute_set = relation("AttributeSet", attribute_set_id, back_populates="attributes")
    name = text(_("Attribute"), 100, required=True)
    code = text(
        _("Key"), 40, required=True, check=rules.attribute_code,
        help=_("Letters, digits and _; stays when the name changes."),
    )
    kind = choice(_("Kind of answer"), AttributeKind, default=AttributeKind.TEXT)
    options = longtext(_("Choices"), help=_("One a line, for “one of a list”."))
    unit = text(_("Unit"), 20)
    is_required = flag(_("Required"), default=False, help=_("A product without it cannot be published."))
    position = integer(_("Position"), default=0)

    def __str__(self) -> str:
        return self.name


class Category(PanelModel):
    """A node of the category tree. `path` holds the ids from the root down: `/3/17/`, so a branch is one LIKE."""

    __tree__ = "path"
    __tablename__ = "catalog_category"
    __table_args__ = (UniqueConstraint("parent_id", "name"), Index(None, "path"))
    parent_id = ref(_("Parent category"), "catalog_category.id")
    parent = relation("Category", parent_id, remote_side="Category.id")
    name = text(_("Category"), 100, required=True, search=True)
    slug = text(_("Handle"), 120, index=True)
    path = text(_("Path"), 500, default="", hidden=True)
    depth = integer(_("Level"), default=1, readonly=True)
    full_name = text(_("Full path"), 500, default="", search=True, readonly=True)
    position = integer(_("Position"), default=0)
    attribute_set_id = ref(
        _("Attribute set"), "catalog_attribute_set.id", ondelete="SET NULL",
        help=_("Empty: that of the parent category."),
    )
    attribute_set = relation("AttributeSet", attribute_set_id)
    words = text(_("Category words"), 200, help=_("Words that a good title holds, separated by spaces."))
    is_active = flag(_("Active"), default=True)

    def __str__(self) -> str:
        return self.full_name or self.name


class Brand(PanelModel):
    __tablename__ = "catalog_brand"
    name = text(_("Brand"), 100, required=True, unique=True, search=True)
    slug = text(_("Handle"), 120, index=True)
    country = text(_("Country of origin"), 100)
    website = text(_("Website"), 300)
    logo_id = file_ref(_("Logo"))
    logo = relation("File", logo_id)
    is_active = flag(_("Active"), default=True)

    def __str__(self) -> str:
        return self.name


class Tag(PanelModel):
    """A word that groups products across categories."""

    __tablename__ = "catalog_tag"
    name = text(_("Tag"), 60, required=True, unique=True, search=True)
    note = text(_("Note"), 200)
    products = many(_("Products"), "Product", product_tag, back_populates="tags", hidden=True)

    def __str__(self) -> str:
        return self.name


class Product(PanelModel):
    """A thing we sell, in one or more SKUs. `handle` is its natural key in imports and addresses."""

    __tablename__ = "catalog_product"
    __table_args__ = (
        CheckConstraint("completeness BETWEEN 0 AND 100", name="completeness"),
        Index(None, "state", "publish_at"),
        Index(None, "state", "withdraw_at"),
    )
    title = text(_("Title"), 200, required=True, search=True, help=_("What it is, what it does, who it is for."))
    subtitle = text(_("Subtitle"), 300)
    handle = text(
        _("Handle"), 200, nullable=False, unique=True, search=True,
        check=rules.handle, help=_("Empty: made from the title."),
    )
    category_id = ref(_("Category"), "catalog_category.id")
    category = relation("Category", category_id)
    brand_id = ref(_("Brand"), "catalog_brand.id", ondelete="SET NULL")
    brand = relation("Brand", brand_id)
    tags = many(_("Tags"), "Tag", product_tag, back_populates="products")
    kind = choice(_("Kind of product"), ProductKind, default=ProductKind.REGULAR)
    phase = choice(_("Phase"), ProductPhase, default=ProductPhase.TEST, readonly=True)
    state = choice(_("State"), ProductState, default=ProductState.DRAFT, readonly=True, index=True)
    publish_at = instant(_("Goes on sale at"), readonly=True)
    withdraw_at = instant(_("Leaves the shelf at"), readonly=True)
    published_at = instant(_("On sale since"), readonly=True)
    description = longtext(_("Description"), help=_("Material, size, use, after-sales."))
    audience = text(_("Who it is for"), 100)
    origin = text(_("Place of origin"), 100)
    attributes = json_column(_("Attributes"), default=dict, hidden=True)
    option1_name = text(_("Option 1"), 60, placeholder=_("Colour"))
    option2_name = text(_("Option 2"), 60, placeholder=_("Size"))
    option3_name = text(_("Option 3"), 60)
    seo_title = text(_("Search title"), 200)
    seo_description = text(_("Search description"), 500)
    completeness = integer(_("Completeness"), default=0, readonly=True, unit="%")
    price_from = money(_("Price from"), readonly=True, adds_up=False)
    price_to = money(_("Price to"), readonly=True, adds_up=False)
    currency = currency(required=False, readonly=True)
    sku_count = integer(_("SKUs"), default=0, readonly=True, adds_up=True)
    main_image_id = file_ref(_("Main picture"), readonly=True)
    main_image = relation("File", main_image_id)
    skus = children(_("SKUs"), "Sku", back="product", order_by="(Sku.position, Sku.id)")
    images = children(
        _("Pictures"), "ProductImage", back="product", order_by="(ProductImage.position, ProductImage.id)"
    )
    videos = children(_("Videos"), "ProductVideo", back="product", order_by="ProductVideo.position")
    relations = children(
        _("Goes with"), "ProductRelation", back="product", foreign_keys="ProductRelation.product_id",
        order_by="ProductRelation.position",
    )
    listings = children(_("Channels"), "Listing", back="product")
    moves = children(_("State log"), "ProductMove", back="product", readonly=True, order_by="ProductMove.id.desc()")

    def __str__(self) -> str:
        return self.title


class Sku(PanelModel):
    """What is counted, priced and sold: one choice of every option of a product. `code` is its natural key."""

    __tablename__ = "catalog_sku"
    __table_args__ = (
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("cost IS NULL OR cost >= 0", name="cost"),
        CheckConstraint("weight_g IS NULL OR weight_g >= 0", name="weight"),
    )
    picker_hint = ("product",)

    product_id = ref(_("Product"), "catalog_product.id", required=True, ondelete="CASCADE")
    product = relation("Product", product_id, back_populates="skus")
    code = text(_("SKU code"), 100, required=True, unique=True, search=True)
    barcode = text(_("Barcode"), 64, index=True, search=True, check=rules.barcode)
    option1 = text(_("Option value 1"), 100)
    option2 = text(_("Option value 2"), 100)
    option3 = text(_("Option value 3"), 100)
    price = money(_("Price"), required=True, min=0, adds_up=False)
    compare_at_price = money(_("List price"), min=0, adds_up=False, help=_("Shown struck through beside the price."))
    cost = money(_("Cost"), min=0, adds_up=False)
    currency = currency(required=False, nullable=False, help=_("Empty: that of the business."))
    weight_g = integer(_("Weight"), unit="g", min=0)
    image_id = file_ref(_("Picture"))
    image = relation("File", image_id)
    image_url = text(
        _("Address of the picture"), 1000, check=rules.web_address,
        help=_("Where an imported picture stands on the net."),
    )
    position = integer(_("Position"), default=0)
    is_active = flag(_("For sale"), default=True)

    @property
    def options(self) -> str:
        """`Blue / M`, empty for a product without options."""
        return " / ".join(value for value in (self.option1, self.option2, self.option3) if value)

    def __str__(self) -> str:
        return f"{self.code} {self.options}".strip()


class ProductImage(PanelModel):
    """A picture of a product and by what right we show it."""

    __tablename__ = "catalog_product_image"
    __table_args__ = (Index(None, "product_id", "position"),)
    product_id = ref(_("Product"), "catalog_product.id", required=True, ondelete="CASCADE")
    product = relation("Product", product_id, back_populates="images")
    file_id = file_ref(_("Picture"))
    file = relation("File", file_id)
    source_url = text(
        _("Address of the picture"), 1000, check=rules.web_address,
        help=_("Where an imported picture stands on the net."),
    )
    fetch_asked_at = instant(_("Fetching asked for"), readonly=True, hidden=True)
    fetch_tries = integer(_("Tries"), default=0, readonly=True, hidden=True)
    fetch_error = text(_("Not fetched because"), 300, readonly=True)
    alt = text(_("Text alternative"), 300)
    position = integer(_("Position"), default=0)
    is_main = flag(_("Main picture"), default=False)
    source = choice(_("Source"), MediaSource, default=MediaSource.UNKNOWN)
    licence = choice(_("Licence"), MediaLicence, default=MediaLicence.NONE)
    licence_note = text(_("Licence note"), 300, help=_("Contract number, author, until when."))
    proof_id = file_ref(_("Proof"), kinds=("document",))
    proof = relation("File", proof_id)

    def __str__(self) -> str:
        return self.alt or f"#{self.position}"


class ProductVideo(PanelModel):
    """A film of a product: a file of ours or a link."""

    __tablename__ = "catalog_product_video"
    __table_args__ = (CheckConstraint("file_id IS NOT NULL OR url IS NOT NULL", name="file_or_url"),)
    product_id = ref(_("Product"), "catalog_product.id", required=True, ondelete="CASCADE")
    product = relation("Product", product_id, back_populates="videos")
    title = text(_("Title"), 200, required=True)
    file_id = file_ref(_("Video file"), kinds=("video",))
    file = relation("File", file_id)
    url = text(_("Video link"), 1000, check=rules.web_address)
    position = integer(_("Position"), default=0)

    def __str__(self) -> str:
        return self.title


class ProductRelation(PanelModel):
    """A product that goes with another one, in the order in which it is offered."""

    __tablename__ = "catalog_product_relation"
    __table_args__ = (
        UniqueConstraint("product_id", "related_id"),
        CheckConstraint("product_id <> related_id", name="not_itself"),
    )
    product_id = ref(_("Product"), "catalog_product.id", required=True, ondelete="CASCADE")
    product = relation("Product", product_id, back_populates="relations")
    related_id = ref(_("Related product"), "catalog_product.id", required=True, ondelete="CASCADE")
    related = relation("Product", related_id)
    kind = choice(_("How they go together"), RelationKind, default=RelationKind.ACCESSORY)
    position = integer(_("Position"), default=0)

    def __str__(self) -> str:
        return str(self.related)


class Listing(PanelModel):
    """A product as it stands on one channel: listed or not, and its number there."""

    __tablename__ = "catalog_listing"
    __table_args__ = (UniqueConstraint("product_id", "channel_id"), Index(None, "channel_id", "external_id"))
    product_id = ref(_("Product"), "catalog_product.id", required=True, ondelete="CASCADE")
    product = relation("Product", product_id, back_populates="listings")
    channel_id = ref(_("Channel"), "setup_channel.id", required=True, ondelete="CASCADE")
    channel = relation("Channel", channel_id)
    is_listed = flag(_("Listed"), default=True)
    external_id = text(_("Number on the platform"), 100, search=True)
    title = text(_("Title on the channel"), 200, help=_("Empty: the title of the product."))

    def __str__(self) -> str:
        return f"{self.product} · {self.channel}"


class ChannelPrice(PanelModel):
    """A price of a SKU that holds on one channel only."""

    __tablename__ = "catalog_channel_price"
    __table_args__ = (UniqueConstraint("sku_id", "channel_id"), CheckConstraint("price >= 0", name="price"))
    sku_id = ref(_("SKU"), "catalog_sku.id", required=True, ondelete="CASCADE")
    sku = relation("Sku", sku_id)
    channel_id = ref(_("Channel"), "setup_channel.id", required=True, ondelete="CASCADE")
    channel = relation("Channel", channel_id)
    price = money(_("Price"), required=True, min=0, adds_up=False)
    currency = currency(required=False, nullable=False, help=_("Empty: that of the business."))

    def __str__(self) -> str:
        return f"{self.sku} · {self.channel}"


class ProductMove(PanelModel):
    """A line of a product's log: its state or phase changed. Written once."""

    __tablename__ = "catalog_product_move"
    __table_args__ = (Index(None, "product_id", "happened_at"),)
    product_id = ref(_("Product"), "catalog_product.id", required=True, ondelete="CASCADE")
    product = relation("Product", product_id, back_populates="moves")
    what = choice(_("What changed"), MoveWhat, default=MoveWhat.STATE)
    before = text(_("Before"), 40)
    after = text(_("After"), 40, required=True)
    happened_at = instant(_("When"), required=True)
    actor_id = ref(_("Who"), "ab_user.id", ondelete="SET NULL")
    actor = relation("User", actor_id)
    by_schedule = flag(_("By the clock"), default=False)
    why = text(_("Reason"), 300)

    def __str__(self) -> str:
        kind: Any = ProductState if self.what is MoveWhat.STATE else ProductPhase
        words = [str(member.label) if (member := kind.of(value)) else value for value in (self.before, self.after) if value]
        return " → ".join(words)


class PhaseRule(PanelModel):
    """A move between phases as this shop wants it: allowed or not, and for which roles. Absent: the built-in table."""

    __tablename__ = "catalog_phase_rule"
    __table_args__ = (UniqueConstraint("before", "after"),)
    before = choice(_("Before"), ProductPhase, default=ProductPhase.TEST)
    after = choice(_("After"), ProductPhase, default=ProductPhase.OPTIMISE)
    is_allowed = flag(_("Allowed"), default=True)
    roles = text(
        _("Only for these roles"), 300, help=_("Role names separated by commas; empty: all who may change products.")
    )

    def __str__(self) -> str:
        return f"{self.before.label} → {self.after.label}"
