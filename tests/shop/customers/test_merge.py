import pytest

from app.panel.core import remarks
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.customers import services
from app.shop.customers.events import customer_merged
from app.shop.customers.models import Customer, CustomerMerge, CustomerTag
from app.shop.customers.references import links, references
from app.shop.customers.states import Purpose
from tests.shop.customers.people import address, customer, shop


@pytest.fixture
def pair(session):
    kept = customer("Li Na", email="li@example.org")
    gone = customer("Li N.", "13900139000", preferences="no onions")
    address(kept)
    address(gone, street="b")
    services.write_note(gone, "likes tea", actor=SYSTEM)
    services.record_consent(gone, Purpose.SMS, True, source="web", actor=SYSTEM)

    @transactional
    def tag():
        tags = [CustomerTag(name="one"), CustomerTag(name="two")]
        session.add_all(tags)
        kept.tags, gone.tags = tags[:1], tags
        session.flush()

    tag()
    return kept, gone


def test_the_preview_says_what_would_move_and_changes_nothing(pair, session):
    kept, gone = pair
    preview = services.merge_preview(kept, gone)
    proposed = {one.name: one.take for one in preview.differences if one.name != "first_seen_at"}
    assert proposed == {"name": False, "phone": False, "preferences": True}
    moving = dict(preview.moving)
    assert moving["customers_address"] == moving["customers_customer_note"] == 1
    assert session.query(Customer).count() == 2


def test_everything_of_the_second_card_comes_to_the_first(pair, session):
    kept, gone = pair
    services.merge(kept, gone, actor=SYSTEM)
    session.expire_all()
    assert session.query(Customer).count() == 1
    assert (kept.name, kept.phone, kept.email, kept.preferences) == ("Li Na", "+8613800138000", "li@example.org", "no onions")
    assert len(kept.addresses) == 2 and [one.is_default for one in kept.addresses].count(True) == 1
    assert [note.body for note in kept.notes] == ["likes tea"]
    assert sorted(str(tag) for tag in kept.tags) == ["one", "two"]
    assert kept.accepts_sms
    assert services.find(shop_id=shop().id, phone="13900139000") is kept


def test_no_table_that_points_at_a_customer_is_left_out(pair, session):
    """Also those of domains that did not exist when the merge was written."""
    kept, gone = pair
    gone_id = gone.id
    assert len(references()) >= 5 and len(links()) >= 1
    services.merge(kept, gone, actor=SYSTEM)
    for table, column in references():
        assert session.query(table).filter(column == gone_id).count() == 0, table.name
    for table, mine, _other in links():
        assert session.query(table).filter(mine == gone_id).count() == 0, table.name


def test_chosen_fields_come_from_the_second_card(pair, session):
    kept, gone = pair
    services.merge(kept, gone, actor=SYSTEM, take=["phone", "version", "id"])
    session.expire_all()
    assert (kept.phone, kept.preferences) == ("+8613900139000", None)


def test_other_domains_hear_of_it(pair):
    kept, gone = pair
    heard = []

    def listen(sender, gone_id, actor):
        heard.append((sender.id, gone_id))

    with customer_merged.connected_to(listen):
        gone_id = gone.id
        services.merge(kept, gone, actor=SYSTEM)
    assert heard == [(kept.id, gone_id)]


def test_a_listener_that_fails_undoes_the_merge(pair, session):
    kept, gone = pair

    def fail(sender, **_event):
        raise DomainError("points would be lost")

    gone_id = gone.id
    with customer_merged.connected_to(fail), pytest.raises(DomainError):
        services.merge(kept, gone, actor=SYSTEM)
    session.expire_all()
    assert session.get(Customer, gone_id) is not None and len(kept.addresses) == 1


def test_notes_and_files_of_the_second_card_come_along_and_go_back_with_it(pair, session):
    kept, gone = pair
    remarks.add(gone, "likes yellow", [], actor=SYSTEM)
    paper = services.merge(kept, gone, actor=SYSTEM)
    session.expire_all()
    assert [str(remark) for remark in remarks.of(kept)] == ["likes yellow"]
    back = services.unmerge(paper, actor=SYSTEM)
    session.expire_all()
    assert ([len(remarks.of(card)) for card in (kept, back)]) == [0, 1]


def test_a_merge_can_be_taken_back(pair, session):
    kept, gone = pair
    gone_id = gone.id
    paper = services.merge(kept, gone, actor=SYSTEM)
    back = services.unmerge(paper, actor=SYSTEM)
    session.expire_all()
    assert (back.id, back.name, back.phone, back.preferences) == (gone_id, "Li N.", "+8613900139000", "no onions")
    assert kept.preferences is None and not kept.accepts_sms and back.accepts_sms
    assert [len(one.addresses) for one in (kept, back)] == [1, 1]
    assert all(one.is_default for card in (kept, back) for one in card.addresses)
    assert (sorted(map(str, kept.tags)), sorted(map(str, back.tags))) == (["one"], ["one", "two"])
    assert services.find(shop_id=shop().id, phone="13900139000") is back
    with pytest.raises(DomainError):
        services.unmerge(session.get(CustomerMerge, paper.id), actor=SYSTEM)


def test_what_was_changed_since_the_merge_is_not_trampled(pair, session):
    kept, gone = pair
    paper = services.merge(kept, gone, actor=SYSTEM)

    @transactional
    def change():
        kept.preferences = "now with onions"

    change()
    services.unmerge(paper, actor=SYSTEM)
    session.expire_all()
    assert kept.preferences == "now with onions"


def test_customers_of_two_shops_and_one_and_the_same_stay_apart(session):
    li = customer()
    with pytest.raises(DomainError):
        services.merge(li, customer("Li in B", shop_code="B"), actor=SYSTEM)
    with pytest.raises(DomainError):
        services.merge(li, li, actor=SYSTEM)
