"""Hints, answers that are given by themselves, and the platforms: simulator, recordings, TikTok."""

import gzip
import itertools
import json
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.live.feed import beside, defaults, frames, known, logs, replaying, tiktok
from app.shop.live.feed.envelope import Event, Malformed, packed, read
from app.shop.live.feed.hints import hint
from app.shop.live.feed.replies import answer
from app.shop.live.feed.simulator import Plan, Simulator
from app.shop.live.feed.states import HintKind, HintState
from app.shop.live.feed.store import Parcel, instant, store
from app.shop.live.feed.words import Filter
from app.shop.live.models import LiveHint, LiveItem, LiveReply, LiveReplyRule, LiveSession
from app.shop.live.states import Post
from tests.shop.live.conftest import AT_MS, open_session

MINUTE = 60_000


@pytest.fixture
def told(session):
    """`told(room, events)` writes them; `told.hints(room, minute)` what the rules say then."""
    defaults.ensure_rules()

    def write(room, events):
        return store([Parcel(known.look_up(room.feed_id), events, AT_MS)], Filter())[room.session_id]

    def hints(room, minute, signs=()):
        return [one["kind"] for one in hint(room.session_id, instant(AT_MS + minute * MINUTE), signs)]

    write.hints = hints
    return write


def viewers(*readings):
    return [Event(f"g{minute}", "viewers", AT_MS + minute * MINUTE, n=number) for minute, number in readings]


def test_a_fall_of_viewers_is_told_once_and_what_came_of_it_is_kept(told):
    room = open_session()
    told(room, viewers((0, 200), (3, 170), (4, 160), (7, 190)))
    assert "viewers_fall" not in told.hints(room, 2)
    assert "viewers_fall" in told.hints(room, 3)
    assert "viewers_fall" not in told.hints(room, 4), "the same was said a minute ago"
    told.hints(room, 7)
    row = db.session.scalars(select(LiveHint).where(LiveHint.kind == HintKind.VIEWERS_FALL)).one()
    assert (row.before, row.usual, row.after) == (170, 200, 160) and row.advice
    defaults.answer(row, HintState.FOLLOWED, actor=SYSTEM)
    assert row.state is HintState.FOLLOWED and row.done_at
    with pytest.raises(DomainError):
        defaults.answer(row, HintState.DISMISSED, actor=SYSTEM)


def test_little_interaction_is_told(told):
    room = open_session()
    told(room, [*viewers((0, 100), (6, 100)), Event("c", "comment", AT_MS, "v", text="hi")])
    assert "few_comments" in told.hints(room, 6)


def test_clicks_without_orders_are_held_against_the_median_of_the_session(told):
    room = open_session(is_practice=True)
    clicks = [Event(f"k{i}-{n}", "click", AT_MS + n * 1000, item=i) for i in (1, 2, 3) for n in range(40)]
    orders = [Event(f"o{i}-{n}", "order", AT_MS + n * 1000, item=i, amount=1000) for i, many in ((1, 8), (2, 6), (3, 1)) for n in range(many)]
    told(room, clicks + orders)
    assert "few_orders" in told.hints(room, 1)
    row = db.session.scalars(select(LiveHint).where(LiveHint.kind == HintKind.FEW_ORDERS)).one()
    assert row.item_id == room.items[2] and (float(row.before), float(row.usual)) == (2.5, 15.0)


def test_traffic_of_a_source_that_breaks_off_is_told(told):
    room = open_session()
    joins = [Event(f"j{n}", "join", AT_MS + n * 1000, f"v{n}", source="search" if n % 2 else "paid") for n in range(1200) if n % 2 or n < 900]
    told(room, joins)
    assert "traffic" in told.hints(room, 20)
    assert db.session.scalars(select(LiveHint.source).where(LiveHint.kind == HintKind.TRAFFIC)).all() == ["paid"]


