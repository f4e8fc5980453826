"""Operations on many rows: frozen, looked at, done once, stopped, resumed and taken back."""

import pytest
from sqlalchemy import select

from tests.panel.bulk.operating import books, done, dying_after, ends, fresh, prepared, prices, taken_back
from tests.panel.bulk.test_runs import expire_lease

RAISE, BUY = "books.raise_price", "books.buy"


def history_of(run_id):
    from app.panel.core.db import db
    from app.panel.core.history import HistoryEntry

    return db.session.query(HistoryEntry).filter_by(run_id=run_id).order_by(HistoryEntry.key).all()


def test_the_preview_says_what_changes_what_is_refused_and_the_sums(shelf):
    ids = books(5)
    books_without_price(1)
    run = prepared(RAISE, 200)
    found = run.findings
    assert run.state.value == "checked"
    assert found["counts"] == {"changed": 5, "refused": 1}
    assert found["reasons"] == [["refused", "It has no price.", 1]]
    assert found["sums"]["price"] == {"label": "Prices", "before": {"CNY": 5010}, "after": {"CNY": 6010}}
    first = found["first"][0]
    assert (first["id"], first["label"]) == (ids[0], "Book 0")
    stored = {"before": 1000, "after": 1200, "currency": "CNY"}
    assert first["changes"][0] == {
        "name": "price", "label": "Price", "before": "CN¥10.00", "after": "CN¥12.00", "differs": True, "stored": stored,
    }  # fmt: skip
    assert prices()["978-0"] == 1000, "looking writes nothing"


def books_without_price(count):
    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    for n in range(count):
        records.create(Book, {"isbn": f"free-{n}", "title": f"Free {n}"}, actor=SYSTEM)


def test_a_set_based_run_writes_rows_outcomes_trail_feed_and_images_in_one_go(shelf):
    from app.panel.bulk.models import BeforeImage, RunItem
    from app.panel.core.changes import Change
    from tests.library.books.models import Book

    ids = books(3)
    books_without_price(1)
    fed = shelf.query(Change).count()
    run = done(prepared(RAISE, 50))
    assert run.state.value == "done"
    assert ends(run) == {"changed": 3, "refused": 1}
    assert prices() == {"978-0": 1050, "978-1": 1051, "978-2": 1052, "free-0": None}
    lines = history_of(run.id)
    assert [(line.key, line.changes, line.verb, line.path) for line in lines] == [
        (key, {"price": [1000 + n, 1050 + n]}, "update", "bulk") for n, key in enumerate(ids)
    ]
    assert all(line.salt for line in lines), "an erasure could not keep its commitment"
    stood = [(item.row_id, item.before, item.version) for item in shelf.query(RunItem).filter_by(run_id=run.id).order_by(RunItem.seq)]
    assert stood[:3] == [(key, {"price": 1000 + n}, 2) for n, key in enumerate(ids)]
    assert [one[1:] for one in stood[3:]] == [(None, None)], "a row that was refused has no image"
    assert shelf.query(BeforeImage).count() == 0
    assert shelf.query(Change).count() == fed + 1, "one row of the feed tells of all"
    assert shelf.query(Change).order_by(Change.id.desc()).first().keys == ids
    assert {book.version for book in shelf.query(Book).filter(Book.id.in_(ids))} == {2}


def test_only_what_matched_when_it_was_asked_is_touched_and_only_if_it_still_matches(shelf):
    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    ids = books(4)
    run = prepared(RAISE, 10, state={"f": '["price", "lt", "10.03"]'})
    assert run.expected == 3
    records.update(shelf.get(Book, ids[0]), {"price": 5000}, actor=SYSTEM)  # no longer matches
    records.update(shelf.get(Book, ids[3]), {"price": 100}, actor=SYSTEM)  # newly matches
    records.delete(shelf.get(Book, ids[1]), actor=SYSTEM)
    run = done(run)
    assert ends(run) == {"changed": 1, "skipped": 2}
    assert prices() == {"978-0": 5000, "978-2": 1012, "978-3": 100}


def test_rows_that_the_person_may_not_touch_are_not_even_frozen(shelf):
    from app.panel.accounts.models import User

    books(2)
    books(1, isbn="VAULT-1")
    lena = shelf.query(User).filter_by(username="lena").one()
    run = prepared(RAISE, 10, actor=lena)
    assert run.expected == 2
    run = done(run, actor=lena)
    assert prices() == {"978-0": 1010, "978-1": 1011, "VAULT-1": 1000}


