"""Who goes on with a run, when, and where it is better not to: the row that kills, the limit of a person, the watch."""

import pytest
import sqlalchemy as sa

from tests.panel.bulk.operating import books, ends, fresh, prepared, prices, taken_back
from tests.panel.bulk.test_runs import expire_lease

RAISE, BUY = "books.raise_price", "books.buy"


class Killed(BaseException):
    """The worker dies."""


def begun(key, by, actor=None):
    from app.panel.bulk.engine import life
    from app.panel.core.actor import SYSTEM

    run = prepared(key, by, actor=actor)
    life.start(run.id, actor=actor or SYSTEM)
    return run


@pytest.mark.parametrize(("key", "chunk"), [(RAISE, 5000), (RAISE, 10), (BUY, 16)])
def test_a_row_that_kills_its_worker_is_left_out_and_no_other_one(shelf, monkeypatch, key, chunk):
    from app.panel.bulk import loop, runs
    from app.panel.bulk.engine import declaring
    from app.panel.core.db import db

    operation = type(declaring.find(key))
    ids = books(60)
    whole = operation.apply_chunk

    def apply_chunk(self, piece):
        found = whole(self, piece)
        if piece.low <= 38 <= piece.high:
            raise Killed
        return found

    monkeypatch.setattr(operation, "chunk", chunk)
    monkeypatch.setattr(operation, "apply_chunk", apply_chunk)
    run = begun(key, 5)
    for _attempt in range(loop.GIVE_UP_CRASHES + 1):
        expire_lease(run.id)
        try:
            if loop.work_off(run.id):
                break
        except Killed:
            db.session.rollback()
    run = fresh(run)
    assert run.state.value == "done"
    out_of_print = 1 if key == BUY else 0
    assert ends(run) == {"changed": 59 - out_of_print, "refused": 1 + out_of_print}
    refused = {item.row_id: item.reason for item in runs.items(run.id) if item.outcome == "refused"}
    assert refused.pop(ids[37]) == "The run stopped several times at this row; it was left out."
    assert list(refused.values()) == ["Out of print."] * out_of_print


def test_kills_at_different_places_leave_no_row_out(shelf, monkeypatch):
    from app.panel.bulk import loop
    from app.panel.bulk.engine import declaring
    from app.panel.core.db import db

    operation = type(declaring.find(RAISE))
    whole, seen = operation.apply_chunk, []

    def apply_chunk(self, piece):
        found = whole(self, piece)
        seen.append(piece.low)
        if len(seen) % 2:
            raise Killed
        return found

    monkeypatch.setattr(operation, "chunk", 10)
    monkeypatch.setattr(operation, "apply_chunk", apply_chunk)
    books(100)
    run = begun(RAISE, 5)
    for _attempt in range(100):
        expire_lease(run.id)
        try:
            if loop.work_off(run.id):
                break
        except Killed:
            db.session.rollback()
    assert ends(fresh(run)) == {"changed": 100}, "every second attempt died, and no row was to blame"


@pytest.mark.parametrize(("seconds", "sizes"), [(9.0, [10, 10, 40, 40]), (0.0, [10, 10, 5, 5])])
def test_chunks_grow_while_they_are_quick_shrink_where_they_are_not_and_where_a_worker_died_is_known(shelf, monkeypatch, seconds, sizes):
    from app.panel.bulk import loop
    from app.panel.bulk.engine import declaring, working
    from app.panel.core.db import db

    operation = type(declaring.find(RAISE))
    whole, seen = operation.apply_chunk, []

    def apply_chunk(self, piece):
        found = whole(self, piece)
        seen.append((piece.low, piece.high))
        if len(seen) == 4:
            raise Killed
        return found

    monkeypatch.setattr(operation, "chunk", 10)
    monkeypatch.setattr(operation, "apply_chunk", apply_chunk)
    for name in ("QUICK_SECONDS", "ALONE_SECONDS"):
        monkeypatch.setattr(working, name, seconds)
    books(100)
    run = begun(RAISE, 5)
    with pytest.raises(Killed):
        loop.work_off(run.id)
    db.session.rollback()
    assert [high - low + 1 for low, high in seen] == sizes[:4]
    assert (fresh(run).position, fresh(run).tried) == (seen[2][1], seen[3][1])
    expire_lease(run.id)
    loop.work_off(run.id)
    assert seen[4][1] - seen[4][0] + 1 == 10, "whoever takes a run over knows nothing of how quick it is here"
    assert ends(fresh(run)) == {"changed": 100}


def test_a_run_that_is_taken_back_is_not_gone_on_with_meanwhile(shelf, monkeypatch):
    from app.panel.bulk import loop, runs, undo
    from app.panel.bulk.engine import declaring, life
    from app.panel.core.actor import SYSTEM
    from app.panel.core.errors import Conflict
    from app.panel.core.transaction import after_commit

    operation = type(declaring.find(RAISE))
    monkeypatch.setattr(operation, "chunk", 10)
    books(30)
    run = begun(RAISE, 5)
    stops = [run.id]
    monkeypatch.setattr(
        operation, "changed", lambda *_a, **_k: after_commit(lambda: stops and runs.cancel(stops.pop(), actor=SYSTEM))
    )
    loop.work_off(run.id)
    assert (fresh(run).state.value, fresh(run).position) == ("cancelled", 10)
    back = undo.make(run.id, actor=SYSTEM)
    assert not life.can_resume(fresh(run))
    with pytest.raises(Conflict):
        life.resume(run.id, actor=SYSTEM)
    loop.work_off(back.id)
    assert prices() == {f"978-{n}": 1000 + n for n in range(30)}


