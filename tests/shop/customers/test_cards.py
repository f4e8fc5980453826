import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email

from app.panel.core import records
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden, InvalidInput, NotFound
from app.panel.core.history import HistoryEntry
from app.shop.customers import checks, services
from app.shop.customers.models import Customer, CustomerIdentity, CustomerTag
from app.shop.customers.states import CustomerState, Purpose
from tests.shop.customers.people import channel, customer, shop


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("13800138000", "+8613800138000"), ("138 0013 8000", "+8613800138000"), ("+86 138-0013-8000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"), ("+65 9123 4567", "+6591234567"), ("010-65391234", "+861065391234"),
    ],
)  # fmt: skip
def test_a_phone_is_stored_in_one_form(session, ada, written, stored):
    made = records.create(Customer, {"name": "Li", "phone": written, "shop_id": shop().id}, actor=ada)
    assert made.phone == stored


@pytest.mark.parametrize("written", ["13800138000", "17012345678", "17911234567", "19912345678", "1791123456"])
def test_the_short_way_to_a_mobile_number_leads_where_the_library_leads(written):
    number = phonenumbers.parse(written, "CN")
    assert checks.phone(written, "CN") == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize("domain", ["example.org", "QQ.com", "邮箱.中国", "b--c.de", "localhost", "x.test", "a_b.com", ""])
@pytest.mark.parametrize("mailbox", ["li", "Li.Wei+shop", ".li", "li..wei", "a" * 65, "李", "li wei", ""])
def test_the_short_way_to_an_e_mail_leads_where_the_library_leads(app, mailbox, domain):
    written = f"{mailbox}@{domain}"
    try:
        wanted = validate_email(written, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        with app.app_context(), pytest.raises(ValueError, match="no e-mail address"):
            checks.email(written)
    else:
        assert checks.email(written) == wanted


@pytest.mark.parametrize("written", ["12", "not a number", "+86 1"])
def test_a_phone_that_cannot_exist_is_refused_on_a_form(session, ada, written):
    with pytest.raises(InvalidInput) as error:
        records.create(Customer, {"name": "Li", "phone": written}, actor=ada)
    assert "phone" in error.value.errors


def test_the_country_of_numbers_is_a_setting(session, ada):
    from app.panel.core.settings import change

    change({"customers.region": "SG"}, actor=ada)
    made = records.create(Customer, {"name": "Tan", "phone": "9123 4567", "shop_id": shop().id}, actor=ada)
    assert made.phone == "+6591234567"


def test_a_second_card_with_the_same_phone_is_refused_with_the_first_ones_name(session, ada):
    customer("Li Na")
    with pytest.raises(InvalidInput, match="Li Na"):
        records.create(Customer, {"name": "Li", "phone": "13800138000", "shop_id": shop().id}, actor=ada)
    assert customer("Li in B", shop_code="B").phone == "+8613800138000"


def test_a_new_number_takes_the_place_of_the_old_one(session, ada):
    li = customer()
    records.update(li, {"phone": "13900139000"}, actor=ada)
    assert services.find(shop_id=shop().id, phone="13900139000") is li
    assert services.find(shop_id=shop().id, phone="13800138000") is None
    assert customer("Somebody else").id != li.id  # the old number is free again


def test_whoever_buys_again_is_recognised_and_completed(session):
    first = services.remember(
        name="Li Na", shop_id=shop().id, phone="13800138000", channel_id=channel().id, external_id="U-1", actor=SYSTEM
    )
    by_number = services.remember(
        name="L.", shop_id=shop().id, email="li@Example.org", channel_id=channel().id, external_id="U-1", actor=SYSTEM
    )
    by_mail = services.remember(name="?", shop_id=shop().id, email="LI@example.org", actor=SYSTEM)
    assert first.id == by_number.id == by_mail.id
    assert (first.name, first.phone, first.email) == ("Li Na", "+8613800138000", "li@example.org")
    assert session.query(CustomerIdentity).filter_by(customer_id=first.id).count() == 3
    assert services.remember(name="Other", shop_id=shop("B").id, phone="13800138000", actor=SYSTEM).id != first.id


def test_a_number_of_the_past_that_nobody_can_dial_is_kept_as_it_was(session):
    made = services.remember(name="Old", shop_id=shop().id, phone="ask the neighbour", email="no mail", actor=SYSTEM)
    assert (made.phone, made.email) == ("ask the neighbour", None)


def test_tags_are_put_on_and_taken_off_a_selection(session, ada):
    tag = records.create(CustomerTag, {"name": "Regular"}, actor=ada)
    both = [customer(), customer("Wang", "13900139000")]
    assert services.set_tags(both, add=[tag.id], actor=ada) == 2
    assert services.set_tags(both, add=[tag.id], actor=ada) == 0
    assert services.set_tags(both[:1], remove=[tag.id], actor=ada) == 1
    assert [[str(t) for t in one.tags] for one in both] == [[], ["Regular"]]
    verbs = [row.verb for row in session.query(HistoryEntry).filter_by(table="customers_customer", key=both[0].id)]
    assert verbs.count("customer.tagged") == 2


def test_consent_needs_a_source_and_the_latest_word_counts(session, ada, clock):
    li = customer()
    with pytest.raises(InvalidInput):
        services.record_consent(li, Purpose.SMS, True, source=" ", actor=ada)
    clock.set("2026-11-01 10:00")
    services.record_consent(li, Purpose.SMS, True, source="web form", actor=ada)
    assert li.accepts_sms
    clock.advance(days=1)
    services.record_consent(li, Purpose.SMS, False, source="telephone", actor=ada)
    assert not li.accepts_sms
    late = clock.now()
    clock.advance(days=1)
    services.record_consent(li, Purpose.SMS, True, source="old list", at=late.replace(day=1), actor=ada)
    assert not li.accepts_sms  # what was said before the no does not outdo it
    assert len(li.consents) == 3


def test_a_decision_is_not_rewritten(session, ada):
    li = customer()
    decision = services.record_consent(li, Purpose.SMS, True, source="web form", actor=ada)
    with pytest.raises(DomainError):
        records.update(decision, {"is_granted": False}, actor=ada)


def test_blocking_says_why_and_can_be_undone(session, ada):
    li = customer()
    with pytest.raises(InvalidInput):
        services.block(li, why="", actor=ada)
    services.block(li, why="three false complaints", actor=ada)
    assert li.state is CustomerState.BLOCKED
    with pytest.raises(DomainError):
        services.block(li, why="again", actor=ada)
    services.unblock(li, why="was somebody else", actor=ada)
    assert li.state is CustomerState.ACTIVE


def test_support_writes_notes_but_neither_merges_nor_erases_nor_hands_out(session, ben):
    li, wang = customer(), customer("Wang", "13900139000")
    services.write_note(li, "likes green tea", actor=ben)
    for attempt in (
        lambda: services.merge(li, wang, actor=ben),
        lambda: services.erase_person(li, why="x", actor=ben),
        lambda: services.export_person(li, actor=ben),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_a_customer_of_another_shop_is_not_there(session, ben, cleo):
    li = customer()
    assert records.get(Customer, li.id, actor=ben) is li
    with pytest.raises(NotFound):
        records.get(Customer, li.id, actor=cleo)
    with pytest.raises(InvalidInput):
        records.update(li, {"shop_id": shop("B").id}, actor=SYSTEM)
