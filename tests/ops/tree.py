"""A real process tree for tests: `run.py` on a home of its own and a free port."""

import contextlib
import fcntl
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests import databases
from tests.goals import Watch

ROOT = Path(__file__).resolve().parents[2]
OURS = ("ZHANGGUI_", "FLASK_", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "HOST", "PORT")
NO_FILE = {"ZHANGGUI_ENV_FILE": os.devnull, "FLASK_SKIP_DOTENV": "1"}  # the .env beside the program is a real instance's
PASSWORD = "a-long-and-quiet-Password-7"


PORTS = range(20_000, 32_000)  # below those that systems give out by themselves
_locks = []


def free_port() -> int:
    """A port on which nobody listens and that no other process of tests gets before this one has ended."""
    folder = Path(tempfile.gettempdir()) / f"zhanggui-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in random.SystemRandom().sample(PORTS, 500):
        lock = (folder / str(port)).open("w")
        with contextlib.suppress(OSError), socket.socket() as probe:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            probe.bind(("", port))
            _locks.append(lock)
            return port
        lock.close()
    raise AssertionError("no free port among 500")


def clean_env(home: Path, port: int, **more: str) -> dict[str, str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    return env | NO_FILE | {"ZHANGGUI_HOME": str(home), "ZHANGGUI_CACHE": str(databases.CACHE), "PORT": str(port)} | more


def get(port: int, path: str) -> tuple[int, dict]:
    """Status and JSON; (0, {}) when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except (OSError, ValueError):
        return 0, {}


def wait_for(condition, seconds=120.0, what="it"):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def run(home: Path, port: int, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "run.py"), *arguments]
    return subprocess.run(command, env=clean_env(home, port, **env), capture_output=True, text=True, timeout=120)


def flask(home: Path, port: int, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flask", "--app", "app", *arguments]
    environment = clean_env(home, port, **env)
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120)


def lives(process: psutil.Process) -> bool:
    """Whether it runs. It may end between any two questions about it: then it does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def parent_of(process: psutil.Process) -> psutil.Process | None:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.parent()
    return None


def title(process: psutil.Process) -> str:
    """Its short name and its command: a fork has a name of its own and the command of its parent."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return f"{process.name()} {' '.join(process.cmdline())}"
    return ""


def listening(pid: int, port: int) -> set[int]:
    """Who of those that `pid` has started answers at this port: who is still loading does not."""
    found = set()
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            open_ones = child.net_connections("inet")
            found |= {child.pid for one in open_ones if one.status == psutil.CONN_LISTEN and one.laddr.port == port}
    return found


class Tree:
    """Use as a context manager: whatever happens, nothing of it stays behind."""

    def __init__(self, home: Path, port: int | None = None, *arguments: str, **env: str) -> None:
        self.home, self.port = home, port or free_port()
        self.home.parent.mkdir(parents=True, exist_ok=True)
        self.output = home.parent / f"{home.name}.output"
        self.seen: dict[int, psutil.Process] = {}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "run.py"), *arguments],
                env=clean_env(home, self.port, **env),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def __enter__(self) -> "Tree":
        return self

    def __exit__(self, *_) -> None:
        self.look()
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
        for process in [self.process, *self.seen.values()]:
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                process.kill()
        self.process.wait(30)

    def ready(self, seconds: float = 240.0) -> "Tree":
        wait_for(lambda: self.process.poll() is not None or "Zhanggui runs at" in self.text, seconds, self.text)
        assert self.process.poll() is None, self.text
        self.look()
        return self

    @property
    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def look(self) -> list[psutil.Process]:
        """All that runs under the supervisor, and remember it: later it may have another parent."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in psutil.Process(self.process.pid).children(recursive=True):
                self.seen[process.pid] = process
        return self.alive()

    def alive(self) -> list[psutil.Process]:
        return [process for process in self.seen.values() if lives(process)]

    def find(self, word: str) -> psutil.Process | None:
        """The oldest process whose name or command holds the word."""
        found = [process for process in self.look() if word in title(process)]
        return min(found, key=lambda process: (process.create_time(), process.pid), default=None)

    def part(self, word: str) -> psutil.Process:
        found = self.find(word)
        assert found, f"no {word}: {self.text}"
        return found

    def stop(self, signum: int = signal.SIGTERM) -> float:
        """Seconds until the supervisor has ended."""
        self.look()
        began = Watch()
        self.process.send_signal(signum)
        self.process.wait(60)
        return began.seconds()


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """One for all files that are marked `together("tree")`; the last of them ends it."""
    with Tree(tmp_path_factory.mktemp("tree") / "home", None, ZHANGGUI_ADMIN_PASSWORD=PASSWORD) as started:
        yield started.ready()
