"""One person's data: handed out whole, and forgotten whole (SAFETY G46)."""

import io
import json
import zipfile

import pytest
from sqlalchemy import Text, cast, select

from app.panel.core import records
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.history import HistoryEntry
from app.shop.customers import privacy, services
from app.shop.customers.models import Customer
from app.shop.customers.services.erasing import who
from app.shop.customers.states import CustomerState, Purpose
from tests.shop.customers.people import address, channel, customer, shop

CANARIES = {
    "name": "金丝雀测试", "phone": "13812348888", "email": "canary.bird@example.org", "street": "金丝雀巷 77 号",
    "note": "canary-note-4711", "external": "canary-uid-990011", "old_name": "旧金丝雀", "preferences": "canary-likes-seeds",
}  # fmt: skip


@pytest.fixture
def canary(session):
    """A person who left something everywhere: card, addresses, notes, history, trash, a merge."""
    person = services.remember(
        name=CANARIES["old_name"], phone=CANARIES["phone"], email=CANARIES["email"], shop_id=shop().id,
        channel_id=channel().id, external_id=CANARIES["external"], actor=SYSTEM,
    )  # fmt: skip
    records.update(person, {"name": CANARIES["name"], "preferences": CANARIES["preferences"]}, actor=SYSTEM)
    lost = address(person, street=CANARIES["street"], phone=CANARIES["phone"])
    address(person, street=CANARIES["street"] + " 2")
    services.write_note(person, f"{CANARIES['note']} {CANARIES['phone']}", actor=SYSTEM)
    services.record_consent(person, Purpose.SMS, True, source="web", actor=SYSTEM)
    records.delete(lost, actor=SYSTEM)
    twin = customer(CANARIES["name"], "13812349999")
    services.merge(person, twin, actor=SYSTEM)
    return person


def found(canaries):
    """(table.column, canary) of every cell of the database in which one of them can be read, escaped or not."""
    result = []
    for table in db.metadata.sorted_tables:
        for column in table.columns:
            for text in db.session.scalars(select(cast(column, Text)).where(column.is_not(None))):
                for canary_ in canaries:
                    if canary_ in str(text) or json.dumps(canary_)[1:-1] in str(text):
                        result.append((f"{table.name}.{column.name}", canary_))
    return sorted(set(result))


def test_the_search_of_this_test_finds_a_canary_that_is_there(canary):
    places = {place for place, _value in found(CANARIES.values())}
    assert {"customers_customer.name", "core_history.changes", "core_trash.rows", "customers_customer_merge.undo"} <= places
    assert {value for _place, value in found(CANARIES.values())} == set(CANARIES.values())


def test_after_erasing_nothing_of_the_person_is_found_anywhere(canary, session):
    left = services.erase_person(canary, why="letter of 20 November", actor=SYSTEM)
    session.expire_all()
    assert left == []
    assert found([*CANARIES.values(), "13812349999"]) == []


def test_the_card_stays_as_a_pseudonym_and_takes_nothing_new(canary, session):
    services.erase_person(canary, why="letter", actor=SYSTEM)
    session.expire_all()
    assert canary.state is CustomerState.ERASED and canary.name.startswith("erased-") and canary.erased_at
    assert (canary.addresses, canary.notes, canary.identities, canary.consents) == ([], [], [], [])
    for attempt in (
        lambda: records.update(canary, {"name": "Back"}, actor=SYSTEM),
        lambda: services.record_consent(canary, Purpose.SMS, True, source="x", actor=SYSTEM),
        lambda: services.erase_person(canary, why="again", actor=SYSTEM),
    ):
        with pytest.raises(DomainError):
            attempt()
    assert services.remember(name="New", phone=CANARIES["phone"], shop_id=shop().id, actor=SYSTEM).id != canary.id


def test_the_trail_still_says_who_did_what_and_when(canary, session, ada):
    before = session.query(HistoryEntry).filter_by(table="customers_customer", key=canary.id).count()
    services.erase_person(canary, why=f"asked by {CANARIES['phone']}", actor=ada)
    trail = session.query(HistoryEntry).filter_by(table="customers_customer", key=canary.id).all()
    assert len(trail) == before + 1 and all(entry.changes in ({}, None) for entry in trail)
    assert (trail[-1].verb, trail[-1].actor_name) == ("customer.erased", "ada")
    assert CANARIES["phone"] not in trail[-1].why


def test_erasing_leaves_namesakes_alone(canary, session):
    namesake = customer(CANARIES["name"], "13700001111")
    services.erase_person(canary, why="letter", actor=SYSTEM)
    session.expire_all()
    assert (namesake.name, namesake.phone) == (CANARIES["name"], "+8613700001111")
    trail = session.query(HistoryEntry).filter_by(table="customers_customer", key=namesake.id).first()
    assert trail.changes["name"] == [None, CANARIES["name"]]


def test_erasing_needs_a_reason(canary):
    with pytest.raises(InvalidInput):
        services.erase_person(canary, why="  ", actor=SYSTEM)


def test_other_domains_hand_out_and_forget_through_the_hook(canary, monkeypatch):
    seen = []
    monkeypatch.setattr(privacy, "CONTRIBUTIONS", dict(privacy.CONTRIBUTIONS))
    monkeypatch.setattr("app.shop.customers.services.exporting.CONTRIBUTIONS", privacy.CONTRIBUTIONS)
    monkeypatch.setattr("app.shop.customers.services.erasing.CONTRIBUTIONS", privacy.CONTRIBUTIONS)
    privacy.contribute("letters", export=lambda key: [{"to": key}], erase=seen.append)
    assert services.export_person(canary, actor=SYSTEM)["letters"] == [{"to": canary.id}]
    services.erase_person(canary, why="letter", actor=SYSTEM)
    (person,) = seen
    assert person.customer_id == canary.id and person.pseudonym == canary.name
    assert {"+8613812348888", "13812348888"} <= person.phones
    assert {CANARIES["name"], CANARIES["old_name"]} <= person.names


def test_what_is_handed_out_is_complete_and_audited(canary, session, ada):
    with zipfile.ZipFile(io.BytesIO(services.export_zip(canary, actor=ada))) as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist())
        assert "customer.json" in archive.namelist()
    for name, value in CANARIES.items():
        assert value in text, name
    last = session.query(HistoryEntry).order_by(HistoryEntry.id.desc()).first()
    assert (last.verb, last.actor_name) == ("customer.exported", "ada")


def test_every_spelling_of_a_number_is_known(session):
    person = who(customer(phone="13812348888"))
    assert {"+8613812348888", "8613812348888", "13812348888", "+86 138 1234 8888"} <= person.phones


def test_a_customer_in_the_trash_is_not_restored_after_erasing(canary, session):
    from app.panel.core.trash import TrashEntry

    assert session.query(TrashEntry).filter_by(table="customers_address").count() == 1
    services.erase_person(canary, why="letter", actor=SYSTEM)
    assert session.query(TrashEntry).filter_by(table="customers_address").count() == 0
    assert session.query(Customer).filter_by(id=canary.id).count() == 1
