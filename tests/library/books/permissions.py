from app.panel.core import policy
from tests.library.books.models import Loan

policy.role("librarian", "Librarian")
policy.verbs("books.Book", lend="Lend")
policy.grant("librarian", {"books.Book": "read write lend delete import", "books.Loan": "read write delete"})


@policy.rows(Loan)
def loans_of_others_are_not_mine(actor):
    return Loan.reader != "secret" if actor.username != "ada" else None
