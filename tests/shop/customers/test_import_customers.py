"""Shopify's customer export."""

from app.shop.customers.models import Customer
from tests.shop.bringing import bring, counts, headings, reasons, sheet_of, take_back

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
