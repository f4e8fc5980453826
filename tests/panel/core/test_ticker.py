"""Each slot once: two tickers, a killed one, moved clocks, both nights of summer time, an outage (SAFETY G15, G16)."""

import datetime as dt
import itertools
import threading
import time
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from app.panel.core import clock, jobs, lease, schedules, ticker
from app.panel.core.db import db
from app.panel.core.outbox import OutboxRow
from app.panel.core.schedules import Misfire, Schedule, ScheduleRun
from app.panel.core.transaction import transactional
from tests.goals import Watch
from tests.panel.core import background
from tests.panel.core.conftest import wait_for

UTC = dt.UTC
BERLIN = ZoneInfo("Europe/Berlin")


@transactional
def plan(key="k", cron="*/5 * * * *", **values):
    values = {"label": key, "job": "test.note", "args": {"tag": key}, "cron": cron, "zone": "UTC"} | values
    db.session.add(Schedule(key=key, **values))


@transactional
def change(key, **values):
    schedule = db.session.scalars(sa.select(Schedule).where(Schedule.key == key)).one()
    for name, value in values.items():
        setattr(schedule, name, value)


def taken(key="k"):
    query = sa.select(ScheduleRun.slot_at).join(Schedule).where(Schedule.key == key).order_by(ScheduleRun.slot_at)
    return list(db.session.scalars(query))


def asked():
    db.session.rollback()  # what other processes committed meanwhile is wanted
    ours = OutboxRow.payload["job"].as_string() == "test.note"
    return db.session.execute(sa.select(sa.func.count()).select_from(OutboxRow).where(ours)).scalar_one()


def tick(at):
    clock.freeze(at)
    return schedules.fire_due()


@pytest.fixture
def here(backend):
    with backend.app_context():
        yield backend


def at(hour, minute=0, day=21, month=11, second=0):
    return dt.datetime(2026, month, day, hour, minute, second, tzinfo=UTC)


def test_a_schedule_fires_at_its_slots_and_not_when_it_is_first_seen(here):
    plan()
    assert tick(at(10, 2)) == 0
    assert tick(at(10, 4, second=59)) == 0
    assert tick(at(10, 5)) == 1
    assert tick(at(10, 5, second=1)) == 0
    assert tick(at(10, 10, second=3)) == 1
    assert taken() == [at(10, 5), at(10, 10)]
    assert asked() == 2


def test_after_an_outage_a_schedule_runs_once_or_skips_as_it_says(here):
    plan("once")
    plan("skip", misfire=Misfire.SKIP)
    tick(at(10, 2))
    assert tick(at(13, 17)) == 1
    assert taken("once") == [at(13, 15)]
    assert taken("skip") == []
    assert tick(at(13, 20)) == 2
    assert taken("skip") == [at(13, 20)]


def test_a_year_of_outage_is_not_walked_through(here):
    plan(cron="* * * * *")
    tick(at(10))
    begun = Watch()
    assert tick(at(10) + dt.timedelta(days=365)) == 1
    assert begun.seconds() < 2
    assert taken() == [at(10) + dt.timedelta(days=365)]
    plan("yearly", cron="0 0 1 1 *")
    tick(at(10) + dt.timedelta(days=365, seconds=1))
    tick(at(10) + dt.timedelta(days=1000))
    assert taken("yearly") == [dt.datetime(2029, 1, 1, tzinfo=UTC)]


def test_a_clock_that_is_set_back_repeats_nothing_and_one_set_forward_runs_once(here):
    plan()
    tick(at(10, 2))
    tick(at(10, 5))
    assert tick(at(9, 5)) == 0
    assert tick(at(10, 5, second=30)) == 0
    assert tick(at(11, 7)) == 1, "set forward by an hour"
    assert taken() == [at(10, 5), at(11, 5)]


def test_an_edited_schedule_is_planned_anew_and_does_not_fire_by_the_edit(here):
    plan()
    tick(at(10, 2))
    change("k", cron="0 3 * * *")
    assert tick(at(10, 6)) == 0
    assert tick(at(2, 59, day=22)) == 0
    assert tick(at(3, 0, day=22)) == 1
    change("k", enabled=False)
    assert tick(at(3, 0, day=23)) == 0
    version = db.session.execute(sa.select(Schedule.version)).scalar_one()
    assert version == 3, "what the ticker notes is no edit"


