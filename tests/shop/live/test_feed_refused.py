"""An event that SQL always refuses is found, kept aside and can be played again; everything beside it is counted."""

from types import SimpleNamespace

import pytest
from sqlalchemy import select, text

from app.panel.core import concerns
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.live.feed import known, sifting
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.frames import figures
from app.shop.live.feed.states import DeadState
from app.shop.live.feed.store import Parcel
from app.shop.live.feed.words import Filter
from app.shop.live.models import LiveDead, LiveEvent
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
    assert "IntegrityError" in rows[0].reason and "VALUES" not in rows[0].reason
    sifting.store_or_sift(parcels, Filter())  # the sender says it all again
    assert figures(room.session_id)[0]["likes"] == 40
    assert session_of(LiveDead, rows[0].id).tries == 2
    with on_air.test_request_context():
        assert [one.text for one in concerns.told() if "refused by the database" in one.text]
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
