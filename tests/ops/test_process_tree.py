"""The whole panel as one process tree, really started: it comes up, heals, ends, and leaves nobody behind."""

import contextlib
import signal
import socket
import sys

import pytest
import redis

import config
from tests.ops.loaded import flask_to_its_end
from tests.ops.tree import PASSWORD, Tree, clean_env, free_port, get, lives, parent_of, run, title, wait_for
from tests.ops.visitor import Visitor, log_lines, rows

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.together("tree")]
LONG = 20_000  # rows that take a few seconds
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")


@pytest.fixture(scope="module")
def again(tree):
    """The panel of the same home when the first one has ended; started anew when it is asked for and has ended too."""
    running = []
    with contextlib.ExitStack() as stack:

        def run_again():
            if not running or running[-1].process.poll() is not None:
                assert tree.process.poll() is not None
                running.append(stack.enter_context(Tree(tree.home)).ready())
            return running[-1]

        yield run_again


def test_it_is_alive_and_ready_with_every_part_named(tree):
    assert get(tree.port, "/healthz") == (200, {"status": "ok"})
    status, report = get(tree.port, "/readyz")
    assert status == 200
    assert set(report["parts"]) == {"database", "migrations", "valkey", "worker", "ticker", "search"}
    assert all(part["ok"] and part["message"] for part in report["parts"].values())


def test_the_terminal_names_the_address_and_never_a_given_password(tree):
    assert f"http://127.0.0.1:{tree.port}" in tree.text
    assert "User admin" in tree.text
    assert PASSWORD not in tree.text


def test_the_check_command_finds_nothing_wrong(tree, tmp_path):
    done = flask_to_its_end(clean_env(tree.home, tree.port), tmp_path, "check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout


def test_everything_of_the_instance_lies_in_its_home(tree):
    assert {"secret_key", "zhanggui.db", "valkey", "logs", "files"} <= {path.name for path in tree.home.iterdir()}
    assert (tree.home.stat().st_mode & 0o077, (tree.home / "secret_key").stat().st_mode & 0o077) == (0, 0)


def test_a_second_start_on_the_same_home_says_so_and_ends(tree):
    done = run(tree.home, free_port())
    assert done.returncode == 69
    assert done.stderr.count("\n") == 1
    assert "already runs" in done.stderr and str(tree.process.pid) in done.stderr
    assert get(tree.port, "/readyz")[0] == 200


def test_a_taken_port_is_a_sentence(tree, tmp_path):
    for arguments in ((), ("web",)):
        done = run(tmp_path / "home", tree.port, *arguments, REDIS_URL=f"unix://{config.socket_path(tree.home)}")
        assert done.returncode == 69
        assert done.stderr.count("\n") == 1
        assert f"Port {tree.port}" in done.stderr and "PORT" in done.stderr


def test_a_part_alone_without_valkey_is_a_sentence(tmp_path):
    for part in ("web", "worker", "ticker"):
        done = run(tmp_path / "home", free_port(), part)
        assert done.returncode == 78
        assert done.stderr.count("\n") == 1 and "REDIS_URL" in done.stderr


def test_one_number_leads_from_the_request_to_its_job_and_what_that_changed(tree):
    visitor = Visitor(tree.port).log_in()
    number = visitor.prepare_brands(["Under one number"])
    status, headers, _page = visitor.start(number)
    assert status == 302
    wait_for(lambda: visitor.progress(number)["state"] == "done", 60, "the import")
    cause = headers["X-Request-Id"]
    assert len(cause) == 32
    (work,) = rows(tree.home, "SELECT id FROM core_outbox WHERE request_id = ? AND kind = 'ring'", cause)
    assert rows(tree.home, "SELECT 1 FROM core_history WHERE request_id = ? AND path = 'import'", cause)

    def said(part):
        return [line["event"] for line in log_lines(tree.home) if line.get("request_id") == cause and line["part"] == part]

    wait_for(lambda: "request" in said("web"), 30, "the line of the request")
    done = f"bulk.work (row {work[0]}) is done"
    wait_for(lambda: any(event.startswith(done) for event in said("worker-bulk")), 30, "the line of the job")


@pytest.mark.parametrize(
    ("word", "falls"),
    [("granian", 2), ("zg-worker-bulk", 1), ("zg-worker-live", 1), ("zg-ticker", 1), ("zg-consumer", 1), ("valkey", 1), ("background", 5)],
)
def test_a_killed_part_comes_back_and_the_rest_lives_on(tree, word, falls):
    # a work-horse of a job ends by itself, whoever is killed
    parents = {process.pid: parent_of(process) for process in tree.look()}
    before = {pid for pid, parent in parents.items() if parent and "zg-worker" not in title(parent)}
    victim = tree.part(word)
    victim.kill()
    wait_for(lambda: not lives(victim), 30, "the death")
    wait_for(lambda: (found := tree.find(word)) and found.pid not in before, 120, f"{word} again")
    wait_for(lambda: get(tree.port, "/readyz")[0] == 200, 120, "ready again")
    gone = before - {process.pid for process in tree.alive()}
    assert len(gone) == falls  # with the part what it has started, and nobody else


def test_it_ends_in_ten_seconds_leaves_nobody_and_finds_its_queue_again(tree, again):
    with queue_of(tree.home) as client:
        client.rpush("kept", *range(1000))
    long, short = two_imports(Visitor(tree.port).log_in())
    assert len(tree.look()) >= 7
    assert tree.stop(signal.SIGTERM) < 10
    assert tree.process.returncode == 0
    assert not tree.alive()
    assert "did not end in time" not in tree.text
    with queue_of(again().home) as client:
        assert client.llen("kept") == 1000
    visitor = Visitor(again().port).log_in()
    for number in (long, short):
        wait_for(lambda number=number: visitor.progress(number)["state"] == "done", 90, f"import {number}")
    names = [name for (name,) in rows(tree.home, "SELECT name FROM catalog_brand WHERE name LIKE 'Kept %'")]
    assert sorted(names) == sorted(f"Kept {n}" for n in range(LONG + 3))


@linux
def test_a_killed_supervisor_leaves_nobody_and_the_home_starts_again(tree, again):
    killed = again()
    killed.process.kill()
    killed.process.wait()
    wait_for(lambda: not killed.alive(), 30, "the end of all")
    assert get(again().port, "/readyz")[0] == 200


def test_an_open_page_does_not_hold_up_the_end(again):
    tree = again()
    with socket.create_connection(("127.0.0.1", tree.port)) as held:
        held.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert held.recv(100).startswith(b"HTTP/1.1 ")
        assert tree.stop(signal.SIGINT) < 10
    assert tree.process.returncode == 0
    assert not tree.alive()


def two_imports(visitor):
    """One that is at work and one that waits behind it."""
    short = visitor.prepare_brands([f"Kept {n}" for n in range(LONG, LONG + 3)])
    long = visitor.prepare_brands([f"Kept {n}" for n in range(LONG)])
    for number in (long, short):  # nothing begins before it is checked
        wait_for(lambda number=number: visitor.progress(number)["state"] == "checked", 60, f"the check of {number}")
    assert [visitor.start(number)[0] for number in (long, short)] == [302, 302]
    wait_for(lambda: visitor.progress(long)["state"] == "running", 60, "the import at work")
    assert visitor.progress(short)["state"] == "queued"
    return long, short


def queue_of(home):
    return redis.Redis(unix_socket_path=str(config.socket_path(home)))