def test_somebody_without_the_right_can_neither_prepare_nor_go_on(shelf):
    from app.panel.accounts.models import Role, User
    from app.panel.core import policy
    from app.panel.core.errors import Forbidden

    books(2)
    people = {user.username: user for user in shelf.query(User)}
    with pytest.raises(Forbidden):
        prepared(RAISE, 10, actor=people["nobody"])
    run = prepared(RAISE, 10, actor=people["lena"])
    roles = list(people["lena"].roles)
    people["lena"].roles = []
    shelf.commit()
    policy.forget()
    try:
        with pytest.raises(Forbidden):
            done(run, actor=people["lena"])
    finally:
        shelf.rollback()
        shelf.get(User, people["lena"].id).roles = [shelf.get(Role, role.id) for role in roles]
        shelf.commit()
        policy.forget()


def test_a_killed_chunk_leaves_nothing_and_the_next_worker_does_every_row_once(shelf, monkeypatch):
    from app.panel.bulk import loop, runs
    from app.panel.bulk.engine import declaring, life
    from app.panel.core.actor import SYSTEM
    from app.panel.core.db import db

    books(30)
    monkeypatch.setattr(type(declaring.find(RAISE)), "chunk", 10)
    run = prepared(RAISE, 7)
    life.start(run.id, actor=SYSTEM)
    with dying_after(1, monkeypatch) as killed, pytest.raises(killed):
        loop.work_off(run.id)
    db.session.rollback()
    assert fresh(run).position == 10
    assert len(history_of(run.id)) == 10
    expire_lease(run.id)
    assert run.id in runs.silent()
    loop.work_off(run.id)
    run = fresh(run)
    assert run.state.value == "done"
    assert ends(run) == {"changed": 30}
    assert prices() == {f"978-{n}": 1007 + n for n in range(30)}
    assert len(history_of(run.id)) == 30


def test_a_row_that_the_database_refuses_is_found_and_the_others_are_done(shelf, monkeypatch):
    from app.panel.bulk.engine import declaring
    from tests.library.books.models import Book

    books(9)
    table = Book.__table__

    def assign(self, values):
        from sqlalchemy import case

        return {"title": case((table.c.isbn == "978-4", None), else_=table.c.title + "!")}

    monkeypatch.setattr(type(declaring.find(RAISE)), "assign", assign)
    run = done(prepared(RAISE, 0))
    assert ends(run) == {"changed": 8, "refused": 1}


def test_a_taken_back_run_leaves_alone_what_somebody_changed_since_and_says_which(shelf):
    from app.panel.bulk import runs
    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    ids = books(6)
    run = done(prepared(RAISE, 100))
    for key in ids[:2]:
        records.update(shelf.get(Book, key), {"title": "By hand"}, actor=SYSTEM)
    records.delete(shelf.get(Book, ids[2]), actor=SYSTEM)
    back = taken_back(run)
    assert ends(back) == {"changed": 3, "refused": 3}
    assert prices() == {"978-0": 1100, "978-1": 1101, "978-3": 1003, "978-4": 1004, "978-5": 1005}
    reasons = {item.row_id: item.reason for item in runs.items(back.id) if item.reason}
    assert reasons == {ids[0]: "It was changed since.", ids[1]: "It was changed since.", ids[2]: "It was deleted since."}
    assert fresh(run).is_undone
    assert [line.changes for line in history_of(back.id)] == [{"price": [1100 + n, 1000 + n]} for n in (3, 4, 5)]


def test_what_an_undo_would_move_is_told_before_it_is_asked_for(shelf):
    from app.panel.bulk.engine import backwards, declaring
    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    ids = books(4)
    for key, sums, rest in (
        (RAISE, {"price": {"label": "Prices", "before": {"CNY": 2204}, "after": {"CNY": 2004}}}, {}),
        (BUY, {"money": {"label": "Money moved", "before": {}, "after": {"CNY": -330400}}, "stock": {"label": "Stock moved", "before": {}, "after": {"": -300}}},
         {"at_most": True}),
    ):  # fmt: skip
        run = done(prepared(key, 100, ids[:2] + ids[3:]))
        records.update(shelf.get(Book, ids[0]), {"title": f"Touched after {key}"}, actor=SYSTEM)
        found = backwards.findings(run, declaring.find(key))
        assert (found["counts"], found["sums"]) == ({"changed": 2, "refused": 1}, sums)
        assert {name: found[name] for name in ("at_most",) if name in found} == rest
        assert [(row["id"], row["refused"]) for row in found["first"]] == [(ids[0], "It was changed since."), (ids[1], ""), (ids[3], "")]
        was = found["first"][1]["changes"][0]
        assert (was["before"], was["after"]) == {RAISE: ("CN¥11.01", "CN¥10.01"), BUY: ("101", "1")}[key]


