"""Asking for a job: with the transaction or not at all, with ids only, and each row worked off once."""

import pytest
import sqlalchemy as sa

from app.panel.core import bells, clock, delivery, jobs, outbox
from app.panel.core.db import db
from app.panel.core.outbox import OutboxRow
from app.panel.core.transaction import transactional
from tests.panel.core import background
from tests.panel.core.background import noted


def rows():
    return db.session.execute(sa.select(OutboxRow.__table__).order_by(OutboxRow.id)).all()


@pytest.fixture
def eager(backend):
    backend.config["JOBS_EAGER"] = True
    with backend.app_context():
        yield backend


def test_a_job_runs_after_the_commit_and_its_row_is_done(eager):
    seen = []

    @transactional
    def verb():
        background.note_it.enqueue(tag="once")
        seen.append(noted_here("once"))

    verb()
    assert seen == [0]
    assert noted(eager, "once") == 1
    assert [row.state for row in rows()] == ["done"]


def noted_here(tag):
    query = sa.select(sa.func.count()).select_from(background.effects).where(background.effects.c.tag == tag)
    return db.session.execute(query).scalar_one()


def test_a_verb_that_fails_asks_for_nothing(eager):
    @transactional
    def verb():
        background.note_it.enqueue(tag="never")
        raise ValueError

    with pytest.raises(ValueError):
        verb()
    assert noted(eager, "never") == 0
    assert rows() == []


def test_outside_of_a_transaction_a_job_is_asked_for_at_once(eager):
    background.note_it.enqueue(tag="now")
    assert noted(eager, "now") == 1


@pytest.mark.parametrize("value", [1.5, None, True, ["a"], {"a": 1}, object(), 2**63, "x" * 1001, b"x"])
def test_only_whole_numbers_and_short_strings_travel(backend, value):
    with backend.app_context():
        with pytest.raises(TypeError):
            background.note_it.enqueue(tag=value)
        assert rows() == []


def test_an_argument_that_the_job_does_not_take_is_refused_where_it_is_asked_for(backend):
    with backend.app_context(), pytest.raises(TypeError):
        background.note_it.enqueue(tag="a", colour="red")


def test_a_job_is_asked_for_once_under_one_key(eager):
    assert background.note_it.enqueue_once("42", tag="keyed") is not None
    assert background.note_it.enqueue_once("42", tag="keyed") is None
    assert noted(eager, "keyed") == 1


def test_a_job_name_is_given_once_only():
    with pytest.raises(ValueError, match="twice"):
        jobs.job("test.note")(lambda: None)
    with pytest.raises(ValueError, match="no queue"):
        jobs.job("test.other", queue="fast")


def test_an_error_is_tried_again_with_growing_pauses_and_then_rests_as_a_dead_letter(eager):
    start = clock.now()
    clock.freeze(start)
    background.broken.enqueue(tag="broken")
    (row,) = rows()
    assert (row.state, row.attempts) == ("pending", 1)
    assert row.next_at == start + background_pause(1)
    assert "this job is broken" in row.error
    assert bells.ring_due(eager) == 0, "its time has not come"
    clock.freeze(row.next_at)
    for bell in outbox.due():
        assert delivery.deliver(bell.row_id, bell.attempt) == "failed"
    (row,) = rows()
    assert (row.state, row.attempts) == ("dead", 2)
    assert noted(eager, "broken") == 2
    assert [dead.id for dead in outbox.dead()] == [row.id]
    assert outbox.revive(row.id)
    assert len(outbox.due()) == 1


def background_pause(attempt):
    return clock.dt.timedelta(seconds=outbox.back_off(attempt))


def test_an_old_bell_opens_nothing(eager):
    row_id = background.note_it.enqueue(tag="replayed")
    assert delivery.deliver(row_id, 0) == "skipped"
    assert delivery.deliver(row_id, 1) == "skipped"
    assert noted(eager, "replayed") == 1


def test_the_job_of_a_removed_function_becomes_a_dead_letter_that_says_so(eager, monkeypatch):
    monkeypatch.delitem(jobs.JOBS, "test.note")
    background.note_it.enqueue(tag="gone")
    (row,) = rows()
    assert row.state == "dead"
    assert row.error == "there is no job test.note"


def test_a_claim_whose_worker_is_gone_lapses_and_the_old_one_can_finish_no_more(backend):
    with backend.app_context():
        row_id = background.note_it.enqueue(tag="claimed")
        first = outbox.claim(row_id, 0)
        assert outbox.claim(row_id, 0) is None
        assert outbox.claim(row_id, 1) is None, "its lease has not run out"
        outbox.release(row_id, first.fence)
        (bell,) = outbox.due()
        second = outbox.claim(bell.row_id, bell.attempt)
        assert second.fence == 2
        assert not outbox.beat(first)
        assert not outbox.finish(first)
        assert not outbox.fail(first, "late")
        assert outbox.finish(second)


def test_work_that_kills_its_worker_each_time_is_given_up(backend):
    with backend.app_context():
        row_id = background.note_it.enqueue(tag="deadly")
        for attempt in range(outbox.KILLED_TOO_OFTEN):
            work = outbox.claim(row_id, attempt)
            outbox.release(row_id, work.fence)
        assert outbox.due() == []
        (row,) = rows()
        assert row.state == "dead"
        assert "killed" in row.error


def test_done_rows_are_swept_after_a_week_and_not_before(eager):
    start = clock.now()
    background.note_it.enqueue(tag="old")
    clock.freeze(start + clock.dt.timedelta(days=6))
    assert outbox.sweep() == 0
    clock.freeze(start + clock.dt.timedelta(days=8))
    assert outbox.sweep() == 1
    assert rows() == []


def test_the_request_id_travels_from_the_request_to_the_job(eager):
    from app.panel.core import trace

    seen = []
    outbox.HANDLERS["test.trace"] = outbox.Handler(
        "test.trace", lambda p: seen.append(trace.request_id()), "default", 9, 0
    )
    try:
        with trace.tracing("request-12345678"):
            outbox.put("test.trace", {})
        assert seen == ["request-12345678"]
    finally:
        del outbox.HANDLERS["test.trace"]
