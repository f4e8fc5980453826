"""A run's life: resumed after a kill, cancelled, held by one, taken back."""

import pytest

from tests.panel.bulk.conftest import BOOKS, counts, killed_after


def many(count):
    return [["ISBN", "Title", "Price"], *([f"N{n:05d}", f"Book {n}", "1.00"] for n in range(count))]


def expire_lease(run_id):
    from app.panel.bulk.models import Run
    from app.panel.core.db import db

    db.session.rollback()
    db.session.query(Run).filter_by(id=run_id).update({"lease_until": 0.0})
    db.session.commit()


def latest():
    from app.panel.bulk.models import Run
    from app.panel.core.db import db

    db.session.rollback()
    return db.session.query(Run).order_by(Run.id.desc()).first()


def titles():
    from app.panel.core.db import db
    from tests.library.books.models import Book

    db.session.expire_all()
    return {book.isbn: book.title for book in db.session.query(Book)}


def test_a_run_whose_worker_was_killed_goes_on_where_it_stood(bring, monkeypatch):
    from app.panel.bulk import loop, runs

    monkeypatch.setattr(loop, "CHUNK", 50)
    with killed_after(1, monkeypatch) as killed, pytest.raises(killed):
        bring(many(130))
    run = latest()
    assert run.new == 50
    assert run.state.value == "running"
    assert loop.work_off(run.id) is None, "the lease of the dead worker still holds"
    expire_lease(run.id)
    assert run.id in runs.silent()
    assert loop.work_off(run.id).value == "done"
    run = latest()
    assert counts(run) == {"new": 130, "changed": 0, "same": 0, "refused": 0}
    assert run.sums == {"CNY": {"price": 13000}}
    assert len(titles()) == 130


def test_a_worker_that_lost_its_lease_can_commit_nothing_more(bring, shelf):
    from app.panel.bulk import runs

    run = bring(BOOKS, check=True)
    runs.ask_start(run.id, actor=__import__("app.panel.core.actor", fromlist=["SYSTEM"]).SYSTEM)
    slow = runs.take(run.id)
    expire_lease(run.id)
    quick = runs.take(run.id)
    assert quick.fence > slow.fence
    with pytest.raises(runs.Lost):
        runs.renew(slow)
    runs.renew(quick)


def test_a_cancelled_run_stops_between_two_chunks_and_keeps_what_is_written(bring, monkeypatch):
    from app.panel.bulk import loop, runs
    from app.panel.core.actor import SYSTEM

    whole = loop._chunk

    def chunk(held, work, plans):
        whole(held, work, plans)
        runs.cancel(held.run_id, actor=SYSTEM)

    monkeypatch.setattr(loop, "_chunk", chunk)
    monkeypatch.setattr(loop, "CHUNK", 50)
    run = bring(many(120))
    assert run.state.value == "cancelled"
    assert run.new == len(titles()) == 50


def test_an_import_that_is_taken_back_leaves_no_trace_but_its_trail(bring, take_back, shelf):
    from app.panel.core.history import HistoryEntry

    first = bring([["ISBN", "Title", "Copies"], ["978-1", "Old title", "7"]])
    second = bring([["ISBN", "Title", "Copies"], ["978-1", "New title", "7"], ["978-2", "New book", "1"]])
    assert counts(second) == {"new": 1, "changed": 1, "same": 0, "refused": 0}
    back = take_back(second)
    assert counts(back) == {"new": 0, "changed": 2, "same": 0, "refused": 0}
    assert titles() == {"978-1": "Old title"}
    assert shelf.query(HistoryEntry).filter_by(path="undo").count() == 2
    take_back(first)
    assert titles() == {}


def test_taking_many_rows_of_an_import_back_takes_no_more_statements_than_few(bring, take_back, count_queries):
    asked = []
    for count in (2, 30):
        head, isbns = ["ISBN", "Title", "Copies"], [f"978-{count}-{n}" for n in range(count)]
        bring([head, *([isbn, "Old title", "1"] for isbn in isbns)])
        changed = bring([head, *([isbn, "New title", "1"] for isbn in isbns)])
        with count_queries() as seen:
            assert counts(take_back(changed))["changed"] == count
        asked.append(len(seen))
    assert asked[0] == asked[1] < 100


