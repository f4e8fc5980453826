"""Runs over the same rows, taken back one after the other: each finds its rows again only where nothing else has come between."""

from tests.panel.bulk.operating import books, done, ends, prepared, prices, taken_back

RAISE = "books.raise_price"


def test_an_earlier_run_stays_overtaken_by_a_hand_though_a_later_one_is_taken_back(shelf):
    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    ids = books(2)
    first = done(prepared(RAISE, 100))
    records.update(shelf.get(Book, ids[0]), {"price": 5}, actor=SYSTEM)
    second = done(prepared(RAISE, 10))
    assert ends(taken_back(second)) == {"changed": 2}
    assert ends(taken_back(first)) == {"changed": 1, "refused": 1}
    assert prices() == {"978-0": 5, "978-1": 1001}


def test_a_run_below_one_that_still_stands_is_not_taken_back(shelf):
    books(2)
    first, _second, third = done(prepared(RAISE, 100)), done(prepared(RAISE, 10)), done(prepared(RAISE, 1))
    taken_back(third)
    assert ends(taken_back(first)) == {"refused": 2}


def test_an_undo_asks_one_earlier_run_over_its_rows_whatever_their_number(shelf, monkeypatch):
    from app.panel.bulk import earlier

    asked, real = [], earlier.Taken.mine
    monkeypatch.setattr(earlier.Taken, "mine", lambda taken, run_id, *ends: asked.append(run_id) or real(taken, run_id, *ends))
    ids = books(6)
    runs = [done(prepared(RAISE, 1)) for _n in range(5)]
    apart, part = done(prepared(RAISE, 1, ids[:2])), done(prepared(RAISE, 1, [ids[2], ids[5]]))
    last = done(prepared(RAISE, 1, ids[3:]))
    assert ends(taken_back(last)) == {"changed": 3}
    assert asked == [part.id, runs[4].id]
    for run, count in ((apart, 2), (part, 2), *((run, 6) for run in reversed(runs))):
        asked.clear()
        assert ends(taken_back(run)) == {"changed": count}
        assert len(asked) <= 1
    assert prices() == {f"978-{n}": 1000 + n for n in range(6)}


def test_an_import_that_was_taken_back_in_between_breaks_no_chain_of_runs(shelf):
    from app.panel.bulk import removal
    from app.panel.bulk.importers import Image
    from app.panel.core import clock, records
    from app.panel.core.actor import SYSTEM
    from app.panel.core.transaction import transactional
    from tests.library.books.models import Book

    (key,) = books(1)
    first, second = done(prepared(RAISE, 100)), done(prepared(RAISE, 10))
    records.update(shelf.get(Book, key), {"price": 7}, actor=SYSTEM)
    image = Image("books_book", key, {"price": 1110}, shelf.get(Book, key).version)
    shelf.rollback()
    transactional(removal.take_back)([image], actor=SYSTEM, since=clock.now(), run_id=0)
    assert ends(taken_back(second)) == ends(taken_back(first)) == {"changed": 1}
    assert prices() == {"978-0": 1000}


def test_what_a_hand_wrote_before_an_import_is_not_lost_when_that_and_an_earlier_run_are_taken_back(shelf):
    from app.panel.bulk import removal
    from app.panel.bulk.importers import Image
    from app.panel.core import clock, records
    from app.panel.core.actor import SYSTEM
    from app.panel.core.transaction import transactional
    from tests.library.books.models import Book

    (key,) = books(1)
    first = done(prepared(RAISE, 100))
    for price in (5, 7):  # by hand, and then as an import would
        records.update(shelf.get(Book, key), {"price": price}, actor=SYSTEM)
    image = Image("books_book", key, {"price": 5}, shelf.get(Book, key).version)
    shelf.rollback()
    transactional(removal.take_back)([image], actor=SYSTEM, since=clock.now(), run_id=0)
    assert prices() == {"978-0": 5}
    assert ends(taken_back(first)) == {"refused": 1}
    assert prices() == {"978-0": 5}
