"""What the operations of logistics ask before they run."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from wtforms import FileField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from app.panel.core.db import db
from app.panel.core.forms import PanelForm
from app.shop.logistics.adapters import ADAPTERS
from app.shop.logistics.models import Courier
from app.shop.orders.models import Shipment

NEEDED = InputRequired(_("This is needed."))


class WaybillForm(PanelForm):
    courier_id = SelectField(_("Courier"), [NEEDED], coerce=int)

    def for_rows(self, _rows: list[Shipment]) -> None:
        query = select(Courier).where(Courier.is_active, Courier.link.in_(list(ADAPTERS)))
        found = db.session.scalars(query.order_by(Courier.position, Courier.id))
        self.courier_id.choices = [(courier.id, courier.name) for courier in found]
        if not self.courier_id.choices:
            self.courier_id.description = gettext("No courier is connected. Choose a connection on the page of a courier.")


def couriers() -> list[tuple[str, Any]]:
    """By name, as lines name them too."""
    names = db.session.scalars(select(Courier.name).where(Courier.is_active).order_by(Courier.position, Courier.id))
    return [("", ""), *((name, name) for name in names)]


class ShipManyForm(PanelForm):
    courier = SelectField(
        _("Courier"), [Optional(), Length(max=60)], choices=couriers, validate_choice=False,
        description=_("For lines that name none."),
    )  # fmt: skip
    numbers = TextAreaField(
        _("Numbers of the orders"), [Optional(), Length(max=1_000_000)], render_kw={"rows": 8},
        description=_(
            "A line an order: order number, courier, tracking number, as copied from a table. Empty: ship without numbers."
        ),
    )  # fmt: skip
    file = FileField(
        _("Or a file"), description=_("CSV or XLSX with columns for order number, courier and tracking number."),
        render_kw={"accept": ".csv,.txt,.tsv,.xlsx,.xls,.ods"},
    )  # fmt: skip


class VoidForm(PanelForm):
    why = StringField(_("Reason"), [NEEDED, Length(max=300)])


def courier_of(form: Any) -> Courier:
    courier: Courier = db.session.get_one(Courier, form.courier_id.data)
    return courier
