"""A grid for the loans, which the folder of the tutorial does without."""

from app.panel.core.sheets import PanelSheet
from tests.library.books import domain
from tests.library.books.models import Loan


@domain.sheet(Loan, "Loans")
class LoanSheet(PanelSheet):
    column_list = ["id", "reader", "due_on"]
    column_editable_list = ["reader"]
