"""By which way a notice reaches whom, and when (ORD-05)."""

import re

import pytest

from app.panel.accounts.models import Profile
from app.panel.core import notices
from app.panel.core.errors import InvalidInput
from app.panel.core.notices import BELL, GENERAL, Notice
from app.panel.notices import carriers, services
from app.panel.notices.models import NoticeDelivery
from app.shop.setup.models import Channel

MAIL, KIND = "mail", "setup.expiring"


@pytest.fixture
def mailbox(app):
    app.extensions["mailbox"] = []
    yield app.extensions["mailbox"]
    del app.extensions["mailbox"]


def wants(person, mode, kind=KIND, way=MAIL, **hours):
    services.choose(person.id, {(kind, way): mode}, **hours)


def tell(*people, title="Something happened", kind=KIND, **more):
    notices.send([person.id for person in people], title, "in detail", "/home/", kind=kind, **more)


def test_without_a_choice_there_is_only_the_bell(ada, mailbox):
    tell(ada)
    assert notices.unread(ada.id) == 1 and mailbox == []


def test_whoever_chose_mail_gets_it_at_once_with_a_way_out(ada, ben, mailbox):
    wants(ada, "now")
    tell(ada, ben)
    (letter,) = mailbox
    text = letter.get_content()
    assert letter["To"] == "ada@example.org" and "Something happened" in letter["Subject"]
    assert "http://localhost/home/" in text and "/notices/stop/" in letter["List-Unsubscribe"]
    assert "A platform account runs out" in text


def test_one_kind_is_no_other(ada, mailbox):
    wants(ada, "now")
    tell(ada, kind=GENERAL)
    assert mailbox == []


def test_each_reader_gets_mail_in_his_own_language(session, ada, ben, mailbox):
    session.merge(Profile(user_id=ben.id, language="zh_Hans_CN"))
    session.commit()
    for person in (ada, ben):
        wants(person, "now")
    tell(ada, ben)
    texts = {letter["To"]: letter.get_content() for letter in mailbox}
    assert "You get this" in texts["ada@example.org"] and "您订阅了" in texts["ben@example.org"]


def test_a_bell_that_was_switched_off_is_silent_and_the_mail_comes(ada, mailbox):
    wants(ada, "off", way=BELL)
    wants(ada, "now")
    tell(ada)
    assert notices.unread(ada.id) == 0 and notices.latest(ada.id) == [] and len(mailbox) == 1


def test_the_digest_is_one_mail_at_its_time(ada, mailbox, clock):
    clock.set("2026-11-20 10:00")
    wants(ada, "digest", digest_at="08:30")
    for number in range(3):
        tell(ada, title=f"Event {number}")
    services.hand_over_due()
    assert mailbox == []
    clock.set("2026-11-21 08:31")
    services.hand_over_due()
    services.hand_over_due()
    (letter,) = mailbox
    assert "3 notices" in letter["Subject"] and all(f"Event {n}" in letter.get_content() for n in range(3))


def test_nothing_goes_out_in_quiet_hours(ada, mailbox, clock):
    clock.set("2026-11-20 23:10")
    wants(ada, "now", quiet_from="22:00", quiet_until="07:00")
    tell(ada)
    services.hand_over_due()
    assert mailbox == [] and notices.unread(ada.id) == 1, "the bell waits by itself"
    clock.set("2026-11-21 07:01")
    services.hand_over_due()
    assert len(mailbox) == 1


@pytest.mark.parametrize(
    ("start", "end", "time", "quiet"),
    [("22:00", "07:00", "23:00", True), ("22:00", "07:00", "06:59", True), ("22:00", "07:00", "07:00", False),
     ("12:00", "14:00", "13:00", True), ("12:00", "14:00", "15:00", False)],
)  # fmt: skip
def test_quiet_hours_may_pass_midnight(ada, start, end, time, quiet):
    wish = services.hours(ada.id)
    wish.quiet_from, wish.quiet_until = start, end
    assert services.is_quiet(wish, time) is quiet


def test_a_second_bell_carries_nothing_twice(session, ada, mailbox):
    wants(ada, "now")
    tell(ada)
    assert services.hand_over(ada.id, MAIL) == 0 and len(mailbox) == 1
    assert session.query(NoticeDelivery).filter(NoticeDelivery.sent_at.is_(None)).count() == 0


