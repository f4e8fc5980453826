"""Flask-Admin's own class over the library's loans, as its tutorial shows it: the control group of the sheet tests."""

from flask import Flask
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_babel import Babel

from app.panel.core.db import db, metadata, prepare
from tests.conftest import SECRET
from tests.library.books.models import Loan


class LoanSheet(ModelView):
    column_list = ["id", "reader", "due_on"]
    column_editable_list = ["reader"]
    form_columns = ["reader", "due_on"]

    def get_query(self):
        return super().get_query().filter(Loan.reader != "secret")


def make(url):
    app = Flask("stock_sheets")
    app.config.update(SQLALCHEMY_DATABASE_URI=url, SECRET_KEY=SECRET, TESTING=True)
    Babel(app)
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
        metadata().create_all(db.engine)
        Admin(app).add_view(LoanSheet(Loan, db, endpoint="loans", url="/loans"))
    return app
