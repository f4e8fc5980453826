"""Stopped in the middle, taken back in the middle, asked for fifty times at once, approved by oneself: to the unit."""

import http.client
import json
import threading
import time

import pytest

from app.panel.bulk import runs, undo
from app.panel.bulk.engine import approving, life
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import Forbidden
from tests import conftest
from tests.faults.floor import person
from tests.faults.goods import Prices, Refunds, Shipping
from tests.goals import goal
from tests.serving import served

pytestmark = [pytest.mark.processes, pytest.mark.slow]
KINDS = pytest.mark.parametrize("kind", [Prices, Shipping], ids=["set-based", "row-by-row"])
ROWS = {Prices: 1200, Shipping: 40}


@KINDS
def test_cancelled_resumed_and_taken_back_each_in_the_middle_every_row_stands_as_before(floor, work, kind):
    todo = work(kind, ROWS[kind])
    run = floor.prepare(todo.key, todo.ids, todo.values, "ada")
    floor.worker()
    first = floor.give(1)
    floor.start(run)
    stop(floor, run, first)
    part = todo.check(run, "cancelled")
    assert 0 < part < len(todo.ids)
    then = floor.give(1)
    floor.do(life.resume, run, rings=True)
    stop(floor, run, then)
    assert todo.check(run, "cancelled") > part
    last = floor.give(1)
    back = floor.do(undo.make, run, rings=True)
    stop(floor, back, last)
    floor.do(life.resume, back, rings=True)
    floor.wait_for_end(back)
    todo.is_back(run, back)


def stop(floor, run, after):
    """Cancel it after that chunk; the worker waits with the next one until it is cancelled."""
    floor.wait(lambda: floor.committed() >= after)
    begun = time.monotonic()
    floor.do(runs.cancel, run)
    floor.let_go()
    assert floor.one("SELECT state FROM bulk_run WHERE id = ?", run) == "cancelled"
    # the worker hears of it at its next chunk; until then its horse lives
    floor.wait(lambda: floor.horse() is None)
    seconds = time.monotonic() - begun
    goal("G06 cancelled", f"{seconds:.1f}s", "2s", seconds <= 2)  # a matter of the machine; what stands then is asked by the test


@KINDS
def test_what_was_edited_by_hand_is_listed_and_the_rest_restored(floor, work, kind):
    todo = work(kind, ROWS[kind] // 2, chunk=ROWS[kind] // 8)
    run = floor.prepare(todo.key, todo.ids, todo.values, "ada")
    floor.worker()
    floor.start(run)
    floor.wait_for_end(run)
    assert todo.check(run) == len(todo.ids)
    edited = [todo.ids[place] for place in (0, len(todo.ids) // 2, -1)]
    for key in edited:
        todo.edit(key)
    back = floor.do(undo.make, run, rings=True)
    floor.wait_for_end(back)
    told = floor.rows("SELECT row_id, reason FROM bulk_run_item WHERE run_id = ? AND outcome = 'refused' ORDER BY row_id", back)
    assert [tuple(line) for line in told] == [(key, "It was changed since.") for key in edited]
    todo.is_back(run, back, left=edited)


@pytest.mark.parametrize("kind", [Prices, Refunds], ids=["set-based", "row-by-row"])
def test_fifty_identical_requests_with_one_key_begin_one_run_and_hear_the_same(floor, work, kind):
    todo = work(kind, 20)
    asked = {"operation": todo.key, "rows": todo.ids, "values": {"how": "amount", "value": "1"} if kind is Prices else {"how": "all", "reason": "other"}}
    with floor.app.app_context():
        client = conftest.client_of(floor.app, "ada")
        db.session.remove()
    headers = {
        "Content-Type": "application/json", "Idempotency-Key": f"fifty-{todo.key}", "X-CSRFToken": client.token,
        "Cookie": f"{cookie_name()}={client.cookie_value}",
    }  # fmt: skip
    before, told = floor.one("SELECT count(*) FROM bulk_run"), []
    with served(floor.app) as address:
        gate = threading.Barrier(50)

        def ask():
            connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
            gate.wait()
            connection.request("POST", "/api/v1/bulk/operation/", json.dumps(asked), headers)
            answer = connection.getresponse()
            told.append((answer.status, answer.read()))
            connection.close()

        threads = [threading.Thread(target=ask) for _request in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(told) == 50 and len(set(told)) == 1, {(status, text[:300]) for status, text in told}
    status, text = told[0]
    assert (status, floor.one("SELECT count(*) FROM bulk_run")) == (201, before + 1)
    run = json.loads(text)["id"]
    floor.worker()
    floor.wait_for_end(run)
    assert todo.check(run) == len(todo.ids)


def cookie_name():
    from app.panel.accounts.login import sessions

    return sessions.cookie_name(False)


@pytest.mark.parametrize("kind", [Prices, Refunds], ids=["set-based", "row-by-row"])
def test_whoever_asked_cannot_approve_and_nothing_has_happened(floor, work, kind):
    todo = work(kind, 6)
    with floor.app.app_context():
        approving.set_limits({"administrator": (5, None)}, actor=SYSTEM)
        db.session.remove()
    try:
        run = floor.prepare(todo.key, todo.ids, todo.values, "ada")
        floor.start(run)
        assert floor.one("SELECT state FROM bulk_run WHERE id = ?", run) == "asked"
        with floor.app.app_context(), pytest.raises(Forbidden, match="You asked for this yourself"):
            approving.approve(run, actor=person("ada"))
        floor.worker()
        floor.beat()
        assert todo.stand(floor) == todo.before
        floor.do(runs.cancel, run)
        with floor.app.app_context(), pytest.raises(Forbidden):
            approving.approve(run, actor=SYSTEM)
    finally:
        with floor.app.app_context():
            approving.set_limits({}, actor=SYSTEM)
            db.session.remove()
