"""The library as a stage for imports: books and loans, ada who may do everything, and files to bring."""

import csv
import io
from contextlib import contextmanager
from importlib import import_module

import pytest

from tests import conftest

PACKAGES = ("app.panel", "tests.library")


@pytest.fixture(scope="module")
def library(tmp_path_factory, new_database):
    app = conftest.make_app(new_database(), tmp_path_factory.mktemp("library"), packages=PACKAGES)
    with app.app_context():
        from app.panel.accounts import services
        from app.panel.core.actor import SYSTEM
        from app.panel.core.db import db

        for name, roles in (("ada", ["administrator"]), ("lena", ["librarian"]), ("nobody", [])):
            services.create_user(
                actor=SYSTEM, username=name, name=name, email=f"{name}@example.org", roles=roles, password=None
            )
        db.session.commit()
    import_module("tests.panel.bulk.book_operations")
    return app


@pytest.fixture
def shelf(library):
    """An empty library, in a context of its own."""
    from app.panel.bulk.models import BeforeImage, Mapping, Run, RunItem
    from app.panel.core.db import db
    from tests.library.books.models import Book, Loan

    with library.app_context():
        for model in (Loan, Book, RunItem, BeforeImage, Mapping):
            db.session.query(model).delete()
        db.session.query(Run).update({"undo_of_id": None})
        db.session.query(Run).delete()
        db.session.commit()
        yield db.session


def table(rows):
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


BOOKS = [
    ["ISBN", "Title", "Genre", "Copies", "Price", "Currency"],
    ["978-1", "Dream of the Red Chamber", "Novel", "3", "¥1,234.50", "CNY"],
    ["978-2", "Elements", "science", "１", "20", "CNY"],
    ["978-3", "Water Margin", "", "", "", ""],
]


@pytest.fixture
def bring(shelf):
    """`bring(rows)`: import a table into books as the system, to its end; the finished run."""
    from app.panel.bulk import drafts, loop, runs, store
    from app.panel.bulk.models import Run
    from app.panel.core.actor import SYSTEM
    from app.panel.core.db import db

    def import_(rows, layout="table:books.Book", check=False, actor=SYSTEM, **params):
        content = rows if isinstance(rows, bytes) else table(rows)
        stored = store.keep(io.BytesIO(content), "books.csv")
        run = drafts.prepare(stored, actor=actor, importer=layout, params=params)
        if check:
            runs.ask_check(run.id, actor=actor)
        else:
            runs.ask_start(run.id, actor=actor, unchecked=True)
        loop.work_off(run.id)
        return db.session.get_one(Run, run.id, populate_existing=True)

    return import_


@pytest.fixture
def take_back(shelf):
    from app.panel.bulk import loop, undo
    from app.panel.bulk.models import Run
    from app.panel.core.actor import SYSTEM
    from app.panel.core.db import db

    def undo_(run):
        back = undo.make(run.id, actor=SYSTEM)
        loop.work_off(back.id)
        return db.session.get_one(Run, back.id, populate_existing=True)

    return undo_


def counts(run):
    return {"new": run.new, "changed": run.changed, "same": run.same, "refused": run.refused}


@contextmanager
def killed_after(chunks, monkeypatch):
    """The worker dies behind a chunk that is committed, without a word."""
    from app.panel.bulk import loop

    whole, done = loop._chunk, []

    class Killed(BaseException):
        pass

    def chunk(held, work, plans):
        if len(done) == chunks:
            raise Killed
        whole(held, work, plans)
        done.append(len(plans))

    monkeypatch.setattr(loop, "_chunk", chunk)
    try:
        yield Killed
    finally:
        monkeypatch.setattr(loop, "_chunk", whole)
