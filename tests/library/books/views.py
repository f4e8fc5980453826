from app.panel.core import records
from app.panel.core.actor import current_actor
from app.panel.core.interface import PanelInterface
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from tests.library.books import domain
from tests.library.books.models import Book, Loan


@domain.view("Books", icon="fa-book", order=10)
class BookView(PanelView):
    datamodel = PanelInterface(Book)
    one = "book"
    list_columns = ["isbn", "title", "genre", "copies", "price"]
    show_fieldsets = [("Book", ["isbn", "title", "genre", "copies", "price", "cost", "is_lent_out"])]
    quick_filters = ["genre"]
    child_tables = ["loans"]

    @verb("lend", "Lend", confirm="Lend them out?", when=lambda book: not book.is_lent_out)
    def lend(self, books, form):
        for book in books:
            records.update(book, {"is_lent_out": True}, actor=current_actor())
        return f"{len(books)} lent."


@domain.relate(BookView, label="Loans", via="book")
@domain.view("Loans", icon="fa-hand", order=20)
class LoanView(PanelView):
    datamodel = PanelInterface(Loan)
    list_columns = ["book", "reader", "due_on"]
    filter_columns = ["book", "reader", "due_on", "book.title"]

    @verb("remind", "Remind")
    def remind(self, loans, form):
        for loan in loans:
            records.update(loan, {"reader": f"{loan.reader}!"}, actor=current_actor())
