"""The second start-up mode: PostgreSQL and a Valkey of their own, two web processes, two workers, one ticker."""

import contextlib
import os
import signal
import subprocess
import sys

import psutil
import psycopg
import pytest
import redis

from tests import databases, valkeys
from tests.ops import loaded
from tests.ops.tree import PASSWORD, ROOT, clean_env, free_port, get, listening, lives, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.slow]
SCRIPT = """
import gc
from app import create_app
from app.panel.core import housekeeping
app = create_app()
assert gc.isenabled() and gc.get_freeze_count() > 100_000, "what stays is not searched for garbage"
for command in ("setup", "check"):
    done = app.test_cli_runner().invoke(args=[command])
    print(command, done.exit_code, done.output)
with app.app_context():
    for _ in range(40):
        housekeeping.sweep.enqueue()
"""


class Parts:
    """Started one by one, as containers are; the ticker as a program that begins with nothing, the others as forks."""

    def __init__(self, home, port, **env):
        self.home, self.port, self.env, self.processes = home, port, env, []
        self.output = home.parent / "output"

    def start(self, *arguments):
        env = clean_env(self.home, self.port, **self.env)
        self.processes.append(loaded.start(env, self.output, *arguments))

    def start_anew(self, *arguments):
        env = clean_env(self.home, self.port, **self.env)
        with self.output.open("ab") as output:
            command = [sys.executable, str(ROOT / "run.py"), *arguments]
            self.processes.append(subprocess.Popen(command, env=env, stdout=output, stderr=output))

    def swept(self):
        """How many sweeps the workers have done."""
        with psycopg.connect(self.env["DATABASE_URL"]) as connection:
            count = "SELECT count(*) FROM core_outbox WHERE state = 'done' AND payload ->> 'job' = 'core.sweep'"
            return connection.execute(count).fetchone()[0]


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("second")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(databases.postgresql())
        valkey = valkeys.started(folder / "valkey")
        stack.callback(valkey.stop)
        with redis.Redis(port=valkey.port) as client:  # its own check of the start knows no password
            client.config_set("requirepass", "a-password-of-valkey")
        parts = Parts(
            folder / "home",
            free_port(),
            DATABASE_URL=databases.create(server).replace("+psycopg", ""),  # as its owner writes it
            REDIS_URL=f"redis://:a-password-of-valkey@127.0.0.1:{valkey.port}/0",
            ZHANGGUI_WEB_PROCESSES="2",
            ZHANGGUI_ADMIN_PASSWORD=PASSWORD,
        )
        parts.told = set_up_twice_at_once(parts)
        for part in ("web", "worker", "worker"):
            parts.start(part)
        parts.start_anew("ticker")
        try:
            wait_for(lambda: get(parts.port, "/readyz")[0] == 200, 240, "ready")
            yield parts
        finally:
            for process in parts.processes:
                process.kill()
                process.wait()


def set_up_twice_at_once(parts):
    """On an empty database, each in a home of its own, as on two machines; what they said."""
    told, running = [], []
    for home in (parts.home, parts.home.parent / "another"):
        output = home.parent / f"{home.name}.output"
        running.append((loaded.start(clean_env(home, parts.port, **parts.env), output, "setup"), output))
    for process, output in running:
        assert process.wait(240) == 0, output.read_text()
        told.append(output.read_text())
    return told


def test_of_two_setups_at_once_one_makes_the_administrator(parts):
    assert all(f"Zhanggui runs at http://127.0.0.1:{parts.port}" in said for said in parts.told)
    assert sum("User admin" in said for said in parts.told) == 1


def test_every_part_is_found_ready(parts):
    status, report = get(parts.port, "/readyz")
    assert status == 200, report
    wait_for(lambda: "2 workers" in get(parts.port, "/readyz")[1]["parts"]["worker"]["message"], 120, "both workers")


def servers(parts):
    """The processes that answer."""
    return listening(parts.processes[0].pid, parts.port)


def test_two_processes_serve_one_port(parts):
    wait_for(lambda: len(servers(parts)) == 2, 60, "two servers")


def test_a_killed_server_process_is_replaced_and_the_other_one_stays(parts):
    before = wait_for(lambda: (found := servers(parts)) and len(found) == 2 and found, 60, "two servers")
    victim, survivor = sorted(before)
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: len(servers(parts) - {victim}) == 2, 60, "a new server")
    assert survivor in servers(parts) and parts.processes[0].poll() is None
    assert get(parts.port, "/healthz")[0] == 200


def test_setup_changes_nothing_when_it_runs_again_the_check_agrees_and_jobs_are_done_by_the_workers(parts):
    before = parts.swept()
    env = clean_env(parts.home, parts.port, **parts.env)
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=env, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "setup 0 Zhanggui runs at" in done.stdout and "User admin" not in done.stdout
    assert "check 0 ok" in done.stdout and "WRONG" not in done.stdout
    wait_for(lambda: parts.swept() >= before + 40, 120, "all the work")


def test_each_part_ends_on_sigterm_with_what_it_started(parts):
    children = [child for process in parts.processes for child in psutil.Process(process.pid).children(recursive=True)]
    for process in parts.processes:
        os.kill(process.pid, signal.SIGTERM)
    assert [process.wait(60) for process in parts.processes] == [0, 0, 0, 0]
    wait_for(lambda: not [child for child in children if lives(child)], 30, "the end of all")
