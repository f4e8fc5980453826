"""The page of schedules: seen, switched, timed, run by hand, rehearsed; and the page of health."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from app.panel.bulk.models import Run
from app.panel.bulk.states import RunKind, RunState
from app.panel.core import clock, history, lease, schedules, ticker
from app.panel.core.errors import Conflict, Forbidden, InvalidInput
from app.panel.core.jobs import JOBS
from app.panel.core.outbox import OutboxRow
from app.panel.core.schedules import Misfire, Schedule, ScheduleRun
from app.panel.core.transaction import transactional
from app.panel.upkeep import health, queries, services


@pytest.fixture
def schedule(session):
    schedules.sync()
    return session.query(Schedule).filter_by(key="exports.tidy").one()


def runs(session, schedule):
    session.rollback()
    return session.query(ScheduleRun).filter_by(schedule_id=schedule.id).order_by(ScheduleRun.id).all()


def test_the_page_says_what_runs_when_and_how_it_went(as_user, session, schedule, ada):
    services.run_now(schedule.id, actor=ada)
    page = as_user("ada").get("/upkeep/schedules/").text
    assert "Delete exported files that have expired" in page and "every hour at minute 40" in page
    assert re.search(r'badge-success"[^>]*>done', page)
    assert as_user("ben").get("/upkeep/schedules/").status_code == 403


def test_how_a_slot_went_is_written_down_and_an_error_is_shown(session, schedule, ada, monkeypatch):
    services.run_now(schedule.id, actor=ada)
    (run,) = runs(session, schedule)
    assert run.by_hand and run.started_at and run.finished_at and not run.error
    assert queries.outcome(run).word == "done" and queries.outcome(run).lasted.endswith(" s")
    schedules.note(run.id, "failed", "ValueError: no")
    assert queries.outcome(runs(session, schedule)[0]).tone == "danger"
    schedules.note(run.id, "began")
    assert queries.outcome(runs(session, schedule)[0]).word == "running", "it is tried again"


def test_a_job_that_fails_says_so_in_its_slot(session, schedule, ada, monkeypatch):
    def broken(**_arguments):
        raise ValueError("no such thing")

    monkeypatch.setattr(JOBS["exports.tidy"], "func", broken)
    services.run_now(schedule.id, actor=ada)
    assert runs(session, schedule)[0].error == "ValueError: no such thing"


def test_run_now_twice_in_a_minute_runs_once_and_is_told_on_the_trail(session, schedule, ada, ben):
    clock.freeze(dt.datetime(2026, 11, 20, 10, 0, 5, tzinfo=dt.UTC))
    try:
        assert services.run_now(schedule.id, actor=ada)
        assert not services.run_now(schedule.id, actor=ada)
        assert len(runs(session, schedule)) == 1
        clock.freeze(dt.datetime(2026, 11, 20, 10, 1, 5, tzinfo=dt.UTC))
        assert services.run_now(schedule.id, actor=ada)
    finally:
        clock.freeze(None)
    with pytest.raises(Forbidden):
        services.run_now(schedule.id, actor=ben)
    entries = session.query(history.HistoryEntry).filter_by(table="core_schedule", key=schedule.id, verb=services.RAN).all()
    assert [entry.actor_id for entry in entries] == [ada.id, ada.id]


def test_when_it_runs_is_changed_by_fields_and_the_change_is_told(as_user, session, schedule, ada):
    form = {"version": schedule.version, "kind": "daily", "time": "02:30", "zone": "Europe/Berlin", "misfire": "skip"}
    assert as_user("ada").post(f"/upkeep/schedules/{schedule.id}/change", data=form).status_code == 302
    session.refresh(schedule)
    assert (schedule.cron, schedule.zone, schedule.misfire) == ("30 2 * * *", "Europe/Berlin", Misfire.SKIP)
    entry = session.query(history.HistoryEntry).filter_by(table="core_schedule", key=schedule.id, verb="update").one()
    assert entry.changes["cron"] == ["40 * * * *", "30 2 * * *"] and entry.actor_id == ada.id
    answer = as_user("ada").post(f"/upkeep/schedules/{schedule.id}/change", data={**form, "kind": "daily", "time": "x"})
    assert answer.status_code == 422 and "A time such as 02:30 is expected." in answer.text
    assert as_user("ben").post(f"/upkeep/schedules/{schedule.id}/change", data=form).status_code == 403


def test_what_was_typed_wrongly_stands_in_the_form_again_beside_its_reason(schedule, as_user):
    form = {"version": schedule.version, "kind": "cron", "cron": "61 * * * *", "zone": "Europe/Berlin", "misfire": "skip"}
    answer = as_user("ada").post(f"/upkeep/schedules/{schedule.id}/change", data=form)
    assert answer.status_code == 422
    for shown in ('<option value="cron" selected>', 'value="61 * * * *"', 'value="Europe/Berlin"', '<option value="skip" selected>'):
        assert shown in answer.text, shown


def test_a_line_or_zone_that_says_nothing_is_refused_and_so_is_a_stale_page(session, schedule, ada):
    good = {"cron": "0 1 * * *", "zone": "", "misfire": "skip"}
    for wrong in ({"cron": "0 1"}, {"zone": "Mars/Base"}, {"misfire": "never"}):
        with pytest.raises(InvalidInput):
            services.change(schedule.id, actor=ada, version=schedule.version, **{**good, **wrong})
    with pytest.raises(Conflict):
        services.change(schedule.id, actor=ada, version=schedule.version + 1, **good)


def test_one_that_rests_does_not_fire_and_makes_nothing_up_when_it_is_switched_on(session, schedule, ada):
    @transactional
    def due():
        session.execute(sa.update(Schedule).where(Schedule.id == schedule.id).values(
            next_at=clock.now() - dt.timedelta(hours=3), planned=schedules._plan("40 * * * *", None)))  # fmt: skip

    services.switch(schedule.id, False, actor=ada)
    due()
    schedules.fire_due()
    assert runs(session, schedule) == []
    services.switch(schedule.id, True, actor=ada)
    schedules.fire_due()
    assert runs(session, schedule) == [] and schedule.next_at > clock.now()


def test_a_rehearsal_says_what_would_happen_and_leaves_nothing(session, schedule, ada, as_user):
    finished = clock.now() - dt.timedelta(hours=2)

    @transactional
    def old():
        session.add(Run(kind=RunKind.EXPORT, state=RunState.DONE, file_key="a" * 32, finished_at=finished, params={}))

    old()
    assert services.rehearse(schedule.id, clock.now(), actor=ada) == ["0 files would be deleted."]
    later = clock.now() + dt.timedelta(hours=23)
    assert services.rehearse(schedule.id, later, actor=ada) == ["1 files would be deleted."]
    assert session.query(Run).filter_by(file_key="a" * 32).count() == 1
    answer = as_user("ada").post(f"/upkeep/schedules/{schedule.id}/rehearse", data={"at": "2126-11-22T10:00"})
    assert "1 files would be deleted." in answer.text
    silent = session.query(Schedule).filter_by(key="core.check_trail").one()
    assert services.rehearse(silent.id, later, actor=ada) is None


def test_the_health_page_says_who_is_silent_and_what_is_late(app, session, as_user, ada, schedule, monkeypatch):
    @transactional
    def trouble():
        now, hour = clock.now(), dt.timedelta(hours=1)
        session.execute(sa.update(Schedule).where(Schedule.id == schedule.id).values(next_at=now - 3 * hour))
        session.add(OutboxRow(kind="ring", payload={"job": "x"}, queue="live", timeout=1, tries=0, next_at=now - hour))
        session.add(Run(kind=RunKind.EXPORT, state=RunState.RUNNING, file_name="orders.csv", params={}, changed_at=now - hour))

    trouble()
    said = " ".join(health.alarms())
    late = "“Delete exported files that have expired” is late"
    for words in ("no ticker", "Valkey does not answer", late, "“live” for 60 minutes", "orders.csv"):
        assert words in said
    page = as_user("ada").get("/upkeep/health/").text
    assert "orders.csv" in page and "Free on the disk" in page
    for name, value in {"SERVER_PORT": 9090, "TLS_FOLDER": "tls", "REDIS_URL": "redis://:hush@queue:6379/0"}.items():
        monkeypatch.setitem(app.config, name, value)
    page = as_user("ada").get("/upkeep/health/").text
    assert "curl -sk https://127.0.0.1:9090/readyz" in page and "hush" not in page
    assert "message-danger" in as_user("ada").get("/upkeep/health/part").json["html"]
    assert as_user("ben").get("/upkeep/health/").status_code == 403
    assert "The system needs a look" in as_user("ada").get("/home/").text
    assert "The system needs a look" not in as_user("ben").get("/home/").text
    lease.take(ticker.LEASE_NAME, "me", 5)
    assert "no ticker" not in " ".join(health.alarms())


def test_a_run_that_waits_for_its_time_or_behind_another_one_is_not_silent(session):
    @transactional
    def waiting(**more):
        now = clock.now()
        run = Run(kind=RunKind.OPERATION, state=RunState.QUEUED, file_name="x", params={}, changed_at=now - dt.timedelta(hours=1), **more)
        session.add(run)
        session.flush()
        return run.id

    def silent():
        session.expire_all()
        return [one.id for one in health.runs_under_way() if one.is_silent]

    later = waiting(begins_at=clock.now() + dt.timedelta(days=7))
    overdue = waiting(begins_at=clock.now() - dt.timedelta(minutes=5))
    assert silent() == [overdue]
    transactional(lambda: session.add(Run(
        kind=RunKind.OPERATION, state=RunState.RUNNING, file_name="y", params={}, lease_until=clock.now().timestamp() + 60,
    )))()  # fmt: skip
    assert silent() == []
    assert [one.at for one in health.runs_under_way() if one.id == later] == [session.get(Run, later).begins_at]
