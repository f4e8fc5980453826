"""Log lines are JSON, carry the request id and nothing that is secret or personal."""

import fcntl
import json
import logging
import multiprocessing

import pytest
from flask import Flask

from app.panel.core import logs, trace
from processes import home, journal


@pytest.fixture
def lines(tmp_path):
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure(tmp_path)
    yield lambda: [json.loads(line) for line in (tmp_path / "zhanggui.log").read_text().splitlines()]
    for handler in root.handlers:
        handler.close()
    root.handlers[:], root.level = before, level


def test_a_line_is_json_and_knows_its_request(lines):
    with trace.tracing("request-0001"):
        logs.log.info("order shipped", order_id=7)
        logging.getLogger("somewhere.else").warning("as %s", "well")
    logs.log.info("afterwards")
    own, foreign, after = lines()
    assert own["event"] == "order shipped" and own["order_id"] == 7 and own["level"] == "info"
    assert own["request_id"] == foreign["request_id"] == "request-0001"
    assert foreign["event"] == "as well"
    assert "request_id" not in after


@pytest.mark.parametrize(
    ("event", "fields", "canary"),
    [
        ("log-in", {"password": "hunter2hunter2"}, "hunter2hunter2"),
        ("call", {"headers": {"Authorization": "Bearer abc.def"}}, "abc.def"),
        ("mail to ada@example.com failed", {}, "ada@example.com"),
        ("sms to 13812345678", {}, "13812345678"),
        ("sms to +86 13812345678", {}, "13812345678"),
        ("to", {"rows": ["ben@example.com"]}, "ben@example.com"),
        ("connect postgresql+psycopg://zg:s3cr3tpw@db/x", {}, "s3cr3tpw"),
        ("customer", {"shipping_address": "1 Nanjing Road"}, "Nanjing"),
    ],
)
def test_secrets_and_personal_data_are_blotted_out(lines, event, fields, canary):
    logs.log.warning(event, **fields)
    text = json.dumps(lines(), ensure_ascii=False)
    assert canary not in text and logs.HIDDEN in text


def test_a_traceback_is_blotted_out_too(lines):
    try:
        raise ValueError("no such customer: ada@example.com, 13912345678")
    except ValueError:
        logs.log.exception("it failed")
    (line,) = lines()
    assert "ValueError" in line["exception"]
    assert "ada@" not in line["exception"] and "13912345678" not in line["exception"]


def test_order_numbers_and_amounts_stay_readable(lines):
    logs.log.info("refund", number="202611211234567890123", minor=13812345678, at="2026-11-21T13:45:00")
    (line,) = lines()
    assert line["number"] == "202611211234567890123" and line["minor"] == 13812345678


def test_a_request_is_noted_without_what_a_person_typed(lines):
    app = Flask("noted")
    app.config |= {"SECRET_KEY": "x" * 32, "TESTING": True}
    logs.init_app(app)
    app.add_url_rule("/customers/<name>", "customer", lambda name: "ok")
    app.test_client().get("/customers/mr.onyx?phone=13812345678")
    (line,) = lines()
    assert (line["event"], line["endpoint"], line["status"]) == ("request", "customer", 200)
    assert line["ms"] >= 0
    noted = json.dumps(line)
    assert "onyx" not in noted and "13812345678" not in noted  # neither can be part of a number made by chance, as "ada" once was


def test_processes_share_a_file_through_its_rotations(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "MAX_BYTES", 20000)
    monkeypatch.setattr(logs, "KEEP", 50)

    def write(who):
        logs.configure(tmp_path, "info")
        for i in range(400):
            logs.access.info("request", i=i, who=who)

    fork = multiprocessing.get_context("fork")
    running = [fork.Process(target=write, args=(str(n),)) for n in range(3)]
    for process in running:
        process.start()
    for process in running:
        process.join(60)
    assert [process.exitcode for process in running] == [0, 0, 0]
    files = [path for path in tmp_path.glob("zhanggui.log*") if path.suffix != ".lock"]
    found = {(line["who"], line["i"]) for path in files for line in map(json.loads, path.read_text().splitlines())}
    assert len(files) > 5
    assert found == {(str(who), i) for who in range(3) for i in range(400)}


def test_a_process_that_stands_still_with_the_lock_holds_up_no_line_for_good(lines, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(logs, "PATIENCE", 0.05)
    with (tmp_path / "zhanggui.log.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        logs.log.info("first")
        monkeypatch.setattr(logs, "PATIENCE", 600)
        logs.log.info("second")  # who has waited in vain does not wait again at once
        journal.teller(tmp_path)("web", "third")
    logs.log.info("fourth")
    assert [line["event"] for line in lines()] == ["first", "second", "third", "fourth"]


def test_what_the_supervisor_says_stands_in_the_log_too(lines, tmp_path, capsys):
    logs.log.info("before")
    journal.teller(tmp_path)("web", "ended (signal SIGKILL); starts again in 0.5 s")
    before, said = lines()
    assert said["event"].startswith("ended (signal SIGKILL)") and said["part"] == "web"
    assert set(said) <= set(before) | {"part"} and said["timestamp"][:10] == before["timestamp"][:10]
    assert capsys.readouterr().err.endswith("[web] ended (signal SIGKILL); starts again in 0.5 s\n")


def test_a_supervisor_goes_on_when_it_cannot_write(tmp_path):
    journal.teller(tmp_path / "nowhere")("web", "ended")


def test_the_figures_of_the_last_run_are_forgotten(tmp_path):
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "counter_1.db").write_bytes(b"x")
    home.forget_figures(tmp_path)
    home.forget_figures(tmp_path)
    assert not (tmp_path / "metrics").exists()
