"""Bookings: once a contact, taken back by a link, reminded once for the beginning as it is then."""

import datetime as dt
import re
from types import SimpleNamespace

import pytest

from app.panel.accounts.login import limits
from app.panel.core import clock, records
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import InvalidInput
from app.panel.core.outbox import OutboxRow
from app.shop.live import jobs
from app.shop.live.feed import keys
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.known import look_up
from app.shop.live.feed.store import Parcel, store
from app.shop.live.feed.words import Filter
from app.shop.live.models import LiveBooking, LiveLink
from app.shop.live.out.states import ContactKind
from app.shop.live.services import booking, plan
from app.shop.live.states import SessionState

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture
def visitor(app, session, signed):
    """`visitor(contact=…)`: the answer of the preview to somebody without a log-in who books."""
    limits._memory.storage.reset()
    app.extensions["appbuilder"].sm.limiter.reset()
    link = session.query(LiveLink).filter_by(session_id=signed.id).one()
    link = SimpleNamespace(token=link.token, partner=link.partner)
    client = app.test_client()

    def send(**values):
        session.commit()
        token = TOKEN.search(client.get(f"/live/p/{link.token}").get_data(as_text=True)).group(1)
        return client.post(f"/live/p/{link.token}/book", data={"csrf_token": token, "agreed": "1", **values})

    send.client, send.link = client, link
    return send


def mails(session):
    rows = session.query(OutboxRow).filter_by(kind="mail").order_by(OutboxRow.id)
    return [(row.payload["to"], row.payload["subject"]) for row in rows]


def test_a_visitor_books_once_and_takes_it_back_by_the_link_in_his_mail(session, signed, visitor):
    assert visitor(contact="Mei@Example.com", name="Mei").status_code == 200
    again = visitor(contact="mei@example.com")
    assert again.status_code == 200 and "Your place is noted" in again.get_data(as_text=True)
    row = session.query(LiveBooking).one()
    assert (row.contact, row.kind, row.came_by, row.name) == ("mei@example.com", ContactKind.EMAIL, visitor.link.partner, "Mei")
    assert row.agreed_at and len(mails(session)) == 1, "the second time nobody is written to"
    body = session.query(OutboxRow).filter_by(kind="mail").one().payload["body"]
    assert f"/live/b/{row.token}" in body and f"/live/p/{visitor.link.token}" in body
    page = visitor.client.get(f"/live/b/{row.token}").get_data(as_text=True)
    session.expire_all()
    assert session.query(LiveBooking).one().cancelled_at is None, "a program that follows links takes nothing back"
    visitor.client.post(f"/live/b/{row.token}", data={"csrf_token": TOKEN.search(page).group(1)})
    session.expire_all()
    row = session.query(LiveBooking).one()
    assert row.cancelled_at and "mei@" not in row.contact and row.name is None
    visitor(contact="mei@example.com")
    assert booking.count(signed.id) == 1


UNDO = re.compile(r'href="(/live/b/[^"]+)"')
# a token tells the second in which it was made, in the form and in the head of the page
CHANGING = re.compile(r'/live/b/[^"]+|name="csrf[_-]token" (?:value|content)="[^"]+"|nonce[-=]"?[\w+/=-]+')


def test_nobody_learns_from_the_answers_whether_a_phone_has_booked_before(session, visitor):
    """The first and the second booking of a number, the page that its link opens, before and after it is taken back."""

    def told(answer):
        return answer.status_code, CHANGING.sub("", answer.get_data(as_text=True))

    told_to = {}
    for who in ("first", "second"):
        noted = visitor(contact="138 0013 8000")
        undo = UNDO.search(noted.get_data(as_text=True)).group(1)
        told_to[who] = undo, [told(noted), told(visitor.client.get(undo))]
    assert session.query(LiveBooking).count() == 1
    lengths = {len(undo) for undo, _said in told_to.values()}
    for who in ("second", "first"):
        undo, said = told_to[who]
        page = visitor.client.get(undo).get_data(as_text=True)
        for again in (visitor.client.post(undo, data={"csrf_token": TOKEN.search(page).group(1)}), visitor.client.get(undo)):
            said.append(told(again))
        session.expire_all()
        assert (session.query(LiveBooking).one().cancelled_at is None) == (who == "second"), "only whoever booked takes it back"
    assert told_to["first"][1] == told_to["second"][1] and len(lengths) == 1
    assert "taken back" in told_to["first"][1][2][1]
    assert "8000" not in session.query(LiveBooking).one().contact
    for wrong in ("x" * 120, told_to["first"][0].rpartition("/")[2][:-1] + "!"):
        assert visitor.client.get(f"/live/b/{wrong}").status_code == 404


def test_without_consent_or_with_a_contact_that_is_none_nothing_is_kept(session, visitor):
    for wrong in ({"contact": "mei@example.com", "agreed": "0"}, {"contact": "nobody"}, {"contact": "a@b@c"}, {"contact": ""}):
        answer = visitor(**wrong)
        assert answer.status_code == 422 and 'class="book"' in answer.get_data(as_text=True)
    assert session.query(LiveBooking).count() == 0 and mails(session) == []