def test_a_wrong_price_an_item_that_is_gone_and_a_gap_are_told(told):
    room = open_session(stock=4)
    db.session.get(LiveItem, room.items[1]).pinned_at = instant(AT_MS)
    db.session.commit()
    signs = [Event("p", "price", AT_MS, item=1, amount=100), Event("q", "price", AT_MS, item=2, amount=2000), Event("g", "gap", AT_MS, n=40)]
    kept = told(room, signs)
    assert sorted(told.hints(room, 1, kept.signs)) == ["gap", "price_slip", "stock_low"]


def test_a_rule_answers_once_in_its_seconds_and_never_what_is_hidden(told):
    room = open_session()
    db.session.add(LiveReplyRule(words="发货，快递", answer="48 小时内发货", seconds=60))
    db.session.commit()
    said = [(0, "什么快递"), (10, "发货了吗"), (59, "快 递？"), (61, "发货"), (62, "好看")]
    events = [Event(f"c{second}", "comment", AT_MS + second * 1000, "v", text=text) for second, text in said]
    comments = told(room, events).comments
    hidden = {**comments[0], "is_hidden": True}
    assert answer(room.session_id, [hidden]) == []
    assert [one["comment"] for one in answer(room.session_id, comments)] == [comments[0]["id"], comments[3]["id"]]
    assert answer(room.session_id, comments[3:]) == [], "also by the next batch"
    assert len(db.session.scalars(select(LiveReply)).all()) == 2
    shown = beside.of_the_feed(db.session.get(LiveSession, room.session_id), Post.SERVICE, SYSTEM)["comments"]
    assert [one.get("reply") for one in shown] == ["48 小时内发货", None, None, "48 小时内发货", None], "beside its comment"


def test_a_simulated_session_is_the_same_again_and_holds_what_it_planted():
    plan = Plan(AT_MS, minutes=10, peak=120)
    one, other = Simulator(plan), Simulator(plan)
    events = list(one.events())
    assert events == list(other.events()) and events != list(Simulator(Plan(AT_MS, 10, peak=120, seed=8)).events())
    assert len({event.id for event in events}) == len(events) and read(packed(events[:1000])) == events[:1000]
    kinds = {event.kind for event in events}
    assert {"viewers", "join", "leave", "comment", "like", "gift", "click", "order", "price", "stock", "gap"} <= kinds
    assert [name for name, _at, _item in one.incidents] == ["price", "stock", "viewers_fall", "gap"]
    gap = max(itertools.pairwise(events), key=lambda pair: pair[1].at - pair[0].at)
    assert 35_000 < gap[1].at - gap[0].at < 45_000


def test_recorded_logs_are_read_as_they_are(tmp_path):
    lines = [
        {"uid": 7, "uname": "卿***", "msg": "来了来了", "timestamp": AT_MS, "danmaku.msg_type": 0},
        {"uid": 7, "uname": "卿***", "msg": "来了来了", "timestamp": AT_MS, "danmaku.msg_type": 0},
        {"id": "x", "kind": "like", "at": AT_MS, "n": 5},
    ]  # fmt: skip
    path = tmp_path / "158.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    assert list(logs.read(path)) == [
        Event("158-1", "comment", AT_MS, "7", "卿***", text="来了来了"), Event("158-2", "comment", AT_MS, "7", "卿***", text="来了来了"),
        Event("x", "like", AT_MS, n=5),
    ]  # fmt: skip
    recorder = tmp_path / "room.xml"
    recorder.write_text(
        '<i><metadata><live_start_time>2026-03-08T19:00:00+08:00</live_start_time><record_start_time>2026-03-08T20:00:00+08:00'
        '</record_start_time></metadata><gift ts="3.5" uid="0" user="二" giftname="情书" giftcount="2"/>'
        f'<d p="0.0,1,25,16777215,{AT_MS + 9},0,486e53d6,5" uid="0" user="西***">今天好帅啊</d><sc ts="4" uid="9" user="三">付费</sc></i>'
    )
    assert [(one.kind, one.at - AT_MS, one.viewer, one.n, one.text) for one in logs.read(recorder)] == [
        ("comment", 9, "486e53d6", 1, "今天好帅啊") if kind == "d" else kind
        for kind in (("gift", -3_600_000 + 3500, "二", 2, "情书"), "d", ("comment", -3_600_000 + 4000, "9", 1, "付费"))
    ]
    (tmp_path / "bad.jsonl").write_text('{"id": "x", "kind": "like", "at": 1795320000000}\nnonsense\n')
    with pytest.raises(Malformed, match="line 2"):
        list(logs.read(tmp_path / "bad.jsonl"))
    (tmp_path / "evil.xml").write_text('<!DOCTYPE x [<!ENTITY a "b">]><i><d p="0">&a;</d></i>')
    with pytest.raises(Malformed, match="entities"):
        list(logs.read(tmp_path / "evil.xml"))


