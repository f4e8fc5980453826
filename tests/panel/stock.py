"""The packages' own base classes over the same tables: the control group of the trap tests.

A check that a stock screen passes could not fail, so it would prove nothing about ours.
"""

import datetime as dt

import pytest
from flask import Flask
from flask_appbuilder import AppBuilder, ModelRestApi, ModelView, action
from flask_appbuilder.models.sqla.filters import FilterNotEqual, FilterNotStartsWith
from flask_appbuilder.models.sqla.interface import SQLAInterface
from wtforms.validators import Optional

from app.panel.core.db import db, prepare
from tests.conftest import SECRET

PACKAGES = ("app.panel", "tests.library")


def make(url):
    """A stock application in which `lena` may do everything with loans that are not secret."""
    from app.panel.core.db import metadata
    from tests.library.books.models import Book, Loan

    app = Flask("stock")
    app.config.update(
        SQLALCHEMY_DATABASE_URI=url,
        SECRET_KEY=SECRET,
        FAB_PASSWORD_HASH_METHOD="pbkdf2:sha256:1",
        TESTING=True,
        WTF_CSRF_ENABLED=False,
    )
    db.init_app(app)

    class LoanView(ModelView):
        datamodel = SQLAInterface(Loan, db.session)
        base_filters = [["reader", FilterNotEqual, "secret"]]
        list_columns = ["reader"]
        edit_columns = add_columns = ["reader", "due_on", "book"]
        add_form_query_rel_fields = {"book": [["isbn", FilterNotStartsWith, "VAULT"]]}
        validators_columns = {"book": [Optional()]}  # as FAB gives any relation that may be empty

        def pre_update(self, item):
            if item.reader == "REFUSED":
                raise ValueError("this reader is not served")

        @action("remind", "Remind", "Sure?")
        def remind(self, items):
            for item in items if isinstance(items, list) else [items]:
                item.reader += "!"
            db.session.commit()
            return "done"

    class BookView(ModelView):
        datamodel = SQLAInterface(Book, db.session)
        list_columns = ["isbn", "title"]

    class BookApi(ModelRestApi):
        datamodel = SQLAInterface(Book, db.session)
        resource_name = "book"
        allow_browser_login = True

    class LoanApi(ModelRestApi):
        datamodel = SQLAInterface(Loan, db.session)
        resource_name = "loan"
        allow_browser_login = True
        add_query_rel_fields = {"book": [["isbn", FilterNotStartsWith, "VAULT"]]}

    with app.app_context():
        prepare(db.engine)
        metadata().create_all(db.engine)
        builder = AppBuilder(app, db.session)
        builder.add_view(LoanView, "Loans")
        builder.add_view(BookView, "Books")
        builder.add_api(BookApi)
        builder.add_api(LoanApi)
        people(builder.sm)
    return app


def people(manager):
    """lena may do everything, hugo edits people, nobody nothing."""
    editor, empty = manager.add_role("people"), manager.add_role("nobody")
    for permission in ("can_list", "can_show", "can_edit"):
        manager.add_permission_role(editor, manager.find_permission_view_menu(permission, "UserDBModelView"))
    for name, role in (("lena", manager.find_role("Admin")), ("hugo", editor), ("nobody", empty)):
        manager.add_user(name, name, name, f"{name}@example.org", role, "pw")


def client(app, name="lena"):
    browser = app.test_client()
    answer = browser.post("/login/", data={"username": name, "password": "pw"})
    assert answer.status_code == 302
    assert "login" not in answer.location
    return browser


class Side:
    """One of the two applications: its addresses differ, its rows are the same."""

    def __init__(self, app, client, list_url, book_list, action_url, delete_url, edit_url):
        self.app, self.client = app, client
        self.list_url, self.book_list, self.action_url = list_url, book_list, action_url
        self.delete_url, self.edit_url = delete_url, edit_url

    def reader(self, key):
        from app.panel.core.db import db
        from tests.library.books.models import Loan

        with self.app.app_context():
            loan = db.session.get(Loan, key)
            return loan.reader if loan else None


def rows(app):
    """One book with a cost, three loans of which the second is not lena's; nothing else."""
    from app.panel.core.db import db
    from app.panel.core.transaction import transactional
    from tests.library.books.models import Book, Loan

    @transactional
    def write():
        db.session.query(Loan).delete()
        db.session.query(Book).delete()
        book = Book(id=1, isbn="978", title="100% cotton", cost=777_77, price=100, currency="CNY")
        vault = Book(id=2, isbn="VAULT-1", title="The vault book", currency="CNY")
        db.session.add_all([book, vault])
        for key, reader in enumerate(("Zhang", "secret", "Li"), 1):
            book.loans.append(Loan(id=key, reader=reader, due_on=dt.date(2026, 12, 1)))

    with app.app_context():
        write()


def holds(check, theirs, ours):
    """The check fails on the package's class and holds on ours."""
    with pytest.raises(AssertionError):
        check(theirs)
    check(ours)
