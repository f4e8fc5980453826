"""The packages' own base classes over the same tables: the control group of the trap tests.

A check that a stock screen passes could not fail, so it would prove nothing about ours.
"""

from flask import Flask
from flask_appbuilder import AppBuilder, ModelRestApi, ModelView, action
from flask_appbuilder.models.sqla.filters import FilterNotEqual
from flask_appbuilder.models.sqla.interface import SQLAInterface

from app.panel.core.db import db, prepare
from tests.conftest import SECRET


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

    with app.app_context():
        prepare(db.engine)
        metadata().create_all(db.engine)
        builder = AppBuilder(app, db.session)
        builder.add_view(LoanView, "Loans")
        builder.add_view(BookView, "Books")
        builder.add_api(BookApi)
        builder.sm.add_user("lena", "L", "L", "lena@example.org", builder.sm.find_role("Admin"), "pw")
    return app


def client(app):
    browser = app.test_client()
    answer = browser.post("/login/", data={"username": "lena", "password": "pw"})
    assert answer.status_code == 302
    assert "login" not in answer.location
    return browser