def test_the_night_without_half_past_two_runs_once_when_the_gap_ends():
    slots = first(schedules.slots("30 2 * * *", BERLIN, dt.datetime(2026, 3, 27, 12, tzinfo=UTC)), 3)
    local = [slot.astimezone(BERLIN).strftime("%d %H:%M %z") for slot in slots]
    assert local == ["28 02:30 +0100", "29 03:00 +0200", "30 02:30 +0200"]


def test_the_night_with_two_half_past_twos_runs_once():
    slots = first(schedules.slots("30 2 * * *", BERLIN, dt.datetime(2026, 10, 23, 12, tzinfo=UTC)), 4)
    local = [slot.astimezone(BERLIN).strftime("%d %H:%M %z") for slot in slots]
    assert local == ["24 02:30 +0200", "25 02:30 +0200", "26 02:30 +0100", "27 02:30 +0100"]


@pytest.mark.parametrize("night", [dt.datetime(2026, 3, 28, 20, tzinfo=UTC), dt.datetime(2026, 10, 24, 20, tzinfo=UTC)])
@pytest.mark.parametrize(("cron", "minutes"), [("*/15 * * * *", 15), ("7 * * * *", 60)])
def test_what_follows_real_time_never_pauses_nor_repeats_in_either_night(night, cron, minutes):
    slots = first(schedules.slots(cron, BERLIN, night), 40)
    assert {b - a for a, b in itertools.pairwise(slots)} == {dt.timedelta(minutes=minutes)}


def test_each_slot_of_a_year_is_a_later_instant_in_zones_with_odd_shifts():
    for zone in ("Australia/Lord_Howe", "America/New_York", "Asia/Shanghai", "America/Santiago"):
        slots = first(schedules.slots("45 1 * * *", ZoneInfo(zone), dt.datetime(2026, 1, 1, tzinfo=UTC)), 365)
        days = [slot.astimezone(ZoneInfo(zone)).date() for slot in slots]
        assert len(set(days)) == 365, zone
        assert slots == sorted(set(slots))


def first(iterator, number):
    return [next(iterator) for _ in range(number)]


