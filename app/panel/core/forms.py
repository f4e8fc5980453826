"""Forms: WTForms fields made from what the model declares. They carry text; `records.parse` reads it, in one place."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from markupsafe import Markup, escape
from sqlalchemy import select
from wtforms import Field, HiddenField, widgets
from wtforms.fields.choices import Choice
from wtforms.widgets.core import clean_key

from app.panel.core import clock, money, policy, sight
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.fields import FieldSpec, resource_of, spec

KINDS = {
    "longtext": "textarea", "integer": "number", "number": "number", "money": "money", "bool": "checkbox",
    "choice": "select", "date": "date", "instant": "datetime-local", "ref": "picker", "many": "picker", "file": "file",
    "json": "json", "phone": "tel", "email": "email", "url": "url",
}  # fmt: skip
_CHILD = re.compile(r"^(\w+)-(\d{1,4})-(\w+)$")
MAX_CHILDREN = 500


class PanelForm(FlaskForm):
    """Base of the forms of operations: CSRF, and a key that makes a double click one effect (SAFETY R03)."""

    idempotency_key = HiddenField(default=lambda: uuid.uuid4().hex)
    access: policy.FieldAccess | None = None  # of the record that it writes
    copied: Any = None  # the row whose values a new one begins with
    earlier: Any = None  # the line of the trail after which a row is shown
    differing = 0


class RawField(Field):
    """A field that keeps what was typed. `kind` tells the template how to draw it, `spec` what it is."""

    def __init__(self, label: Any = None, *, spec: FieldSpec | None = None, kind: str = "text", **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.spec, self.kind = spec, kind
        self.multiple = spec is not None and spec.kind == "many"
        self.widget = WIDGETS.get(kind, WIDGETS["text"])
        self.picker_url = self.new_url = self.new_label = ""
        self.picked: list[tuple[int, str]] = []
        self.choices: list[tuple[str, Any]] = []
        self.required = bool(spec is not None and spec.required)
        self.unit = spec.unit if spec is not None else ""
        self.held = self.held_name = ""  # a file that was chosen before the form was shown again
        self.is_taken_off = False  # is the box ticked by which its file goes?
        self.secret = False  # no browser keeps it in a draft

    def process_formdata(self, valuelist: list[Any]) -> None:
        if self.multiple:
            self.data: Any = [part for value in valuelist for part in str(value).split(",") if part]
        elif self.kind == "checkbox":
            self.data = bool(valuelist) and valuelist[-1] not in ("", "0", "false")
        elif valuelist:
            self.data = valuelist[0]

    def _value(self) -> str:
        if self.data is None:
            return ""
        return ",".join(str(part) for part in self.data) if isinstance(self.data, list) else str(self.data)

    def _iter_choices_normalized(self) -> Any:
        """For WTForms' select widget."""
        for value, label in self.choices:
            yield Choice(value, str(label), str(value) == str(self.data or ""), {})

    def has_groups(self) -> bool:
        return False


def attributes(**named: Any) -> Markup:
    """WTForms' `html_params`, word for word, without its three rounds of escaping for each: a form has hundreds of them."""
    parts = []
    for name, value in sorted(named.items()):
        if value is True:
            parts.append(str(escape(clean_key(name))))
        elif value is not False:
            text = str(escape(value)).replace('"', "&quot;")  # what calls itself safe may hold a quotation mark
            parts.append(f'{escape(clean_key(name))}="{text}"')
    return Markup(" ".join(parts))  # noqa: S704 (escaped above)


class Select(widgets.Select):
    @classmethod
    def render_option(cls, choice: Any, **more: Any) -> Markup:
        chosen = {"selected": True} if choice.selected else {}
        named = attributes(**{"value": choice.value, **(choice.render_kw or {}), **more, **chosen})
        return Markup(f"<option {named}>{escape(choice.label or choice.value)}</option>")  # noqa: S704 (escaped)


def _input(widget: Any) -> Any:
    widget.html_params = attributes
    return widget


# a widget keeps nothing of the field that it draws, so one of each is enough
WIDGETS: dict[str, Any] = {
    "textarea": widgets.TextArea(), "json": widgets.TextArea(), "select": Select(), "text": _input(widgets.TextInput()),
    "checkbox": _input(widgets.CheckboxInput()), "file": _input(widgets.FileInput()), "tel": _input(widgets.TelInput()),
    "number": _input(widgets.NumberInput()), "date": _input(widgets.DateInput()), "email": _input(widgets.EmailInput()),
    "datetime-local": _input(widgets.DateTimeLocalInput()), "url": _input(widgets.URLInput()),
}  # fmt: skip


def record_form(model: type[Any], names: list[str], actor: Any, row: Any = None) -> type[PanelForm]:
    """A form class for the fields of a row, or a new one, that this actor may write; the others are not in it at all."""
    access = policy.fields(actor, resource_of(model))
    fields: dict[str, Any] = {}
    for name in names:
        field = spec(model, name)
        if field.kind in ("children", "computed") or field.readonly or not access.settable(field.name, row):
            continue
        fields[field.name] = unbound(field, owner=resource_of(model))
    return type("RecordForm", (PanelForm,), {**fields, "version": HiddenField(), "base": HiddenField(), "access": access})


