"""Lines of a run over rows that are next to each other stand in no index by their row, and are found from it all the same."""

import threading

import flask
import pytest
from sqlalchemy import delete, func, select, text

from app.panel.core import trailsets
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.history import HistoryEntry
from tests.panel.bulk.operating import books, done, ends, prepared, prices, taken_back

RAISE = "books.raise_price"


def lines(key):
    """(before, after) of the price in the trail of a book, latest first."""
    from tests.library.books.models import Book

    return [tuple(entry.changes["price"]) for entry in trailsets.of(db.session.get_one(Book, key)) if "price" in entry.changes]


def spans(ids):
    """(first, last) book of each span over these; trails of earlier tests stay."""
    told = trailsets.SPANS.c
    query = select(told.first_key, told.last_key).where(told.table == "books_book", told.first_key >= ids[0])
    return [tuple(row) for row in db.session.execute(query.order_by(told.first_id))]


@pytest.mark.parametrize("bits", [1, 2, 12])
def test_the_trail_of_a_row_holds_what_runs_did_and_what_people_did(shelf, monkeypatch, bits):
    from app.panel.core import records
    from tests.library.books.models import Book

    monkeypatch.setattr(trailsets, "PART_BITS", bits)
    ids = books(7)
    run = done(prepared(RAISE, 50, ids))
    assert spans(ids)[0][0] == ids[0] and spans(ids)[-1][1] == ids[-1]
    assert sum(last - first + 1 for first, last in spans(ids)) == 7
    records.update(shelf.get(Book, ids[3]), {"price": 9}, actor=SYSTEM)
    db.session.commit()
    assert ends(taken_back(run)) == {"changed": 6, "refused": 1}
    for n, key in enumerate(ids):
        was, now = 1000 + n, 1050 + n
        expected = [(now, 9), (was, now), (None, was)] if n == 3 else [(now, was), (was, now), (None, was)]
        assert lines(key) == expected
    some = select(HistoryEntry.key, func.count()).where(trailsets.about("books_book", ids[2:5])).group_by(HistoryEntry.key)
    assert dict(db.session.execute(some).all()) == dict.fromkeys(ids[2:5], 3)
    whichever = select(func.count()).where(trailsets.about(None, ids[6]), HistoryEntry.table == "books_book")
    assert db.session.scalar(whichever) == 3


def test_a_set_with_gaps_stands_in_the_index_as_single_changes_do(shelf):
    ids = books(5)
    done(prepared(RAISE, 50, [ids[0], ids[2], ids[4]]))
    assert spans(ids) == []
    assert [len(lines(key)) for key in ids] == [2, 1, 2, 1, 2]


def test_lines_of_others_in_between_lead_nobody_astray(shelf, monkeypatch, engine_name):
    """On PostgreSQL whoever saves at the same time takes numbers of lines, too."""
    from app.panel.core import records
    from tests.library.books.models import Book

    *ids, other = books(5)
    app, real = flask.current_app._get_current_object(), trailsets.tell

    def elsewhere():
        with app.app_context():
            records.update(db.session.get(Book, other), {"price": 5000}, actor=SYSTEM)

    def tell(*given, **more):
        if engine_name == "postgresql":
            saving = threading.Thread(target=elsewhere)
            saving.start()
            saving.join()
        real(*given, **more)

    monkeypatch.setattr(trailsets, "tell", tell)
    done(prepared(RAISE, 50, ids))
    assert spans(ids) == [(ids[0], ids[-1])]
    assert [lines(key) for key in ids] == [[(1000 + n, 1050 + n), (None, 1000 + n)] for n in range(4)]
    assert lines(other) == ([(1004, 5000), (None, 1004)] if engine_name == "postgresql" else [(None, 1004)])
    assert prices()["978-3"] == 1053


def test_each_stretch_of_lines_that_follow_each_other_is_a_span(shelf, engine_name):
    """What numbers of others break apart is told as it lies. PostgreSQL leaves out a number between two runs."""
    ids = books(6)
    done(prepared(RAISE, 50, ids[:3]))
    done(prepared(RAISE, 50, ids[3:]))
    mine = trailsets.SPANS.c.first_key >= ids[0]
    first, last = db.session.execute(select(func.min(HistoryEntry.id), func.max(HistoryEntry.id)).where(
        HistoryEntry.by_span, HistoryEntry.key >= ids[0]
    )).one()  # fmt: skip
    db.session.execute(delete(trailsets.SPANS).where(mine))
    trailsets._lay_out("books_book", (ids[0], ids[-1]), first - 5, last)  # from a number on that is none of its lines
    db.session.commit()
    apart = [(ids[0], ids[2]), (ids[3], ids[5])]
    assert spans(ids) == (apart if engine_name == "postgresql" else [(ids[0], ids[-1])])
    assert [len(lines(key)) for key in ids] == [2] * 6


def test_the_lines_of_a_row_are_looked_up_and_the_trail_is_not_gone_through(shelf, engine_name):
    if engine_name == "postgresql":
        pytest.skip("with so few rows PostgreSQL reads all of any table")
    query = select(HistoryEntry.id).where(trailsets.about("books_book", 7)).compile(
        db.session.connection(), compile_kwargs={"literal_binds": True}
    )  # fmt: skip
    steps = [row[3] for row in db.session.execute(text(f"EXPLAIN QUERY PLAN {query}"))]
    assert not [step for step in steps if step.startswith(("SCAN core_history", "SCAN about_line"))], steps
    assert any("ix_core_history_row" in step for step in steps), steps


def test_spans_go_with_their_lines(shelf):
    from app.panel.core import trail
    from app.panel.core.transaction import transactional

    ids = books(4)
    done(prepared(RAISE, 50, ids[:2]))
    done(prepared(RAISE, 50, ids[2:]))
    kept = spans(ids)[1]

    @transactional
    def remove():
        with trail.door(trail.RETENTION):
            gone = HistoryEntry.by_span & HistoryEntry.key.in_(ids[:2])
            db.session.execute(delete(HistoryEntry).where(gone).execution_options(synchronize_session=False))
            trailsets.forget_empty()

    remove()
    assert spans(ids) == [kept]
    assert [len(lines(key)) for key in ids] == [1, 1, 2, 2]


def test_what_a_span_holds_is_blotted_as_any_other_line(shelf):
    from app.panel.core import chain, chain_check, trail

    ids = books(3)
    done(prepared(RAISE, 50, ids))
    chain.seal()
    blotted = trail.blot(trailsets.about("books_book", ids[1]), lambda _said: {"changes": {}}, actor=SYSTEM)
    assert blotted == 2, "what was given when it was made, and what the run did"
    assert [len(lines(key)) for key in ids] == [2, 0, 2]
    assert chain_check.check().ok
