"""Goods for the tests of the inventory: SKUs, warehouses, people of other roles."""

from app.panel.accounts import services as accounts
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product, Sku
from app.shop.inventory import services
from app.shop.inventory.models import StockLevel, Supplier, Warehouse
from app.shop.inventory.services import Line
from app.shop.setup.models import Shop, StaffAssignment


@transactional
def make_skus(count=3, handle="tea"):
    product = Product(title=f"Title of {handle}", handle=handle, currency="CNY")
    for number in range(count):
        product.skus.append(
            Sku(code=f"{handle}-{number}".upper(), barcode=f"690{handle}{number}", price=1000, currency="CNY")
        )
    db.session.add(product)
    db.session.flush()
    return list(product.skus)


@transactional
def make_warehouse(code="MAIN", shop=None, **more):
    row = Warehouse(code=code, name=f"Warehouse {code}", shop_id=shop.id if shop else None, **more)
    db.session.add(row)
    db.session.flush()
    return row


@transactional
def make_supplier(code="S1"):
    row = Supplier(code=code, name=f"Supplier {code}")
    db.session.add(row)
    db.session.flush()
    return row


def fill(skus, quantity, warehouse):
    services.open_stock_many([Line(sku.id, quantity, warehouse.id) for sku in skus], actor=SYSTEM, key=f"open-{warehouse.id}")


def shop(code):
    return db.session.query(Shop).filter_by(code=code).one()


def person(name, role, shop_code="A"):
    """Somebody of another role, at work in one shop."""
    user = accounts.create_user(
        actor=SYSTEM, username=name, name=name, email=f"{name}@example.org", roles=[role], password="a long enough one 11"
    )

    @transactional
    def assign():
        db.session.add(StaffAssignment(user_id=user.id, shop_id=shop(shop_code).id))

    assign()
    return user


def level(sku, warehouse):
    row = db.session.query(StockLevel).filter_by(sku_id=sku.id, warehouse_id=warehouse.id).one()
    db.session.refresh(row)
    return row


def amounts(sku, warehouse):
    row = level(sku, warehouse)
    return row.on_hand, row.reserved, row.available
