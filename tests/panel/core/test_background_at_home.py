"""The background parts inside the real application: sessions, jobs, figures."""

import asyncio

import pytest

from app.panel.accounts.login import sessions
from app.panel.core import jobs, outbox, ticker
from app.panel.core.db import db
from app.panel.core.hub import Hub
from app.panel.core.transaction import transactional
from tests.conftest import client_of
from tests.goals import Watch
from tests.panel.core.test_hub import Page, opened, publish, until


@pytest.fixture
def panel(live_app, doorbell):
    live_app.config["REDIS_URL"] = f"redis://127.0.0.1:{doorbell.port}/1"
    return live_app


@transactional
def end(value):
    sessions.revoke(sessions.hashed(value))


def test_a_real_session_opens_a_stream_and_its_end_closes_it_within_five_seconds(panel):
    with panel.app_context():
        value = client_of(panel, "ada").cookie_value

    async def story():
        hub = Hub(panel)
        page = Page(hub, "orders.Order", value)
        page.scope["headers"] = [(b"cookie", f"{panel.config['SESSION_COOKIE_NAME']}={value}".encode())]
        async with opened(page):
            assert page.status == 200
            await asyncio.to_thread(publish, panel, "orders.Order", "changed", {"n": 1})
            await until(page.events)
            with panel.app_context():
                end(value)
            ended = Watch()
            await until(lambda: page.closed)
            assert ended.seconds() <= 5.5
        await hub.close()

    asyncio.run(story())


def test_the_application_knows_its_jobs_handlers_schedules_and_duties(panel):
    assert {"core.sweep", "core.forget_keys"} <= set(jobs.JOBS)
    assert {"ring", "mail", "bus", "delete_file"} <= set(outbox.HANDLERS)
    assert any(name.endswith("fire_schedules") for name in ticker.DUTIES)
    for key, default in jobs.SCHEDULES.items():
        assert default.job in jobs.JOBS, f"schedule {key} names no job"
        jobs.check_arguments(jobs.JOBS[default.job], default.args)


def test_figures_are_served_by_the_application_itself(panel):
    answer = panel.test_client().get("/metrics")
    assert answer.status_code == 200
    assert "zhanggui_up" in answer.text
    assert panel.test_client().get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 404


def test_a_job_asked_for_by_a_request_is_done_by_the_system(panel):
    from app.panel.core.actor import current_actor

    seen = []
    outbox.HANDLERS["test.actor"] = outbox.Handler("test.actor", lambda payload: seen.append(current_actor()), "default", 9, 0)
    try:
        with panel.test_request_context():
            from flask import g

            g.user = db.session.query(sessions.User).filter_by(username="ada").one()
            before = current_actor().username
            outbox.put("test.actor", {})
            assert (before, seen[0].username, current_actor().username) == ("ada", "system", "ada")
    finally:
        del outbox.HANDLERS["test.actor"]
