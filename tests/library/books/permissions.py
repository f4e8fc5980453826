from app.panel.core import policy
from tests.library.books.models import Book, Loan

policy.role("librarian", "Librarian")
policy.verbs("books.Book", lend="Lend", see_cost="See the cost")
policy.protect("books.Book", "cost", verb="see_cost")
policy.grant("librarian", {"books.Book": "read write lend delete import", "books.Loan": "read write delete remind"})
policy.rows(Loan)(lambda actor: Loan.reader != "secret" if actor.username != "ada" else None)
policy.rows(Book)(lambda actor: ~Book.isbn.startswith("VAULT"))
