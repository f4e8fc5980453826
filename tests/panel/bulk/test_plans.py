"""How a database finds items: those of a run by its number, those of a row by its number, and few by what became of them."""

import re
from contextlib import contextmanager

import pytest
from flask import current_app
from sqlalchemy import event, text

from tests.panel.bulk.operating import books, done, prepared
from tests.panel.bulk.test_operations import RAISE, books_without_price

ITEMS = r"\b(bulk_run_item|stood|back|mine|its)\b"


@contextmanager
def plans():
    """The plan of each statement that asks for items."""
    from app.panel.core.db import db

    found = []

    def note(connection, _cursor, statement, parameters, _context, many):
        if "bulk_run_item" in statement:
            explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
            lines = connection.connection.cursor()
            lines.execute(f"{explain} {statement}", parameters[0] if many else parameters)
            found.extend(line for *_numbers, line in lines.fetchall() if re.search(ITEMS, line))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_no_question_for_items_reads_those_of_other_runs(shelf, engine_name):
    if engine_name != "sqlite":
        pytest.skip("plans of SQLite")
    from app.panel.bulk import loop, repair, runs
    from app.panel.bulk.engine import conflicts, life, showing
    from app.panel.bulk.states import Outcome
    from app.panel.core.actor import SYSTEM

    books(3)
    books_without_price(1)
    with plans() as seen, current_app.test_request_context():
        run = done(prepared(RAISE, 50))
        later = done(prepared(RAISE, 5))
        conflicts.before(run.id, run.resource)
        showing.undo_page(run, SYSTEM)
        loop.work_off(life.take_back(later, actor=SYSTEM).id)
    assert len(seen) > 15
    assert [line for line in seen if line.startswith("SCAN") or " ix_bulk_run_item_left" in line] == []
    by_row = [line for line in seen if "ix_bulk_run_item_row (row_id=?" in line]
    assert {re.search(ITEMS, line)[0] for line in by_row} >= {"stood", "bulk_run_item"}
    with plans() as few, current_app.test_request_context():
        assert len(runs.items(run.id, Outcome.REFUSED)) == len(showing._items(run, 0)) == life.retry(run.id, actor=SYSTEM).expected == 1
        repair.reasons(run)
    assert sum(" ix_bulk_run_item_left (run_id=?" in line for line in few) >= 4, few


def test_a_run_that_was_frozen_a_moment_ago_is_not_read_whole_for_each_of_its_rows(shelf, engine_name):
    """PostgreSQL takes items of which it has no figures for one; it did so for those of an undo, for minutes a chunk."""
    if engine_name != "postgresql":
        pytest.skip("plans of PostgreSQL")
    from app.panel.bulk import loop
    from app.panel.bulk.engine import life
    from app.panel.core.actor import SYSTEM
    from app.panel.core.db import db

    books(60)
    run = done(prepared(RAISE, 50))
    done(prepared(RAISE, 5))
    db.session.execute(text("SET enable_hashjoin = off; SET enable_mergejoin = off"))  # as where one row is expected
    db.session.commit()
    try:
        with plans() as seen:
            loop.work_off(life.take_back(run, actor=SYSTEM).id)
    finally:
        db.session.execute(text("RESET enable_hashjoin; RESET enable_mergejoin"))
        db.session.commit()
    assert len(seen) > 10
    assert [line for line in seen if re.search(r"Join Filter: .*\bseq\b", line)] == []
