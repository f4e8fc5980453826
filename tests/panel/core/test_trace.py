"""One id through a request: its answer, its history, its trash, its jobs and its log lines."""

from __future__ import annotations

from sqlalchemy import select

from app.panel.core import housekeeping, logs, trace
from app.panel.core.history import HistoryEntry
from app.panel.core.outbox import OutboxRow
from app.panel.core.trash import TrashEntry


def newest(session, model):
    return session.scalars(select(model).order_by(model.id.desc()).limit(1)).one()


def test_what_a_request_changes_bears_the_id_that_its_answer_names(as_user, session):
    client = as_user("ada")
    answer = client.post("/api/v1/catalog/brand/", json={"name": "Under one number"})
    assert answer.status_code == 201, answer.text
    made = answer.headers["X-Request-Id"]
    assert newest(session, HistoryEntry).request_id == made
    answer = client.delete(f"/api/v1/catalog/brand/{answer.json['id']}")
    assert answer.status_code in (200, 204), answer.text
    gone = answer.headers["X-Request-Id"]
    assert newest(session, TrashEntry).request_id == gone != made
    assert trace.request_id() == ""


def test_a_job_that_a_request_asks_for_bears_its_id(app, session):
    with app.test_request_context(), trace.tracing("the-request-of-ada"):
        housekeeping.sweep.enqueue()
    assert newest(session, OutboxRow).request_id == "the-request-of-ada"


def test_a_header_from_outside_names_nothing(app, session):
    given = "somebody-elses-request"
    assert app.test_client().get("/login/", headers={"X-Request-Id": given}).headers["X-Request-Id"] != given


def test_each_answer_bears_one_number_also_when_there_is_nothing(app, session):
    for path in ("/login/", "/nothing/here", "/static/panel/mark.svg", "/healthz", "/stream"):
        assert len(app.test_client().get(path).headers.getlist("X-Request-Id")) == 1, path


def test_the_line_of_a_request_bears_its_id(app, session, monkeypatch):
    seen = []
    monkeypatch.setattr(logs.access, "info", lambda *_a, **_k: seen.append(trace.request_id()))
    answer = app.test_client().get("/login/")
    assert seen == [answer.headers["X-Request-Id"]]
