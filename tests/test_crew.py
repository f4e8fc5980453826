"""The suite's own workers: what happens in a fork is what the terminal shows."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import crew

ROOT = Path(__file__).parents[1]
CONFTEST = """
import pytest
from tests.crew import Crew

def pytest_addoption(parser):
    parser.addoption("--workers", type=int)

def pytest_configure(config):
    number = config.getoption("workers")
    config.pluginmanager.register(Crew(number, lambda: print("BEFORE"), lambda item: item.nodeid.split("::")[0]))

@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    yield tmp_path_factory.mktemp("kept")
    with open("ends", "a") as file:
        file.write("an end\\n")

@pytest.fixture(scope="module")
def of_the_file(kept):
    yield
    assert kept.exists(), "what belongs to the file ends first"
"""
FILES = {
    "test_dies.py": """
import os, signal
def test_first(kept): pass
def test_dies(kept): os.kill(os.getpid(), signal.SIGKILL)
def test_after_it(kept): print("AFTER IT")
""",
    "test_fails.py": """
import warnings
def test_fails(kept, of_the_file):
    print("WHAT IT SAID")
    assert [1, 2] == [1, 3]
def test_warns(kept): warnings.warn("a word of warning")
""",
    "test_long.py": """
def test_a(of_the_file): pass
def test_b(of_the_file): pass
""",
}


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crew")
    for name, text in {"conftest.py": CONFTEST, **FILES}.items():
        (folder / name).write_text(text)
    return folder


def run(folder, *more):
    plugins = [part for name in ("schemathesis", "hypothesispytest", "cacheprovider") for part in ("-p", f"no:{name}")]
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(folder), *plugins, *more]
    done = subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=240)
    return done.returncode, done.stdout + done.stderr


def test_all_is_told_and_who_dies_fails_his_test_and_is_replaced(here):
    code, told = run(here, "--workers", "2")
    assert code == 1
    assert "2 failed, 5 passed, 1 warning" in told, told
    assert re.search(r"FAILED test_dies.py::test_dies", told) and "with -9 in or after test_dies.py::test_dies" in told
    assert "assert [1, 2] == [1, 3]" in told and "WHAT IT SAID" in told and "a word of warning" in told
    at_once, _, _ = told.partition("= FAILURES =")
    assert "test_dies.py::test_dies failed" in at_once and "test_fails.py::test_fails failed" in at_once
    assert told.count("BEFORE") == 1 and "AFTER IT" not in told
    assert (here / "ends").read_text().count("an end") == 2, "each worker but the dead one ends what belongs to its session"


def test_after_the_first_failure_nobody_begins_another_file_when_that_is_asked(here):
    code, told = run(here, "--workers", "1", "-x", "test_fails.py", "test_long.py")
    assert code == 1
    assert "1 failed" in told and "passed" not in told and "stopping after 1 failures" in told, told


class Line:
    """What a fork has asked for, and what it was given."""

    def __init__(self):
        self.given = []

    def recv(self):
        return "next", None

    send = property(lambda self: self.given.append)


@pytest.fixture
def hands():
    """A crew of two and a spare one before pieces a to f, those in capitals of another kind; it has hired all three."""
    made = crew.Crew(2, lambda: None, lambda item: item, str.isupper, spare=1)
    made._sort([*"abcDEF"])
    made.lines = {Line(): crew.Worker(None, number % 2) for number in range(3)}
    return made


def ask(hands, *lines):
    for line in lines:
        hands._listen(SimpleNamespace(config=SimpleNamespace(hook=None)), line)
    return [line.given for line in hands.lines]


def test_each_stays_with_its_kind_while_there_is_any(hands):
    hands.spare = 0
    one, other, _third = hands.lines
    hands.lines.pop(_third)
    assert ask(hands, one, other, other, one) == [[[0], [1]], [[3], [4]]]
    assert ask(hands, one, other, one) == [[[0], [1], [2], []], [[3], [4], [5]]]


def test_who_is_spare_waits_until_processors_are_idle_or_nothing_is_left(hands, monkeypatch):
    one, other, third = hands.lines
    monkeypatch.setattr(hands.processors, "are_idle", lambda: False)
    assert ask(hands, one, other, third) == [[], [[3]], [[0]]]
    hands._look()
    assert hands.parked == [one] and not one.given
    monkeypatch.setattr(hands.processors, "are_idle", lambda: True)
    hands._look()
    assert one.given == [[1]] and not hands.parked
    monkeypatch.setattr(hands.processors, "are_idle", lambda: False)
    assert ask(hands, other)[1] == [[3]] and hands.parked == [other], "there are two at work besides"
    ask(hands, one, one)
    assert one.given == [[1], [2], [4]]
    ask(hands, third)
    hands._look()
    assert third.given == [[0], [5]] and other.given == [[3], []] and not hands.parked


def test_processors_are_idle_by_what_the_system_counts_since_the_last_look(tmp_path, monkeypatch):
    told, now = tmp_path / "stat", [0.0]
    monkeypatch.setattr(crew, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def counts(busy, idle):
        told.write_text(f"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1 0 0 1 0 0 0 0 0 0\n")
        now[0] += 2 * crew.LOOK_SECONDS

    counts(1000, 9000)
    processors = crew.Processors(told)
    counts(1190, 9010)
    assert not processors.are_idle(), "they were before, not since"
    counts(1290, 9110)
    assert processors.are_idle()
    assert not processors.are_idle(), "nothing is known of a moment"
    assert not crew.Processors(tmp_path / "no such file").are_idle()
