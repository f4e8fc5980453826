"""The line before SQLite's one place for a writer."""

import fcntl
import itertools
import multiprocessing
import os
import threading
import time

import pytest

from app.panel.core import writers
from tests.goals import Watch


@pytest.fixture(autouse=True)
def only_on_sqlite(engine_name):
    if engine_name != "sqlite":
        pytest.skip("the line is SQLite's; PostgreSQL locks rows")


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'line.db'}"


def test_threads_take_turns(url):
    inside, most = [], []

    def write():
        with writers.turn(url):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.005)
            inside.pop()

    threads = [threading.Thread(target=write) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 12


def hold(url, told, ours):
    ours.close()
    with writers.turn(url):
        told.send("entered")
        told.poll(60)


@pytest.fixture
def other(url):
    """Another process that holds the turn until it is told to leave."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()  # an Event would wait for ever for a killed process to hear of it
    process = context.Process(target=hold, args=(url, theirs, ours))
    process.start()
    theirs.close()
    assert ours.poll(30)
    yield process, ours
    ours.close()
    process.join(60)


def test_processes_take_turns(url, other):
    _process, told = other
    began = time.monotonic()
    threading.Timer(0.3, told.send, ("leave",)).start()
    with writers.turn(url):
        assert time.monotonic() - began >= 0.25


def test_a_process_that_is_killed_gives_its_turn_back(url, other):
    other[0].kill()
    began = Watch()
    with writers.turn(url):
        assert began.seconds() < 5


def test_a_process_that_hangs_stops_everybody_once_and_not_at_each_write(url, other, monkeypatch):
    monkeypatch.setattr(writers, "STANDS_STILL", 0.3)
    began = time.monotonic()
    with writers.turn(url):
        assert other[0].is_alive()
        assert time.monotonic() - began >= 0.3
    began = Watch()
    for _write in range(20):
        with writers.turn(url):  # what was not held is not given back
            assert other[0].is_alive()
    assert began.seconds() < 3, "20 waits would take 6 s"


def test_a_line_that_moves_is_waited_in_for_longer_than_one_turn_may_take(tmp_path, monkeypatch):
    path = tmp_path / "line.db-writers"
    others, at = os.open(path, os.O_RDWR | os.O_CREAT), itertools.count(1)

    class Time:
        """A second passes between two looks, and the other processes take turns, without a gap in which we could come."""

        now = 0

        def monotonic(self):
            return self.now

        def sleep(self, _seconds):
            self.now += 1
            os.pwrite(others, next(at).to_bytes(writers.NUMBER, "big"), 0)
            if self.now > 5 * writers.STANDS_STILL:
                fcntl.flock(others, fcntl.LOCK_UN)

    monkeypatch.setattr(writers, "time", clock := Time())
    fcntl.flock(others, fcntl.LOCK_EX)
    line = writers.Line(str(path))
    with line.turn():
        assert clock.now > 5 * writers.STANDS_STILL
        with pytest.raises(BlockingIOError):
            fcntl.flock(others, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not line.given_up, "it stood in line, and nobody stood still"
    os.close(others)


def test_an_error_inside_gives_the_turn_back(url):
    with pytest.raises(ZeroDivisionError), writers.turn(url):
        raise ZeroDivisionError
    with writers.turn(url):
        pass


@pytest.fixture
def courteous(monkeypatch):
    monkeypatch.setattr(writers, "HESITATES", 60)
    monkeypatch.setattr(writers, "GIVES_WAY", 60)


def until_somebody_waits(url):
    watched, since = writers.Waiting(f"{url.removeprefix('sqlite:///')}-writers-waiting"), Watch()
    while not watched.is_any():
        assert since.seconds() < 30
        time.sleep(0.001)
    os.close(watched.file)


def test_who_works_through_many_rows_lets_the_threads_that_wait_go_first(url, courteous):
    came = []

    def save():
        with writers.turn(url):
            came.append("save")

    with writers.giving_way():
        for _chunk in range(3):
            with writers.turn(url):
                came.append("chunk")
                saving = threading.Thread(target=save)
                saving.start()
                until_somebody_waits(url)
    saving.join()
    assert came == ["chunk", "save"] * 3


def test_who_works_through_many_rows_lets_other_processes_that_wait_go_first(url, courteous):
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=hold, args=(url, theirs, ours))
    with writers.turn(url):
        process.start()
        theirs.close()
        until_somebody_waits(url)
    line = writers._lines[url]
    line._give_way()
    assert not line._take(), "it has the turn"
    assert not line.those_who_wait.is_any()
    ours.close()
    process.join(60)


def test_who_waits_and_does_not_go_is_not_waited_for(url):
    with writers.turn(url):
        pass
    hangs = writers.Waiting(f"{url.removeprefix('sqlite:///')}-writers-waiting")
    with hangs.one_more(), writers.giving_way():
        assert writers._lines[url].those_who_wait.is_any()
        began = Watch()
        with writers.turn(url):
            assert began.seconds() < 5
    assert not hangs.is_any()


@pytest.mark.parametrize("elsewhere", ["postgresql+psycopg://h/d", "sqlite://", "sqlite:///:memory:"])
def test_where_nobody_queues_there_is_no_line(elsewhere):
    with writers.turn(elsewhere):
        assert elsewhere not in writers._lines


def test_threads_that_want_one_row_go_one_after_the_other_and_others_pass(monkeypatch):
    passed = []

    def want(row):
        with writers.in_line(row):
            passed.append(row)

    with writers.in_line("a"):
        waiting = threading.Thread(target=want, args=("a",))
        waiting.start()
        want("b")
        assert passed == ["b"], "who wants the same row waits"
        monkeypatch.setattr(writers, "PATIENCE", 0.1)
        want("a")
        assert passed == ["b", "a"], "but not for good behind one that hangs"
    waiting.join()
    assert passed == ["b", "a", "a"]
