"""Rows that lie next to each other are changed by the range of their numbers; what lies between them and is not meant stays."""

import threading

import flask
import pytest
from sqlalchemy import JSON, Text, cast, literal, select, update

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


def test_each_line_of_a_range_has_random_bytes_of_its_own(shelf):
    from app.panel.core.history import HistoryEntry

    ids = books(4)
    runs = [done(prepared(RAISE, 50, ids[1:]))]
    runs.append(taken_back(runs[0]))
    query = select(HistoryEntry.salt).where(HistoryEntry.run_id.in_([run.id for run in runs]))
    salts = [bytes(salt) for salt in db.session.scalars(query)]
    assert [len(salt) for salt in salts] == [16] * 6
    assert len(set(salts)) == 6


@pytest.mark.parametrize(
    ("kept", "price"),
    [
        ('{"price":1200}', 1200), ('{"price": 1200}', 1200), ('{"price":-5,"name":"x"}', -5), ('{"name":"x","price":7}', 7),
        ('{"price":null}', None), ('{"prices":3,"price":4}', 4), ('{"price":9007199254740993}', 9007199254740993),
    ],
)  # fmt: skip
def test_an_image_says_the_number_that_it_holds_wherever_it_stands(shelf, kept, price):
    from app.panel.bulk.engine import expressions
    from tests.library.books.models import Book

    image = literal(kept, Text)
    image = image if expressions.dialect() == "sqlite" else cast(image, JSON)
    assert db.session.scalar(select(expressions.from_image(Book.__table__.c.price, image))) == price


def test_the_last_to_have_changed_a_row_is_whoever_ran_it_whoever_had_changed_it_before(shelf):
    from flask_appbuilder.security.sqla.models import User

    from tests.library.books.models import Book

    ids, person = books(3), User(first_name="A", last_name="B", username="a-clerk", email="a-clerk@example.org")
    db.session.add(person)
    db.session.flush()
    db.session.execute(update(Book.__table__).where(Book.__table__.c.id == ids[1]).values(changed_by_id=person.id))
    db.session.commit()
    done(prepared(RAISE, 50, ids))
    found = db.session.execute(select(Book.price, Book.changed_by_id, Book.version).order_by(Book.id)).all()
    assert found == [(1050, None, 2), (1051, None, 2), (1052, None, 2)]
    db.session.delete(db.session.get_one(User, person.id))
    db.session.commit()


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
