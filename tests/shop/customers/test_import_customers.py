"""Shopify's customer export."""

from app.panel.core.actor import SYSTEM
from app.shop.customers import services
from app.shop.customers.models import Customer
from app.shop.customers.states import Purpose
from app.shop.setup.services import shops
from app.shop.setup.states import ChannelKind
from tests.shop.bringing import bring, counts, headings, reasons, sheet_of, take_back
from tests.shop.customers.people import address, customer, shop

HEADINGS = headings(
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,"
    "Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,"
    "Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags"
)
LI = {
    "Customer ID": "'7001", "First Name": "Li", "Last Name": "Wei", "Email": "Li@Example.org", "Accepts Email Marketing": "yes",
    "Default Address Address1": "1 Main St", "Default Address City": "London", "Default Address Country Code": "GB",
    "Phone": "+447911123456", "Accepts SMS Marketing": "no", "Total Spent": "10.00", "Note": "likes tea", "Tags": "vip, old",
}  # fmt: skip


def file(*rows):
    return sheet_of(HEADINGS, list(rows))


def test_people_come_with_address_note_tags_and_the_proof_of_their_consent(session):
    run = bring(file(LI))
    assert run.importer == "shopify-customers"
    li = session.query(Customer).filter_by(email="li@example.org").one()
    assert (li.name, li.phone, li.accepts_email, li.accepts_sms) == ("Li Wei", "+447911123456", True, False)
    assert [(address.city, address.street) for address in li.addresses] == [("London", "1 Main St")]
    assert [note.body for note in li.notes] == ["likes tea"]
    assert {tag.name for tag in li.tags} == {"vip", "old"}
    assert {(consent.purpose.value, consent.is_granted, consent.source) for consent in li.consents} == {
        ("email", True, "Shopify"), ("sms", False, "Shopify"),
    }  # fmt: skip


def test_the_same_file_twice_changes_nothing_and_a_changed_name_counts(session):
    bring(file(LI))
    assert counts(bring(file(LI)))["same"] == 1
    run = bring(file(LI | {"Last Name": "Wang"}))
    assert counts(run)["changed"] == 1
    take_back(run)
    session.expire_all()
    assert session.query(Customer).filter_by(email="li@example.org").one().name == "Li Wei"


def test_who_cannot_be_recognised_or_written_to_is_refused(session):
    run = bring(file(LI, {"Customer ID": "1", "First Name": "", "Email": "nobody"}, {"Customer ID": "2"}))
    assert counts(run) == {"new": 1, "changed": 0, "same": 0, "refused": 2}
    assert "e-mail" in reasons(run)[3]


def known_buyer():
    """Whom the orders brought: a name and a phone, no more; and the channel that they came through."""
    shops.open_channel(shop(), "Web", ChannelKind.SHOPIFY, actor=SYSTEM)
    return customer("Li Wei", "+447911123456")


def test_a_customer_of_earlier_orders_gets_all_that_his_row_brings(session):
    li = known_buyer()
    assert counts(bring(file(LI), check=True))["new"] == 0
    assert (li.email, li.addresses, li.consents) == (None, [], []), "a check writes nothing"
    assert counts(bring(file(LI))) == {"new": 0, "changed": 1, "same": 0, "refused": 0}
    assert [(address.city, address.street, address.is_default) for address in li.addresses] == [("London", "1 Main St", True)]
    assert [note.body for note in li.notes] == ["likes tea"]
    assert {tag.name for tag in li.tags} == {"vip", "old"}
    assert [(one.purpose.value, one.is_granted, one.source) for one in li.consents] == [("email", True, "Shopify")]
    assert (li.accepts_email, li.accepts_sms) == (True, False)
    assert {(one.kind.value, one.value) for one in li.identities} == {
        ("phone", "+447911123456"), ("email", "li@example.org"), ("external", "7001"),
    }  # fmt: skip
    assert counts(bring(file(LI)))["same"] == 1


def test_the_number_of_the_platform_leads_to_him_when_phone_and_mail_have_changed(session):
    li = known_buyer()
    bring(file(LI))
    bring(file(LI | {"Phone": "+447911999999", "Email": "new@example.org"}))
    assert (li.phone, li.email) == ("+447911999999", "new@example.org")


