"""Real exports of live shops, where they are at hand: nothing lost, every sum right to the cent, twice is once."""

import pytest

from tests.shop import proof

pytestmark = pytest.mark.slow
DATA = proof.folder()


@pytest.mark.skipif(DATA is None, reason="no real files here: set ZHANGGUI_DATA")
@pytest.mark.parametrize("path", proof.files(DATA) if DATA else [], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_real_file_is_imported_to_the_last_row_and_cent(session, path):
    line = proof.prove(path)
    assert not line.wrong
    assert not line.counts["refused"]


@pytest.mark.skipif(DATA is None, reason="no real files here: set ZHANGGUI_DATA")
def test_an_export_inside_of_a_larger_one_changes_nothing(session):
    from tests.shop.bringing import bring, counts

    small = (DATA / "shopify-orders" / "orders_export_4.csv").read_bytes()
    bring((DATA / "shopify-orders" / "orders_export_9.csv").read_bytes())
    assert counts(bring(small)) == {"new": 0, "changed": 0, "same": 10, "refused": 0}


@pytest.mark.skipif(DATA is None, reason="no real files here: set ZHANGGUI_DATA")
@pytest.mark.parametrize(("name", "encoding"), [("30.09.25.ventas.csv", "cp1252"), ("06.10.25.ventas.csv", "utf-8")])
def test_an_unknown_platform_comes_in_by_a_mapping(session, name, encoding):
    """Tiendanube: semicolons, Latin-1 or accents already lost, several rows an order."""
    from app.panel.bulk import drafts, store
    from app.shop.customers.models import Customer
    from tests.shop.bringing import bring, counts

    path = DATA / "tiendanube-orders" / name
    with path.open("rb") as file:
        look = drafts.look_inside(store.keep(file, name).key, {})
    assert (look.meta["encoding"], look.meta["delimiter"]) == (encoding, ";")
    assert "Nombre del comprador" in look.meta["headings"]
    mapping = {"columns": {"Nombre del comprador": "name", "Fecha": "first_seen_at"}, "key": ["name"]}
    options = {"dates": "dmy", "zone": "America/Argentina/Buenos_Aires"}
    before = session.query(Customer).count()
    run = bring(path.read_bytes(), "table:customers.Customer", mapping=mapping, options=options)
    found = counts(run)
    assert run.rows == sum(found.values())
    assert session.query(Customer).count() == before + found["new"] > before
    assert counts(bring(path.read_bytes(), "table:customers.Customer", mapping=mapping, options=options))["new"] == 0
