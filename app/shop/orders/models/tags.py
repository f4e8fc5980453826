"""Words that staff puts on orders."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Column, ForeignKey, Table, UniqueConstraint

from app.panel.core.columns import many, text
from app.panel.core.db import PanelModel, metadata

order_tags = Table(
    "orders_order_tag_link",
    metadata(),
    Column("order_id", ForeignKey("orders_order.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("orders_tag.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class OrderTag(PanelModel):
    """A word that groups orders: gift, wholesale, to be called."""

    __tablename__ = "orders_tag"
    __table_args__ = (UniqueConstraint("name"),)

    name = text(_("Tag"), 60, required=True, search=True)
    note = text(_("Meaning"), 200, help=_("When does an order get this tag?"))
    orders = many(_("Orders"), "Order", order_tags, back_populates="tags", hidden=True, viewonly=True)

    def __str__(self) -> str:
        return self.name
