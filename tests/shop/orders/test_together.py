"""What people buy together, as the catalog asks it."""

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.shop.catalog.models import Product, Sku
from app.shop.orders.services.past import record_past_orders
from app.shop.orders.services.together import bought_together


def another(session, stall, code):
    product = Product(title=code, handle=code.lower(), currency="CNY")
    product.skus.append(Sku(code=code, price=100, currency="CNY"))
    session.add(product)
    session.commit()
    return product


def test_products_of_the_same_paid_orders_are_named_the_most_frequent_first(session, stall, order_of, past):
    film, strap, once = (another(session, stall, code) for code in ("FILM", "STRAP", "ONCE"))
    case = session.get(Sku, stall.skus[0]).product
    baskets = [(film, strap), (strap,), (strap,), (film,), (once,)]
    rows = []
    for number, others in enumerate(baskets):
        ids = [stall.skus[0], *(other.skus[0].id for other in others)]
        lines = [{"sku_id": key, "title": "x", "quantity": 1, "unit_price": 100} for key in ids]
        rows.append(past(f"TB-{number}", lines=lines, paid=100 * len(ids), placed_at=clock.now(), paid_at=clock.now()))
    outcomes = record_past_orders(rows, actor=SYSTEM)
    assert {found.outcome for found in outcomes} == {"new"}, [found.why for found in outcomes]
    assert bought_together(case, SYSTEM) == [strap.id, film.id]
    assert bought_together(once, SYSTEM) == []
