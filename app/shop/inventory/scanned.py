"""Lines that were typed, scanned or pasted: `SKU code or barcode, quantity[, unit cost]`."""

from __future__ import annotations

import re

from flask_babel import gettext as _

from app.panel.core import money
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.shop.catalog.models import Sku
from app.shop.inventory.queries import skus_by_code
from app.shop.inventory.services.lines import Line

MOST = 500
SEPARATOR = re.compile(r"\t|[,，;；]\s*| {1,}")


def read(text: str, currency: str) -> list[Line]:
    """Lines for the stock verbs; a code without a quantity is one piece, so a bare scanner works.

    :raises InvalidInput: with every line that cannot be read, by its number
    """
    raw = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not raw:
        raise InvalidInput({"lines": _("Write at least one line.")})
    if len(raw) > MOST:
        raise InvalidInput({"lines": _("At most %(n)s lines at once.", n=MOST)})
    parts = [(number, [part for part in SEPARATOR.split(line) if part]) for number, line in raw]
    known = _skus([words[0] for _number, words in parts])
    lines, wrong = [], []
    for number, words in parts:
        try:
            lines.append(_line(words, known, currency))
        except ValueError as error:
            wrong.append(_("Line %(n)s: %(what)s", n=number, what=str(error)))
    if wrong:
        raise InvalidInput({"lines": " ".join(wrong[:10])})
    return lines


def _line(words: list[str], known: dict[str, Sku], currency: str) -> Line:
    sku = known.get(words[0].casefold())
    if sku is None:
        raise ValueError(_("no SKU “%(code)s”.", code=words[0][:40]))
    if len(words) > 3:
        raise ValueError(_("more than three parts."))
    quantity = words[1] if len(words) > 1 else "1"
    if not quantity.isascii() or not quantity.isdecimal() or not 0 < int(quantity) < 10**9:
        raise ValueError(_("“%(text)s” is no quantity.", text=quantity[:20]))
    cost = money.parse(words[2], currency) if len(words) > 2 else None
    if cost is not None and cost < 0:
        raise ValueError(_("a cost is not negative."))
    return Line(sku.id, int(quantity), unit_cost=cost)


def _skus(codes: list[str]) -> dict[str, Sku]:
    """By code or barcode; a code wins over another one's barcode."""
    found: dict[str, Sku] = {}
    spelt = sorted({spelling for code in codes for spelling in (code, code.upper(), code.lower())})
    rows = list(db.session.scalars(skus_by_code(spelt)))
    for sku in rows:
        if sku.barcode:
            found.setdefault(sku.barcode.casefold(), sku)
    for sku in rows:
        found[sku.code.casefold()] = sku
    return found
