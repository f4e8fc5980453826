"""Who may open the import wizard, and whose imports he sees there."""

import io

import pytest

from app.panel.core import policy
from app.shop.inventory.models import Supplier
from tests import world as worlds
from tests.shop.bringing import bring, table
from tests.shop.customers.people import person

SUPPLIERS = [["Name", "Code"], ["Jingdezhen Kiln", "JDZ"]]


def test_whoever_may_import_anything_may_open_the_wizard(app):
    for role in worlds.ROLES:
        rights = policy.REGISTRY.grants.get(role, {})
        if any("import" in verbs for verbs in rights.values()):
            assert "read" in rights.get("bulk.Run", ()), role


@pytest.mark.parametrize("role", ["finance", "deputy"])
def test_he_brings_what_he_may_and_sees_only_his_own_imports(as_user, session, role):
    others = bring(SUPPLIERS, "table:inventory.Supplier", name="others.csv")
    person("paul", role)
    client = as_user("paul")
    start = client.get("/bulk/import/").get_data(as_text=True)
    assert "table:inventory.Supplier" in start and "shopify-orders" not in start and "others.csv" not in start
    data = {"file": (io.BytesIO(table([*SUPPLIERS, ["Longquan", "LQ"]])), "mine.csv"), "layout": "table:inventory.Supplier"}
    mine = client.post("/bulk/import/", data=data, content_type="multipart/form-data").location
    assert client.get(mine).status_code == 200
    page = client.get("/bulk/run/list/").get_data(as_text=True)
    assert "mine.csv" in page and "others.csv" not in page
    for url in (f"/bulk/import/{others.id}/", f"/bulk/run/show/{others.id}", f"/bulk/import/{others.id}/refused.csv"):
        assert client.get(url).status_code == 404
    assert client.post(f"/bulk/import/{others.id}/undo").status_code == 404
    refused = {"file": (io.BytesIO(table(SUPPLIERS)), "x.csv"), "layout": "shopify-orders"}
    assert client.post("/bulk/import/", data=refused, content_type="multipart/form-data").status_code == 403
    assert session.query(Supplier).filter_by(code="LQ").count() == 0
