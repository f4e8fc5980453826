"""The suite's own workers: what happens in a fork is what the terminal shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

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
