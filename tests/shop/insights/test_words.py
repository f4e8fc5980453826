"""The report of words: searches that found nothing, tags that sell nothing, and the way out of each."""

import re

from app.panel.core.actor import SYSTEM
from app.shop.catalog import services as catalog
from app.shop.catalog.models import Product, Synonym
from app.shop.catalog.states import SearchPlace
from tests.shop.orders.conftest import order_of, stall  # noqa: F401 (fixtures)

HERE = "/insights/words/"


def part(page, label):
    """The text of one table of the page."""
    found = re.search(rf'aria-label="{label}"><table.*?</table>', page.text, re.S)
    return found[0] if found else ""


def test_a_search_without_a_result_gets_its_meaning_by_one_click(session, as_user, stall):  # noqa: F811
    cup = session.query(Product).one()
    catalog.change_tags([cup], add=catalog.tags_named(["保温杯"], actor=SYSTEM), actor=SYSTEM)
    catalog.note_search("保温壶", found=0, place=SearchPlace.LIST)
    client = as_user("ada")
    page = part(client.get(HERE), "Searches without a result")
    assert "保温壶" in page
    assert "means “保温杯”" in page
    fields = dict(re.findall(r'name="(word|tag_id|next)" value="([^"]*)"', page))
    answer = client.post("/catalog/words/synonym", data=fields, follow_redirects=True)
    assert "The search understands: 保温壶 → 保温杯." in answer.text
    assert "保温壶" not in part(answer, "Searches without a result")
    assert [row["title"] for row in client.get("/api/v1/catalog/product/?q=保温壶").json["result"]] == ["青瓷茶杯"]


def test_tags_without_sales_are_those_of_which_nothing_was_paid_for_in_the_period(session, as_user, stall, order_of):  # noqa: F811
    cup, lid = session.query(Product).one(), Product(title="Lid", handle="lid", currency="CNY")
    session.add(lid)
    session.commit()
    sold, still = catalog.tags_named(["Sold", "Still"], actor=SYSTEM)
    catalog.change_tags([cup], add=[sold], actor=SYSTEM)
    catalog.change_tags([lid], add=[still], actor=SYSTEM)
    client = as_user("ada")
    order_of(1)
    assert {"Sold", "Still"} <= set(re.findall(r"Sold|Still", part(client.get(HERE), "Tags without sales"))), "not paid yet"
    order_of(1, paid=True)
    page = part(client.get(HERE), "Tags without sales")
    assert ("Sold" in page, "Still" in page) == (False, True)
    client.post("/catalog/words/synonym", data={"word": "cover", "tag_id": still.id})
    assert "Still" not in part(client.get(HERE), "Tags without sales"), "it has got its synonym"
    assert session.query(Synonym).one().tag_id == still.id


def test_who_sees_no_orders_sees_no_tags_without_sales_and_who_only_reads_gets_no_buttons(session, as_user, stall):  # noqa: F811
    catalog.note_search("kettle", found=0, place=SearchPlace.LIST)
    page = as_user("ben").get(HERE)
    assert "kettle" in part(page, "Searches without a result")
    assert "/catalog/words/" not in page.text
