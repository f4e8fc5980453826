"""What the operations of finance ask before they run."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from app.panel.core.forms import PanelForm
from app.shop.orders.forms import AmountField

NEEDED = InputRequired(_("This is needed."))


class WhyForm(PanelForm):
    why = StringField(_("Reason"), [NEEDED, Length(max=200)], description=_("Stands in the ledger for good."))


class BookForm(PanelForm):
    """One entry of two lines; what needs more lines is booked in several."""

    shop_id = SelectField(_("Shop"), coerce=int)
    debit_id = SelectField(_("To the debit of"), coerce=int)
    credit_id = SelectField(_("To the credit of"), coerce=int)
    amount = AmountField(_("Amount"), [NEEDED])
    occurred_on = DateField(_("Booking date"), [Optional()], description=_("Left empty: today."))
    memo = StringField(_("Booking text"), [NEEDED, Length(max=200)], description=_("What the entry is for. It stands for good."))
