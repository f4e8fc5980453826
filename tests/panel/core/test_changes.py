"""The feed of changed rows: each consumer reads behind its own mark and misses nothing, also what commits late."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import delete, func, select

from app.panel.core import changes, housekeeping
from app.panel.core.changes import Change, ChangeMark
from app.panel.core.db import db
from app.panel.core.finding import keeper
from app.panel.core.transaction import savepoint, transactional

TABLE = "catalog_brand"


@pytest.fixture
def empty(session):
    session.execute(delete(Change))
    session.execute(delete(ChangeMark))
    session.commit()
    return session


@transactional
def feed(*keys, table=TABLE):
    changes.feed(db.session(), [(table, key, "update") for key in keys])


def keys(found):
    return [change.key for change in found]


def test_a_consumer_reads_what_it_has_not_read_of_its_tables(empty):
    feed(1, 2)
    feed(9, table="catalog_tag")
    found, mark = changes.pending("search", [TABLE])
    assert keys(found) == [1, 2]
    changes.advance("search", mark)
    assert changes.pending("search", [TABLE]) == ([], mark)
    feed(3)
    assert keys(changes.pending("search", [TABLE])[0]) == [3]
    assert keys(changes.pending("rules", [TABLE, "catalog_tag"])[0]) == [1, 2, 9, 3], "another one has a mark of its own"


def test_a_page_of_changes_is_followed_by_the_next(empty):
    feed(*range(10))
    seen = []
    while found := changes.pending("search", [TABLE], limit=4)[0]:
        seen += keys(found)
        changes.advance("search", found[-1].id)
    assert seen == list(range(10))


def test_many_rows_of_a_table_are_told_together_and_read_one_by_one(empty, monkeypatch):
    from app.shop.catalog.models import Brand

    monkeypatch.setattr(changes, "TOGETHER", 10)
    monkeypatch.setattr(changes, "FEW", 3)

    @transactional
    def many():
        changes.record(Brand, [5, *range(100, 123)])
        changes.record(Brand, [100, 5, 7])

    feed(1)
    many()
    feed(2)
    assert empty.scalar(select(func.count()).select_from(Change)) == 6
    found, mark = changes.pending("search", [TABLE], limit=5)
    assert keys(found) == [1, 5, *range(100, 109)], "what was told together is never cut"
    assert (mark, {one.kind for one in found}) == (found[-1].id, {"update"})
    changes.advance("search", mark)
    assert [(one.table, one.key) for one in changes.latest("search", [TABLE], 3)] == [(TABLE, 2), (TABLE, 7), (TABLE, 119)]
    assert keeper.behind().changes == 16
    found, mark = changes.pending("search", [TABLE])
    assert keys(found) == [*range(109, 123), 7, 2]
    changes.advance("search", mark)
    assert changes.pending("search", [TABLE]) == ([], mark)
    assert (changes.sweep(keep=0), empty.scalar(select(func.count()).select_from(Change))) == (6, 0)


def test_a_mark_never_goes_back(empty):
    changes.advance("search", 50)
    changes.advance("search", 40)
    assert db.session.get(ChangeMark, "search").change_id == 50


def test_a_row_is_told_once_a_transaction(empty):
    @transactional
    def twice():
        feed(1)
        feed(1, 2)

    twice()
    assert keys(changes.pending("search", [TABLE])[0]) == [1, 2]


def test_what_somebody_has_still_to_read_is_not_swept(empty):
    feed(*range(20))
    numbers = list(empty.scalars(select(Change.id).order_by(Change.id)))
    changes.advance("fast", numbers[-1])
    changes.advance("slow", numbers[7])
    assert changes.sweep(keep=5) == 8
    assert keys(changes.pending("slow", [TABLE])[0]) == list(range(8, 20))
    changes.advance("slow", numbers[-1])
    assert changes.sweep(keep=5) == 7
    assert empty.scalar(select(func.count()).select_from(Change)) == 5


def test_the_night_sweeps_them(empty, monkeypatch):
    asked = []
    monkeypatch.setattr(changes, "sweep", lambda: asked.append(1))
    housekeeping.sweep()
    assert asked == [1]


def test_a_lower_number_that_commits_later_is_not_skipped(live_app, engine_name):
    if engine_name != "postgresql":
        pytest.skip("SQLite has one writer: numbers commit in their order")
    began, finish = threading.Event(), threading.Event()

    @transactional
    def slow():
        with savepoint():
            feed(1)
        began.set()
        assert finish.wait(60)

    def work():
        with live_app.app_context():
            slow()

    with live_app.app_context():
        start = db.session.scalar(select(func.max(Change.id))) or 0
        changes.advance("search", start)
        thread = threading.Thread(target=work)
        thread.start()
        assert began.wait(60)
        feed(2)
        assert db.session.scalar(select(func.count()).select_from(Change).where(Change.id > start)) == 1, "2 is there"
        assert changes.pending("search", [TABLE]) == ([], start), "but 1 has a lower number"
        finish.set()
        thread.join()
        assert keys(changes.pending("search", [TABLE])[0]) == [1, 2]


def test_a_savepoint_that_was_rolled_back_takes_no_announcement_of_the_rest_with_it(live_app, engine_name):
    if engine_name != "postgresql":
        pytest.skip("SQLite announces nothing")
    count = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = :class AND objsubid = 2 "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    held = []

    @transactional
    def verb():
        with pytest.raises(ValueError), savepoint():
            feed(1)
            raise ValueError
        feed(2)
        held.append(db.session.scalar(db.text(count), {"class": changes.LOCK_CLASS}))

    with live_app.app_context():
        verb()
        assert held == [1]


def test_the_rows_of_a_query_are_told_without_being_fetched_and_listeners_hear_of_some(empty, monkeypatch):
    from app.shop.setup.models import Shop

    heard, shops = [], [key for (key,) in empty.execute(select(Shop.id))]
    assert len(shops) > 1
    monkeypatch.setattr(changes, "_heard", [lambda table, keys: heard.append((table, keys))])

    @transactional
    def tell():
        changes.record_selected(Shop, select(Shop.id).order_by(Shop.id), "insert")

    tell()
    monkeypatch.setattr(changes, "MOST_TOLD", 1)
    tell()
    found, _mark = changes.pending("search", [Shop.__tablename__])
    assert [(one.key, one.kind) for one in found] == [(key, "insert") for key in [*shops, *shops]]
    assert (all(one.at is not None for one in found), len({one.id for one in found})) == (True, 2)
    assert heard == [(Shop.__tablename__, set(shops)), (Shop.__tablename__, {shops[0]})]


def test_the_rows_of_a_range_are_told_by_thousands_each_once(empty, monkeypatch):
    from app.shop.setup.models import Shop

    heard = []
    monkeypatch.setattr(changes, "_heard", [lambda table, keys: heard.append((table, keys))])
    monkeypatch.setattr(changes, "MOST_TOLD", 2)
    transactional(lambda: changes.record_range(Shop, 998, 2003))()
    found, _mark = changes.pending("search", [Shop.__tablename__], limit=5000)
    assert [(one.key, one.kind) for one in found] == [(key, "update") for key in range(998, 2004)]
    assert list(empty.scalars(select(Change.key).order_by(Change.id))) == [998, 1000, 2000]
    assert heard == [(Shop.__tablename__, {998, 999})]
