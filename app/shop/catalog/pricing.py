"""Prices of many SKUs at once, in SQL and in whole minor units: set, moved, rounded to an ending, held above the cost."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import BigInteger, ColumnElement, case, literal_column

from app.panel.core import fields, money
from app.panel.core.errors import InvalidInput

SET, AMOUNT, PERCENT = "set", "amount", "percent"
HOW = [(PERCENT, _("By percent")), (AMOUNT, _("By an amount")), (SET, _("Set to an amount"))]
ENDINGS = [("", _("As it comes out")), ("90", ".90"), ("99", ".99"), ("00", ".00")]
WHOLE = 10_000  # hundredths of a percent
HIGHEST = 10**12
UNIT = 100  # minor units of a currency in which prices end in .90


def understood(how: str, value: str, ending: str, margin: str) -> dict[str, Any]:
    """What was asked for, in whole numbers.

    :raises InvalidInput: for what is no number, or none that makes sense
    """
    currency = fields.default_currency()
    said: dict[str, Any] = {"how": how, "ending": ending, "currency": currency, "margin": None}
    text = (value or "").strip().removesuffix("%").strip()
    if how == PERCENT:
        said["value"] = _hundredths(text, "value", -100, 1000)
    else:
        try:
            minor = money.parse(text.removeprefix("-"), currency)
        except ValueError as error:
            raise InvalidInput({"value": str(error)}) from None
        if minor is None or (how == SET and text.startswith("-")):
            raise InvalidInput({"value": gettext("An amount is needed.")})
        said["value"] = -minor if text.startswith("-") else minor
    if (margin or "").strip():
        said["margin"] = _hundredths(margin.strip().removesuffix("%"), "margin", 0, 1000)
    return said


def _hundredths(text: str, name: str, least: int, most: int) -> int:
    try:
        number = Decimal(text.replace(",", ".").replace("−", "-").replace("＋", "+"))
    except InvalidOperation:
        raise InvalidInput({name: gettext("A number is needed.")}) from None
    if not number.is_finite() or not least <= number <= most or number != round(number, 2):
        message = gettext("From %(least)s to %(most)s percent, with two decimals at most.", least=least, most=most)
        raise InvalidInput({name: message})
    return int(number * 100)


def said(values: dict[str, Any]) -> str:
    """In a few words, for the list of runs."""
    sign = "+" if values["value"] > 0 else ""
    if values["how"] == PERCENT:
        told = f"{sign}{Decimal(values['value']) / 100:f} %"
    else:
        amount = money.format(values["value"], values["currency"])
        told = amount if values["how"] == SET else f"{sign}{amount}"
    parts = [told, f".{values['ending']}" if values["ending"] else ""]
    if values.get("margin") is not None:
        parts.append(gettext("never below the cost + %(margin)s %%", margin=f"{Decimal(values['margin']) / 100:f}"))
    return ", ".join(part for part in parts if part)


def moved(table: Any, values: dict[str, Any]) -> ColumnElement[int]:
    """The price before it is rounded and held."""
    value = _number(values["value"])
    if values["how"] == SET:
        return value
    if values["how"] == AMOUNT:
        return table.c.price + value
    half = _number(WHOLE // 2)
    return (table.c.price * _number(WHOLE + values["value"]) + half) // _number(WHOLE)


def new_price(table: Any, values: dict[str, Any]) -> ColumnElement[int]:
    price = _ended(moved(table, values), values["ending"], UNIT // 2)
    if values.get("margin") is None:
        return price
    least = (table.c.cost * _number(WHOLE + values["margin"]) + _number(WHOLE - 1)) // _number(WHOLE)
    held = _ended(least, values["ending"], UNIT - 1)
    return case((table.c.cost.is_not(None) & (price < least), held), else_=price)


def _ended(price: ColumnElement[int], ending: str, up: int) -> ColumnElement[int]:
    """The price with this ending: the nearest, or with `up` of 99 the next one that is not below."""
    if not ending:
        return price
    end, unit = int(ending), _number(UNIT)
    nearest = (price - _number(end) + _number(up)) // unit * unit + _number(end)
    return case((price <= _number(end), _number(end)), else_=nearest)


def refusals(table: Any, values: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Whose price is left alone, and why."""
    found: list[tuple[Any, Any]] = [
        (moved(table, values) < 0, gettext("The price would fall below zero.")),
        (moved(table, values) > HIGHEST, gettext("The price would be too high.")),
    ]
    if values["how"] != PERCENT or values["ending"]:
        told = gettext("Its price is in another currency than %(currency)s.", currency=values["currency"])
        found.insert(0, (table.c.currency != values["currency"], told))
    return found


def _number(number: int) -> ColumnElement[int]:
    """Written into the statement: the databases count with whole numbers then, and nobody typed it. What is divided here is never
    below zero, so that no FLOOR is needed, for which PostgreSQL would count with numbers that have a point."""
    return literal_column(str(int(number)), BigInteger)
