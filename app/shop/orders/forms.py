"""What the operations of an order ask before they run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from flask import request
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from wtforms import BooleanField, Field, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from app.panel.core import money, policy
from app.panel.core.actor import current_actor
from app.panel.core.choices import Choices
from app.panel.core.db import db
from app.panel.core.fields import spec
from app.panel.core.forms import PanelForm, RawField, cover, dress, dress_field, unbound
from app.shop.orders.models import (
    CloseReason,
    ExceptionReason,
    Order,
    OrderLine,
    OrderState,
    PaymentMethod,
    RefundReason,
)

NEEDED = InputRequired(_("This is needed."))


class AmountField(StringField):
    """An amount of money; `minor` holds it in minor units once the form is valid, None when left empty."""

    currency = "CNY"
    minor: int | None = None

    def pre_validate(self, form: Any) -> None:
        text = (self.data or "").strip()
        self.minor = None
        if not text:
            return
        try:
            self.minor = money.parse(text, self.currency)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        if self.minor < 0:
            raise ValidationError(gettext("An amount cannot be negative."))

    def meant(self, currency: str, minor: int | None) -> None:
        """Say the currency, and what stands in the field until somebody types."""
        self.currency = currency
        self.render_kw = {"inputmode": "decimal", "data-unit": currency, "autocomplete": "off"}
        if self.raw_data is None and minor is not None:
            self.data = money.plain(minor, currency)


def pairs(choices: type[Choices]) -> list[tuple[str, Any]]:
    return choices.pairs()


class PiecesForm(PanelForm):
    """A form with a quantity per line, when one order is meant."""

    def add_pieces(self, lines: Sequence[OrderLine], most: Any, first: Any) -> None:
        """Add a field per line: at most `most(line)` pieces, `first(line)` until somebody types."""
        self.lines = list(lines)
        data = request.form if request.form.get("_go") else None
        for line in self.lines:
            label = gettext("%(title)s: pieces, at most %(n)s", title=str(line), n=most(line))
            field: Field = IntegerField(
                label,
                [Optional(), NumberRange(0, most(line))],
                default=first(line),
                render_kw={"min": 0, "max": most(line)},
            ).bind(form=self, name=f"pieces-{line.id}", prefix=self._prefix)  # type: ignore[attr-defined]
            field.process(data)
            self._fields[f"pieces-{line.id}"] = field

    def pieces(self) -> dict[int, int] | None:
        """Line id → pieces; None when the form had no lines."""
        if not getattr(self, "lines", None):
            return None
        return {line.id: self._fields[f"pieces-{line.id}"].data or 0 for line in self.lines}


class PayForm(PanelForm):
    method = SelectField(_("Payment method"), [NEEDED], choices=pairs(PaymentMethod))
    amount = AmountField(_("Amount"), description=_("Empty: all that is left to pay."))
    external_ref = StringField(
        _("Payment reference"),
        [Optional(), Length(max=120)],
        description=_("The number that the payment service gave it."),
    )

    def for_rows(self, rows: list[Order]) -> None:
        self.amount.meant(rows[0].currency, rows[0].left_to_pay if len(rows) == 1 else None)
        if len(rows) > 1:
            del self.amount, self.external_ref


class ShipForm(PiecesForm):
    courier = StringField(_("Courier"), [Optional(), Length(max=60)])
    tracking_number = StringField(_("Tracking number"), [Optional(), Length(max=80)])
    note = StringField(_("Note"), [Optional(), Length(max=300)])

    def for_rows(self, rows: list[Order]) -> None:
        if len(rows) == 1:
            lines = [line for line in rows[0].lines if line.left_to_ship]
            self.add_pieces(lines, lambda line: line.left_to_ship, lambda line: line.left_to_ship)
        else:
            del self.tracking_number


class RefundForm(PiecesForm):
    amount = AmountField(
        _("Amount"), description=_("Empty: the value of the pieces below, or all that is left of the order.")
    )
    reason = SelectField(_("Reason"), [NEEDED], choices=pairs(RefundReason))
    restock = BooleanField(_("The goods are back: put them into stock"))
    note = StringField(_("Note"), [Optional(), Length(max=300)])

    def for_rows(self, rows: list[Order]) -> None:
        self.amount.meant(rows[0].currency, None)
        if len(rows) == 1:
            lines = [line for line in rows[0].lines if line.left_to_refund]
            self.add_pieces(lines, lambda line: line.left_to_refund, lambda line: 0)
        else:
            del self.amount


class RefundManyForm(PanelForm):
    """What goes back of each of many orders."""

    how = SelectField(
        _("How much"),
        choices=[
            ("all", _("All that is left")), ("percent", _("A part of what was paid, in percent")),
            ("amount", _("An amount of each")),
        ],
    )  # fmt: skip
    value = StringField(
        _("Percent or amount"), [Optional(), Length(max=20)], description=_("Empty where all goes back."),
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )  # fmt: skip
    reason = SelectField(_("Reason"), [NEEDED], choices=pairs(RefundReason))
    restock = BooleanField(
        _("The goods are back: put them into stock"), description=_("Only where all goes back. What was not sent is free anyway.")
    )
    note = StringField(_("Note"), [Optional(), Length(max=300)])


class WhyForm(PanelForm):
    why = StringField(_("Reason"), [Optional(), Length(max=300)])


class CloseForm(PanelForm):
    reason = SelectField(_("Reason"), [NEEDED], choices=pairs(CloseReason))
    why = StringField(_("Note"), [Optional(), Length(max=300)])


class HoldForm(PanelForm):
    reason = StringField(_("Reason"), [NEEDED, Length(max=200)])


class NoteForm(PanelForm):
    body = TextAreaField(_("Note"), [NEEDED, Length(max=5000)])


class ExceptionForm(PanelForm):
    reason_id = SelectField(_("Reason"), [NEEDED], coerce=int)
    detail = StringField(_("Details"), [Optional(), Length(max=300)])

    def for_rows(self, _rows: list[Order]) -> None:
        query = select(ExceptionReason).where(ExceptionReason.is_active)
        found = db.session.scalars(query.order_by(ExceptionReason.position, ExceptionReason.id))
        self.reason_id.choices = [(reason.id, reason.name) for reason in found]


class ManyExceptionsForm(ExceptionForm):
    """The same for any number of orders: the reasons do not depend on them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.for_rows([])


