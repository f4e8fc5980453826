"""FAB's own code reaches rows through the interface of a view: the package's fetches any, ours the reader's own."""

from types import SimpleNamespace

import pytest
from flask import g
from flask_appbuilder.models.sqla.interface import SQLAInterface

from app.panel.core import mount
from app.panel.core.errors import DomainError
from app.panel.core.interface import PanelInterface
from app.panel.core.views import PanelView
from tests.panel import stock
from tests.panel.stock import holds


@pytest.fixture
def asked(library):
    """`asked(Interface)`: an interface over the loans, in a request of lena's."""
    from app.panel.accounts.models import User
    from app.panel.core.db import db
    from tests.library.books.models import Loan

    stock.rows(library)
    with library.test_request_context():
        g.user = g._login_user = db.session.query(User).filter_by(username="lena").one()
        yield lambda interface: interface(Loan, db.session)
        db.session.rollback()


def test_a_row_of_somebody_else_cannot_be_fetched_by_its_number(asked):
    """F01: FAB's actions call `get(pk)` without filters."""

    def check(interface):
        assert asked(interface).get(1).reader == "Zhang"
        assert asked(interface).get(2) is None

    holds(check, SQLAInterface, PanelInterface)


def test_a_question_without_filters_finds_the_readers_own_rows(asked):
    def check(interface):
        count, rows = asked(interface).query()
        assert {row.reader for row in rows} == {"Zhang", "Li"}
        assert count == 2

    holds(check, SQLAInterface, PanelInterface)


def test_a_page_has_no_more_rows_than_the_house_allows(asked):
    """F31"""
    from app.panel.core.db import db
    from tests.library.books.models import Loan

    loans = [{"book_id": 1, "reader": f"r{n}", "due_on": stock.dt.date(2027, 1, 1)} for n in range(520)]
    db.session.execute(Loan.__table__.insert(), loans)

    def check(interface):
        assert len(asked(interface).query(page=0, page_size=100_000)[1]) == 500

    holds(check, SQLAInterface, PanelInterface)


def test_rows_are_not_written_past_the_verbs(asked):
    def check(interface):
        loans = asked(interface)
        for write in (loans.add, loans.edit):
            with pytest.raises(RuntimeError):
                write(SimpleNamespace(), commit=False)
                raise AssertionError("it was written")

    with pytest.raises(Exception, match="SimpleNamespace"):
        check(SQLAInterface)
    check(PanelInterface)


def test_a_row_is_deleted_by_the_verb_of_its_model_and_lies_in_the_trash(asked):
    from app.panel.core.db import db
    from app.panel.core.trash import TrashEntry
    from tests.library.books.models import Loan

    loans = asked(PanelInterface)
    with pytest.raises(DomainError):
        loans.delete(db.session.get(Loan, 2))
    before = db.session.query(TrashEntry).count()
    loans.delete(loans.get(1))
    assert loans.get(1) is None
    assert db.session.query(TrashEntry).count() == before + 1


def test_a_view_over_the_packages_interface_stops_the_start(library):
    from tests.library.books.models import Book

    with library.app_context():
        cls = type("StockBookView", (PanelView,), {"datamodel": SQLAInterface(Book)})
        with pytest.raises(TypeError, match="PanelInterface"):
            mount._add(library, library.appbuilder, cls)
