"""GET /metrics: right with several processes, for this machine or the bearer of the token only."""

import os

import pytest
from flask import Blueprint

from app.panel.core import metrics, trace
from tests.panel.accounts.conftest import Browser
from tests.panel.accounts.conftest import clean as clean
from tests.panel.accounts.conftest import house as house
from tests.panel.core import background


@pytest.fixture
def served(backend):
    pages = Blueprint("pages", __name__)
    pages.add_url_rule("/orders/<int:number>", "show", lambda number: "an order")
    backend.register_blueprint(pages)
    metrics.init_app(backend)
    return backend


def figures(app, **headers):
    answer = app.test_client().get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.status_code
    lines = [line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_requests_are_counted_by_screen_and_not_by_address(served):
    client = served.test_client()
    for number in (1, 2, 3):
        client.get(f"/orders/{number}")
    client.get("/nothing/here")
    found = figures(served)
    assert found['zhanggui_requests_total{endpoint="pages.show",method="GET",status="200"}'] == 3
    assert found['zhanggui_requests_total{endpoint="none",method="GET",status="404"}'] == 1
    assert found['zhanggui_request_seconds_count{method="GET"}'] == 4


def test_several_web_processes_answer_with_one_sum(served):
    served.test_client().get("/orders/1")
    for _process in range(3):
        if (pid := os.fork()) == 0:
            served.extensions.pop("panel_meters")
            served.test_client().get("/orders/1")
            os._exit(0)
        os.waitpid(pid, 0)
    assert figures(served)['zhanggui_requests_total{endpoint="pages.show",method="GET",status="200"}'] == 4


def test_streams_of_a_process_that_died_are_not_counted(served):
    metrics.count_streams(served, 2)
    if (pid := os.fork()) == 0:
        served.extensions.pop("panel_meters")
        metrics.count_streams(served, 7)
        os._exit(0)
    os.waitpid(pid, 0)
    assert figures(served)['zhanggui_streams{kind="sse"}'] == 2


def test_queues_outbox_ticker_and_parts_are_shown(served):
    with served.app_context():
        background.note_it.enqueue(tag="x")
    found = figures(served)
    assert found['zhanggui_queue_length{queue="default"}'] == 1
    assert found['zhanggui_outbox_rows{queue="default",state="pending"}'] == 1
    assert found['zhanggui_up{part="valkey"}'] == found['zhanggui_up{part="database"}'] == 1
    assert found["zhanggui_ticker_lease_seconds"] < 0


def test_work_is_counted_by_its_name_and_how_it_ended(served, caplog):
    served.config["JOBS_EAGER"] = True
    caplog.set_level("INFO", "app.panel.core.delivery")
    with served.app_context(), trace.tracing("the-request-of-ada"):
        for tag in ("x", "y"):
            background.note_it.enqueue(tag=tag)
        background.broken.enqueue(tag="z")
    found = figures(served)
    assert found['zhanggui_work_total{name="test.note",result="done"}'] == 2
    assert found['zhanggui_work_total{name="test.broken",result="failed"}'] == 1
    assert found['zhanggui_work_seconds_total{name="test.note"}'] > 0
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if line.startswith("test.note (row ") and " is done after " in line]) == 2


def test_refused_log_ins_are_counted(house):
    clerk = Browser(house)
    for name in ("nobody", "bob"):
        assert clerk.post("/login/", {"username": name, "password": "wrong password 1"}).status_code == 401
    found = figures(house)
    assert found['zhanggui_logins_refused_total{status="401"}'] == 2


def test_a_valkey_that_is_away_leaves_the_other_figures(tmp_path, new_database):
    app = background.make_app(tmp_path, new_database(), "redis://127.0.0.1:1/0")
    background.make_tables(app)
    metrics.init_app(app)
    found = figures(app)
    assert found['zhanggui_up{part="valkey"}'] == 0
    assert found['zhanggui_up{part="database"}'] == 1
    assert "zhanggui_schedule_late_seconds" in found


def test_only_this_machine_may_read_them(served):
    client = served.test_client()
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.5"}).status_code == 404
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "::1"}).status_code == 200
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        assert client.get("/metrics", headers={name: "192.0.2.5"}).status_code == 404, "a proxy makes everybody local"


def test_with_a_token_only_its_bearer_may_read_them(served):
    served.config["METRICS_TOKEN"] = "a token"
    client = served.test_client()
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer a token"}).status_code == 200


def test_a_worker_leaves_no_files_of_figures(backend):
    metrics.init_app(backend)
    assert not metrics.folder(backend).exists()