def test_who_books_too_often_is_told_to_come_back_later(visitor):
    found = [visitor(contact="13800138000").status_code for _time in range(7)]
    assert found[0] == 200 and found[-1] == 429


def test_a_session_that_is_no_draft_and_has_not_begun_can_be_booked(session, signed, visitor, app):
    plan.move(signed, SessionState.DRAFT, actor=SYSTEM)
    assert app.test_client().post(f"/live/p/{visitor.link.token}/book").status_code in (400, 404)
    with pytest.raises(AttributeError):
        visitor(contact="mei@example.com")  # there is no page


def test_the_reminder_goes_out_once_moves_with_the_session_and_not_when_it_is_called_off(
    session, signed, visitor, monkeypatch
):
    visitor(contact="mei@example.com")
    visitor(contact="13800138000")
    records.update(signed, {"remind_minutes": 20}, actor=SYSTEM)
    begins = signed.starts_at
    told = lambda: [one for one in mails(session) if one[1].startswith("Soon")]  # noqa: E731
    at = {"now": begins - dt.timedelta(minutes=21)}
    monkeypatch.setattr(clock, "now", lambda: at["now"])
    assert jobs.remind() == 0
    moved = {"starts_at": begins + dt.timedelta(minutes=30), "ends_at": signed.ends_at + dt.timedelta(minutes=30)}
    records.update(signed, moved, actor=SYSTEM)
    at["now"] = begins - dt.timedelta(minutes=5)
    assert jobs.remind() == 0, "it begins later by now"
    at["now"] = begins + dt.timedelta(minutes=11)
    assert jobs.remind() == 2 and told() == [("mei@example.com", "Soon: Evening")]
    assert jobs.remind() == 0 and len(told()) == 1
    session.expire_all()
    assert {row.reminded_at for row in session.query(LiveBooking)} == {at["now"]}
    records.update(signed, {"starts_at": begins + dt.timedelta(hours=3), "ends_at": begins + dt.timedelta(hours=5)}, actor=SYSTEM)
    plan.move(signed, SessionState.CANCELLED, actor=SYSTEM)
    at["now"] = begins + dt.timedelta(hours=2, minutes=50)
    assert jobs.remind() == 0 and len(told()) == 1


def test_a_platform_tells_of_bookings_by_the_feed_each_once_and_nobody_counts_as_a_viewer(session, signed):
    feed, _secret = keys.open_feed(signed, actor=SYSTEM)
    ms = int(clock.now().timestamp() * 1000)
    events = [Event(f"b{n}", "book", ms, f"v{n % 2}", "Mei", "douyin") for n in range(3)]
    kept = store([Parcel(look_up(feed.id), events, ms)], Filter())[signed.id]
    store([Parcel(look_up(feed.id), events, ms)], Filter())
    rows = session.query(LiveBooking).order_by(LiveBooking.id).all()
    assert [(row.contact, row.kind, row.came_by) for row in rows] == [
        ("@v0", ContactKind.PLATFORM, "douyin"), ("@v1", ContactKind.PLATFORM, "douyin"),
    ]  # fmt: skip
    assert kept.newcomers == 0 and booking.remind(signed.id) == 0


def test_bookings_of_a_file_are_made_like_any_and_a_second_one_is_refused(session, signed):
    values = {"session_id": signed.id, "contact": " Mei@Example.com ", "came_by": "wechat"}
    row = records.create(LiveBooking, values, actor=SYSTEM)
    assert (row.kind, row.contact) == (ContactKind.EMAIL, "mei@example.com") and row.token
    with pytest.raises(InvalidInput, match="already"):
        records.create(LiveBooking, values, actor=SYSTEM)
    by_number = {"session_id": signed.id, "kind": ContactKind.PLATFORM, "contact": "@v77"}
    assert records.create(LiveBooking, by_number, actor=SYSTEM).contact == "@v77"


def test_the_preparation_counts_bookings_by_day_and_each_bar_opens_its_rows(session, signed, visitor, as_user):
    visitor(contact="mei@example.com")
    visitor(contact="13800138000")
    gone = session.query(LiveBooking).filter_by(contact="mei@example.com").one()
    booking.take_back(gone.token)
    assert [number for _day, number in booking.by_day(signed.id)] == [1]
    client = as_user("ada")
    page = client.get(f"/live/{signed.id}/prepare").get_data(as_text=True)
    assert "1 booked" in page
    url = re.search(r'(/live/livebooking/list/\?[^"]+)"', page).group(1).replace("&amp;", "&")
    rows = client.get(url).get_data(as_text=True)
    assert "13800138000" in rows.replace(" ", "") and "mei@" not in rows


def test_contacts_are_forgotten_half_a_year_after_the_session(session, signed, visitor):
    visitor(contact="mei@example.com", name="Mei")
    assert booking.forget(signed.ends_at) == 0 and booking.forget(signed.ends_at + dt.timedelta(days=1)) == 1
    session.expire_all()
    row = session.query(LiveBooking).one()
    assert "mei@" not in row.contact and row.name is None and booking.count(signed.id) == 1
