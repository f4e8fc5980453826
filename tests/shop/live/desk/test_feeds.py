"""The pages of feeds: opened by administrators who show who they are, the secret on that answer alone."""

import re

import pytest

from app.panel.core import stepup
from app.panel.core.actor import SYSTEM
from app.shop.live.feed import keys, sifting
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.known import look_up
from app.shop.live.feed.store import Parcel
from app.shop.live.feed.words import Filter
from app.shop.live.models import LiveFeed

SECRET = re.compile(rb"zgs_[A-Za-z0-9_-]{43}")


@pytest.fixture
def submit(as_user):
    """`submit(name, path, do=…)`: a form, sent with its token."""
    clients = {}

    def send(name, path, **values):
        client = clients.setdefault(name, as_user(name))
        return client.post(path, data={"csrf_token": client.token, **values})

    return send


def test_a_feed_is_opened_by_whoever_shows_who_he_is_and_its_secret_is_on_that_answer_alone(
    session, planned, submit, as_user, monkeypatch
):
    path = f"/live/{planned().id}/feed"
    asked = submit("ada", path, do="open")
    assert asked.status_code == 303 and "prove" in asked.headers["Location"]
    assert session.query(LiveFeed).count() == 0
    monkeypatch.setattr(stepup, "_known", [lambda actor, second: True])
    page = submit("ada", path, do="open")
    assert page.status_code == 200 and len(set(SECRET.findall(page.data))) == 1
    feed = session.query(LiveFeed).one()
    assert SECRET.search(page.data)[0].decode() == keys.secret_of(feed)
    again = as_user("ada").get(path)
    assert not SECRET.search(again.data) and feed.public_id.encode() in again.data and b"X-Zhanggui-Signature" in again.data
    renewed = SECRET.search(submit("ada", path, do="renew").data)[0]
    session.expire_all()
    assert renewed.decode() == keys.secret_of(feed) and feed.former_nonce
    submit("ada", path, do="close")
    session.expire_all()
    assert not feed.is_open and submit("ada", path, do="renew").status_code == 422


def test_the_page_counts_what_came_by_kind_and_says_why_posts_were_turned_away(session, planned, as_user):
    live = planned()
    feed, _secret = keys.open_feed(live, actor=SYSTEM)
    ms = int(live.starts_at.timestamp() * 1000)
    events = [Event("a", "like", ms), Event("b", "like", ms), Event("c", "comment", ms, "v", text="hi")]
    sifting.store_or_sift([Parcel(look_up(feed.id), events, ms)], Filter())
    keys.turned_away(feed.id, "malformed", "event 3: no number", {"malformed": 3, "signature": 1})
    keys.turned_away(feed.id, "old", "too old, it said", {"old": 4})
    page = as_user("ada").get(f"/live/{live.id}/feed").get_data(as_text=True)
    assert re.search(r"like</span></dt><dd[^>]*>2<", page) and re.search(r"Comment <span[^>]*>comment</span></dt><dd[^>]*>1<", page)
    assert re.search(r"Signed too long ago</td><td[^>]*>4<", page) and "too old, it said" in page
    session.expire_all()
    assert feed.refused_count == 8
    told = as_user("ada").get("/live/livefeed/list/").get_data(as_text=True)
    assert "Signed too long ago" in told and "too old, it said" not in told, "a list says it in the language of its reader"


def test_only_administrators_open_feeds_and_nobody_sees_those_of_another_shop(planned, submit, as_user):
    path = f"/live/{planned().id}/feed"
    assert submit("ben", path, do="open").status_code == 403
    assert as_user("ben").get(path).status_code == 403
    assert as_user("ada").get("/live/feeds/").status_code == 200