def test_events_of_tiktok_are_read_and_a_gift_is_counted_when_its_combo_ends():
    user = {"unique_id": "mei", "nickname": "Mei"}
    comment = {"common": {"msg_id": 71, "create_time": AT_MS}, "user": user, "comment": "how much"}
    assert tiktok.event_of("CommentEvent", comment, 0) == Event("71", "comment", AT_MS, "mei", "Mei", "tiktok", text="how much")
    gift = {"common": {"msg_id": 72}, "user": user, "repeat_count": 4, "gift": {"name": "Rose"}}
    assert tiktok.event_of("GiftEvent", {**gift, "streaking": True}, AT_MS) is None
    assert tiktok.event_of("GiftEvent", {**gift, "streaking": False}, AT_MS) == Event("72", "gift", AT_MS, "mei", "Mei", "tiktok", n=4, text="Rose")
    as_object = SimpleNamespace(user=SimpleNamespace(unique_id="mei", nickname="Mei"), count=15)
    like = tiktok.event_of("LikeEvent", as_object, AT_MS)
    assert (like.kind, like.n, like.viewer) == ("like", 15, "mei") and like == tiktok.event_of("LikeEvent", as_object, AT_MS)
    assert tiktok.event_of("RoomUserSeqEvent", {"m_total": 812}, AT_MS).n == 812
    assert tiktok.event_of("LinkMicEvent", {}, AT_MS) is None


def test_a_bad_sender_sends_the_same_events_twice_and_elsewhere():
    events = [Event(str(n), "like", AT_MS + n) for n in range(200)]
    sent = replaying.mixed(events, 0.05, 0.1)
    assert len(sent) == 210 and set(sent) == set(events) and sent[:200] != events


def test_the_desk_is_told_by_which_way_viewers_come_in_all_and_lately(told):
    room, clocked = open_session(), 10 * MINUTE
    events = [Event(f"j{n}", "join", AT_MS + n * MINUTE, viewer=f"v{n}", source="search") for n in range(10)]
    events.append(Event("p", "join", AT_MS + clocked, viewer="w", source="paid"))
    events.append(Event("k", "click", AT_MS + clocked, viewer="w", source="paid", item=1))
    told(room, events)
    frames._sources.clear()
    first = {"source": "search", "joins": 10, "lately": 4, "clicks": 0, "orders": 0}
    assert frames.frame(room.session_id)["sources"] == [first, {"source": "paid", "joins": 1, "lately": 1, "clicks": 1, "orders": 0}]


def test_a_wrong_price_is_told_in_the_units_of_its_currency(told):
    room = open_session()

    @transactional
    def in_yen():
        item = db.session.get(LiveItem, room.items[0])
        item.currency, item.live_price = "JPY", 5900

    in_yen()
    sign = (Event("p", "price", AT_MS, item=1, amount=590), room.items[0])
    assert "price_slip" in told.hints(room, 1, [sign])
    row = db.session.scalars(select(LiveHint).where(LiveHint.kind == HintKind.PRICE_SLIP)).one()
    assert (row.before, row.usual) == (590, 5900)
