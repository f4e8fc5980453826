"""A command that is sent twice happens once (SAFETY R03, G11)."""

import datetime as dt
import threading
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from app.panel.core import clock, idempotency
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError, InvalidInput
from app.panel.core.idempotency import IdempotencyKey, with_key
from app.panel.core.transaction import transactional
from tests.panel.core.background import note, noted

ADA, BEN = SimpleNamespace(id=1), SimpleNamespace(id=2)


@pytest.fixture
def here(backend):
    with backend.app_context():
        yield backend


def refund(amount=100, key="k1", actor=ADA, name="orders.refund"):
    def act():
        note("refund")
        return {"refund": noted_now(), "amount": amount}

    return with_key(key, actor, name, {"order": 5, "amount": amount}, act)


def noted_now():
    return db.session.execute(sa.text("SELECT count(*) FROM test_effect WHERE tag='refund'")).scalar_one()


def test_the_same_command_answers_the_same_and_changes_nothing(here):
    first = refund()
    assert [refund() for _ in range(5)] == [first] * 5
    assert noted(here, "refund") == 1


def test_without_a_key_a_command_is_simply_done(here):
    refund(key=None)
    refund(key=None)
    assert noted(here, "refund") == 2


def test_a_key_belongs_to_one_actor(here):
    refund(actor=ADA)
    refund(actor=BEN)
    refund(actor=SYSTEM)
    refund(actor=SYSTEM)
    assert noted(here, "refund") == 3


@pytest.mark.parametrize("other", [{"amount": 101}, {"name": "orders.close"}])
def test_a_key_with_other_data_is_refused_with_422(here, other):
    refund()
    with pytest.raises(Conflict) as caught:
        refund(**other)
    assert caught.value.status == 422
    assert noted(here, "refund") == 1


def test_data_in_another_order_is_the_same_data(here):
    with_key("k", ADA, "x", {"a": 1, "b": [1, 2]}, lambda: note("refund"))
    with_key("k", ADA, "x", {"b": [1, 2], "a": 1}, lambda: note("refund"))
    assert noted(here, "refund") == 1


def test_a_command_that_failed_may_be_sent_again(here):
    def fail():
        note("refund")
        raise DomainError("no")

    with pytest.raises(DomainError):
        with_key("k", ADA, "x", {}, fail)
    assert noted(here, "refund") == 0
    with_key("k", ADA, "x", {}, lambda: note("refund"))
    assert noted(here, "refund") == 1


def test_a_failure_that_an_outer_verb_survives_leaves_no_key_behind(here):
    def fail():
        raise DomainError("no")

    @transactional
    def outer():
        with pytest.raises(DomainError):
            with_key("k", ADA, "x", {}, fail)

    outer()
    assert with_key("k", ADA, "x", {}, lambda: "done") == "done"


def test_a_command_within_itself_is_still_at_work(here):
    with pytest.raises(Conflict) as caught:
        refund_within_itself()
    assert caught.value.status == 409


def refund_within_itself():
    return with_key("k", ADA, "x", {}, lambda: with_key("k", ADA, "x", {}, lambda: 1))


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_of_no_or_endless_length_is_refused(here, key):
    with pytest.raises(InvalidInput):
        refund(key=key)


def test_twenty_threads_with_one_key_do_it_once_and_all_get_the_same_reply(backend):
    replies, barrier = [], threading.Barrier(20)

    def send():
        with backend.app_context():
            barrier.wait()
            replies.append(refund())

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [{"refund": 1, "amount": 100}] * 20
    assert noted(backend, "refund") == 1


def test_twenty_threads_with_a_key_each_all_act(backend):
    barrier, errors = threading.Barrier(20), []

    def send(number):
        with backend.app_context():
            barrier.wait()
            try:
                refund(key=f"k{number}")
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert noted(backend, "refund") == 20


def test_keys_are_kept_for_thirty_days(here):
    refund()
    start = clock.now()
    clock.freeze(start + dt.timedelta(days=29))
    idempotency.forget_keys()
    assert refund()["refund"] == 1
    clock.freeze(start + dt.timedelta(days=31))
    idempotency.forget_keys()
    assert db.session.execute(sa.select(sa.func.count()).select_from(IdempotencyKey)).scalar_one() == 0
