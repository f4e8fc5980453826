"""Many customers at once: tags, one card out of several, and mails to those who agreed to them."""

from urllib.parse import urlsplit

import pytest

from app.panel.core import mail
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import InvalidInput
from app.panel.core.outbox import OutboxRow
from app.panel.core.transaction import transactional
from app.shop.customers import services
from app.shop.customers.models import Consent, Customer, CustomerTag
from app.shop.customers.operations import MessageCustomers
from app.shop.customers.states import Purpose
from tests.shop.bringing import counts, operate, refused, take_back
from tests.shop.customers.people import customer


@pytest.fixture
def people(session):
    """Three customers with mail addresses, of whom the second wants no mail; the fourth belongs to another shop."""
    found = [customer(f"Li {n}", f"1380013800{n}", email=f"li{n}@example.org") for n in range(3)]
    found.append(customer("Wang", "13900139000", shop_code="B", email="wang@example.org"))
    for one in (found[0], found[2]):
        services.record_consent(one, Purpose.EMAIL, True, source="counter", actor=SYSTEM)
    session.commit()
    return [one.id for one in found]


@pytest.fixture
def tags(session):
    @transactional
    def make():
        made = [CustomerTag(name=name) for name in ("regular", "wholesale")]
        session.add_all(made)
        session.flush()
        return [tag.id for tag in made]

    return make()


def names(session, key):
    session.expire_all()
    return sorted(tag.name for tag in session.get(Customer, key).tags)


def test_tags_go_on_and_off_and_an_undo_touches_only_what_the_run_did(session, people, tags):
    first = operate("customers.tags", people[:1], add=tags[:1], remove=[])
    both = operate("customers.tags", people[:2], add=tags, remove=[])
    assert (names(session, people[0]), names(session, people[1])) == (["regular", "wholesale"],) * 2
    take_back(both)
    assert (names(session, people[0]), names(session, people[1])) == (["regular"], [])
    assert counts(operate("customers.tags", people[:1], add=tags[:1], remove=[]))["same"] == 1
    take_back(first)
    assert names(session, people[0]) == []


def test_several_cards_become_one_and_part_again(session, people, tags):
    kept = people[0]
    run = operate("customers.merge", people, kept=kept)
    assert counts(run) == {"new": 0, "changed": 2, "same": 1, "refused": 1}
    assert refused(run) == ["Customers of two shops stay apart."]
    assert [row.id for row in session.query(Customer).order_by(Customer.id)] == [kept, people[3]]
    back = take_back(run)
    assert counts(back)["changed"] == 2
    assert sorted(row.id for row in session.query(Customer)) == people


def test_the_undo_of_a_merge_names_nobody_as_changed_since(session, people, as_user):
    run = operate("customers.merge", people[:2], kept=people[0], actor=SYSTEM)
    page = as_user("ada").get(f"/bulk/operation/{run.id}/undo").text
    assert "It was deleted since." not in page


def test_a_message_goes_to_those_who_agreed_and_to_each_once(app, session, people, monkeypatch):
    monkeypatch.setitem(app.extensions, "mailbox", [])
    with app.test_request_context():
        form = MessageCustomers.form(data={"subject": "New tea", "body": "Dear {name}, come and try."}, meta={"csrf": False})
        values = MessageCustomers().clean(form, actor=SYSTEM)
    run = operate("customers.message", people, **values)
    assert (run.findings["messages"], run.params["undo"]) == (2, False)
    assert counts(run)["changed"] == 2 and refused(run) == ["Has not agreed to get newsletters."] * 2
    sent = [row.payload for row in session.query(OutboxRow).filter_by(kind="mail").order_by(OutboxRow.id)]
    assert [(one["to"], one["body"].partition("\n")[0]) for one in sent] == [
        ("li0@example.org", "Dear Li 0, come and try."), ("li2@example.org", "Dear Li 2, come and try."),
    ]


def test_the_link_in_a_mail_ends_them_without_a_log_in_and_the_next_message_honours_it(app, session, people, monkeypatch):
    monkeypatch.setitem(app.extensions, "mailbox", letters := [])
    values = {"subject": "New tea", "body": "Dear {name}, come and try."}
    operate("customers.message", people, **values)
    for row in session.query(OutboxRow).filter_by(kind="mail").order_by(OutboxRow.id):
        mail.send(row.payload)
    url = letters[0]["List-Unsubscribe"].strip("<>")
    assert letters[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" and url in letters[0].get_content()
    assert url != letters[1]["List-Unsubscribe"].strip("<>"), "each customer has his own"
    path, session_before = urlsplit(url).path, session.query(Consent).count()
    session.rollback()
    anybody = app.test_client()
    assert "li0@example.org" not in anybody.get(path).text and session.query(Consent).count() == session_before
    session.rollback()
    for _click in range(2):
        assert anybody.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert anybody.post(f"{path}x").status_code == anybody.post("/customers/stop/x").status_code == 404
    session.expire_all()
    assert session.query(Consent).count() == session_before + 1, "said twice, written once"
    assert session.query(Customer).filter_by(email="li0@example.org").one().accepts_email is False
    run = operate("customers.message", people, **values)
    assert counts(run)["changed"] == 1 and len(refused(run)) == 3


def test_the_link_of_a_card_that_was_merged_ends_the_mails_of_the_one_that_stayed(app, session, people):
    gone = urlsplit(services.stop_url(session.get(Customer, people[0]))).path
    operate("customers.merge", [people[0], people[2]], kept=people[2])
    session.rollback()
    assert app.test_client().post(gone).status_code == 200
    session.expire_all()
    assert session.get(Customer, people[2]).accepts_email is False


def test_without_a_mail_server_nothing_is_promised(app, people):
    with app.test_request_context(), pytest.raises(InvalidInput):
        form = MessageCustomers.form(data={"subject": "x", "body": "y"}, meta={"csrf": False})
        MessageCustomers().clean(form, actor=SYSTEM)


def test_the_list_offers_them_and_the_form_of_tags_is_filled_in(people, tags, as_user):
    client = as_user("ada")
    page = client.get("/customers/customer/list/").text
    assert all(f'value="customers.{name}"' in page for name in ("tags", "merge", "message"))
    data = {"action": "customers.tags", "rowid": people[:2], "_go": "1", "add": str(tags[0]), "remove": ""}
    answer = client.post("/bulk/operation/new", data=data)
    assert answer.status_code == 302 and "+regular" in client.get(answer.location).text
