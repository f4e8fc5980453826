"""Works inside a real instance while a test runs: what the first hundred pay, a flash sale, and what became of them."""

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product, Sku
from app.shop.inventory import services as inventory
from app.shop.inventory.models import Warehouse
from app.shop.inventory.services import Line
from app.shop.marketing import services
from app.shop.marketing.models import PriceUse, Promotion
from app.shop.orders.models import Order


@transactional
def promote():
    """Two articles of 600 pieces each: F-1 for 10 instead of 100 for the first 100 orders, F-2 for 10 while 50 pieces last."""
    product, house = db.session.query(Product).first(), db.session.query(Warehouse).filter_by(code="T-W").one()
    skus = [Sku(product_id=product.id, code=f"F-{n}", price=100, currency="CNY") for n in (1, 2)]
    db.session.add_all(skus)
    db.session.flush()
    inventory.receive([Line(sku.id, 600, house.id) for sku in skus], actor=SYSTEM)
    services.first_orders("first", sku_ids=[skus[0].id], limit=100, price=10, actor=SYSTEM)
    now = clock.now()
    services.flash_sale(
        "flash", sku_ids=[skus[1].id], price=10, stock=50, begins_at=now, ends_at=now.replace(year=now.year + 1), actor=SYSTEM
    )


def counted():
    """(taken orders, taken pieces, uses) of each promotion, and the totals of the orders by their price."""
    rows = db.session.query(Promotion).order_by(Promotion.id)
    uses = [db.session.query(PriceUse).filter_by(promotion_id=row.id).count() for row in rows]
    return [[row.taken_orders, row.taken_pieces, n] for row, n in zip(rows, uses, strict=True)]


def totals(prefix):
    found = db.session.query(Order.total).filter(Order.external_number.startswith(prefix))
    return sorted(total for (total,) in found)
