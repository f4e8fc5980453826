"""Operations on the books of the library, one of each kind."""

from wtforms import IntegerField

from app.panel.bulk.engine import Look, RowByRow, SetBased, Sum, register
from app.panel.core import records
from app.panel.core.errors import DomainError
from app.panel.core.forms import PanelForm
from tests.library.books.models import Book


class RaiseForm(PanelForm):
    by = IntegerField("By")


@register
class RaisePrice(SetBased):
    key, model, label, form = "books.raise_price", Book, "Raise the price", RaiseForm

    def refuse(self, values):
        return [(Book.price.is_(None), "It has no price."), (Book.price + values["by"] < 0, "It would cost less than nothing.")]

    def assign(self, values):
        return {"price": Book.__table__.c.price + values["by"]}

    def sums(self, values):
        table = Book.__table__
        return {"price": Sum("Prices", table.c.price, table.c.price + values["by"], table.c.currency)}


@register
class BuyCopies(RowByRow):
    key, model, label, form, permission = "books.buy", Book, "Buy copies", RaiseForm, "write"
    keeps = ("copies",)

    def look(self, row, values, *, actor):
        if row.isbn == "978-2":
            return Look(refused="Out of print.")
        return Look(
            same=values["by"] == 0, before={"copies": row.copies}, after={"copies": row.copies + values["by"]},
            money={row.currency: (row.price or 0) * values["by"]}, stock=values["by"],
        )

    def apply(self, row, values, *, actor):
        if row.title == "Broken":
            raise DomainError("The supplier does not answer.")
        records.update(row, {"copies": row.copies + values["by"]}, actor=actor)
