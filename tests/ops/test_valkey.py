"""The Valkey that comes with the panel: private, lasting, alone on its file, gone with its parent (SAFETY R07)."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis

import config
from processes import valkey
from processes.supervisor import Supervisor
from tests.ops.tree import lives, wait_for

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path):
    config.prepare(tmp_path / "home")
    return tmp_path / "home"


class Running:
    def __init__(self, home):
        self.supervisor = Supervisor(lambda *_: None)
        self.part = valkey.part(home)
        self.supervisor.add(self.part)
        path = config.socket_path(home)
        assert self.supervisor.watch(lambda: valkey.answers(path), 60)
        self.client = redis.Redis.from_url(config.load({"ZHANGGUI_HOME": str(home)})["REDIS_URL"])

    def stop(self):
        self.client.close()
        self.supervisor.stop()
        os.close(self.part.keep_open[0])


@pytest.fixture
def running(home):
    server = Running(home)
    yield server
    server.stop()


def test_it_is_reached_by_a_private_socket_and_no_port(running, home):
    folder = config.socket_path(home).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert running.client.config_get("port")["port"] == "0"
    assert not psutil.Process(running.part.process.pid).net_connections(kind="inet")


def test_it_writes_every_job_down_and_forgets_none_for_want_of_memory(running):
    found = running.client.config_get("append*", "maxmemory*")
    assert found["appendonly"] == "yes" and found["appendfsync"] == "everysec"
    assert found["maxmemory-policy"] == "noeviction" and int(found["maxmemory"]) > 0


def test_what_was_queued_is_there_after_a_restart(home):
    first = Running(home)
    first.client.rpush("rq:queue:default", "a-job")
    first.stop()
    second = Running(home)
    try:
        assert second.client.lrange("rq:queue:default", 0, -1) == [b"a-job"]
    finally:
        second.stop()


def test_a_killed_server_lost_at_most_its_last_second(home):
    first = Running(home)
    first.client.rpush("q", "a-job")
    first.client.execute_command("WAITAOF", 1, 0, 30_000)
    os.kill(first.part.process.pid, signal.SIGKILL)
    first.stop()
    second = Running(home)
    try:
        assert second.client.lrange("q", 0, -1) == [b"a-job"]
    finally:
        second.stop()


def test_a_second_server_on_one_file_is_refused(running, home, monkeypatch):
    with pytest.raises(config.ConfigError, match="another Valkey"):
        valkey._lock(home / "valkey", 0.3)
    assert running.client.ping()


def test_the_lock_lives_as_long_as_the_server_and_not_its_starter(running, home):
    os.close(running.part.keep_open[0])
    try:
        with pytest.raises(config.ConfigError, match="another Valkey"):
            valkey._lock(home / "valkey", 0.3)
    finally:
        running.part.keep_open = (os.open(os.devnull, os.O_RDONLY),)


def test_a_long_home_works_as_well(tmp_path):
    home = tmp_path / "a-rather-long-folder-name" / ("掌柜" * 20) / ("b" * 40)
    config.prepare(home)
    server = Running(home)
    try:
        assert server.client.ping()
        assert len(os.fsencode(config.socket_path(home))) <= config.LONGEST_SOCKET
        assert stat.S_IMODE(config.socket_path(home).parent.stat().st_mode) == 0o700
    finally:
        server.stop()
        config.socket_path(home).parent.rmdir()


def test_a_socket_folder_of_somebody_else_is_not_trusted(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    with pytest.raises(config.ConfigError, match="somebody else"):
        valkey.private_folder(tmp_path)


def test_a_socket_folder_that_is_a_link_is_not_trusted(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(config.ConfigError, match="somebody else"):
        valkey.private_folder(tmp_path / "link")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_it_ends_when_its_starter_is_killed_and_keeps_what_it_has(home):
    program = (
        "import sys, pathlib, config; from processes import valkey; from processes.supervisor import Supervisor\n"
        "home = pathlib.Path(sys.argv[1]); s = Supervisor(print); s.add(valkey.part(home))\n"
        "s.watch(lambda: valkey.answers(config.socket_path(home)), 60)\n"
        "print(s.parts[0].process.pid, flush=True); s.watch()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(home)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        server = psutil.Process(int(process.stdout.readline()))
        with redis.Redis(unix_socket_path=str(config.socket_path(home))) as client:
            client.rpush("q", "a-job")
        process.kill()
    wait_for(lambda: not lives(server), 30)
    second = Running(home)
    try:
        assert second.client.lrange("q", 0, -1) == [b"a-job"]
    finally:
        second.stop()


def test_its_log_does_not_grow_for_ever(home):
    log = home / "logs" / "valkey.log"
    log.write_bytes(b"x" * (valkey.LARGEST_LOG + 1))
    os.close(valkey.part(home).keep_open[0])
    assert not log.exists() and log.with_suffix(".log.1").exists()