def test_a_row_whose_image_was_emptied_is_not_emptied_by_an_undo(shelf):
    from app.panel.bulk import images
    from tests.library.books.models import Book

    ids = books(3)
    first, second = done(prepared(RAISE, 100)), done(prepared(RAISE, 10))
    images.forget([(Book.__tablename__, ids[1])])
    shelf.commit()
    assert ends(taken_back(second)) == ends(taken_back(first)) == {"changed": 2, "refused": 1}
    assert prices() == {"978-0": 1000, "978-1": 1111, "978-2": 1002}


def test_runs_are_taken_back_one_after_the_other(shelf):
    books(2)
    first, second = done(prepared(RAISE, 100)), done(prepared(RAISE, 10))
    assert ends(taken_back(second)) == {"changed": 2}
    assert ends(taken_back(first)) == {"changed": 2}
    assert prices() == {"978-0": 1000, "978-1": 1001}


def test_an_undo_lets_only_those_runs_know_its_rows_that_can_still_be_taken_back(shelf):
    from app.panel.bulk.images import ITEMS

    def known(run):
        return shelf.scalar(select(ITEMS.c.version).where(ITEMS.c.run_id == run.id))

    books(1)
    first, over = done(prepared(RAISE, 100)), done(prepared(RAISE, 10))
    taken_back(over)
    last = done(prepared(RAISE, 20))
    before, gone = known(first), known(over)
    taken_back(last)
    assert (known(first) - before, known(over) - gone) == (2, 0)
    assert ends(taken_back(first)) == {"changed": 1}
    assert prices() == {"978-0": 1000}


def test_row_by_row_each_row_stands_for_itself(shelf):
    from app.panel.bulk import runs
    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    ids = books(4)
    records.update(shelf.get(Book, ids[1]), {"title": "Broken"}, actor=SYSTEM)
    run = prepared(BUY, 3)
    assert run.findings["counts"] == {"changed": 3, "refused": 1}
    assert run.findings["sums"]["money"]["after"] == {"CNY": 3 * (1000 + 1001 + 1003)}
    assert run.findings["sums"]["stock"]["after"] == {"": 9}
    run = done(run)
    assert ends(run) == {"changed": 2, "refused": 2}
    assert {item.row_id: item.reason for item in runs.items(run.id) if item.reason} == {
        ids[1]: "The supplier does not answer.", ids[2]: "Out of print.",
    }  # fmt: skip
    shelf.expire_all()
    assert [shelf.get(Book, key).copies for key in ids] == [4, 1, 1, 4]
    assert ends(taken_back(run)) == {"changed": 2}
    shelf.expire_all()
    assert [shelf.get(Book, key).copies for key in ids] == [1, 1, 1, 1]


def test_a_chunk_that_the_database_refuses_whole_comes_row_by_row_and_the_log_says_so(shelf, monkeypatch, caplog):
    from sqlalchemy import insert

    from app.panel.bulk.engine import declaring
    from app.panel.core.db import db
    from tests.library.books.models import Book

    def buy_all(self, rows, values, *, actor):
        db.session.execute(insert(Book.__table__).values(isbn=rows[0].isbn, title="secret canary"))

    ids = books(2)
    monkeypatch.setattr(type(declaring.find(BUY)), "apply_all", buy_all)
    assert done(prepared(BUY, 2, ids)).changed == 2
    told = [record.getMessage() for record in caplog.records if record.name.endswith("rowbyrow")]
    assert len(told) == 1 and "books.buy" in told[0] and "one by one" in told[0] and "canary" not in told[0]


