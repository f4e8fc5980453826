"""Operations on the books of the library, without their screens."""

from contextlib import contextmanager


def books(count, price=1000, **more):
    """Add books with the prices `price`, `price + 1`…; their numbers."""
    from app.panel.bulk import writing
    from app.panel.core.actor import SYSTEM
    from app.panel.core.db import db
    from app.panel.core.transaction import transactional
    from tests.library.books.models import Book

    rows = [{"isbn": f"978-{n}", "title": f"Book {n}", "price": price + n, "copies": 1, **more} for n in range(count)]
    ids = transactional(writing.insert_rows)(Book, rows, actor=SYSTEM)
    db.session.expire_all()
    return ids


def prepared(key, by, ids=(), state=None, actor=None):
    from app.panel.bulk.engine import declaring, life
    from app.panel.bulk.engine.selecting import Selection
    from app.panel.core.actor import SYSTEM

    selection = Selection(tuple(ids), "books_book" if state else "", state or {})
    run = life.prepare(declaring.find(key), selection, {"by": by}, actor=actor or SYSTEM)
    assert life.look(run, actor=actor or SYSTEM)
    return fresh(run)


def done(run, actor=None):
    """Start a run that was looked at, and work it off."""
    from app.panel.bulk import loop
    from app.panel.bulk.engine import life
    from app.panel.core.actor import SYSTEM

    life.start(run.id, actor=actor or SYSTEM)
    loop.work_off(run.id)
    return fresh(run)


def fresh(run):
    from app.panel.bulk.models import Run
    from app.panel.core.db import db

    return db.session.get_one(Run, run.id, populate_existing=True)


def taken_back(run, actor=None):
    from app.panel.bulk import loop, undo
    from app.panel.core.actor import SYSTEM

    back = undo.make(run.id, actor=actor or SYSTEM)
    loop.work_off(back.id)
    return fresh(back)


def prices():
    from app.panel.core.db import db
    from tests.library.books.models import Book

    db.session.expire_all()
    return {book.isbn: book.price for book in db.session.query(Book)}


def ends(run):
    """{outcome: rows} by the items themselves, which must agree with the counts of the run."""
    from collections import Counter

    from app.panel.bulk import runs

    found = Counter(item.outcome for item in runs.items(run.id, limit=10_000))
    for outcome, name in runs.ROW_COUNTS.items():
        assert found[outcome.value] == getattr(run, name), outcome
    return dict(found)


@contextmanager
def dying_after(chunks, monkeypatch):
    """The worker dies in an open chunk, behind some that are committed."""
    from app.panel.bulk.engine import setbased

    whole, seen = setbased.SetBased.apply_chunk, []

    class Killed(BaseException):
        pass

    def apply_chunk(self, piece):
        found = whole(self, piece)
        seen.append(piece.low)
        if len(seen) > chunks:
            raise Killed
        return found

    monkeypatch.setattr(setbased.SetBased, "apply_chunk", apply_chunk)
    try:
        yield Killed
    finally:
        monkeypatch.setattr(setbased.SetBased, "apply_chunk", whole)
