"""A table as a file for spreadsheets. No cell of it is ever a formula, whatever somebody typed into the shop."""

from __future__ import annotations

import csv
import importlib
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

# what makes a spreadsheet calculate, also behind blanks and quotes; an apostrophe before it makes it a text
BEGINS = frozenset("=+-@＝＋－＠\t\r\n")
SKIPPED = " \t\r\n\v\f\u00a0\u3000\ufeff\"'"
DOUBTFUL = BEGINS | frozenset(SKIPPED)  # how a text begins that must be looked at closely
PART = 32_000  # characters that are sent at a time
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def attached(name: str) -> str:
    """A header that lets a file be kept under its name: a header is Latin, so that what is not goes in the other way beside it."""
    plain = "".join(letter if letter.isascii() and letter not in '"\\' else "_" for letter in name)
    return f'attachment; filename="{plain}"' + ("" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}")


def safe(value: Any) -> str:
    """A cell of a CSV file."""
    text = "" if value is None else str(value)
    return guarded(text) if text[:1] in DOUBTFUL else text


def guarded(text: str) -> str:
    """A text that begins in a doubtful way, so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text[:1] in BEGINS or text.lstrip(SKIPPED)[:1] in BEGINS else text


def written(kind: str, headings: Sequence[Any], rows: Iterable[Sequence[Any]]) -> bytes:
    """The file of this kind, with a line of headings."""
    return _xlsx(headings, rows) if kind == "xlsx" else _csv(headings, rows)


def _csv(headings: Sequence[Any], rows: Iterable[Sequence[Any]]) -> bytes:
    return b"".join(csv_lines(headings, rows))


def csv_lines(headings: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """A CSV file, a part at a time: for one that is sent while it is written."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    out.write("\ufeff")  # the mark by which Excel knows UTF-8
    writer.writerow([safe(heading) for heading in headings])
    for row in rows:
        writer.writerow([safe(cell) for cell in row])
        if out.tell() > PART:
            yield out.getvalue().encode("utf-8", "replace")
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode("utf-8", "replace")


def _xlsx(headings: Sequence[Any], rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.BytesIO()
    with importlib.import_module("xlsxwriter").Workbook(out, {"constant_memory": True, "in_memory": True}) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, str(heading), bold)
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, "" if cell is None else str(cell)[:32_000])
    return out.getvalue()
