"""The form of a role."""

from __future__ import annotations

from flask_babel import force_locale
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional

from app.panel.accounts.forms import AccountForm


class RoleForm(AccountForm):
    """What a role is called and for in both languages, and what it asks of the people who have it."""

    label_en = StringField(_("Name in English"), [Length(max=64)])
    label_zh_Hans_CN = StringField(_("Name in Chinese"), [Length(max=64)])
    description_en = StringField(_("What it is for, in English"), [Length(max=500)])
    description_zh_Hans_CN = StringField(_("What it is for, in Chinese"), [Length(max=500)])
    start = SelectField(_("Begins as"), validate_choice=False)
    two_step = BooleanField(_("Requires two-step log-in"))
    reveals_a_day = IntegerField(
        _("Reveals a day"), [Optional(), NumberRange(0, 10_000)],
        description=_("How often one person may show a masked value in full on one day."),
    )  # fmt: skip

    def offer(self, starts: list[tuple[str, str]]) -> None:
        self.start.choices = starts

    def say_what_code_says(self, label: object, description: object) -> None:
        """For a role of the house an empty field means its own words, in the language of the field."""
        for language in ("en", "zh_Hans_CN"):
            with force_locale(language):
                tag = language.partition("_")[0]
                self[f"label_{language}"].render_kw = {"placeholder": str(label), "lang": tag}
                self[f"description_{language}"].render_kw = {"placeholder": str(description), "lang": tag}

    def names(self) -> dict[str, str]:
        return self._texts("label")

    def descriptions(self) -> dict[str, str]:
        return self._texts("description")

    def _texts(self, part: str) -> dict[str, str]:
        return {language: self[f"{part}_{language}"].data or "" for language in ("en", "zh_Hans_CN")}