def test_two_runs_over_the_same_rows_go_one_after_the_other(shelf):
    from app.panel.bulk import loop
    from app.panel.bulk.engine import conflicts, life
    from app.panel.core.actor import SYSTEM

    ids = books(4)
    first, second, other = prepared(RAISE, 100, ids[:3]), prepared(RAISE, 10, ids[2:]), prepared(RAISE, 1, ids[3:])
    for run in (first, second):
        life.start(run.id, actor=SYSTEM)
    assert conflicts.before(second.id, "books.Book") == first.id
    assert loop.work_off(second.id) is None, "it waits for the first"
    held = conflicts.take(first.id)
    assert held is not None
    assert conflicts.take(second.id) is None
    expire_lease(first.id)
    loop.work_off(first.id)
    assert loop.work_off(second.id).value == "done"
    assert done(other).state.value == "done"
    assert prices() == {"978-0": 1100, "978-1": 1101, "978-2": 1112, "978-3": 1014}


def test_a_paused_run_goes_on_where_it_stood_and_a_cancelled_one_can_be_resumed(shelf, monkeypatch):
    from app.panel.bulk import loop, runs
    from app.panel.bulk.engine import declaring, life, showing
    from app.panel.core.actor import SYSTEM

    books(30)
    operation = type(declaring.find(RAISE))
    monkeypatch.setattr(operation, "chunk", 10)
    run = prepared(RAISE, 5)
    life.start(run.id, actor=SYSTEM)
    stops = [life.pause, runs.cancel]
    whole = operation.changed

    def changed(self, ids, values, *, actor):
        after_commit(lambda: stops and stops.pop(0)(run.id, actor=SYSTEM))

    from app.panel.core.transaction import after_commit

    monkeypatch.setattr(operation, "changed", changed)
    loop.work_off(run.id)
    assert (fresh(run).state.value, fresh(run).position) == ("paused", 10)
    shown = {one.key: one.number for one in showing.counts_of(fresh(run))}
    assert shown == {"changed": 10, "same": 0, "refused": 0, "skipped": 0, "todo": 20}, "they add up to all that were meant"
    assert loop.work_off(run.id) is None
    life.resume(run.id, actor=SYSTEM)
    loop.work_off(run.id)
    assert (fresh(run).state.value, fresh(run).position) == ("cancelled", 20)
    life.resume(run.id, actor=SYSTEM)
    loop.work_off(run.id)
    monkeypatch.setattr(operation, "changed", whole)
    assert ends(fresh(run)) == {"changed": 30}
    assert prices() == {f"978-{n}": 1005 + n for n in range(30)}


def test_the_refused_rows_can_be_tried_again(shelf):
    from app.panel.bulk.engine import life
    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    books(2)
    books_without_price(1)
    run = done(prepared(RAISE, 10))
    assert run.refused == 1
    records.update(shelf.query(Book).filter_by(isbn="free-0").one(), {"price": 1}, actor=SYSTEM)
    run.params = {**run.params, "start": True}
    shelf.commit()
    again = life.retry(run.id, actor=SYSTEM)
    assert again.expected == 1 and not again.params["start"], "it is looked at before it begins"
    life.look(again, actor=SYSTEM)
    done(again)
    assert prices() == {"978-0": 1010, "978-1": 1011, "free-0": 11}


def test_a_run_that_is_put_off_begins_at_its_time_whoever_rings_before(shelf, monkeypatch):
    from app.panel.bulk import loop
    from app.panel.bulk.engine import life
    from app.panel.core import clock
    from app.panel.core.actor import SYSTEM

    books(2)
    run = prepared(RAISE, 10)
    at = clock.now() + clock.dt.timedelta(hours=1)
    life.start(run.id, actor=SYSTEM, begins_at=at)
    assert loop.work_off(run.id) is None
    life.pause(run.id, actor=SYSTEM)
    life.resume(run.id, actor=SYSTEM)
    assert loop.work_off(run.id) is None, "its rest took nothing from its plan"
    assert prices() == {"978-0": 1000, "978-1": 1001}
    monkeypatch.setattr(clock, "now", lambda: at)
    assert loop.work_off(run.id).value == "done"
    assert prices() == {"978-0": 1010, "978-1": 1011}


def test_what_somebody_changed_since_the_preview_is_left_alone_and_said(shelf):
    from app.panel.core import records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    ids = books(4)
    raising, buying = prepared(RAISE, 10), prepared(BUY, 3, ids=ids)
    for key, field in zip(ids, ({"price": 77}, {"title": "Meant otherwise"}, {"copies": 9}), strict=False):
        records.update(shelf.get_one(Book, key), field, actor=SYSTEM)
    shelf.commit()
    raised = done(raising)
    assert ends(raised) == {"changed": 3, "refused": 1}, "a title is no price"
    assert reasons(raised) == {ids[0]: "It was changed since the preview."}
    assert prices() == {"978-0": 77, "978-1": 1011, "978-2": 1012, "978-3": 1013}
    bought = done(buying)
    assert reasons(bought) == dict.fromkeys(ids[:3], "It was changed since the preview."), "it does not say what it writes"
    shelf.expire_all()
    assert [shelf.get_one(Book, key).copies for key in ids] == [1, 1, 9, 4], "what another run wrote is no person's change"