def test_ticking_through_the_night_of_two_half_past_twos_asks_once(here):
    plan(cron="30 2 * * *", zone="Europe/Berlin")
    instant = dt.datetime(2026, 10, 24, 22, tzinfo=UTC)
    while instant < dt.datetime(2026, 10, 25, 6, tzinfo=UTC):
        tick(instant)
        instant += dt.timedelta(minutes=10)
    assert taken() == [dt.datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_many_tickers_at_once_take_each_slot_once(backend):
    """Four threads that never heard of a lease: the database alone keeps each slot from being taken twice."""
    with backend.app_context():
        for number in range(5):
            plan(f"k{number}", cron="* * * * *")
        tick(at(10))
    for minute in range(1, 7):
        clock.freeze(at(10, minute))
        barrier = threading.Barrier(4)
        threads = [threading.Thread(target=fire, args=(backend, barrier)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with backend.app_context():
        assert [taken(f"k{n}") for n in range(5)] == [[at(10, minute) for minute in range(1, 7)]] * 5
        assert asked() == 30


def fire(app, barrier):
    with app.app_context():
        barrier.wait()
        schedules.fire_due()


def test_two_ticker_processes_share_the_work_and_a_killed_one_is_followed_within_seconds(backend, processes):
    first_one = processes(backend, "ticker")
    wait_for(lambda: ticker.lease_state(backend)["ok"])
    second = processes(backend, "ticker")
    holder = ticker.lease_state(backend)["holder"]
    with backend.app_context():
        for number in range(10):
            plan(f"k{number}", cron="0 0 1 1 *")
        wait_for(lambda: not unplanned())
        make_due()
        wait_for(lambda: asked() == 10)
        time.sleep(2)
        assert asked() == 10
        assert ticker.lease_state(backend)["holder"] == holder
        first_one.kill()
        killed = Watch()
        wait_for(lambda: ticker.lease_state(backend)["ok"] and ticker.lease_state(backend)["holder"] != holder)
        seconds = killed.seconds()
        print(f"the second ticker took over {seconds:.1f} s after the kill")
        assert seconds < 10
        make_due()
        wait_for(lambda: asked() == 20)
    second.terminate()
    second.wait()
    assert not ticker.lease_state(backend)["ok"], "who stops gives the lease back"


def unplanned():
    db.session.rollback()
    return db.session.execute(sa.select(Schedule.id).where(Schedule.planned.is_(None))).all()


@transactional
def make_due():
    ours, now = Schedule.key.startswith("k"), clock.now()
    db.session.execute(sa.update(Schedule.__table__).where(ours).values(next_at=now - dt.timedelta(seconds=1)))


def test_a_duty_that_hangs_blocks_nobody_but_itself(backend):
    calls, hang = [], threading.Event()

    def stuck():
        calls.append("stuck")
        hang.wait(60)

    def broken():
        calls.append("broken")
        raise ValueError

    named = {"stuck": stuck, "broken": broken, "fine": lambda: calls.append("fine")}
    duties = [ticker.Each(name, func, 0.0, 0.05) for name, func in named.items()]
    one = ticker.Ticker(backend, duties, synced=True)
    try:
        wait_for(lambda: one.tick() and calls.count("broken") >= 4 and calls.count("fine") >= 4 and duties[0].complained)
        assert calls.count("stuck") == 1
    finally:
        hang.set()


def test_one_lease_has_one_holder_and_a_new_fence_with_each_change_of_hands(here):
    assert lease.take("x", "a", 5) == 1
    assert lease.take("x", "a", 5) == 1
    assert lease.take("x", "b", 5) is None
    clock.freeze(clock.now() + dt.timedelta(hours=1))
    assert lease.take("x", "b", 5) is None, "the clock of this host does not matter"
    lease.release("x", "b")
    assert lease.take("x", "b", 5) is None, "nobody gives back what he does not hold"
    lease.release("x", "a")
    assert lease.take("x", "b", 5) == 2
    assert lease.state("x")["holder"] == "b"
    assert 4 < lease.state("x")["seconds"] <= 5


def test_without_a_ticker_the_lease_says_so(backend):
    state = ticker.lease_state(backend)
    assert (state["ok"], state["error"]) == (False, "no ticker holds the lease")


def test_declared_schedules_become_rows_once_and_keep_what_people_changed(here):
    schedules.sync()
    keys = set(db.session.scalars(sa.select(Schedule.key)))
    assert {"core.sweep", "core.forget_keys"} <= keys
    change("core.sweep", cron="0 5 * * *", enabled=False)
    schedules.sync()
    row = db.session.scalars(sa.select(Schedule).where(Schedule.key == "core.sweep")).one()
    assert (row.cron, row.enabled) == ("0 5 * * *", False)


def test_every_declared_schedule_names_a_job_that_takes_its_arguments():
    for key, default in jobs.SCHEDULES.items():
        assert default.job in jobs.JOBS, key
        jobs.check_arguments(jobs.JOBS[default.job], default.args)


@pytest.mark.parametrize("cron", ["", "nonsense", "* * * *", "61 * * * *", "* * * * * *", "@daily"])
def test_a_line_that_is_no_cron_line_is_refused(cron):
    with pytest.raises(ValueError):
        jobs.scheduled("x", cron=cron, label="x")
    with pytest.raises(ValueError):
        schedules._check_cron(cron)


def test_a_schedule_whose_job_is_gone_or_whose_line_is_broken_stops_no_other(here):
    plan("gone", job="test.removed")
    plan("fine")
    plan("mangled", cron="* * * * *")
    tick(at(10, 2))
    db.session.execute(sa.text("UPDATE core_schedule SET cron='nonsense' WHERE key='mangled'"))
    db.session.commit()
    tick(at(10, 5))
    assert taken("fine") == [at(10, 5)]
    assert background.noted(here, "gone") == 0
