from app.panel.core import records
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.jobs import job
from tests.library.books.models import Book


@job("books.return_all", queue="default", timeout=60)
def return_all(limit: int = 100):
    for book in db.session.query(Book).filter_by(is_lent_out=True).limit(limit):
        records.update(book, {"is_lent_out": False}, actor=SYSTEM)
