"""The refund of many orders (AFT-06): seen with its sum before it runs, set-based, taken back by what stands against it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, Select

from app.panel.bulk.engine import Look, RowByRow, expressions, register
from app.panel.core import fields, history, money, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.sets import words
from app.shop.orders import forms, services
from app.shop.orders.models import Order, RefundReason
from app.shop.orders.services.refunds_of_many import ALL, AMOUNT, PERCENT


@register
class RefundOrders(RowByRow):
    key, model, label, icon, order, tone = "orders.refund", Order, _("Refund"), "fa-rotate-left", 70, "danger"
    permission, form, chunk, instead_of = "refund", forms.RefundManyForm, 2500, "refund"
    moves = {"money": _("To be refunded"), "stock": _("Pieces that are free again")}
    help = _("Money goes back by the way it came. What was not sent yet is not sent any more when all of it goes back.")

    def authorize(self, actor: Any, values: dict[str, Any]) -> None:
        policy.authorize(actor, self.permission, self.resource, by_loan=False)

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        """What goes back of each order, in whole numbers."""
        how, text = form.how.data, (form.value.data or "").strip()
        currency, value = fields.default_currency(), 0
        if how == PERCENT:
            value = _hundredths(text)
        elif how == AMOUNT:
            try:
                value = money.parse(text, currency) if text else 0
            except ValueError as error:
                raise InvalidInput({"value": str(error)}) from None
            if value <= 0:
                raise InvalidInput({"value": gettext("An amount is needed.")})
        if form.restock.data and how != ALL:
            why = gettext("Goods come back with all of the money only. Refund single orders piece by piece.")
            raise InvalidInput({"restock": why})
        return {
            "how": how, "value": value, "currency": currency, "reason": form.reason.data, "restock": bool(form.restock.data),
            "note": (form.note.data or "").strip(),
        }  # fmt: skip

    def said(self, values: dict[str, Any]) -> str:
        if values.get("how") == PERCENT:
            return gettext("%(n)s %% of what was paid", n=f"{Decimal(values['value']) / 100:f}".rstrip("0").rstrip("."))
        if values.get("how") == AMOUNT:
            return gettext("%(amount)s of each", amount=money.format(values["value"], values["currency"]))
        return gettext("All that is left of each")

    def fetch(self, query: Select[Any]) -> Iterable[Any]:
        return services.figures_of(list(db.session.scalars(query.with_only_columns(Order.id))))

    def kept(self, row: Any, values: dict[str, Any]) -> dict[str, Any]:
        """By which key the refund is found that is taken back."""
        return {"refund": f"{_command()}:{row.id}"}

    def look(self, row: Any, values: dict[str, Any], *, actor: Any) -> Look:
        if row.paid and not row.left_to_refund:
            return Look(same=True)
        found = _wish(values).decide(row)
        before = {"refunded": row.refunded, "refund_state": row.refund_state.value, "state": row.state.value}
        after = {
            "refunded": row.refunded + found.amount, "refund_state": found.refund_state.value,
            "state": (found.to or row.state).value,
        }  # fmt: skip
        free = sum(min(share.unsent, share.line.reserved_quantity) + share.back for share in found.shares if share.line.sku_id)
        return Look(before=before, after=after, money={row.currency: found.amount}, stock=free)

    def apply_all(self, rows: Sequence[Any], values: dict[str, Any], *, actor: Any) -> None:
        services.refund_many(rows, _wish(values), key=_command(), actor=actor)

    def apply_set(self, keys: Sequence[int], values: dict[str, Any], *, actor: Any) -> Sequence[int]:
        return services.refund_all_of(keys, _wish(values), key=_command(), actor=actor)

    def image_of(self, values: dict[str, Any]) -> ColumnElement[Any]:
        return expressions.named(refund=words(f"{_command()}:", Order.__table__.c.id))

    def take_set_back(self, images: Sequence[dict[str, Any]], *, actor: Any) -> None:
        numbers = services.refunds_by_key([image["refund"] for image in images])
        if len(numbers) != len(images):
            raise DomainError(gettext("The refund is not there any more."))
        services.reverse_all_of(sorted(numbers.values()), why=gettext("Taken back."), actor=actor)

    def take_all_back(self, rows: Sequence[Any], images: Sequence[dict[str, Any]], *, actor: Any) -> None:
        numbers = services.refunds_by_key([image["refund"] for image in images])
        if len(numbers) != len(rows):
            raise DomainError(gettext("The refund is not there any more."))
        services.reverse_refunds(rows, list(numbers.values()), why=gettext("Taken back."), actor=actor)

    def take_back(self, row: Any, image: dict[str, Any], *, actor: Any) -> str:
        self.take_all_back([row], [image], actor=actor)
        return ""


def _command() -> str:
    """The name of a run among the keys of refunds."""
    return f"bulk:{history.present_run()}"


def _wish(values: dict[str, Any]) -> services.Wish:
    names = ("how", "value", "currency", "restock", "note")
    return services.Wish(reason=RefundReason(values["reason"]), **{name: values[name] for name in names if name in values})


def _hundredths(text: str) -> int:
    try:
        number = Decimal(text.removesuffix("%").strip().replace(",", "."))
    except InvalidOperation:
        raise InvalidInput({"value": gettext("A number is needed.")}) from None
    if not number.is_finite() or not 0 < number <= 100 or number != round(number, 2):
        raise InvalidInput({"value": gettext("More than 0 and at most 100 percent, with two decimals at most.")})
    return int(number * 100)
