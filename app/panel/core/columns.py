"""How a domain declares a column: once, with its label, its rules and its help; screens, API and import read them here."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, BigInteger, Boolean, Date, ForeignKey, Numeric, String, Text
from sqlalchemy.orm import mapped_column, relationship

from app.panel.core.choices import Choices
from app.panel.core.types import ChoiceType, MinorUnits, UTCDateTime

INFO = "panel"


def _info(label: Any, kind: str, options: dict[str, Any]) -> dict[str, Any]:
    known = {
        "required": False, "search": False, "help": "", "placeholder": "", "unit": "", "hidden": False,
        "readonly": False, "check": None, "min": None, "max": None, "format": "", "kinds": (), "currency": "currency",
        "adds_up": kind == "money",
    }  # fmt: skip
    return {INFO: {"label": label, "kind": kind, **{key: options.pop(key, value) for key, value in known.items()}}}


def _column(label: Any, kind: str, type_: Any, *args: Any, default: Any = None, **options: Any) -> Any:
    info = _info(label, kind, options)
    rules = info[INFO]
    nullable = options.pop("nullable", not rules["required"] and default is None)
    if default is not None:
        options["default"] = default
    return mapped_column(type_, *args, nullable=nullable, info=info, **options)


def text(label: Any, length: int = 200, **options: Any) -> Any:
    """One line of text, stripped on input."""
    return _column(label, options.pop("kind", "text"), String(length), **options)


def longtext(label: Any, **options: Any) -> Any:
    """Several lines of text."""
    return _column(label, "longtext", Text(), **options)


def integer(label: Any, **options: Any) -> Any:
    """A whole number. `adds_up=True` for one that counts something: lists show the sum of all of them."""
    return _column(label, "integer", BigInteger(), **options)


def number(label: Any, digits: int = 12, decimals: int = 3, **options: Any) -> Any:
    """A measured quantity, weight, length, rate; never money (SQLite keeps it as a float)."""
    return _column(label, "number", Numeric(digits, decimals), **options)


def money(label: Any, **options: Any) -> Any:
    """An amount in minor units of the row's currency; `currency="other_attr"` names another attribute than `currency`.

    `adds_up=False` for a price, a rate or a limit: their sum over many rows says nothing, and no list shows it.
    """
    return _column(label, "money", MinorUnits(), **options)


def currency(label: Any = "", **options: Any) -> Any:
    """ISO 4217 code of the amounts of this row."""
    options.setdefault("required", True)
    return _column(label or _("Currency"), "currency", String(3), **options)


def flag(label: Any, default: bool = False, **options: Any) -> Any:
    return _column(label, "bool", Boolean(), default=default, **options)


def choice(label: Any, choices: type[Choices], *, length: int = 40, **options: Any) -> Any:
    """One of a closed list."""
    return _column(label, "choice", ChoiceType(choices, length), **options)


def day(label: Any, **options: Any) -> Any:
    """A date without a time; name it `…_on`."""
    return _column(label, "date", Date(), **options)


def instant(label: Any, **options: Any) -> Any:
    """A moment; name it `…_at`."""
    return _column(label, "instant", UTCDateTime(), **options)


def json_column(label: Any, **options: Any) -> Any:
    return _column(label, "json", JSON(none_as_null=True), **options)


def ref(label: Any, target: str, *, ondelete: str = "RESTRICT", deferred: bool = False, **options: Any) -> Any:
    """A foreign key (`"books_author.id"`), indexed; give the relation of the same name without `_id` beside it.

    :param deferred: the database looks at it at the commit, so that the row may come before the one that it points at
    """
    options.setdefault("index", True)
    late: dict[str, Any] = {"deferrable": True, "initially": "DEFERRED"} if deferred else {}
    return _column(label, "ref", ForeignKey(target, ondelete=ondelete, **late), **options)


def file_ref(label: Any, *, kinds: tuple[str, ...] = ("image",), **options: Any) -> Any:
    """A stored file, through `core.files`."""
    options.setdefault("index", True)
    return _column(label, "file", ForeignKey("core_file.id", ondelete="RESTRICT"), kinds=kinds, **options)


def relation(target: Any, foreign_key: Any = None, **options: Any) -> Any:
    """The row that a `ref` points at, loaded with the list in one more statement for all rows."""
    options.setdefault("lazy", "select")
    if foreign_key is not None:
        options["foreign_keys"] = [foreign_key]
    return relationship(target, **options)


def many(label: Any, target: Any, secondary: Any, **options: Any) -> Any:
    """Many to many through a table of two keys."""
    info = _info(label, "many", options)
    return relationship(target, secondary=secondary, info=info, **options)


def children(label: Any, target: Any, *, back: str, **options: Any) -> Any:
    """Rows that live and die with this one, such as the lines of an order; `back` is their relation to it."""
    info = _info(label, "children", options)
    options.setdefault("cascade", "all, delete-orphan")
    return relationship(target, back_populates=back, info=info, **options)