def unbound(field: FieldSpec, owner: str = "") -> Any:
    """A WTForms field for a spec."""
    kind = KINDS.get(field.kind, "text")
    render: dict[str, Any] = {}
    if field.length and kind in ("text", "email", "tel", "url"):
        render["maxlength"] = field.length
    if field.placeholder:
        render["placeholder"] = field.placeholder
    if field.required and kind != "checkbox":
        render["required"] = True
    if kind == "money":
        render["inputmode"] = "decimal"
    if kind == "number":
        render["step"] = "1" if field.kind == "integer" else "any"
    if kind in ("number", "date"):
        render |= {key: str(limit) for key, limit in (("min", field.min), ("max", field.max)) if limit is not None}
    return RawField(field.label, spec=field, kind=kind, description=field.help, render_kw=render, name=None)


def fill(form: Any, row: Any) -> None:
    """Show the values of a row (or the defaults of a new one), and hang choices and picked labels on the fields."""
    for field in form:
        if isinstance(field, RawField) and field.spec is not None and not form.is_submitted():
            field.data = None if row is not None and is_masked(form, field) else typed(field.spec, row)
    dress(form, row)


def copy(form: Any, row: Any) -> None:
    """Begin a new row with the values of another: not with what must be unique, files, and what is not seen whole."""
    for field in form:
        known = field.spec if isinstance(field, RawField) else None
        if known is not None and not known.unique and known.kind != "file" and form.access.usable(known.name):
            field.data = typed(known, row)
    dress(form, None)


def dress(form: Any, row: Any = None) -> None:
    """Choices, picker addresses and the labels of what is picked; after values are known."""
    for field in form:
        if not isinstance(field, RawField) or field.spec is None:
            continue
        dress_field(field, row)
        field.secret = is_masked(form, field)
        if row is not None and is_masked(form, field):
            cover(field, form.access.mask(field.name, getattr(row, field.name)))


def is_masked(form: Any, field: Any) -> bool:
    """Is it written over without being seen?"""
    return form.access is not None and form.access.masked(field.name)


def cover(field: Any, masked: str) -> None:
    """Let a field be empty that says only masked what it holds."""
    if masked:
        field.description = _("Empty: %(value)s stays.", value=masked)
        field.render_kw = {name: value for name, value in (field.render_kw or {}).items() if name != "required"}
        field.required = False


def dress_field(field: RawField, row: Any = None) -> None:
    known = field.spec
    assert known is not None
    if known.kind == "choice" and known.choices is not None:
        field.choices = ([] if known.required and field.data else [("", "")]) + known.choices.pairs()
    if known.kind in ("ref", "many"):
        field.picker_url = url_for("pickers.options", resource=resource_of(known.model), field=known.name)
        field.picked = picked(known, field.data, row)
    if known.kind == "money":
        field.unit = known.currency_of(row if row is not None else {})


def typed(known: FieldSpec, row: Any) -> Any:
    """The value as its input element wants it."""
    if row is None:
        default = known.default
        return known.plain(default, {}) if default is not None and known.kind != "bool" else default
    value = getattr(row, known.name)
    if isinstance(value, dt.datetime):
        return clock.local(value).strftime("%Y-%m-%dT%H:%M")
    if known.kind == "money":
        return money.plain(value, known.currency_of(row))
    if known.kind == "bool":
        return bool(value)
    plain = known.plain(value, row)
    if known.kind == "json" and plain is not None:
        return json.dumps(plain, ensure_ascii=False)
    return [str(part) for part in plain] if isinstance(plain, list) else plain


def picked(known: FieldSpec, data: Any, row: Any) -> list[tuple[int, str]]:
    """Id and label of what a picker holds."""
    keys = [int(key) for key in (data if isinstance(data, list) else [data]) if str(key or "").isdecimal()]
    if not keys or known.target is None:
        return []
    target: Any = known.target
    found = list(db.session.scalars(select(target).where(target.id.in_(keys))))
    sight.look(current_actor(), found)
    rows = {row_.id: sight.called(current_actor(), row_) for row_ in found}
    return [(key, rows.get(key, _("(gone)"))) for key in keys]


def raw_values(form: Any, row: Any = None) -> dict[str, Any]:
    """What was typed, by field name, for `records.parse`; what is masked on a row and was left empty stays as it is, and so
    does an instant that was not touched: its element shows no seconds."""
    own = [field for field in form if isinstance(field, RawField) and field.kind != "file"]
    return {field.name: field.data for field in own if row is None or not (is_untouched(field, row) or left_masked(form, field))}


def left_masked(form: Any, field: RawField) -> bool:
    return not field.data and is_masked(form, field)


def is_untouched(field: RawField, row: Any) -> bool:
    known = field.spec
    return known is not None and known.kind == "instant" and bool(field.data) and field.data == typed(known, row)


def child_rows(data: Any, name: str) -> list[dict[str, Any]]:
    """Rows of children from `lines-0-title=…`, in the order of their numbers; a row marked `DELETE` is left out.

    A new row has no `id`: its field is there, and empty.
    """
    rows: dict[int, dict[str, Any]] = {}
    for key in data:
        match = _CHILD.match(key)
        if match and match[1] == name and int(match[2]) < MAX_CHILDREN:
            row = rows.setdefault(int(match[2]), {})
            if data[key] or match[3] not in ("id", "version"):
                row[match[3]] = data[key]
    kept = [row for _index, row in sorted(rows.items()) if not row.pop("DELETE", "")]
    return [row for row in kept if any(str(value).strip() for key, value in row.items() if key not in ("id", "version"))]


def show_errors(form: Any, errors: dict[str, Any]) -> list[str]:
    """Hang sentences on their fields; returns those that belong to none."""
    rest = []
    for name, text in errors.items():
        field = form._fields.get(name) or form._fields.get(f"{name}_id")
        if field is None:
            rest.append(str(text))
        else:
            field.errors = [*field.errors, str(text)]
    return rest
