"""A rehearsal is played into the three consoles, writes nothing outside of them, and knows how fast each post was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask_babel import force_locale
from sqlalchemy import func, select

from app.panel.accounts.models import User
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.live import incidents
from app.shop.live.feed import staging, stream
from app.shop.live.feed.consumer import Consumer
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.playing import Player
from app.shop.live.incidents import IncidentKind, RehearsalState
from app.shop.live.models import LiveEvent, LiveIncident, LiveMute, LiveReaction, LiveReply, LiveSession, LiveWinner
from app.shop.live.pages import consoles
from app.shop.live.services import rehearsed, rehearsing
from app.shop.live.states import Post, SessionState
from app.shop.marketing import services as marketing
from tests.conftest import client_of
from tests.shop.live.conftest import open_session

OUTSIDE = ("orders_", "inventory_", "finance_", "marketing_", "customers_", "logistics_", "catalog_", "notices_", "core_notice")


@pytest.fixture
def ada(on_air, clock):
    clock.set("2026-11-20 20:00")
    return db.session.query(User).filter_by(username="ada").one()


def outside():
    """How many rows everything has that a rehearsal must leave alone; and what waits to go out."""
    found = {
        table.name: db.session.scalar(select(func.count()).select_from(table))
        for table in db.metadata.sorted_tables if table.name.startswith(OUTSIDE)
    }  # fmt: skip
    box = db.metadata.tables["core_outbox"]
    found["out"] = db.session.scalar(select(func.count()).where(box.c.kind != "ring"))
    db.session.rollback()
    return found


class Stage:
    """A rehearsal whose time the test moves, with the consumer behind it."""

    def __init__(self, app, clock, number):
        self.player, self.consumer, self.clock, self.number = Player(app), Consumer(app, "rehearsal"), clock, number
        self.consumer.begin()

    def work_off(self):
        while self.consumer.client.xlen(stream.STREAM):
            self.consumer.step()
        db.session.rollback()

    def until(self, part, of=300):
        """Go on to a part of its length, in steps that no player would call a pause."""
        while rehearsing.running() and rehearsing.running()[0].position_ms < part * of * 1000:
            db.session.rollback()
            self.clock.advance(seconds=9)
            self.player.step()
        self.work_off()


@pytest.fixture
def stage(on_air, clock, ada):
    room = open_session(stock=50)
    live = rehearsing.start(room.session_id, actor=ada, minutes=5, peak=60).id
    made = Stage(on_air, clock, live)
    made.room, made.session_id = room, rehearsing.of(live, actor=ada).session_id
    db.session.rollback()
    return made


def test_nothing_outside_of_it_is_written_while_commands_are_given_and_each_reaction_is_timed(on_air, clock, ada, stage, monkeypatch):
    batch = marketing.coupons_for_session("", "For winners", amount=500, least=500, total=9, actor=SYSTEM).id
    db.session.rollback()
    browser, before = client_of(on_air, "ada"), outside()
    monkeypatch.setitem(consoles.COMMANDS[Post.CONTROL], "give_coupon", lambda *_all: pytest.fail("it was really done"))
    keys = iter(range(10_000, 20_000))

    def give(post, verb, later=0, **values):
        db.session.rollback()
        clock.advance(seconds=later)
        answer = browser.post(f"/live/{stage.session_id}/{post}/do/{verb}", json={"key": f"rehearse-{next(keys)}", **values},
                              headers={"X-CSRFToken": browser.token})  # fmt: skip
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()

    items = [one["id"] for one in browser.get(f"/live/{stage.session_id}/control/state.json").get_json()["items"]]
    give("control", "pin", item=items[0])
    rule = {"kind": "lottery", "prompt": "Who gets a cup?", "seconds": 60, "prize": "A cup", "winners": 1, "batch": batch}
    drawn = give("control", "game", **rule)["game"]
    stage.until(0.16)
    slipped = db.session.scalars(select(LiveIncident).where(LiveIncident.kind == IncidentKind.PRICE_SLIP)).one()
    assert slipped.shown_at is not None
    db.session.rollback()
    give("control", "notice", 20, text="Wrong item", item=next(one for one in items if one != slipped.item_id))
    give("control", "notice", 4, text="The price is right", item=slipped.item_id)
    give("control", "price", item=slipped.item_id, price="8.00")
    give("control", "offer", kind="coupon", name="Five off", amount="5.00", least="20.00", quantity=10, minutes=5)
    give("host", "say", 1, text="Understood")
    stage.until(0.3)
    asked = give("service", "ask", 3, text="Is it thin?", asker="v1", to="host")
    give("host", "done", 2, question=asked["question"])
    stage.until(0.56)
    written = browser.get(f"/live/{stage.session_id}/service/state.json").get_json()["comments"]
    rude = next(one for one in written if one["text"] == staging.RUDE)
    others = [one for one in written if one["viewer"] != rude["viewer"]]
    give("control", "mute", 4, viewer=rude["viewer"], name=rude["name"])
    give("service", "hide", 6, comment=others[0]["id"])
    blocked = give("service", "block", 1, viewer=others[1]["viewer"], name="Loud")
    silent = browser.get(f"/live/{stage.session_id}/control/state.json").get_json()
    assert set(silent["silent"]) == {rude["viewer"], others[1]["viewer"]} and silent["hidden"] == [others[0]["id"]]
    assert not {one["id"] for one in silent["comments"]} & {rude["id"], others[0]["id"]}
    assert "this rehearsal" in blocked["said"] and set(db.session.scalars(select(LiveMute.session_id))) == {stage.session_id}
    give("control", "unmute", 1, mute=blocked["mute"])
    stage.until(0.7)
    poll = give("control", "game", 1, kind="poll", prompt="Blue?", seconds=60, choices=[["1", "Yes"], ["2", "No"]])["game"]
    give("control", "close_game", 1, game=poll)
    assert len(give("control", "draw", 1, game=drawn)["winners"]) == 1
    winner = db.session.scalars(select(LiveWinner)).one()
    assert winner.session_id == stage.session_id and winner.coupon_id is None
    give("control", "prize", 1, winner=winner.id, to="sent")
    assert "Nothing is written" in give("control", "refund_winner", 1, winner=winner.id)["said"]
    assert "Nothing is written" in give("control", "give_coupon", 5, offer=1)["said"]
    give("control", "say", 1, text="Ask them something", kind="speed_up")
    stage.until(1.0)
    after = outside()
    assert after == before, "to the unit"
    assert db.session.scalar(select(func.count(LiveReply.id))) == 0
    orders = select(LiveEvent.state, func.count()).where(LiveEvent.session_id == stage.session_id, LiveEvent.kind == "order")
    states = dict(db.session.execute(orders.group_by(LiveEvent.state)).all())
    assert set(states) == {"rehearsed"} and states["rehearsed"] > 3
    found = rehearsed.results([rehearsing.of(stage.number, actor=ada)])[0]
    assert found.rehearsal.state is RehearsalState.ENDED and found.rehearsal.session.state is SessionState.ENDED
    assert len(found.shown) == len(IncidentKind)
    shown = next(one.shown_at for one in found.shown if one.kind is IncidentKind.PRICE_SLIP)
    real = {(one.incident_id, one.post): one.at for one in db.session.scalars(select(LiveReaction))}
    assert found.seconds(IncidentKind.PRICE_SLIP, Post.CONTROL) == (real[slipped.id, Post.CONTROL] - shown).total_seconds() > 20
    assert found.seconds(IncidentKind.FLOOD, Post.HOST) - found.seconds(IncidentKind.FLOOD, Post.SERVICE) == 2
    assert found.reactions[next(one.id for one in found.shown if one.kind is IncidentKind.RUDE), Post.CONTROL].verb == "mute"
    assert found.reactions[next(one.id for one in found.shown if one.kind is IncidentKind.RUDE), Post.SERVICE].verb == "hide"
    assert found.reactions[next(one.id for one in found.shown if one.kind is IncidentKind.VIEWERS_DROP), Post.CONTROL].verb == "game"
    assert found.seconds(IncidentKind.VIEWERS_DROP, Post.CONTROL) is not None and found.seconds(IncidentKind.GAP, Post.HOST) is None
    assert found.posts[Post.SERVICE]["reacted"] == 2 and found.posts[Post.SERVICE]["person_id"] == ada.id
    page = browser.get(f"/live/rehearsals/{stage.number}").get_data(as_text=True)
    assert "no reaction" in page and "Wrong price" in page
    assert "Points of each person" in browser.get("/live/rehearsals/").get_data(as_text=True)
    for post in ("control", "host", "service"):
        assert "data-rehearsal" in browser.get(f"/live/{stage.session_id}/{post}").get_data(as_text=True), post


def test_a_second_one_is_refused_a_stopped_one_is_not_and_the_next_is_held_against_it(on_air, clock, ada, stage):
    browser, words = client_of(on_air, "ada"), {"source": stage.room.session_id, "minutes": 5, "speed": 1, "seed": 7}
    assert "End it first" in browser.post("/live/rehearsals/start", data=words, follow_redirects=True).get_data(as_text=True)
    before = browser.get(f"/live/rehearsals/{stage.number}/state.json").get_json()["mark"]
    stage.until(0.2)
    early = rehearsed.results([rehearsing.of(stage.number, actor=ada)])[0]
    assert len(early.shown) == 1 and early.posts[Post.CONTROL]["points"] is None, "nobody has missed what is a moment old"
    assert "still open" in browser.get(f"/live/rehearsals/{stage.number}").text
    assert browser.get(f"/live/rehearsals/{stage.number}/state.json").get_json()["mark"] != before, "by it the page knows"
    browser.post(f"/live/rehearsals/{stage.number}/speed", data={"speed": 10})
    assert browser.get(f"/live/rehearsals/{stage.number}/state.json").get_json()["speed"] == 10
    browser.post(f"/live/rehearsals/{stage.number}/stop")
    told = browser.get(f"/live/rehearsals/{stage.number}/state.json").get_json()
    assert told["over"] and told["position"] < told["length"]
    db.session.rollback()
    assert rehearsed.results([rehearsing.of(stage.number, actor=ada)])[0].posts[Post.CONTROL]["points"] == 0
    db.session.rollback()
    clock.advance(minutes=1)
    browser.post("/live/rehearsals/start", data=words)
    second = rehearsing.running()[0]
    assert (second.session.title, str(second.session)) == (second.source.title, f"Rehearsal: {second.source.title}")
    with force_locale("zh_Hans_CN"):
        assert str(second.session) == f"彩排：{second.source.title}", "whoever began it, each reads it in his own language"
    assert rehearsed.before(second).id == stage.number
    assert [one.rehearsal.id for one in rehearsed.results(rehearsed.latest(ada))] == [second.id, stage.number]
    for wrong in ({"minutes": "7"}, {"speed": "x"}, {"source": "0"}):
        assert browser.post("/live/rehearsals/start", data=words | wrong).status_code in (302, 404)
    assert client_of(on_air, "ben").post("/live/rehearsals/start", data=words).status_code == 403


def test_a_player_that_was_away_goes_on_where_it_stopped_and_tells_nothing_twice(on_air, clock, stage):
    stage.until(0.1)

    def position():
        found = int(rehearsing.running()[0].position_ms)
        db.session.rollback()
        return found

    before = position()
    clock.advance(hours=1)
    stage.player = Player(on_air)
    stage.player.step()
    assert position() == before
    clock.advance(seconds=2)
    assert stage.player.step() and position() == before + 2000
    assert rehearsing.move(stage.number, before, before + 9000) is False, "another player was faster"
    script = stage.player.scripts[stage.number]
    due = sum(one.at < before + 2000 for one in script)
    stage.player._tell(db.session.scalar(select(LiveEvent.feed_id).limit(1)), script[:50])
    stage.work_off()
    assert db.session.scalar(select(func.count(LiveEvent.id)).where(LiveEvent.session_id == stage.session_id)) == due


def test_the_events_of_a_past_session_are_played_again_with_what_is_planted(on_air, ada, stage):
    db.session.rollback()
    stage.until(1.0)
    past = db.session.get(LiveSession, stage.session_id)
    again = rehearsing.start(past.id, actor=ada, minutes=5, is_replay=True)
    played = [one for one in rehearsing.script(again) if one.viewer and not one.viewer.startswith("rehearsal-")]
    real = db.session.scalar(select(func.count(LiveEvent.id)).where(
        LiveEvent.session_id == past.id, LiveEvent.viewer != "", LiveEvent.viewer.not_like("rehearsal-%")))  # fmt: skip
    gap = range(int(300_000 * incidents.PLANTED[IncidentKind.GAP]), int(300_000 * incidents.PLANTED[IncidentKind.GAP]) + 30_000)
    assert len(played) == real > 100 and not any(one.at in gap for one in played)
    assert any(one.text for one in played) and any(one.item for one in played if one.kind == "order")
    with pytest.raises(DomainError):
        rehearsing.start(past.id, actor=ada)


def test_what_is_planted_is_there_and_only_there():
    events = [Event("", "viewers", at * 1000, n=100) for at in range(600)]
    told = staging.stage(events, 600_000, [(1, 5000), (2, 9900)], "r1")
    at = {one.kind: one for one in staging.plant(600_000, [(1, 5000), (2, 9900)])}
    assert [one.at for one in told] == sorted(one.at for one in told) and len({one.id for one in told}) == len(told)
    low = [one.at for one in told if one.kind == "viewers" and one.n < 100]
    drop = at[IncidentKind.VIEWERS_DROP].at
    assert (min(low), max(low), len(low)) == (drop, drop + 89_000, 90)
    assert sum(one.kind == "viewers" for one in told) == 570, "half a minute is silent"
    assert sum(one.viewer.startswith("rehearsal-asks") for one in told) == 12
    assert [one.amount for one in told if one.kind == "price"] == [500]
    assert not any(one.kind in ("price", "stock") for one in staging.stage([], 600_000, [], "r2"))


def test_points_fall_from_ten_seconds_to_two_minutes():
    assert [incidents.points(seconds) for seconds in (None, 0, 10, 65, 120, 500)] == [0, 100, 100, 50, 0, 0]


def test_the_page_of_the_docs_says_what_counts_as_a_reaction():
    text = (Path(__file__).parents[3] / "docs" / "live.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \|(.+)\|$", text, re.M))
    for kind in IncidentKind:
        told = [cell.strip() for cell in rows[kind.value].split("|")][-3:]
        for post, cell in zip((Post.CONTROL, Post.HOST, Post.SERVICE), told, strict=True):
            assert set(re.findall(r"`(\w+)`", cell)) == set(incidents.REACTIONS[kind, post].verbs), (kind, post)
