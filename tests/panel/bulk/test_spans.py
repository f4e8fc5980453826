"""Rows that lie next to each other are changed by the range of their numbers; what lies between them and is not meant stays."""

import threading

import flask
import pytest

from app.panel.core.db import db
from tests.panel.bulk.operating import books, done, ends, prepared, prices, taken_back

RAISE = "books.raise_price"


def spans(monkeypatch):
    """The spans of all pieces from now on, in their order."""
    from app.panel.bulk.engine import chunks

    found, real = [], chunks.spanned

    def spanned(piece):
        piece = real(piece)
        found.append(piece.span)
        return piece

    monkeypatch.setattr(chunks, "spanned", spanned)
    return found


@pytest.mark.parametrize("meant", [(0, 1, 2, 3), (0, 2, 3), (1, 2), (2,)])
def test_a_range_of_numbers_takes_no_row_along_that_is_not_meant(shelf, monkeypatch, meant):
    ids, found = books(4), spans(monkeypatch)
    run = done(prepared(RAISE, 50, [ids[n] for n in meant]))
    span = (ids[meant[0]], ids[meant[-1]]) if meant != (0, 2, 3) else None
    assert found == [span]
    assert prices() == {f"978-{n}": 1000 + n + 50 * (n in meant) for n in range(4)}
    assert ends(taken_back(run)) == {"changed": len(meant)}
    assert found == [span, span]
    assert prices() == {f"978-{n}": 1000 + n for n in range(4)}


def test_numbers_that_are_missing_break_a_range_only_where_somebody_may_come_with_them(shelf, monkeypatch, engine_name):
    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    ids, found = books(3), spans(monkeypatch)
    records.delete(shelf.get(Book, ids[1]), actor=SYSTEM)
    run = done(prepared(RAISE, 50))
    assert found == [(ids[0], ids[2]) if engine_name == "sqlite" else None]
    assert prices() == {"978-0": 1050, "978-2": 1052}
    assert ends(taken_back(run)) == {"changed": 2}
    assert prices() == {"978-0": 1000, "978-2": 1002}


def test_where_a_row_was_left_alone_the_undo_finds_each_image_by_its_row(shelf, monkeypatch):
    """Its items bear other numbers than those of the run then."""
    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    ids, found = books(4), spans(monkeypatch)
    prepared_run = prepared(RAISE, 50)
    records.update(shelf.get(Book, ids[0]), {"price": 5000}, actor=SYSTEM)
    run = done(prepared_run)
    assert ends(run) == {"changed": 3, "refused": 1}
    assert ends(taken_back(run)) == {"changed": 3}
    assert found == [(ids[1], ids[3])]
    assert prices() == {"978-0": 5000, "978-1": 1001, "978-2": 1002, "978-3": 1003}


def test_a_row_that_changes_while_its_chunk_is_under_way_is_judged_anew_behind_a_lock(shelf, monkeypatch, engine_name):
    """On PostgreSQL nothing is locked before it is written; SQLite has one writer."""
    if engine_name == "sqlite":
        pytest.skip("nobody else can write there")
    from app.panel.bulk.engine import setbased
    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    ids, locks, real = books(3), [], setbased.chunks.tell
    run, app = prepared(RAISE, 50), flask.current_app._get_current_object()

    def elsewhere():
        with app.app_context():
            records.update(db.session.get(Book, ids[1]), {"price": 5000}, actor=SYSTEM)

    def tell(piece, *given, **more):
        locks.append(piece.in_one_view)
        if len(locks) == 1:
            other = threading.Thread(target=elsewhere)
            other.start()
            other.join()
        return real(piece, *given, **more)

    monkeypatch.setattr(setbased.chunks, "tell", tell)
    run = done(run)
    assert locks == [True, False]
    assert ends(run) == {"changed": 2, "refused": 1}, "somebody has changed it since the preview"
    assert prices() == {"978-0": 1050, "978-1": 5000, "978-2": 1052}
    assert ends(taken_back(run)) == {"changed": 2}
    assert prices() == {"978-0": 1000, "978-1": 5000, "978-2": 1002}