def test_a_run_that_was_planned_takes_rows_as_they_are_at_its_time(shelf, monkeypatch):
    from app.panel.bulk import loop
    from app.panel.bulk.engine import life
    from app.panel.core import clock, records
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    key, *_others = books(2)
    run, at = prepared(RAISE, 10), clock.now() + clock.dt.timedelta(hours=1)
    life.start(run.id, actor=SYSTEM, begins_at=at)
    records.update(shelf.get_one(Book, key), {"price": 77}, actor=SYSTEM)
    shelf.commit()
    monkeypatch.setattr(clock, "now", lambda: at)
    assert loop.work_off(run.id).value == "done"
    assert prices() == {"978-0": 87, "978-1": 1011}


def reasons(run):
    from app.panel.bulk import runs

    return {item.row_id: item.reason for item in runs.items(run.id, limit=10_000) if item.reason}


def test_a_run_that_a_worker_looks_at_has_not_begun_and_is_not_gone_on_with_before_it_was_seen(shelf, monkeypatch):
    from app.panel.bulk import loop, runs
    from app.panel.bulk.engine import SetBased, declaring, life, previewing
    from app.panel.bulk.engine.selecting import Selection
    from app.panel.core.actor import SYSTEM
    from app.panel.core.errors import Conflict

    books(2)
    monkeypatch.setitem(previewing.AT_ONCE, SetBased, 1)
    seen, stopped = (life.prepare(declaring.find(RAISE), Selection((), "", {}), {"by": 10}, actor=SYSTEM) for _one in range(2))
    assert not life.look(seen, actor=SYSTEM) and not life.look(stopped, actor=SYSTEM)
    assert (fresh(seen).state.value, fresh(stopped).state.value) == ("checking", "checking")
    runs.cancel(stopped.id, actor=SYSTEM)
    with pytest.raises(Conflict):
        life.resume(stopped.id, actor=SYSTEM)
    loop.work_off(seen.id)
    assert (fresh(seen).state.value, fresh(seen).started_at) == ("checked", None)
    life.start(seen.id, actor=SYSTEM)
    loop.work_off(seen.id)
    assert fresh(seen).started_at is not None
    assert prices() == {"978-0": 1010, "978-1": 1011}


def test_requests_that_ask_for_an_operation_of_a_model_at_once_get_the_same_one(shelf, monkeypatch):
    import threading
    import time

    from app.panel.bulk.engine import declaring, generic
    from tests.library.books.models import Book

    register, found = declaring.register, []
    monkeypatch.setattr(declaring, "OPERATIONS", dict(declaring.OPERATIONS))
    declaring.OPERATIONS.pop("delete:books.Book", None)
    monkeypatch.setattr(declaring, "register", lambda cls: (time.sleep(0.05), register(cls))[1])

    def ask():
        found.append(generic._of("delete:books.Book", "delete", generic.MoveToTrash, Book))

    askers = [threading.Thread(target=ask) for _one in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(found) == 4
    assert len(set(map(id, found))) == 1


def test_a_run_that_waits_for_its_time_shows_what_it_would_do_and_stands_in_no_tray(shelf, visit):
    from app.panel.accounts.models import User
    from app.panel.bulk.engine import life
    from app.panel.bulk.models import Run
    from app.panel.core import clock

    ids, client = books(1), visit("ada")
    ada = shelf.query(User).filter_by(username="ada").one()
    number = prepared(RAISE, 10, ids, actor=ada).id
    life.start(number, actor=ada, begins_at=clock.now() + clock.dt.timedelta(hours=1))
    page = client.get(f"/bulk/operation/{number}/").text
    assert "Will change" in page and "CN¥10.10" in page and "data-bulk-progress" not in page
    assert client.get("/bulk/operation/tray").json == []
    shelf.query(Run).filter_by(id=number).update({"begins_at": clock.now()})
    shelf.commit()
    assert [one["title"] for one in client.get("/bulk/operation/tray").json]
    assert "data-bulk-progress" in client.get(f"/bulk/operation/{number}/").text
