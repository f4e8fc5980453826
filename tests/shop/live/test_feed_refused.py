"""An event that SQL always refuses is found, kept aside and can be played again; everything beside it is counted."""

from types import SimpleNamespace

import pytest
from sqlalchemy import select, text

from app.panel.accounts.models import User
from app.panel.core import clock, concerns, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.live.feed import known, sifting
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.frames import figures
from app.shop.live.feed.keys import open_feed
from app.shop.live.feed.states import DeadState, EventState
from app.shop.live.feed.store import Parcel
from app.shop.live.feed.words import Filter
from app.shop.live.models import LiveDead, LiveEvent, LiveSession
from app.shop.live.states import SessionState
from app.shop.setup.models import Channel
from tests.shop.live.conftest import AT_MS, open_session
from tests.shop.live.test_feed_once import left, put, work_off

TRAP = {
    "sqlite": "CREATE TRIGGER trap BEFORE INSERT ON live_event WHEN NEW.source_event_id LIKE 'bad%' "
    "BEGIN SELECT RAISE(ABORT, 'no such event'); END",
    "postgresql": "ALTER TABLE live_event ADD CONSTRAINT trap CHECK (source_event_id NOT LIKE 'bad%')",
}
MENDED = {"sqlite": "DROP TRIGGER trap", "postgresql": "ALTER TABLE live_event DROP CONSTRAINT trap"}


@pytest.fixture
def trap(on_air, monkeypatch):
    """The database takes no event whose number begins with “bad”, until `mend()`."""
    monkeypatch.setattr(sifting, "PAUSE", 0)

    def run(words):
        db.session.execute(text(words[db.engine.dialect.name]))
        db.session.commit()

    run(TRAP)
    return SimpleNamespace(mend=lambda: run(MENDED))


def liked(*numbers):
    return [Event(number, "like", AT_MS + place, f"v{place}") for place, number in enumerate(numbers)]


def test_of_a_batch_that_is_refused_only_the_event_itself_is_kept_aside(on_air, trap, session_of):
    room = open_session()
    source = known.look_up(room.feed_id)
    events = liked(*(f"e{n}" for n in range(20)), "bad1", *(f"f{n}" for n in range(20)), "bad2")
    parcels = [Parcel(source, events[:30], AT_MS), Parcel(source, events[30:], AT_MS)]
    assert sifting.store_or_sift(parcels, Filter())[room.session_id].new == 40
    rows = db.session.scalars(select(LiveDead).order_by(LiveDead.source_event_id)).all()
    assert [(row.source_event_id, row.kind, row.state, row.tries) for row in rows] == [
        ("bad1", "like", DeadState.KEPT, 1), ("bad2", "like", DeadState.KEPT, 1),
    ]  # fmt: skip
    assert rows[0].kind.label == "Likes"
    assert "IntegrityError" in rows[0].reason and "VALUES" not in rows[0].reason
    sifting.store_or_sift(parcels, Filter())  # the sender says it all again
    assert figures(room.session_id)[0]["likes"] == 40
    assert session_of(LiveDead, rows[0].id).tries == 2
    with on_air.test_request_context():
        assert [one.text for one in concerns.told() if "could not be stored" in one.text]
    trap.mend()
    bad = session_of(LiveDead, rows[0].id)
    db.session.commit()
    sifting.play_again(bad, actor=session_of.system)
    assert figures(room.session_id)[0]["likes"] == 41
    assert session_of(LiveDead, bad.id).state is DeadState.REPLAYED
    with pytest.raises(DomainError, match="already"):
        sifting.play_again(session_of(LiveDead, bad.id), actor=session_of.system)


def test_what_is_refused_again_stays_kept_and_says_so(on_air, trap, session_of):
    room = open_session()
    sifting.store_or_sift([Parcel(known.look_up(room.feed_id), liked("bad1"), AT_MS)], Filter())
    row = db.session.scalars(select(LiveDead)).one()
    db.session.commit()
    with pytest.raises(DomainError, match="refused again"):
        sifting.play_again(row, actor=session_of.system)
    assert session_of(LiveDead, row.id).state is DeadState.KEPT


def test_the_consumer_goes_on_behind_a_post_that_is_refused(on_air, trap):
    room = open_session()
    put(on_air, room, [liked("a", "bad", "b"), liked("c")])
    work_off(on_air)
    assert sorted(db.session.scalars(select(LiveEvent.source_event_id))) == ["a", "b", "c"]
    assert left(on_air) == (0, 0) and db.session.scalars(select(LiveDead.source_event_id)).all() == ["bad"]


@transactional
def on_channel(room, state, begun=True):
    live = db.session.get(LiveSession, room.session_id)
    live.state, live.begun_at = state, clock.now() if begun else None
    return db.session.get(Channel, room.channel_id)


def test_what_comes_for_a_channel_whose_session_is_gone_is_kept_and_belongs_to_the_next_one(on_air, session_of):
    room = open_session()
    room.feed_id = open_feed(on_channel(room, SessionState.LIVE), actor=session_of.system)[0].id
    put(on_air, room, [liked("a", "b")])
    work_off(on_air)
    on_channel(room, SessionState.CANCELLED)
    put(on_air, room, [[*liked("b", "c"), Event("o", "order", AT_MS, "v1", item=1, number="D-1")], liked("c", "d")])
    work_off(on_air)
    rows = {row.source_event_id: row for row in db.session.scalars(select(LiveDead))}
    assert {name: (row.session_id, row.tries) for name, row in rows.items()} == {"c": (None, 2), "o": (None, 1), "d": (None, 1)}, "b is stored"
    assert left(on_air) == (0, 0) and figures(room.session_id)[0]["likes"] == 2
    assert rows["c"].reason == "该渠道上没有场次。", "in the language of the business"
    seen = {name: set(db.session.scalars(policy.scope(select(LiveDead.source_event_id), who(name), LiveDead))) for name in ("ada", "ben", "cleo")}
    assert seen == {"ada": set("cod"), "ben": set("cod"), "cleo": set()}, "whose channel it is"
    db.session.rollback()
    with pytest.raises(DomainError, match="when there is one"):
        sifting.play_again(session_of(LiveDead, rows["c"].id), actor=session_of.system)
    on_channel(room, SessionState.LIVE)
    for name in "cod":
        sifting.play_again(session_of(LiveDead, rows[name].id), actor=session_of.system)
    again = session_of(LiveDead, rows["c"].id)
    assert (again.state, again.session_id, figures(room.session_id)[0]["likes"]) == (DeadState.REPLAYED, room.session_id, 4)
    on_channel(room, SessionState.CANCELLED)
    work_off(on_air)
    taken = db.session.execute(select(LiveEvent.state, LiveEvent.order_id).where(LiveEvent.source_event_id == "o")).one()
    assert taken.state is EventState.TAKEN and taken.order_id, "an order that waits keeps its session, whatever the channel has by then"


def who(name):
    return db.session.query(User).filter_by(username=name).one()
