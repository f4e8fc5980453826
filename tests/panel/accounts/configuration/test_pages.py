"""The page of changes, the question on every page, publications, and the file."""

from __future__ import annotations

import io
import re

import pytest

from app.panel.accounts.configuration import publishing, store
from app.panel.accounts.models import Publication
from app.panel.accounts.pages.changes import grouped
from app.panel.accounts.rights import rolebook

BASE, ORDER = "/accounts/configuration/", "orders.Order"


@pytest.fixture(autouse=True)
def fresh(session):
    yield
    store.forget()


def less(configuration):
    configuration["roles"]["support"]["rights"][ORDER].remove("ship")


@pytest.fixture
def drafted(session, ada):
    return store.edit(less, actor=ada)


@pytest.fixture
def published(drafted, ada):
    return publishing.publish(note="Nobody ships", actor=ada)


def test_the_page_tells_what_would_be_published(drafted, as_user):
    page = as_user("ada").get(BASE).text
    assert "Orders: may no longer “Ship”." in page and "Support" in page and "Changed last by Ada" in page


def test_without_a_draft_the_page_says_so(session, as_user):
    page = as_user("ada").get(BASE).text
    assert "No changes wait." in page and "As delivered" in page


def test_publishing_asks_on_every_page_of_the_publisher_until_he_answers(drafted, session, as_user):
    client = as_user("ada")
    assert client.post(f"{BASE}publish", data={"note": "Nobody ships", "version": drafted.version}).status_code == 302
    for path in (BASE, "/orders/order/list/", "/home/"):
        assert "Keep these changes?" in client.get(path).text
    assert "Keep these changes?" not in as_user("ben").get("/home/").text
    made = session.query(Publication).order_by(Publication.id.desc()).first()
    answer = client.post(f"{BASE}{made.id}/confirm", data={"next": "/orders/order/list/"})
    assert answer.headers["Location"] == "/orders/order/list/"
    assert "Keep these changes?" not in client.get(BASE).text
    assert client.get(BASE).text.count("In force") == 1


def test_whoever_asks_a_second_step_of_himself_still_answers_whether_it_stays(session, ada, as_user):
    def demand(document):
        document["roles"].setdefault("administrator", {})["two_step"] = True

    client = as_user("ada")
    client.post(f"{BASE}publish", data={"note": "A second step for us", "version": store.edit(demand, actor=ada).version})
    made = session.query(Publication).order_by(Publication.id.desc()).first()
    assert client.get("/orders/order/list/").headers["Location"] == "/account/security/"
    assert client.post(f"{BASE}{made.id}/confirm").headers["Location"] != "/account/security/"
    session.refresh(made)
    assert made.confirmed_at is not None
    assert client.post(f"{BASE}{made.id}/rollback").headers["Location"] == "/account/security/", "there is no question any more"


def test_without_an_answer_everything_is_as_before(published, as_user, clock):
    clock.advance(seconds=61)
    client = as_user("ada")
    page = client.get(BASE).text
    assert "Keep these changes?" not in page and "Not confirmed in time" in page
    assert "Orders: may no longer “Ship”." in page  # the draft is there to be mended
    assert "ship" in store.published()["roles"]["support"]["rights"][ORDER]


def test_what_nobody_confirmed_is_told_and_its_note_is_kept(published, as_user, clock):
    clock.advance(seconds=61)
    page = as_user("ada").get(BASE).text
    assert f"Publication {published.id} was not confirmed in time" in page
    assert ">Nobody ships</textarea>" in page


def test_a_new_role_is_told_in_a_sentence_a_thing_and_not_a_right(session, ada, as_user):
    rolebook.make(actor=ada, names={"en": "Intern"}, descriptions={}, template="operations")
    intern = next(group for group in grouped(store.published(), store.draft().document) if group["label"] == "Intern")
    parts = {str(part["label"]): part for part in intern["parts"]}
    rights = [line for line in parts["Rights"]["sentences"] if line.startswith("Orders: ")]
    assert len(rights) == 1 and "Read" in rights[0] and "Ship" in rights[0]
    assert parts["Role"]["sentences"] == ["A new role."] and parts["Rights"]["is_long"]
    assert "<details" in as_user("ada").get(BASE).text


