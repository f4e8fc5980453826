"""The grids in which prices and warning lines are edited in place."""

import re

import pytest
import sqlalchemy as sa

from app.panel.core import records
from app.shop.catalog.models import Product, Sku
from app.shop.inventory.models import StockLevel
from tests.shop.bringing import bring, refused
from tests.shop.catalog.test_import_products import shirt, shopify
from tests.shop.inventory import goods


@pytest.fixture
def sku(session, ada):
    product = records.create(Product, {"title": "Scarf"}, actor=ada)
    values = {"product_id": product.id, "code": "SCARF-1", "price": 1250, "cost": 700, "currency": "CNY"}
    return records.create(Sku, values, actor=ada)


def cells(page, key):
    found = re.finditer(rf'<a [^>]*data-pk="{key}" [^>]*name="(\w+)" data-value="([^"]*)"', page)
    return {match[1]: match[2] for match in found}


def test_prices_are_edited_in_major_units(sku, as_user, session):
    client, address = as_user("ada"), "/sheets/catalog/sku/"
    assert f'href="{address}"' in client.get("/catalog/sku/list/").text
    page = client.get(address)
    assert page.status_code == 200
    assert cells(page.text, sku.id)["price"] == "12.50"
    data = {"list_form_pk": sku.id, "price": "13.80", "version": str(sku.version)}
    answer = client.post(f"{address}ajax/update/", data=data)
    assert answer.status_code == 200, answer.text
    session.expire_all()
    assert sku.price == 1380
    assert answer.json["version"] == sku.version


def test_a_cell_answers_with_what_is_stored_and_the_columns_beside_it_with_what_follows_from_it(sku, as_user, session):
    client, address = as_user("ada"), "/sheets/catalog/sku/"
    page = client.get(address).text
    answer = client.post(f"{address}ajax/update/", data={"list_form_pk": sku.id, "price": " 1,234 ", "version": str(sku.version)}).json
    assert answer["values"]["price"] == "1234.00"
    heads = [str(at) for at, cell in enumerate(re.findall(r"<td data-label.*?</td>", page.partition("<tbody")[2], re.S)) if "data-pk" not in cell]
    assert sorted(answer["texts"]) == sorted(heads) and "SCARF-1" in answer["texts"].values()
    assert cells(client.get(address).text, sku.id) == answer["values"], "the same as after a reload"


def test_whoever_may_not_see_the_cost_has_no_column_for_it(sku, as_user):
    page = as_user("ben").get("/sheets/catalog/sku/").text
    assert "SCARF-1" in page
    assert "7.00" not in page
    assert "<a data" not in page
    assert "Write into a cell" in as_user("ada").get("/sheets/catalog/sku/").text and "Write into a cell" not in page


def test_each_cell_of_a_sheet_says_its_column_where_a_row_is_a_card(sku, as_user):
    page = as_user("ada").get("/sheets/catalog/sku/").text
    heads = re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?([^<]+)', page)
    row = re.search(r'<tr><td data-label.*?</tr>', page, re.S).group(0)
    assert re.findall(r'<td data-label="([^"]+)"', row) == heads
    assert '<span class="lead">SCARF-1</span>' in row


def test_warning_lines_are_edited_beside_the_stock(sku, as_user, session):
    goods.fill([sku], 10, goods.make_warehouse(is_default=True))
    level = session.query(StockLevel).filter_by(sku_id=sku.id).one()
    client, address = as_user("ada"), "/sheets/inventory/stocklevel/"
    assert "SCARF-1" in client.get(address).text
    data = {"list_form_pk": level.id, "threshold": "5", "version": str(level.version)}
    assert client.post(f"{address}ajax/update/", data=data).status_code == 200
    session.expire_all()
    assert level.threshold == 5