def test_an_account_that_is_off_gets_no_mail(session, ben, mailbox, clock):
    clock.set("2026-11-20 10:00")
    wants(ben, "digest")
    tell(ben)
    ben.active = False
    session.commit()
    clock.advance(days=1)
    services.hand_over_due()
    assert mailbox == []


def test_what_was_forgotten_meanwhile_is_not_mailed(session, ada, mailbox, clock):
    clock.set("2026-11-20 10:00")
    wants(ada, "digest")
    tell(ada, title="王小明 called")
    session.query(Notice).update({"title": "••• called"})
    session.commit()
    clock.advance(days=1)
    services.hand_over_due()
    assert "王小明" not in mailbox[0].get_content() and "王小明" not in mailbox[0]["Subject"]


def test_a_way_that_is_added_is_offered_and_used(ada, as_user, monkeypatch):
    told = []
    monkeypatch.setattr(carriers, "CARRIERS", carriers.CARRIERS)
    carriers.carrier("pigeon", "Pigeon")(lambda user, found, *, digest: told.append((user.username, found[0].title)))
    try:
        assert "Pigeon" in as_user("ada").get("/account/notices/").text
        wants(ada, "now", way="pigeon")
        tell(ada)
        assert told == [("ada", "Something happened")]
    finally:
        del carriers.CARRIERS["pigeon"]


def test_a_person_chooses_on_his_profile(as_user, ada):
    client = as_user("ada")
    form = {f"mode-{KIND}-mail": "digest", f"mode-{GENERAL}-bell": "off", "quiet_from": "21:00", "quiet_until": "08:00",
            "digest_at": "09:15"}  # fmt: skip
    assert client.post("/account/notices/", data=form).status_code == 302
    found, hours = services.chosen(ada.id), services.hours(ada.id)
    assert (found[KIND, MAIL].value, found[GENERAL, BELL].value) == ("digest", "off")
    assert (hours.quiet_from, hours.digest_at) == ("21:00", "09:15")
    assert client.post("/account/notices/", data={**form, "digest_at": "9"}).status_code == 422
    page = client.get("/account/notices/").text
    assert re.search(r'value="digest" selected', page)


def test_kinds_that_cannot_reach_him_are_not_asked_about(as_user):
    page = as_user("ben").get("/account/notices/").text
    assert "An order needs to be confirmed" in page and "A company asks to join" not in page


@pytest.mark.parametrize(
    "wrong",
    [{"modes": {("no.such", MAIL): "now"}}, {"modes": {(KIND, "no"): "now"}}, {"modes": {(KIND, BELL): "digest"}},
     {"modes": {(KIND, MAIL): "maybe"}}, {"quiet_from": "22:00"}, {"digest_at": ""}, {"digest_at": "25:00"}],
)  # fmt: skip
def test_what_is_not_on_offer_is_refused(ada, wrong):
    with pytest.raises(InvalidInput):
        services.choose(ada.id, wrong.pop("modes", {}), **wrong)


def test_the_link_in_a_mail_ends_its_kind_and_opening_it_does_not(app, session, ada, mailbox):
    wants(ada, "now")
    tell(ada)
    path = re.search(r"http://localhost(/notices/stop/\S+)", mailbox[0].get_content()).group(1)
    visitor = app.test_client()
    page = visitor.get(path)
    assert page.status_code == 200 and "ada@example.org" not in page.text and "a***@example.org" in page.text
    assert services.chosen(ada.id)[KIND, MAIL].value == "now"
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
    assert visitor.post(path, data={"csrf_token": token}).status_code == 200
    session.expire_all()
    assert services.chosen(ada.id)[KIND, MAIL].value == "off"
    assert visitor.get(path[:-3] + "abc").status_code == 404


def test_a_notice_tells_which_row_it_is_about(session, ada):
    channel = session.query(Channel).first()
    tell(ada, about=channel)
    notice = notices.latest(ada.id)[0]
    assert (notice.table, notice.key, notice.kind) == ("setup_channel", channel.id, KIND)