def test_rows_that_somebody_changed_since_are_listed_and_left_alone(bring, take_back, shelf):
    from app.panel.bulk import runs
    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    run = bring(BOOKS)
    book = shelf.query(Book).filter_by(isbn="978-1").one()
    records.update(book, {"title": "By hand"}, actor=SYSTEM)
    back = take_back(run)
    assert counts(back) == {"new": 0, "changed": 2, "same": 0, "refused": 1}
    assert titles() == {"978-1": "By hand"}
    reasons = [item.reason for item in runs.items(back.id) if item.outcome == "refused"]
    assert reasons == ["It was changed since."]


def test_a_row_that_got_children_since_counts_as_changed(bring, take_back, shelf):
    import datetime as dt

    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book, Loan

    run = bring(BOOKS)
    book = shelf.query(Book).filter_by(isbn="978-2").one()
    records.create(Loan, {"book_id": book.id, "reader": "Li", "due_on": dt.date(2026, 5, 1)}, actor=SYSTEM)
    assert counts(take_back(run))["refused"] == 1
    assert set(titles()) == {"978-2"}


def test_an_import_is_taken_back_once(bring, take_back):
    from app.panel.core.errors import DomainError

    run = bring(BOOKS)
    take_back(run)
    with pytest.raises(DomainError):
        take_back(run)


def test_the_refused_rows_come_as_a_file_that_can_be_brought_again(bring, shelf):
    from app.panel.bulk import repair

    run = bring([*BOOKS, ["978-8", "=cmd|' /C calc'!A0", "cookery", "", "", ""], ["", "No number", "", "", "", ""]])
    text = "".join(repair.lines(run))
    assert text.startswith("\ufeffISBN,Title,Genre,Copies,Price,Currency,Reason")
    assert text.count("\n") == 3
    assert "'=cmd" in text, "a spreadsheet must not run it"
    mended = text.replace("cookery", "novel")
    again = bring(mended.encode("utf-8"))
    assert counts(again) == {"new": 1, "changed": 0, "same": 0, "refused": 1}
    assert titles()["978-8"].startswith("=cmd")


def test_one_record_that_kills_the_worker_again_and_again_is_left_out(bring, monkeypatch):
    from app.panel.bulk import generic_apply, loop

    class Killed(BaseException):
        pass

    whole = generic_apply.apply

    def apply(work, plans, *, dry_run):
        if any(plan.values["isbn"] == "N00070" for plan in plans):
            raise Killed
        return whole(work, plans, dry_run=dry_run)

    monkeypatch.setattr(generic_apply, "apply", apply)
    monkeypatch.setattr(loop, "CHUNK", 50)
    with pytest.raises(Killed):
        bring(many(100))
    for _attempt in range(8):
        run = latest()
        expire_lease(run.id)
        try:
            if loop.work_off(run.id) is not None:
                break
        except Killed:
            continue
    run = latest()
    assert run.state.value == "done"
    assert counts(run) == {"new": 99, "changed": 0, "same": 0, "refused": 1}


def test_a_chunk_is_written_as_a_set_and_row_by_row_when_the_database_refuses_it(bring, shelf, monkeypatch):
    from sqlalchemy.exc import IntegrityError

    from app.panel.bulk import generic_sets
    from app.panel.core import records
    from app.panel.core.history import HistoryEntry

    made, create = [], records.create
    monkeypatch.setattr(records, "create", lambda *given, **more: made.append(given) or create(*given, **more))

    def told(run):
        entries = shelf.query(HistoryEntry).filter_by(table="books_book", run_id=run.id).order_by(HistoryEntry.key, HistoryEntry.id)
        return [(one.verb, one.path, {name: pair for name, pair in one.changes.items() if name != "isbn"}) for one in entries]

    first = bring(BOOKS)
    assert (made, counts(first)["new"]) == ([], len(BOOKS) - 1)

    def refused(*_given, **_more):
        raise IntegrityError("", {}, Exception())

    monkeypatch.setattr(generic_sets.writing, "insert_rows", refused)
    again = [[row[0] + "-9", *row[1:]] if place else row for place, row in enumerate(BOOKS)]
    second = bring(again)
    assert (len(made), counts(second)["new"]) == (len(BOOKS) - 1, len(BOOKS) - 1)
    assert told(first) == told(second) and len(told(first)) == len(BOOKS) - 1