class AssignForm(PanelForm):
    assignee = SelectField(_("Colleague"), coerce=int)

    def for_operation(self, _operation: Any, _actor: Any) -> None:
        people = db.session.scalars(select(User).where(User.active.is_(True)).order_by(User.first_name, User.id))
        able = [(person.id, str(person)) for person in people if policy.allowed(person, "read", "orders.Order")]
        self.assignee.choices = [*able, (0, gettext("nobody"))]


class TagForm(PanelForm):
    """Tags to put on and to take off."""

    add = unbound(dataclasses.replace(spec(Order, "tags"), label=_("Put on"), readonly=False))
    remove = unbound(dataclasses.replace(spec(Order, "tags"), label=_("Take off"), readonly=False))

    def for_operation(self, _operation: Any, _actor: Any) -> None:
        dress(self)


class StateForm(PanelForm):
    to = SelectField(
        _("New state"), [NEEDED], choices=[(state.value, state.label) for state in (OrderState.SHIPPED, OrderState.COMPLETED)],
        description=_("Shipped: all that is left goes, without a tracking number."),
    )  # fmt: skip


class ArticlesForm(PanelForm):
    """A picker of SKUs for every line that has no article yet."""

    lines: Sequence[OrderLine] = ()

    def for_rows(self, rows: list[Order]) -> None:
        self.lines = [line for line in rows[0].lines if line.sku_id is None]
        known = spec(OrderLine, "sku_id")
        data = request.form if request.form.get("_go") else None
        for line in self.lines:
            name = f"sku-{line.id}"
            label = " · ".join(part for part in (str(line), line.sku_code) if part)
            field: RawField = RawField(label, spec=known, kind="picker").bind(form=self, name=name, prefix=self._prefix)  # type: ignore[attr-defined]
            field.process(data)
            dress_field(field)
            self._fields[name] = field

    def choices(self) -> dict[int, int]:
        """Line id → SKU id, of the lines that somebody chose an article for."""
        typed = {line.id: str(self._fields[f"sku-{line.id}"].data or "") for line in self.lines}
        return {line_id: int(text) for line_id, text in typed.items() if text.isdecimal()}


class HandleForm(PanelForm):
    resolution = StringField(_("What was done"), [NEEDED, Length(max=300)])


ADDRESS = ("buyer_name", "buyer_phone", "buyer_email", "country", "province", "city", "district", "street", "postcode")


class AddressForm(PanelForm):
    """The address of one parcel; checked by the service, which keeps the old one."""

    buyer_name = StringField(_("Recipient"), [NEEDED, Length(max=120)])
    buyer_phone = StringField(_("Phone"), [Optional(), Length(max=32)])
    country = StringField(_("Country"), [NEEDED, Length(min=2, max=2)])
    province = StringField(_("Province"), [Optional(), Length(max=60)])
    city = StringField(_("City"), [Optional(), Length(max=60)])
    district = StringField(_("District"), [Optional(), Length(max=60)])
    street = StringField(_("Street and number"), [NEEDED, Length(max=300)])
    postcode = StringField(_("Postcode"), [Optional(), Length(max=20)])
    why = StringField(_("Reason"), [Optional(), Length(max=300)])

    def values(self) -> dict[str, Any]:
        """What was typed; a masked field that was left empty stays as it is."""
        access = policy.fields(current_actor(), "orders.Order")
        own = [field for field in self if field.name in ADDRESS]
        return {field.name: field.data for field in own if field.data or not access.masked(field.name)}

    def for_rows(self, rows: list[Order]) -> None:
        access = policy.fields(current_actor(), "orders.Order")
        for field in list(self):
            if access.revealable(field.name):
                cover(field, access.mask(field.name, getattr(rows[0], field.name)))
            elif not access.usable(field.name):
                del self[field.name]  # what is masked is neither shown here nor overwritten
            elif hasattr(rows[0], field.name) and field.raw_data is None:
                field.data = getattr(rows[0], field.name)
