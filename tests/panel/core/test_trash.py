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
