"""Forms of setup: the first run, the logo, the verification of an account, an application."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import DateField, FileField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.panel.core.forms import PanelForm
from app.shop.setup import rules
from app.shop.setup.states import LogoSource, OrganisationKind

CURRENCIES = ("CNY", "USD", "EUR", "GBP", "HKD", "TWD", "JPY", "KRW", "SGD", "MYR", "THB", "VND", "IDR", "PHP", "BRL",
              "MXN", "AUD", "CAD")  # fmt: skip
FIRST_ZONES = ("Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Europe/Berlin",
               "Europe/London", "America/New_York", "America/Los_Angeles", "UTC")  # fmt: skip
NEEDED = InputRequired(_("This is needed."))


class FirstShopForm(PanelForm):
    """What the first run asks about the shop."""

    shop_name = StringField(_("Shop name"), [NEEDED, Length(max=100)], render_kw={"placeholder": _("Our shop")})
    zone = SelectField(_("Time zone"), [NEEDED], default="Asia/Shanghai", validate_choice=False)
    currency = SelectField(_("Currency"), [NEEDED], default="CNY", choices=[(code, code) for code in CURRENCIES])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = sorted(name for name in available_timezones() if "/" in name and name not in FIRST_ZONES)
        self.zone.choices = [(name, name.replace("_", " ")) for name in (*FIRST_ZONES, *others)]

    def validate_zone(self, field: Any) -> None:
        if field.data not in available_timezones():
            raise ValidationError(gettext("“%(zone)s” is no time zone such as Asia/Shanghai.", zone=field.data))


class LogoForm(PanelForm):
    """A picture for the logo and where it comes from."""

    picture = FileField(_("Picture"), description=_("Square, at least 400 × 400 pixels: PNG, JPEG, WebP."))
    logo_source = SelectField(_("Source of the logo"), choices=LogoSource.pairs())
    logo_licence = StringField(
        _("Licence of the logo"), [Length(max=300)],
        description=_("Contract number, licence name or address of the proof."),
    )


class CutForm(PanelForm):
    """Which part of an oblong picture becomes the logo."""

    where = RadioField(
        _("Which part?"), default="middle",
        choices=[("start", _("Left or top")), ("middle", _("Middle")), ("end", _("Right or bottom"))],
    )


class VerifyForm(PanelForm):
    """What the platform says about an account."""

    subject = StringField(_("Verified subject"), [Length(max=200)])
    verified_on = DateField(_("Verified on"), [NEEDED])
    expires_on = DateField(_("Expires on"), [Optional()])


class ApplicationForm(PanelForm):
    """An organisation's application. Nothing is needed to save it; what is missing is asked when it is handed in."""

    company_name = StringField(_("Company name"), [Length(max=200)])
    credit_code = StringField(
        _("Unified social credit code"), [Length(max=18)], description=_("18 characters, from the business licence.")
    )
    kind = SelectField(_("Kind of organisation"), choices=OrganisationKind.pairs(), default=OrganisationKind.SUPPLIER)
    legal_person = StringField(_("Legal person"), [Length(max=100)])
    licence_scope = TextAreaField(
        _("Scope of the business licence"), [Length(max=5000)], description=_("One category a line."),
        render_kw={"rows": 4},
    )  # fmt: skip
    contact = StringField(_("Contact person"), [Length(max=100)])
    phone = StringField(_("Phone"), [Length(max=40)])
    licence = FileField(_("Picture of the business licence"), description=_("Sharp, whole, without a watermark."))
    legal_person_id = FileField(_("Picture of the legal person's ID"), description=_("The side with the portrait."))

    def validate_credit_code(self, field: Any) -> None:
        try:
            rules.credit_code((field.data or "").strip().upper())
        except ValueError as error:
            raise ValidationError(str(error)) from None
