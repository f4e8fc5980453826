"""Writing the files: rows come one after the other, and never more than a chunk of them is in memory."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from app.panel.core import tablefiles
from app.panel.core.fields import FieldSpec

SHEET_ROWS = 1_048_575  # of data; one more holds the headings
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MARK = "\ufeff"  # by which Excel knows UTF-8
FORMATS = {"xlsx": (".xlsx", XLSX, ""), "csv": (".csv", "text/csv", "utf-8"), "gb18030": (".csv", "text/csv", "gb18030")}
WIDTHS = {"longtext": 44, "text": 24, "instant": 19, "date": 12, "money": 14, "integer": 11, "number": 11, "bool": 8, "choice": 14}
LOOKS = {"money": "#,##0.00##", "instant": "yyyy-mm-dd hh:mm:ss", "date": "yyyy-mm-dd", "integer": "0"}
Chunks = Iterable[Sequence[Sequence[Any]]]


def suffix(kind: str) -> str:
    return FORMATS[kind][0]


def write_csv(path: Path, kind: str, headings: Sequence[str], chunks: Chunks) -> None:
    """As UTF-8 with its mark, or as GB18030, which every character has a place in."""
    with path.open("w", newline="", encoding=FORMATS[kind][2], errors="replace") as file:
        file.write(MARK if kind == "csv" else "")
        out = csv.writer(file)
        out.writerow([tablefiles.safe(heading) for heading in headings])
        for rows in chunks:
            out.writerows(rows)


def write_xlsx(
    path: Path, name: str, headings: Sequence[str], fields: Sequence[FieldSpec | None], chunks: Chunks, count: int
) -> None:
    """Sheets with a frozen heading and a filter, as many as so many rows need.

    :param count: how many rows there are at most
    """
    if not count:
        path.write_bytes(tablefiles.written("xlsx", headings, ()))
        return
    stream = chain.from_iterable(chunks)
    parts = -(-count // SHEET_ROWS)
    sheets = [(_sheet_name(name, number if parts > 1 else 0), _records(headings, stream)) for number in range(1, parts + 1)]
    kinds = [field.kind if field is not None else "text" for field in fields]
    writer: Any = importlib.import_module("rustpy_xlsxwriter")  # who answers requests writes no sheets
    formats = [writer.Format().set_num_format(LOOKS[kind]) if kind in LOOKS else writer.Format() for kind in kinds]
    writer.write_worksheets(
        sheets, str(path), freeze_panes={"general": {"row": 1, "col": 0}}, autofilter={"general": True}, bold_headers=True,
        column_formats={"general": formats}, datetime_format=LOOKS["instant"],
        column_widths={"general": [float(WIDTHS.get(kind, 18)) for kind in kinds]},
    )  # fmt: skip


def _records(headings: Sequence[str], stream: Iterator[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    return (dict(zip(headings, row, strict=True)) for row in islice(stream, SHEET_ROWS))


def _sheet_name(name: str, number: int) -> str:
    """What a spreadsheet takes for the name of a sheet: 31 characters, and some never."""
    clean = "".join("_" if sign in "[]:*?/\\'" else sign for sign in name).strip() or _("Rows")
    return f"{clean[:26]} {number}" if number else clean[:31]

