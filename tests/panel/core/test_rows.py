"""Many rows by the shortest road hold the same as rows that were written one by one."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, MetaData, Table, Text, select

from app.panel.core import changes, clock, rows, sets
from app.panel.core.changes import Change
from app.panel.core.transaction import transactional
from tests.library.books.models import Book

CHANGES = Change.__table__


@transactional
def insert(*args):
    rows.insert_many(*args)


def test_lists_that_a_statement_is_given_come_out_as_they_went_in(session):
    words = ['it\'s "so"', "a\\b", "红楼\n🂡", "", None, "null", "{a,b}", "1"]
    given = [(2**40 + n, word, n or None) for n, word in enumerate(words)]
    table = sets.listed(given, {"big": Integer, "word": Text, "small": Integer})
    assert [tuple(row) for row in session.execute(select(table).order_by(table.c.big))] == given
    pairs = sets.numbered([3, 1], [2**40, 0])
    assert sorted(session.execute(select(pairs.c.key, pairs.c.number)).tuples()) == [(1, 0), (3, 2**40)]
    found = select(table.c.big).where(rows.among(table.c.word, ["a\\b", 'it\'s "so"', "absent"]))
    assert sorted(session.scalars(found)) == [2**40, 2**40 + 1]


def test_rows_that_differ_in_their_number_only_keep_their_order(session):
    at = clock.now()
    insert(CHANGES, [{"key": key} for key in (7, 3, 5)], {"table": "it's", "kind": "update", "at": at})
    found = session.scalars(select(Change).order_by(Change.id)).all()[-3:]
    assert [(one.table, one.key, one.kind, one.at) for one in found] == [("it's", key, "update", at) for key in (7, 3, 5)]


@pytest.mark.parametrize("odd", [None, "a\x00b", 0.1 + 0.2, b"\x01"])
def test_whatever_a_value_is_it_comes_out_as_it_went_in(session, odd):
    """Most travel as one JSON text on SQLite; what JSON cannot tell goes by itself."""
    if session.get_bind().dialect.name != "sqlite" and isinstance(odd, str):
        pytest.skip("PostgreSQL holds no such text")
    odds = {str: Text, float: Float, bytes: LargeBinary}.get(type(odd), Text)
    columns = [Column("word", Text), Column("count", BigInteger), Column("is_so", Boolean), Column("odd", odds), Column("same", Text)]
    table = Table("odd_rows", MetaData(), Column("id", Integer, primary_key=True), *columns)
    words = ['it\'s "so"', "红楼\n🂡\\u0000", "", None, "2026-01-01", "12", "[1]", "true"]
    given = [(word, n * 2**59, n % 2 == 0, odd) for n, word in enumerate(words)]

    @transactional
    def go():
        table.create(session.connection())
        rows.insert_many(table, [dict(zip(("word", "count", "is_so", "odd"), one, strict=True)) for one in given], {"same": "'s"})
        found = session.execute(select(*list(table.c)[1:]).order_by(table.c.id)).all()
        table.drop(session.connection())
        return found

    assert [tuple(one) for one in go()] == [(*one, "'s") for one in given]


def test_an_hour_that_the_clock_showed_twice_is_two_instants(session):
    hours = [dt.datetime(2026, 11, 1, 1, 30, fold=fold, tzinfo=ZoneInfo("America/New_York")) for fold in (0, 1)]
    insert(CHANGES, [{"table": "x", "key": key, "kind": "insert", "at": at} for key, at in enumerate(hours)])
    found = session.scalars(select(CHANGES.c.at).where(CHANGES.c.table == "x").order_by(CHANGES.c.key)).all()
    assert found == [dt.datetime(2026, 11, 1, hour, 30, tzinfo=dt.UTC) for hour in (5, 6)]


def test_an_instant_without_a_zone_is_refused(session):
    with pytest.raises(TypeError):
        insert(CHANGES, [{"table": "x", "key": 1, "kind": "insert", "at": dt.datetime(2026, 1, 1)}])


def test_words_and_numbers_are_found_among_many(session):
    keys = ['it"s', "50%", "红楼", "\\", "x" * 90]
    insert(CHANGES, [{"table": word[:80], "key": key, "kind": "insert", "at": clock.now()} for key, word in enumerate(keys, 900)])
    numbers = select(CHANGES.c.key).order_by(CHANGES.c.key)
    assert session.scalars(numbers.where(rows.among(CHANGES.c.table, [*keys, *map(str, range(2000))]))).all() == [900, 901, 902, 903]
    assert session.scalars(numbers.where(rows.among(Change.key, {900, 902, *range(5000, 9000)}))).all() == [900, 902]
    assert session.scalars(numbers.where(rows.among(Change.key, []))).all() == []


def test_the_feed_hears_once_of_a_row_in_a_transaction(session):
    @transactional
    def twice():
        changes.record(Book, [4, 4, 5])
        changes.record(Book, [5, 6])
        changes.record(Book, [6], "delete")

    twice()
    found = session.execute(select(Change.key, Change.kind).where(Change.table == Book.__tablename__).order_by(Change.id))
    assert [tuple(one) for one in found][-4:] == [(4, "update"), (5, "update"), (6, "update"), (6, "delete")]


def test_a_text_that_is_too_long_for_its_column_is_refused_never_cut_off(session):
    if session.get_bind().dialect.name == "sqlite":
        pytest.skip("SQLite has texts of any length")
    with pytest.raises(Exception, match="too long"):
        insert(CHANGES, [{"table": "x" * 500, "key": 1, "kind": "insert", "at": clock.now()}])
