"""What the operations of the inventory ask before they run."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.panel.core import forms
from app.panel.core.fields import spec
from app.panel.core.forms import PanelForm
from app.shop.inventory.models import StockCount, StockLevel

NEEDED = InputRequired(_("This is needed."))


class AdjustForm(PanelForm):
    change = IntegerField(_("Change in stock"), [NEEDED], description=_("How many pieces, up or down: 3 or -3."))
    why = StringField(_("Why"), [NEEDED, Length(max=300)], description=_("Broken, found, gift … The journal keeps it."))


class AdjustManyForm(PanelForm):
    how = SelectField(_("How"), choices=[("by", _("By so many pieces")), ("to", _("To this number"))])
    pieces = IntegerField(_("Pieces"), [NEEDED, NumberRange(-1_000_000, 1_000_000)], description=_("Up or down: 3 or -3."))
    why = StringField(_("Why"), [NEEDED, Length(max=300)], description=_("Broken, found, gift … The journal keeps it."))


class ReceiveForm(PanelForm):
    quantity = IntegerField(_("Quantity"), [NEEDED, NumberRange(min=1)])
    note = StringField(_("Note"), [Optional(), Length(max=300)])


class TransferForm(PanelForm):
    quantity = IntegerField(_("Quantity"), [NEEDED, NumberRange(min=1)])
    warehouse_id = forms.RawField(_("To warehouse"), spec=None)
    note = StringField(_("Note"), [Optional(), Length(max=300)])

    def for_rows(self, _rows: list[Any]) -> None:
        picker(self.warehouse_id, StockLevel, "warehouse")


class TransferManyForm(PanelForm):
    warehouse_id = forms.RawField(_("To warehouse"), spec=None)
    quantity = IntegerField(
        _("Quantity"), [Optional(), NumberRange(min=1)], description=_("Of each SKU. Empty: all that nobody has reserved.")
    )
    note = StringField(_("Note"), [Optional(), Length(max=300)])

    def for_operation(self, _operation: Any, _actor: Any) -> None:
        picker(self.warehouse_id, StockLevel, "warehouse")


class LineForm(PanelForm):
    threshold = IntegerField(
        _("Warning line"), [Optional(), NumberRange(min=0)], description=_("Empty: the line of the settings.")
    )


class ReceivingForm(PanelForm):
    """Many goods at once, typed, scanned or pasted from a table."""

    warehouse_id = forms.RawField(_("Warehouse"), spec=None)
    lines = TextAreaField(
        _("Goods and quantities"), [NEEDED, Length(max=50_000)],
        description=_("One line each: SKU code or barcode, quantity and, if you like, unit cost, with spaces or tabs between."),
        render_kw={"rows": 10, "data-wide": "1", "class": "mono"},
    )  # fmt: skip
    note = StringField(_("Note"), [Optional(), Length(max=300)])

    def ready(self) -> ReceivingForm:
        picker(self.warehouse_id, StockCount, "warehouse")
        return self


def picker(field: Any, model: type[Any], name: str) -> None:
    """Let a field of an operation choose like the field of a model does."""
    field.spec = spec(model, name)
    field.required = field.spec.required
    forms.dress_field(field)


def picked_id(field: Any) -> int | None:
    """The number that a picker of an operation holds."""
    text = str(field.data or "")
    return int(text) if text.isdecimal() and len(text) < 11 else None