def test_a_sheet_is_read_page_by_page_behind_a_key_and_searched_through_the_index(sku, as_user, session, ada, count_queries):
    for number in range(2, 62):
        values = {"product_id": sku.product_id, "code": f"SCARF-{number:03}", "price": 100, "currency": "CNY", "option1": str(number)}
        session.add(Sku(**values))
    session.commit()
    client, address = as_user("ada"), "/sheets/catalog/sku/"
    first = client.get(address).text
    codes = re.findall(r'<td data-label="[^"]+"><span class="lead">(SCARF-\d+)</span></td>', first)
    assert len(codes) == 50 and codes == sorted(codes) and "61 rows" in first
    following = re.search(r'href="([^"]*after=[^"]*)"[^>]*rel="next"', first)[1].replace("&amp;", "&")
    session.add(Sku(product_id=sku.product_id, code="SCARF-0005", price=100, currency="CNY", option1="x"))
    session.commit()
    rest = re.findall(r'<td data-label="[^"]+"><span class="lead">(SCARF-\d+)</span></td>', client.get(following).text)
    assert len(rest) == 11 and not set(rest) & set(codes), "who adds a row moves nobody's page"
    found = client.get(f"{address}?search=CARF-061").text
    assert re.findall(r'<td data-label="[^"]+"><span class="lead">(SCARF-\d+)</span></td>', found) == ["SCARF-061"]
    assert client.get(f"{address}?page=3").status_code == 400
    assert "x=1" not in client.get(f"{address}?search=nothing").text


def test_a_stale_cell_says_what_stands_there_now_and_the_next_attempt_writes_over_it(sku, as_user, session, ada):
    client, address = as_user("ada"), "/sheets/catalog/sku/ajax/update/"
    seen = sku.version
    records.update(sku, {"price": 999, "barcode": "123"}, actor=ada)
    session.commit()
    data = {"list_form_pk": sku.id, "price": "13.80", "version": str(seen)}
    stale = client.post(address, data=data)
    assert stale.status_code == 409
    assert "9.99" in stale.json["message"] and stale.json["values"]["barcode"] == "123" and stale.json["values"]["price"] == "9.99"
    assert client.post(address, data={**data, "version": str(stale.json["version"])}).status_code == 200
    session.expire_all()
    assert (sku.price, sku.barcode) == (1380, "123")


def test_a_barcode_is_what_a_scanner_reads_in_a_cell_a_form_a_program_and_a_file(sku, as_user, session):
    client, address = as_user("ada"), "/sheets/catalog/sku/ajax/update/"

    def typed(code):
        session.refresh(sku)
        return client.post(address, data={"list_form_pk": sku.id, "barcode": code, "version": str(sku.version)})

    for code, words in (("4006381333932", "its last digit would be 1"), ("条码一", "letters, digits"), ("40 06", "without blanks")):
        assert (typed(code).status_code, words in typed(code).text) == (422, True), code
    for code in ("4006381333931", "036000291452", "96385074", "2012345678900", "OWN-77/b", "12345"):
        assert typed(code).status_code == 200, code
    one = f"/api/v1/catalog/sku/{sku.id}"
    tag = client.get(one).headers["ETag"]
    program = client.put(one, json={"barcode": "036000291453"}, headers={"If-Match": tag})
    assert program.status_code == 422 and "would be 2" in program.text
    assert refused(bring(shopify(shirt(Variant_Barcode="4006381333932"))))[0].count("would be 1") == 1
    session.execute(sa.update(Sku).where(Sku.id == sku.id).values(barcode="4006381333939"))
    session.commit()
    old = records.parse(Sku, {"barcode": "4006381333939", "price": "12"}, row=session.get(Sku, sku.id), partial=True)
    assert old == {"price": 1200}, "what is older than the rule holds nobody up"


def test_a_stale_cell_tells_nothing_of_columns_that_its_writer_does_not_see(sku, as_user, session, ada):
    from tests.shop.customers.people import person

    person("stella", "operations")
    seen = sku.version
    records.update(sku, {"price": 999, "cost": 4321}, actor=ada)
    session.commit()
    data = {"list_form_pk": sku.id, "barcode": "77", "version": str(seen)}
    answer = as_user("stella").post("/sheets/catalog/sku/ajax/update/", data=data)
    assert answer.status_code == 409 and "43.21" not in answer.text and "cost" not in answer.json["values"]