def test_an_unsubscribe_arrives_with_its_proof(session):
    li = known_buyer()
    for purpose in (Purpose.EMAIL, Purpose.SMS):
        services.record_consent(li, purpose, True, source="web form", actor=SYSTEM)
    bring(file(LI | {"Accepts Email Marketing": "no", "Accepts SMS Marketing": ""}))
    assert (li.accepts_email, li.accepts_sms) == (False, True), "an empty cell says neither yes nor no"
    last = max(li.consents, key=lambda one: one.id)
    assert (last.purpose, last.is_granted, last.source) == (Purpose.EMAIL, False, "Shopify")
    assert len(li.consents) == 3


def test_what_the_file_does_not_have_keeps_its_value(session):
    li = known_buyer()
    address(li, country="GB", province="LND", city="London", district="", street="1  main st", postcode="")
    services.write_note(li, "likes tea", actor=SYSTEM)
    services.record_consent(li, Purpose.EMAIL, True, source="counter", actor=SYSTEM)
    names = [name for name in HEADINGS if name not in ("Note", "Tags", "Accepts Email Marketing", "Phone")]
    bring(sheet_of(names, [LI | {"Default Address Phone": "+447911123456"}]))
    assert (li.phone, li.accepts_email, len(li.consents)) == ("+447911123456", True, 1)
    assert (len(li.addresses), len(li.notes), li.tags) == (1, 1, [])


def test_all_that_a_known_customer_got_is_taken_back(session):
    li = known_buyer()
    services.record_consent(li, Purpose.EMAIL, True, source="web form", actor=SYSTEM)
    bring(file(LI | {"Accepts Email Marketing": "", "Customer ID": "7001", "Note": "", "Tags": ""}))
    run = bring(file(LI | {
        "Accepts Email Marketing": "no", "Phone": "+447911999999", "Default Address Address1": "2 Side St", "Note": "moved",
    }))  # fmt: skip
    assert (li.phone, li.accepts_email, len(li.addresses), len(li.notes), len(li.tags)) == ("+447911999999", False, 2, 1, 2)
    back = take_back(run)
    session.expire_all()
    assert reasons(back) == {}
    assert (li.phone, li.accepts_email, len(li.addresses), li.notes, li.tags) == ("+447911123456", True, 1, [], [])
    assert [one.is_granted for one in li.consents] == [True]
    assert counts(bring(file({"First Name": "Li", "Last Name": "Wei", "Phone": "+447911123456"})))["same"] == 1


def test_two_rows_of_one_person_make_one_card(session):
    twice = LI | {"Customer ID": "", "Note": "likes coffee"}
    run = bring(file(LI, twice))
    assert counts(run) == {"new": 1, "changed": 1, "same": 0, "refused": 0}
    li = session.query(Customer).filter_by(email="li@example.org").one()
    assert {note.body for note in li.notes} == {"likes tea", "likes coffee"}
    assert len(li.addresses) == 1 and len(li.tags) == 2


def test_a_phone_of_somebody_else_is_told_by_the_check_already(session):
    known_buyer()
    customer("Wang", "+447911000000")
    bring(file(LI))
    run = bring(file(LI | {"Phone": "+447911000000"}), check=True)
    assert run.findings["refused"] == 1
    assert "Wang" in run.findings["refused_rows"][0]["reason"]


def test_many_known_customers_cost_no_query_each(session, count_queries):
    shops.open_channel(shop(), "Web", ChannelKind.SHOPIFY, actor=SYSTEM)

    def rows(first, count):
        return [
            LI | {"Customer ID": str(n), "Phone": f"+4479111{n:05d}", "Email": f"p{n}@example.org"}
            for n in range(first, first + count)
        ]  # fmt: skip

    def cost(first, count):
        bare = [{name: row[name] for name in ("First Name", "Last Name", "Phone", "Email")} for row in rows(first, count)]
        bring(file(*bare))
        with count_queries() as counted:
            assert counts(bring(file(*rows(first, count))))["changed"] == count
        return len(counted)

    assert cost(30000, 40) <= cost(10000, 10) + 5
