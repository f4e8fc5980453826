"""The supervisor with small programs for parts: what it starts again, how it ends, what it leaves behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from processes import forked
from processes import supervisor as module
from processes.forked import ForkedPart
from processes.supervisor import Part, Supervisor
from tests.goals import Watch
from tests.ops.tree import lives

ROOT = Path(__file__).resolve().parents[2]
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)",
]


@pytest.fixture
def said():
    return []


@pytest.fixture
def kept(said):
    supervisor = Supervisor(lambda part, sentence: said.append((part, sentence)))
    yield supervisor
    supervisor.stop()


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def test_a_part_that_dies_is_started_again_and_the_rest_lives_on(kept, said):
    first, second = Part("first", SLEEP), Part("second", SLEEP)
    kept.add(first)
    kept.add(second)
    before, other = first.process.pid, second.process.pid
    os.kill(before, signal.SIGKILL)
    assert kept.watch(lambda: first.alive and first.process.pid != before, 60)
    assert second.alive and second.process.pid == other
    assert said == [("first", "ended (signal SIGKILL); starts again in 0.5 s")]


def test_a_part_that_dies_at_once_is_started_ever_more_slowly(kept, said):
    began = time.monotonic()
    kept.add(Part("broken", ["/bin/sh", "-c", "exit 3"]))
    assert kept.watch(lambda: len(said) == 3, 60)
    assert time.monotonic() - began >= 1.5, "the pauses that it spoke of were made"
    pauses = [sentence.split(" in ")[1] for _, sentence in said]
    assert pauses == ["0.5 s", "1 s", "2 s"]
    assert "code 3" in said[0][1]


def test_a_part_that_lived_long_starts_again_without_a_long_pause(kept, said, monkeypatch):
    monkeypatch.setattr(module, "STEADY", 0.3)
    part = Part("steady", [sys.executable, "-c", "import time; time.sleep(0.5)"], pause=30.0)
    kept.add(part)
    assert kept.watch(lambda: bool(said), 60)
    assert said[0][1].endswith("0.5 s")


def test_the_last_stage_ends_last(kept, tmp_path):
    trace = tmp_path / "trace"
    program = (
        "import signal, sys, time, pathlib\n"
        "def end(*_):\n"
        "    time.sleep(float(sys.argv[3])); open(sys.argv[1], 'a').write(sys.argv[2] + ' '); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); pathlib.Path(sys.argv[1] + sys.argv[2]).touch(); time.sleep(60)"
    )
    for name, stage, pause in (("valkey", 0, "0"), ("worker", 1, "0.5")):
        kept.add(Part(name, [sys.executable, "-c", program, str(trace), name, pause], stage=stage))
    wait_for(lambda: len(list(tmp_path.glob("trace*"))) == 2)
    kept.stop()
    assert trace.read_text().split() == ["worker", "valkey"]


def test_a_part_that_will_not_end_is_killed_in_time(kept, said, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "LAST_GRACE", 0.5)
    deaf = tmp_path / "deaf"
    part = Part("stubborn", ["/bin/sh", "-c", f"trap '' TERM; touch '{deaf}'; sleep 60 & wait"], stage=0)
    kept.add(part)
    wait_for(deaf.exists)
    began = Watch()
    kept.stop()
    assert began.seconds() < 3
    assert not part.alive
    assert "killed" in said[-1][1]


def test_all_waits_together_stay_below_ten_seconds():
    assert module.GRACE + module.LAST_GRACE < 10


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_no_part_survives_a_killed_supervisor():
    program = (
        "import sys; from processes.supervisor import *\n"
        "s = Supervisor(print)\n"
        f"s.add(Part('a', {SLEEP!r})); s.add(Part('b', {STUBBORN!r}))\n"
        "print(*[p.process.pid for p in s.parts], flush=True); s.watch()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        children = [psutil.Process(int(word)) for word in process.stdout.readline().split()]
        assert len(children) == 2
        process.kill()
    wait_for(lambda: not [child for child in children if lives(child)])


def test_a_forked_part_is_kept_like_any_other(kept, said, tmp_path):
    def work():
        (tmp_path / str(os.getpid())).write_text(os.environ["ROLE"])
        time.sleep(60)

    part = ForkedPart("forked", env={"ROLE": "fork"}, target=work)
    kept.add(part)
    first = part.process.pid
    wait_for((tmp_path / str(first)).exists)
    os.kill(first, signal.SIGKILL)
    assert kept.watch(lambda: part.alive and part.process.pid != first, 60)
    assert said == [("forked", "ended (signal SIGKILL); starts again in 0.5 s")]
    kept.stop()
    # asked to end, or, where the machine is too busy for it to hear, made to
    assert part.process.returncode in (-signal.SIGTERM, -signal.SIGKILL)
    assert "ROLE" not in os.environ


def test_a_fork_that_is_asked_to_end_in_its_first_moment_does_not_do_what_its_parent_does_then(kept, monkeypatch):
    really = os.fork

    def slowly():
        if (pid := really()) == 0:
            time.sleep(0.3)
        return pid

    monkeypatch.setattr(forked.os, "fork", slowly)
    before = signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
    try:
        part = ForkedPart("young", target=lambda: time.sleep(60))
        kept.add(part)
        assert os.getpgid(part.process.pid) == part.process.pid
        kept.stop()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert part.process.returncode == -signal.SIGTERM
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & set(forked.ENDINGS)


def test_a_forked_part_that_fails_has_a_code_and_leaves_the_parent_alone(kept, said):
    kept.add(ForkedPart("failing", target=lambda: sys.exit(3)))
    assert kept.watch(lambda: bool(said), 60)
    assert "code 3" in said[0][1]
