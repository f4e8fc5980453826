"""What of the catalog waits for somebody."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.panel.core.db import db
from app.panel.core.listing import Asked
from app.panel.workbench import registry as workbench
from app.shop.catalog import queries
from app.shop.catalog.models import Product
from app.shop.catalog.states import ProductState

INCOMPLETE = 60


@workbench.todo(
    "catalog.unlicensed", _("Pictures without a licence"), needs=("write", "catalog.ProductImage"), order=50
)
def unlicensed(actor: Any) -> workbench.Todo:
    counted = queries.images_without_licence().order_by(None).subquery()
    count = db.session.scalar(select(func.count()).select_from(counted)) or 0
    asked = Asked(tree={"or": [["licence", "eq", "none"], queries.UNPROVED]})
    return workbench.Todo(count, asked.url(url_for("catalog_productimage.list")), tone="warning")


@workbench.todo("catalog.incomplete", _("Products on sale with gaps"), needs=("write", "catalog.Product"), order=55)
def incomplete(actor: Any) -> workbench.Todo:
    gaps = (Product.state == ProductState.PUBLISHED, Product.completeness < INCOMPLETE)
    count = db.session.scalar(select(func.count(Product.id)).where(*gaps)) or 0
    asked = Asked(tree={"and": [["state", "eq", "published"], ["completeness", "lt", INCOMPLETE]]}, sort="completeness")
    return workbench.Todo(count, asked.url(url_for("catalog_product.list")))


@workbench.shortcut("catalog.add", _("New product"), needs=("write", "catalog.Product"), icon="fa-box", order=40)
def add_product() -> str:
    return url_for("catalog_product.add")
