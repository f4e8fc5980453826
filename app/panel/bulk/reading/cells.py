"""What every cell goes through before anyone looks at it: spreadsheets' armour off, spaces off."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from .limits import CELL_CHARS
from .problems import BadValue

BLANKS = " \t\r\n\u00a0\u3000\u200b\ufeff"
_ARMOUR = re.compile(r'^="(.*)"$', re.DOTALL)
# An apostrophe that a spreadsheet put there to keep digits, a sign or a formula as text; not the one of 'n'.
_APOSTROPHE = re.compile(r"^'(?=[\d=+\-@\t])")
EXACT_FLOAT = 10**15


def plain(cell: str) -> str:
    """A text cell without the armour that shops put around ids: a tab, an apostrophe, or ="…"."""
    if not cell:
        return cell
    if "\r" in cell:
        # The same export comes with both kinds of line ends, depending on where it was saved last.
        cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    cell = cell.strip(BLANKS)
    if cell[:1] == "=" and (match := _ARMOUR.match(cell)):
        cell = match[1].replace('""', '"').strip(BLANKS)
    elif cell[:1] == "'":
        cell = _APOSTROPHE.sub("", cell).strip(BLANKS)
    return cell


def from_sheet(value: Any) -> str:
    """A spreadsheet's typed cell as the text a careful person would have written."""
    if isinstance(value, str):
        return plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _number(value: float) -> str:
    if value.is_integer():
        # From 16 digits on, the spreadsheet no longer knows the last ones: say so in its own notation.
        return str(int(value)) if abs(value) < EXACT_FLOAT else f"{value:.14E}"
    return repr(value)


def check(cells: list[str]) -> None:
    """Refuse what no column may hold. Raises BadValue with the column's place (from 1)."""
    for place, cell in enumerate(cells, 1):
        if len(cell) > CELL_CHARS:
            raise BadValue("cell_too_long", column=place, length=len(cell), limit=CELL_CHARS)
        if "\0" in cell:
            raise BadValue("nul", column=place)