def test_the_trail_tells_of_publications_and_drafts_in_words(published, as_user, session, clock):
    clock.advance(seconds=61)
    client = as_user("ada")
    client.get(BASE)
    page = client.get("/accounts/audit/", query_string={"table": "accounts_publication"}).text
    assert "Orders: may no longer “Ship”." in page and f'href="{BASE}{published.id}/"' in page
    assert "Not confirmed in time" in page and "not confirmed in time" not in page and "[&#39;" not in page
    page = client.get("/accounts/audit/", query_string={"table": "accounts_draft"}).text
    assert "object at" not in page and "Draft" in page


def test_the_publisher_takes_it_back_by_a_button(published, as_user):
    client = as_user("ada")
    assert client.post(f"{BASE}{published.id}/rollback").status_code == 302
    assert "Taken back by hand" in client.get(BASE).text


def test_a_publication_shows_what_it_changed_and_leads_back(published, as_user, ada, session):
    publishing.confirm(published.id, actor=ada)
    client, first = as_user("ada"), published.based_on_id
    assert "Orders: may no longer “Ship”." in client.get(f"{BASE}{published.id}/").text
    page = client.get(f"{BASE}{first}/").text
    assert "Orders: may now “Ship”." in page and "Go back to this" in page
    assert client.post(f"{BASE}{first}/restore").status_code == 302
    assert "Keep these changes?" in client.get(BASE).text
    assert client.get(f"{BASE}999999/").status_code == 404


def test_a_draft_that_was_changed_since_is_not_published(drafted, as_user, ada):
    store.edit(lambda c: c["roles"]["support"]["rights"][ORDER].remove("pay"), actor=ada)
    answer = as_user("ada").post(f"{BASE}publish", data={"note": "x", "version": drafted.version})
    assert answer.status_code == 409 and store.draft().begun


def test_a_publication_without_a_note_keeps_the_page(drafted, as_user):
    answer = as_user("ada").post(f"{BASE}publish", data={"note": " ", "version": drafted.version})
    assert answer.status_code == 422 and "Say in a sentence" in answer.text


def test_a_draft_is_thrown_away(drafted, as_user):
    assert as_user("ada").post(f"{BASE}discard").status_code == 302
    assert not store.draft().begun


def test_a_file_goes_out_and_comes_back_as_the_draft(drafted, as_user, ada):
    client = as_user("ada")
    text = client.get(f"{BASE}file?which=draft").text
    assert publishing.from_yaml(text) == drafted.document
    assert publishing.from_yaml(client.get(f"{BASE}file").text) == store.published()
    store.discard(actor=ada)
    answer = client.post(f"{BASE}file", data={"file": (io.BytesIO(text.encode()), "mine.yaml")})
    assert answer.status_code == 302 and store.draft().document == drafted.document


@pytest.mark.parametrize("data", [b"\xff\xfe", b"format: 1\nroles: {x: 7}", b"[", b""])
def test_a_file_that_is_none_is_told_so(session, as_user, data):
    answer = as_user("ada").post(f"{BASE}file", data={"file": (io.BytesIO(data), "x.yaml")})
    assert answer.status_code == 422 and not store.draft().begun


def test_the_command_exports_imports_and_publishes(app, session, ada, tmp_path):
    run = app.test_cli_runner().invoke
    target = tmp_path / "configuration.yaml"
    assert run(args=["config", "export", str(target)]).exit_code == 0
    text = target.read_text()
    target.write_text(re.sub(r"(?m)^(    two_step: )false", r"\1true", text, count=1))
    said = run(args=["config", "import", str(target), "--dry-run"])
    assert said.exit_code == 0 and "second step" in said.output and not store.draft().begun
    said = run(args=["config", "import", str(target)])
    assert said.exit_code == 0 and "draft" in said.output and store.draft().begun
    store.discard(actor=ada)
    said = run(args=["config", "import", str(target), "--publish", "--note", "From a file"])
    assert said.exit_code == 0, said.output
    store.forget()
    latest = session.query(Publication).order_by(Publication.id.desc()).first()
    assert latest.note == "From a file" and latest.confirmed_at is not None
    target.write_text("format: 7")
    assert run(args=["config", "import", str(target)]).exit_code == 1
