from sqlalchemy import UniqueConstraint

from app.panel.core.choices import Choices
from app.panel.core.columns import children, choice, currency, day, flag, integer, longtext, money, ref, relation, text
from app.panel.core.db import PanelModel


class Genre(Choices):
    NOVEL = "novel", "Novel", "info"
    SCIENCE = "science", "Science", "success"


class Book(PanelModel):
    __tablename__ = "books_book"

    isbn = text("ISBN", 20, required=True, unique=True, search=True)
    title = text("Title", 200, required=True, search=True)
    genre = choice("Genre", Genre, default=Genre.NOVEL)
    copies = integer("Copies", default=1, min=0)
    price = money("Price")
    cost = money("Cost")
    currency = currency(default="CNY")
    is_lent_out = flag("Lent out")
    blurb = longtext("Blurb")
    loans = children("Loans", "Loan", back="book")

    def __str__(self):
        return self.title


class Loan(PanelModel):
    __tablename__ = "books_loan"
    __table_args__ = (UniqueConstraint("book_id", "reader", "due_on"),)

    book_id = ref("Book", "books_book.id", required=True, ondelete="CASCADE")
    book = relation("Book", book_id, back_populates="loans")
    reader = text("Reader", 100, required=True, search=True)
    due_on = day("Due on", required=True)

    def __str__(self):
        return f"{self.reader}: {self.book}"
