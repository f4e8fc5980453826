"""A small catalog: a tree of three levels with an attribute set, and products made through the verbs."""

import itertools

import pytest

from app.panel.core import records
from app.panel.core.actor import SYSTEM
from app.shop.catalog.models import AttributeSet, Category, Product, ProductImage

_numbers = itertools.count(1)


@pytest.fixture
def tree(session):
    """Clothing → Shoes → Running shoes; the set of attributes hangs on Clothing."""
    asked = [
        {"name": "Material", "code": "material", "is_required": "1"},
        {"name": "Sole", "code": "sole", "kind": "choice", "options": "rubber\nfoam"},
    ]
    made = records.create(AttributeSet, records.parse(AttributeSet, {"name": "Wear", "attributes": asked}), actor=SYSTEM)
    clothing = records.create(Category, {"name": "Clothing", "attribute_set_id": made.id}, actor=SYSTEM)
    shoes = records.create(Category, {"name": "Shoes", "parent_id": clothing.id}, actor=SYSTEM)
    running = records.create(Category, {"name": "Running shoes", "parent_id": shoes.id}, actor=SYSTEM)
    return {"clothing": clothing, "shoes": shoes, "running": running, "set": made}


@pytest.fixture
def make_product(session):
    """`make_product("Cup", price="9.50", …)`: a draft with one SKU; `whole=True` makes it fit to be published."""

    def make(title="Tea cup", *, price="9.50", whole=False, category=None, **values):
        number = next(_numbers)
        raw = {"title": title, "skus": [{"code": f"S-{number}", "price": price}], **values}
        if category is not None:
            raw["category_id"] = category.id
        if whole:
            raw.setdefault("description", "Porcelain, 200 ml.")
            raw.setdefault("category_id", _drawer().id)
        product = records.create(Product, records.parse(Product, raw), actor=SYSTEM)
        if whole:
            records.create(ProductImage, {"product_id": product.id, "source_url": "https://example.org/a.jpg"}, actor=SYSTEM)
        return product

    def _drawer():
        found = session.query(Category).filter_by(name="Drawer").first()
        return found or records.create(Category, {"name": "Drawer"}, actor=SYSTEM)

    return make