def test_a_file_that_cannot_be_read_leaves_no_run_behind(bring, shelf):
    from app.panel.bulk import store
    from app.panel.bulk.models import Run
    from app.panel.bulk.reading.problems import BadFile

    before = set(store.folder().iterdir())
    with pytest.raises(BadFile):
        bring(b"%PDF-1.7")
    assert shelf.query(Run).count() == 0
    assert set(store.folder().iterdir()) == before


def test_the_file_of_a_check_holds_all_that_is_refused(bring, shelf):
    from app.panel.bulk import repair, runs
    from app.panel.bulk.models import RunItem
    from app.panel.core.actor import SYSTEM

    heads = ["ISBN", "Title", "Price", "=HYPERLINK(0)"]
    run = bring([heads, *([f"N{n}", "Book", "much", ""] for n in range(300)), ["N300", "Book", "1", ""]], check=True)
    assert run.findings["refused"] == 300
    found = "".join(repair.lines(run)).splitlines()
    assert found[0] == "\ufeffISBN,Title,Price,'=HYPERLINK(0),Reason", "a spreadsheet must not run a heading"
    assert len(found) == 301 and found[300].startswith("N299,")
    runs.ask_start(run.id, actor=SYSTEM)
    assert shelf.query(RunItem).filter_by(run_id=run.id).count() == 0, "the run writes its own"


def test_a_reason_that_begins_like_a_formula_is_not_run(bring, monkeypatch):
    from app.panel.bulk import repair

    run = bring([*BOOKS, ["978-8", "Book", "cookery", "", "", ""]], check=True)
    monkeypatch.setattr(repair, "reasons", lambda _run: {5: "@SUM(1): is no number."})
    assert "".join(repair.lines(run)).rstrip().endswith(",'@SUM(1): is no number.")


def test_checking_again_forgets_what_was_refused_before(bring, shelf):
    from app.panel.bulk import loop, repair, runs
    from app.panel.bulk.models import Run
    from app.panel.core.actor import SYSTEM

    run = bring([*BOOKS, ["978-8", "Book", "cookery", "", "", ""]], check=True)
    for _time in range(2):
        runs.ask_check(run.id, actor=SYSTEM)
        loop.work_off(run.id)
    assert list(repair.reasons(run)) == [5]
    runs.configure(run.id, actor=SYSTEM, importer=run.importer)
    assert repair.reasons(shelf.get_one(Run, run.id)) == {}


def test_what_somebody_adds_while_the_run_still_goes_on_is_left_alone(bring, take_back, shelf, monkeypatch):
    import datetime as dt

    from app.panel.bulk import loop
    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book, Loan

    bring([["ISBN", "Title"], ["N00001", "Old"], ["N00002", "Old"]])
    before = shelf.query(Book).filter_by(isbn="N00002").one()
    whole, chunks = loop._chunk, []

    def chunk(held, work, plans):
        whole(held, work, plans)
        chunks.append(len(plans))
        if len(chunks) == 1:
            made, found = (shelf.query(Book).filter_by(isbn=isbn).one() for isbn in ("N00003", "N00001"))
            due = dt.date(2026, 5, 1)
            records.create(Loan, {"book_id": made.id, "reader": "Li", "due_on": due}, actor=SYSTEM)
            records.update(found, {"copies": 7}, actor=SYSTEM)

    monkeypatch.setattr(loop, "_chunk", chunk)
    monkeypatch.setattr(loop, "CHUNK", 3)
    records.update(before, {"copies": 5}, actor=SYSTEM)
    run = bring([["ISBN", "Title"], *([f"N0000{n}", f"New {n}"] for n in range(1, 6))])
    assert (counts(run)["new"], counts(run)["changed"], chunks) == (3, 2, [3, 2])
    back = take_back(run)
    assert counts(back)["refused"] == 2
    assert titles() == {"N00001": "New 1", "N00002": "Old", "N00003": "New 3"}
