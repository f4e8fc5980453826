"""Why a line costs what it costs: the steps that are kept with it, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from app.panel.core import money

PLAIN = {"list", "list price", "channel", "by hand"}


def says_more(steps: Sequence[dict[str, Any]] | None) -> bool:
    """Is there more to tell than the price of the list?"""
    return any(step.get("step") not in PLAIN for step in steps or ())


def sentences(steps: Sequence[dict[str, Any]] | None, currency: str) -> list[tuple[str, bool]]:
    """(sentence, did it count) of each step, in their order."""
    shown = money.writer()
    return [(_sentence(step, lambda minor: shown(minor, currency)), step.get("step") != "not") for step in steps or ()]


def sentence(step: dict[str, Any], currency: str) -> str:
    """One step alone."""
    return sentences([step], currency)[0][0]


def _sentence(step: dict[str, Any], shown: Any) -> str:
    kind, name = step.get("step"), step.get("name", "")
    if kind in ("list", "list price"):
        return _("Price of the list: %(price)s", price=shown(step["unit_price"]))
    if kind == "channel":
        return _("Price of the channel: %(price)s", price=shown(step["unit_price"]))
    if kind == "by hand":
        return _("Typed in: %(price)s", price=shown(step["unit_price"]))
    if kind == "promotion":
        return _("%(name)s: %(price)s instead of %(was)s", name=name, price=shown(step["unit_price"]), was=shown(step["was"]))
    if kind == "reduction":
        said = _("%(name)s: %(off)s off goods worth %(base)s", name=name, off=shown(step["off"]), base=shown(step["base"]))
        return _("%(said)s, of which here %(part)s", said=said, part=shown(step["part"]))
    if kind == "coupon":
        said = _("Coupon %(name)s: %(off)s off goods worth %(base)s", name=name, off=shown(step["off"]), base=shown(step["base"]))
        return _("%(said)s, of which here %(part)s", said=said, part=shown(step["part"]))
    if kind == "gift":
        return _("%(name)s: a gift comes with it", name=name)
    if kind == "given":
        return _("%(name)s: a gift from %(least)s on", name=name, least=shown(step["least"]))
    if kind == "not":
        return _("%(name)s does not count: %(why)s", name=name, why=_why(step, shown))
    return str(kind or "")


def _why(step: dict[str, Any], shown: Any) -> str:
    why = step.get("why")
    if why == "below":
        missing = step.get("missing")
        return _("%(missing)s more are needed", missing=shown(missing)) if missing else _("the goods are worth too little")
    if why == "gone":
        return _("all %(n)s are gone", n=step["limit"]) if step.get("limit") else _("it is sold out")
    return {
        "dearer": _("the price is as low already"), "newcomers": _("only for customers without a paid order"),
        "person": _("this customer has had it"), "unknown": _("only for customers who are known"),
        "stock": _("no gift is in stock"), "group": _("only for those who buy in a group"),
    }.get(str(why), str(why))  # fmt: skip
