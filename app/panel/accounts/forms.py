"""Forms of the door, of one's own account and of the people that an administrator looks after."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.panel.accounts.login import passwords
from app.panel.accounts.models import Layout, Skin
from app.panel.core.errors import InvalidInput

NEEDED = InputRequired(_("This is needed."))


class AccountForm(FlaskForm):
    """`refuse` hangs the sentences of a service on the fields that they belong to."""

    problem = ""

    def refuse(self, error: InvalidInput) -> None:
        for name, sentence in error.errors.items():
            if name in self._fields:
                self._fields[name].errors = [*self._fields[name].errors, str(sentence)]
            else:
                self.problem = str(sentence)


class NewPassword:
    """Two fields for a new password, of which the second catches slips."""

    password = PasswordField(
        _("New password"),
        [NEEDED, Length(max=256)],
        render_kw={"autocomplete": "new-password"},
    )
    again = PasswordField(_("New password, again"), [NEEDED], render_kw={"autocomplete": "new-password"})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.password.description = gettext(
            "At least %(n)s characters; a short sentence is good. No rules about digits or signs.", n=passwords.least_length()
        )

    def validate_again(self, field: Any) -> None:
        if field.data != self.password.data:
            raise ValidationError(gettext("The two passwords differ."))


class LoginForm(AccountForm):
    username = StringField(
        _("User name or e-mail"),
        [NEEDED, Length(max=320)],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True},
    )
    password = PasswordField(
        _("Password"), [NEEDED, Length(max=1024)], render_kw={"autocomplete": "current-password"}
    )


class RiddleForm(LoginForm):
    """After a few failures."""

    riddle = StringField(
        _("Digits of the picture"), [NEEDED, Length(max=40)], render_kw={"autocomplete": "off", "inputmode": "numeric"}
    )


class ForgottenForm(AccountForm):
    username = StringField(
        _("User name or e-mail"), [NEEDED, Length(max=320)],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True},
    )  # fmt: skip


class CodeForm(AccountForm):
    """The second step of a log-in."""

    code = StringField(
        _("One-time code"), [Length(max=40)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True, "spellcheck": "false"},
    )  # fmt: skip
    trust = BooleanField(_("Trust this browser for 30 days"))
    answer = HiddenField()  # what a passkey says


class LinkForm(NewPassword, AccountForm):
    """Set a password by a one-time link."""


class PasswordForm(NewPassword, AccountForm):
    """One's own password."""

    current = PasswordField(_("Current password"), [NEEDED], render_kw={"autocomplete": "current-password"})


class ProfileForm(AccountForm):
    name = StringField(_("Full name"), [NEEDED, Length(max=64)], render_kw={"autocomplete": "name"})
    email = EmailField(_("E-mail"), [NEEDED, Length(max=320)], render_kw={"autocomplete": "email"})
    current = PasswordField(
        _("Current password"), [Length(max=1024)], description=_("Only to change the e-mail address."),
        render_kw={"autocomplete": "current-password"},
    )  # fmt: skip
    language = SelectField(_("Language"))
    skin = SelectField(_("Colours"))
    layout = SelectField(_("Where the menu stands"))

    def offer(self, languages: dict[str, Any]) -> None:
        self.language.choices = [(key, entry["name"]) for key, entry in languages.items()]
        self.skin.choices = [(value, str(label)) for value, label in Skin.pairs()]
        self.layout.choices = [(value, str(label)) for value, label in Layout.pairs()]


class CurrentPasswordForm(AccountForm):
    """Something grave: the person says again who he is."""

    current = PasswordField(_("Current password"), [NEEDED], render_kw={"autocomplete": "current-password"})


class AgainForm(CurrentPasswordForm):
    """Something that weakens the log-in: password and second step again."""

    code = StringField(
        _("One-time code"), [NEEDED, Length(max=40)], description=_("From your app, or a recovery code."),
        render_kw={"autocomplete": "one-time-code", "spellcheck": "false"},
    )  # fmt: skip


class PasskeyForm(CurrentPasswordForm):
    name = StringField(
        _("Name"), [NEEDED, Length(max=60)], description=_("So that you know it again, such as “Blue phone”."),
        render_kw={"autocomplete": "off"},
    )  # fmt: skip
    answer = HiddenField()


class Checks(SelectMultipleField):
    """Several of a few: a box each."""

    kind = "options"
    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class PersonForm(AccountForm):
    """An account, as an administrator sees it. He never types a password: the person does, by a one-time link."""

    username = StringField(
        _("User name"), [NEEDED, Length(max=64)], render_kw={"autocomplete": "off", "autocapitalize": "none"}
    )
    name = StringField(_("Full name"), [NEEDED, Length(max=64)], render_kw={"autocomplete": "off"})
    email = EmailField(_("E-mail"), [NEEDED, Length(max=320)], render_kw={"autocomplete": "off"})
    roles = Checks(_("Roles"), render_kw={"data-options": "1"})

    def offer(self, roles: list[tuple[str, str]]) -> None:
        self.roles.choices = roles


class Radios(RadioField):
    """One of a few, all of them in sight."""

    kind = "options"


class KeyForm(AgainForm):
    """A new API key; the rights themselves are ticked in a table of their own."""

    name = StringField(
        _("Name"), [NEEDED, Length(max=80)], description=_("What will use it, such as “Douyin bridge”. The history shows it."),
        render_kw={"autocomplete": "off"},
    )  # fmt: skip
    kind = SelectField(_("Kind of key"))
    days = SelectField(_("In force for"), coerce=int)
    purpose = Radios(_("Purpose of the key"))

    def offer(self, kinds: list[Any], days: list[tuple[int, str]], purposes: list[tuple[str, str]]) -> None:
        self.kind.choices = [(kind.value, str(kind.label)) for kind in kinds]
        self.days.choices = days
        self.purpose.choices = purposes


class SetupForm(NewPassword, AccountForm):
    """The administrator of a new instance."""

    name = StringField(_("Your name"), [NEEDED, Length(max=64)], render_kw={"autocomplete": "name"})
    username = StringField(
        _("User name"), [NEEDED, Length(max=64)], default="admin",
        render_kw={"autocomplete": "username", "autocapitalize": "none"},
    )  # fmt: skip
    email = EmailField(_("E-mail"), [NEEDED, Length(max=320)], render_kw={"autocomplete": "email"})


__all__ = [
    "AccountForm", "AgainForm", "CodeForm", "CurrentPasswordForm", "ForgottenForm", "KeyForm", "LinkForm", "LoginForm",
    "PasskeyForm", "PasswordForm", "PersonForm", "ProfileForm", "RiddleForm", "SetupForm",
]  # fmt: skip
