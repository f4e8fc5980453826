"""The verbs of the finance domain. Other domains book by `services.post(Draft(…), actor=actor)`."""

from app.panel.core import records
from app.shop.finance.models import Account
from app.shop.finance.services import chart
from app.shop.finance.services.chart import ensure_chart
from app.shop.finance.services.check import Difference, people_who_book, verify
from app.shop.finance.services.following import (
    catch_up,
    follow,
    on_compensation,
    on_payment,
    on_refund,
    on_refunds,
    on_refunds_reversed,
    on_sale,
    unbook,
)
from app.shop.finance.services.posting import Draft, Line, book_by_hand, post, post_many, reverse

records.override(Account, validate=chart.validate, delete=chart.delete)

__all__ = [
    "Difference", "Draft", "Line", "book_by_hand", "catch_up", "chart", "ensure_chart", "follow", "on_compensation",
    "on_payment", "on_refund", "on_refunds", "on_refunds_reversed", "on_sale", "people_who_book", "post", "post_many", "reverse",
    "unbook", "verify",
]  # fmt: skip
