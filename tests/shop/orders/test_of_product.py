"""From a product that was taken off the shelf to exactly the orders that still wait for it (ORD-15)."""

from urllib.parse import parse_qs, urlsplit

from app.panel.core.actor import SYSTEM
from app.shop.catalog.models import Product
from app.shop.catalog.states import ProductState
from app.shop.orders import services
from app.shop.orders.pages.of_product import waiting


def test_a_withdrawn_product_leads_to_its_unsent_orders(app, session, order_of, as_user, ben, cleo):
    paid, unpaid, sent = order_of(1, paid=True), order_of(1), order_of(1, paid=True)
    services.ship(sent, actor=SYSTEM)
    product = session.query(Product).filter_by(handle="t-cup").one()
    with app.test_request_context():
        assert waiting(product, ben) is None
        product.state = ProductState.WITHDRAWN
        session.commit()
        shown = waiting(product, ben)[1]
        assert waiting(product, cleo) is None
    assert (shown["count"], shown["more"]) == (2, False)
    tree = parse_qs(urlsplit(shown["url"]).query)["f"][0]
    found = as_user("ben").get("/api/v1/orders/order/", query_string={"f": tree}).json
    assert {row["number"] for row in found["result"]} == {paid.number, unpaid.number}
    assert "Open these orders" in as_user("ben").get(f"/catalog/product/show/{product.id}").text
