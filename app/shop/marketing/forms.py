"""What the operations of marketing ask before they run."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.panel.core import policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.forms import PanelForm, dress
from app.shop.catalog.forms import PickerForm, field_like
from app.shop.marketing.models import Coupon, CouponBatch

NEEDED = InputRequired(_("This is needed."))


class CodesForm(PanelForm):
    count = IntegerField(_("How many"), [NEEDED, NumberRange(1, 100_000)], default=100, render_kw={"min": 1, "max": 100_000})


class IssueForm(PickerForm):
    customer = field_like("customer_id", _("Customer"), Coupon)


class VoidForm(PanelForm):
    why = StringField(_("Reason"), [NEEDED, Length(max=300)])


class GiveForm(PanelForm):
    """Which coupon many customers get."""

    batch_id = SelectField(_("Batch"), [NEEDED], coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        query = select(CouponBatch).where(CouponBatch.is_active).order_by(CouponBatch.id.desc()).limit(200)
        found = db.session.scalars(policy.scope(query, current_actor(), CouponBatch))
        self.batch_id.choices = [(batch.id, batch.name) for batch in found]


class DecideForm(PanelForm):
    """What a person decides about a group, and why."""

    why = StringField(_("Reason"), [NEEDED, Length(max=300)])


SWITCH = (("on", _("On")), ("off", _("Off")))


class SwitchForm(PanelForm):
    to = SelectField(_("Switch"), choices=SWITCH)


class CartForm(PanelForm):
    """A cart to try prices with; nothing is ordered."""

    channel_id = SelectField(_("Channel"), coerce=int)
    customer = field_like("customer_id", _("Customer"), Coupon, help=_("Empty: somebody whom nobody knows."))
    lines = TextAreaField(
        _("Articles"), [NEEDED, Length(max=5000)], render_kw={"rows": 5},
        description=_("A line each: SKU code and how many pieces, such as MUG-1 3."),
    )  # fmt: skip
    codes = StringField(_("Coupon codes"), [Optional(), Length(max=400)])
    session_key = SelectField(_("Session"), [Optional()], description=_("Its prices and its coupons count in no other order."))
    at = field_like("expires_at", _("At what time"), Coupon, help=_("Empty: now."))

    def dressed(self) -> CartForm:
        dress(self)
        return self
