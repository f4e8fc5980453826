"""What the operations on customers ask before they run."""

from __future__ import annotations

import dataclasses
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from app.panel.core import forms
from app.panel.core.fields import spec
from app.panel.core.forms import PanelForm, unbound
from app.shop.customers.models import Customer, CustomerMerge
from app.shop.customers.states import Purpose

NEEDED = InputRequired(_("This is needed."))


class NoteForm(PanelForm):
    body = TextAreaField(_("Note"), [NEEDED, Length(max=5000)])
    is_pinned = BooleanField(_("Keep on top"))


class TagForm(PanelForm):
    tags = forms.RawField(_("Tags"), spec=None)
    remove = SelectField(_("What to do"), choices=[("add", _("Put on")), ("remove", _("Take off"))])

    def for_rows(self, _rows: list[Any]) -> None:
        self.tags.spec = spec(Customer, "tags")
        self.tags.multiple = True
        if self.tags.raw_data:
            self.tags.process_formdata(self.tags.raw_data)
        forms.dress_field(self.tags)

    def tag_ids(self) -> list[int]:
        return [int(key) for key in self.tags.data or [] if str(key).isdecimal()]


class TagManyForm(PanelForm):
    """Tags to put on and to take off."""

    add = unbound(dataclasses.replace(spec(Customer, "tags"), label=_("Put on")))
    remove = unbound(dataclasses.replace(spec(Customer, "tags"), label=_("Take off")))

    def for_operation(self, _operation: Any, _actor: Any) -> None:
        forms.dress(self)


class MergeManyForm(PanelForm):
    kept = unbound(dataclasses.replace(
        spec(CustomerMerge, "kept"), label=_("Card that stays"), readonly=False,
        help=_("All that belongs to the chosen cards moves to this one."),
    ))  # fmt: skip

    def for_operation(self, _operation: Any, _actor: Any) -> None:
        forms.dress(self)


class MessageForm(PanelForm):
    subject = StringField(_("Subject"), [NEEDED, Length(max=150)])
    body = TextAreaField(
        _("Message"), [NEEDED, Length(max=10_000)], render_kw={"rows": 8},
        description=_("{name} becomes the name of each customer."),
    )  # fmt: skip


class ConsentForm(PanelForm):
    purpose = SelectField(_("Purpose"), [NEEDED], choices=Purpose.pairs())
    answer = SelectField(_("Answer"), [NEEDED], choices=[("yes", _("Agrees")), ("no", _("Declines"))])
    source = StringField(
        _("Source"), [NEEDED, Length(max=120)], description=_("Where it was said: web form, counter, telephone …")
    )


class AddressForm(PanelForm):
    recipient = StringField(_("Recipient"), [NEEDED, Length(max=120)])
    phone = StringField(_("Phone"), [Optional(), Length(max=40)])
    country = StringField(_("Country"), [NEEDED, Length(min=2, max=2)], default="CN")
    province = StringField(_("Province"), [Optional(), Length(max=60)])
    city = StringField(_("City"), [Optional(), Length(max=60)])
    district = StringField(_("District"), [Optional(), Length(max=60)])
    street = StringField(_("Street and house number"), [NEEDED, Length(max=300)])
    postcode = StringField(_("Postcode"), [Optional(), Length(max=20)])
    label = StringField(_("Address label"), [Optional(), Length(max=40)])
    is_default = BooleanField(_("Default address"))

    def for_rows(self, rows: list[Any]) -> None:
        if self.recipient.raw_data is None and len(rows) == 1:
            self.recipient.data = rows[0].name

    def values(self) -> dict[str, Any]:
        """What was typed, without the form's own fields."""
        own = ("csrf_token", "idempotency_key")
        return {field.name: field.data or None for field in self if field.name not in own} | {
            "is_default": bool(self.is_default.data)
        }


class WhyForm(PanelForm):
    why = StringField(_("Why"), [NEEDED, Length(max=300)])


class EraseForm(PanelForm):
    why = StringField(_("On whose request"), [NEEDED, Length(max=300)], description=_("Without name and number: this stays."))
    is_sure = BooleanField(_("I know that nobody can bring this back"), [InputRequired(_("Please confirm."))])