def test_one_person_has_five_runs_under_way_and_no_sixth_by_whatever_door(shelf):
    from app.panel.accounts.models import User
    from app.panel.bulk import loop, runs
    from app.panel.bulk.engine import life
    from app.panel.bulk.models import Run
    from app.panel.bulk.states import RunKind, RunState
    from app.panel.core import clock
    from app.panel.core.errors import DomainError

    books(6)
    ada, lena = (shelf.query(User).filter_by(username=name).one() for name in ("ada", "lena"))
    for _run in range(runs.MOST_AT_ONCE - 1):
        begun(RAISE, 1, ada)
    paused = begun(RAISE, 1, ada)
    life.pause(paused.id, actor=ada)
    fifth = begun(RAISE, 1, ada)
    sixth = prepared(RAISE, 1, actor=ada)
    with pytest.raises(DomainError, match="5 runs under way"):
        life.start(sixth.id, actor=ada)
    with pytest.raises(DomainError, match="5 runs under way"):
        life.resume(paused.id, actor=ada)
    brought = Run(kind=RunKind.IMPORT, state=RunState.CHECKED, importer="table:books.Book", findings={"read": 1}, actor_id=ada.id)
    shelf.add(brought)
    shelf.commit()
    with pytest.raises(DomainError, match="5 runs under way"):
        runs.ask_start(brought.id, actor=ada)
    begun(RAISE, 1, lena)
    loop.work_off(runs.silent()[0])
    life.start(sixth.id, actor=ada, begins_at=clock.now() + clock.dt.timedelta(hours=1))
    runs.cancel(fifth.id, actor=ada)
    assert life.resume(paused.id, actor=ada).state.value == "queued"


def test_the_watch_rings_once_however_often_it_looks_and_again_for_a_bell_that_was_lost(shelf, library, monkeypatch):
    from app.panel.bulk import jobs, runs
    from app.panel.core import clock, outbox
    from app.panel.core.db import db

    rung = []
    monkeypatch.setattr(outbox, "_ringers", [rung.extend])
    books(2)
    run = begun(RAISE, 1)
    rows = sa.select(outbox.T).where(outbox.T.c.state == outbox.PENDING).order_by(outbox.T.c.id)
    before = len(db.session.execute(rows).all())
    for _second in range(3):
        jobs.ring_for_waiting_runs()
    asked = db.session.execute(rows).all()[before:]
    assert len(asked) == 1 and asked[0].payload == {"job": "bulk.work", "args": {"run_id": run.id}}
    assert len(rung) == 1
    clock.freeze(clock.now() + clock.dt.timedelta(seconds=outbox.HURRY_AFTER + 1))
    try:
        jobs.ring_for_waiting_runs()
        assert asked[0].id in {bell.row_id for bell in outbox.due()}
    finally:
        clock.freeze(None)
    held = runs.take(run.id)
    jobs.ring_for_silent_runs()
    assert len(rung) == 1, "somebody is at it"
    outbox.finish(outbox.claim(asked[0].id, 0))
    expire_lease(run.id)
    jobs.ring_for_silent_runs()
    assert len(rung) == 2 and held.position == 0


def test_the_end_of_a_run_rings_for_those_that_waited_for_it(shelf, monkeypatch):
    from app.panel.bulk import jobs

    ids = books(3)
    first, second = begun(RAISE, 1), begun(RAISE, 10)
    jobs.work(first.id)
    assert fresh(second).state.value == "done"
    assert prices() == {f"978-{n}": 1011 + n for n in range(len(ids))}


def test_a_worker_that_stood_still_within_a_chunk_commits_nothing(shelf, library, monkeypatch):
    from app.panel.bulk import loop, pulse
    from app.panel.bulk.engine import declaring

    operation = type(declaring.find(RAISE))
    monkeypatch.setitem(library.config, "JOBS_EAGER", False)
    whole = operation.apply_chunk

    def apply_chunk(self, piece):
        for beating in pulse._beating:
            beating.looked_at -= beating.lease + 1
        return whole(self, piece)

    books(3)
    run = begun(RAISE, 1)
    monkeypatch.setattr(operation, "apply_chunk", apply_chunk)
    assert loop.work_off(run.id) is None
    assert prices() == {f"978-{n}": 1000 + n for n in range(3)}
    monkeypatch.setattr(operation, "apply_chunk", whole)
    expire_lease(run.id)
    loop.work_off(run.id)
    assert ends(fresh(run)) == {"changed": 3}
    assert ends(taken_back(run)) == {"changed": 3}
