"""Spreadsheets: looked at from outside first (zip bombs), then read with python-calamine."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from .cells import from_sheet, plain
from .limits import MB, SHEET_BYTES, SHEET_ROWS, ZIP_BYTES, ZIP_ENTRIES, ZIP_RATIO, ZIP_SMALL
from .problems import BadFile


def check_zip(path: str, size: int) -> None:
    """Refuse a bomb by its table of contents, before a byte of it is unpacked."""
    if size > SHEET_BYTES:
        raise BadFile("sheet_too_large", limit=SHEET_BYTES // MB)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise BadFile("sheet_broken") from None
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names and "xl/workbook.bin" not in names and "content.xml" not in names:
        raise BadFile("zip_no_sheet")
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > ZIP_ENTRIES or unpacked > ZIP_BYTES or unpacked > max(size * ZIP_RATIO, ZIP_SMALL):
        raise BadFile("zip_bomb")
    for entry in entries:
        if entry.file_size > ZIP_SMALL and entry.file_size > entry.compress_size * ZIP_RATIO:
            raise BadFile("zip_bomb")


def open_book(path: str) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(path)
    except (CalamineError, OSError, ValueError) as error:
        code = "sheet_locked" if "password" in str(error).lower() else "sheet_broken"
        raise BadFile(code) from None


def choose(book: CalamineWorkbook, wanted: str | None) -> tuple[str, Any]:
    """The sheet asked for, else the first with content (a cover sheet is often empty): its name and itself."""
    names = list(book.sheet_names)
    if not names:
        raise BadFile("empty")
    if wanted:
        if wanted not in names:
            raise BadFile("sheet_unknown", sheet=wanted[:80])
        return wanted, _sheet(book, wanted)
    for name in names:
        if (sheet := _sheet(book, name)).height:
            return str(name), sheet
    raise BadFile("empty")


def rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """(row number as the spreadsheet shows it, cells)."""
    if sheet.height > SHEET_ROWS + 1:
        raise BadFile("sheet_rows", limit=SHEET_ROWS)
    # iter_rows begins at the sheet's first row, used or not: the numbers are those that the spreadsheet shows.
    for number, values in enumerate(sheet.iter_rows(), 1):
        yield number, [plain(value) if type(value) is str else from_sheet(value) for value in values]


def _sheet(book: CalamineWorkbook, name: str) -> Any:
    try:
        return book.get_sheet_by_name(name)
    except (CalamineError, ValueError):
        raise BadFile("sheet_broken") from None
