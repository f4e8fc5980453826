"""What is deleted can come back whole: also the rows that only the database takes along."""

import pytest

from app.panel.core import records, trash
from app.panel.core.actor import SYSTEM
from app.panel.core.db import PanelModel, db
from app.panel.core.transaction import transactional

# keys whose rows go for good with what they point at; each was thought about
REVIEWED = {"customers_customer_identity.channel_id"}


def test_every_row_that_the_database_takes_along_is_kept_or_was_thought_about(app):
    panel = {mapper.local_table for mapper in PanelModel.registry.mappers if issubclass(mapper.class_, PanelModel)}
    cascades = {
        str(key.parent)
        for table in db.metadata.sorted_tables
        for key in table.foreign_keys
        if key.ondelete == "CASCADE" and key.column.table in panel
    }
    kept = {str(key.parent) for table in panel for key in trash.taken_along(table)}
    assert len(kept) > 30
    assert cascades - kept == REVIEWED == set(trash.NOT_KEPT)
    assert all(trash.NOT_KEPT.values())


@pytest.fixture
def channel(session):
    from app.shop.setup.models import Channel, Shop

    shop = session.query(Shop).filter_by(code="A").one()
    return records.create(Channel, {"shop_id": shop.id, "name": "Market stall", "kind": "counter"}, actor=SYSTEM)


def test_who_worked_for_a_channel_does_so_again_when_it_is_restored(session, channel, ben):
    from app.shop.setup.models import StaffAssignment

    values = {"user_id": ben.id, "shop_id": channel.shop_id, "channel_id": channel.id}
    key = records.create(StaffAssignment, values, actor=SYSTEM).id
    entry = transactional(trash.put)(channel, actor=SYSTEM)
    session.expire_all()
    assert session.get(StaffAssignment, key) is None
    trash.restore(entry.id, actor=SYSTEM)
    assert session.get(StaffAssignment, key).user_id == ben.id


def test_a_row_comes_back_with_what_hangs_on_its_children(session):
    """Nobody inserts a price before the SKU that it is the price of."""
    from app.shop.catalog.models import ChannelPrice, Listing, Product, Sku
    from app.shop.setup.models import Channel

    stall = session.query(Channel).first()
    product = records.create(Product, {"title": "Scarf"}, actor=SYSTEM)
    sku = records.create(Sku, {"product_id": product.id, "code": "S-1", "price": 100, "currency": "CNY"}, actor=SYSTEM)

    @transactional
    def list_it():
        price = ChannelPrice(sku_id=sku.id, channel_id=stall.id, price=90, currency="CNY")
        session.add_all([price, Listing(product_id=product.id, channel_id=stall.id)])
        session.flush()
        return price.id

    price, number = list_it(), product.id
    entry = transactional(trash.put)(product, actor=SYSTEM)
    places = [table for table, _values in entry.rows]
    assert places.index("catalog_sku") < places.index("catalog_channel_price")
    session.expire_all()
    assert session.get(ChannelPrice, price) is None
    trash.restore(entry.id, actor=SYSTEM)
    assert session.get(ChannelPrice, price).price == 90
    assert len(session.get(Product, number).listings) == 1


@pytest.fixture
def thrown_away(session, channel, ada):
    from app.panel.core import remarks

    remarks.add(channel, "Keys are with the guard", [], actor=ada)
    entry = transactional(trash.put)(channel, actor=ada)
    session.commit()
    return entry.id, channel.id


def test_for_ever_is_asked_twice_and_written_down(session, as_user, ada, thrown_away):
    from app.panel.core import history, remarks

    entry, key = thrown_away
    client, url = as_user("ada"), f"/trash/{entry}/purge"
    assert url in client.get("/setup/channel/trash/").text
    assert "Market stall" in client.get(url).text
    refused = client.post(url, data={"is_sure": ""})
    assert refused.status_code == 422
    assert '<a href="#is_sure">I know that nobody can bring this back</a>: Please confirm.' in refused.text, "a lazy sentence is one too"
    assert session.get(trash.TrashEntry, entry) is not None
    session.commit()
    assert client.post(url, data={"is_sure": "1"}).status_code == 302
    session.expire_all()
    assert session.get(trash.TrashEntry, entry) is None
    line = session.query(history.HistoryEntry).filter_by(table="setup_channel", key=key).order_by(history.HistoryEntry.id.desc()).first()
    assert (line.verb, line.actor_name) == ("purged", "ada")
    assert session.query(remarks.Remark).filter_by(table="setup_channel", key=key).count() == 0, "what stood on it goes too"
    assert client.get(url).status_code == 404


def test_nobody_deletes_for_ever_without_the_right_to(session, as_user, ben, thrown_away):
    from app.panel.core.errors import Forbidden

    entry, _key = thrown_away
    assert as_user("ben").get(f"/trash/{entry}/purge").status_code == 403
    assert as_user("ben").post(f"/trash/{entry}/purge", data={"is_sure": "1"}).status_code == 403
    with pytest.raises(Forbidden):
        trash.purge(entry, actor=ben)
    assert session.get(trash.TrashEntry, entry) is not None


def test_the_trash_is_emptied_by_the_rule_of_the_settings(session, as_user, clock, ada, thrown_away):
    from app.panel.core import settings

    entry, _key = thrown_away
    settings.store({trash.DAYS: 30}, actor=ada)
    session.commit()
    page = as_user("ada").get("/setup/channel/trash/").text
    assert "for 30 days" in page and "Change how long" in page
    clock.advance(days=29)
    assert trash.sweep() == 0
    clock.advance(days=2)
    assert trash.sweep() == 1
    session.expire_all()
    assert session.get(trash.TrashEntry, entry) is None
