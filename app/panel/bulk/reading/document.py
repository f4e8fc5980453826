"""One file of either kind as headings and rows; the only door the child uses."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import chain, islice
from typing import Any, NamedTuple

from .cells import check
from .limits import CELL_CHARS, COLUMNS, HEADING_SEARCH, ROWS
from .problems import BadFile, BadValue

Row = tuple[int, list[str]]
SHEET_MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
NOT_A_TABLE = {
    b"%PDF": "pdf", b"\x1f\x8b": "gzip", b"\x89PNG": "image", b"\xff\xd8\xff": "image", b"GIF8": "image", b"Rar!": "rar",
}


class Meta(NamedTuple):
    """What was found out about the file, shown to the user and sent back by him corrected."""

    kind: str
    headings: list[str]
    heading_line: int
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: Sequence[str] = ()
    cut: bool = False
    fits: bool = True
    unnamed: Sequence[int] = ()
    doubled: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        return self._asdict()


class Refused(NamedTuple):
    """A row that cannot even be handed on: where it begins and what is wrong with it."""

    line: int
    code: str
    params: dict[str, Any]
    cells: list[str]


class Document:
    """`meta` first, then `rows()`: every row of the file comes out once, good, refused, or counted as skipped."""

    def __init__(self, path: str, *, encoding: str | None = None, delimiter: str | None = None,
                 sheet_name: str | None = None, heading_line: int | None = None) -> None:
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            head = file.read(512)
        _must_be_a_table(head, size)
        self.skipped: Counter[str] = Counter()
        if head.startswith(SHEET_MAGIC):
            self._rows, found = _open_sheet(path, size, head, sheet_name)
        else:
            self._rows, found = _open_csv(path, size, encoding, delimiter)
        line, cells, rest = self._find_headings(heading_line)
        self._rest = rest
        self._raw_headings = cells
        names, unnamed, doubled = name_columns(cells)
        self.meta = Meta(headings=names, heading_line=line, unnamed=unnamed, doubled=doubled, **found)

    def rows(self) -> Iterator[Row | Refused]:
        width = len(self.meta.headings)
        count = 0
        last: tuple[int, list[str]] | None = None
        for line, cells in self._rest:
            if last is not None:
                yield self._judge(*last, width)
                last = None
            if not any(cells):
                self.skipped["blank"] += 1
                continue
            if cells == self._raw_headings:
                self.skipped["headings"] += 1
                continue
            count += 1
            if count > ROWS:
                raise BadFile("too_many_rows", limit=ROWS)
            last = (line, cells)
        if last is not None:
            yield self._judge(*last, width, end=True)

    def _judge(self, line: int, cells: list[str], width: int, end: bool = False) -> Row | Refused:
        given = len(cells)
        if given > width:
            if any(cells[width:]):
                return Refused(line, "too_many_cells", {"count": given, "width": width}, cells)
            cells = cells[:width]
        elif given < width:
            if end and self.meta.cut:
                return Refused(line, "cut_row", {}, cells)
            cells = cells + [""] * (width - given)
        whole = "".join(cells)
        if len(whole) <= CELL_CHARS and "\0" not in whole:  # of nearly every row, by one look
            return line, cells
        try:
            check(cells)
        except BadValue as wrong:
            params = dict(wrong.params)
            params["column"] = self.meta.headings[params["column"] - 1]
            return Refused(line, wrong.code, params, cells)
        return line, cells

    def _find_headings(self, wanted: int | None) -> tuple[int, list[str], Iterator[Row]]:
        """The line asked for; else the first of the first rows that is about as wide as the file gets."""
        start = list(islice(self._rows, max(HEADING_SEARCH, wanted or 0)))
        rest = chain(start, self._rows)
        filled = [(line, cells, sum(map(bool, cells))) for line, cells in start]
        widest = max((count for _, _, count in filled), default=0)
        if not widest:
            raise BadFile("empty")
        for line, cells, count in filled:
            if (line == wanted) if wanted else (count * 2 > widest):
                # Rows above the headings (titles, notes of a bank's export) are no data.
                for above, other in rest:
                    if above == line:
                        return line, cells, rest
                    self.skipped["above"] += bool(any(other))
        raise BadFile("heading_line", line=wanted)


def name_columns(cells: list[str]) -> tuple[list[str], list[int], list[str]]:
    """Every column gets a name of its own: "#5" without one, "Name (2)" for the second "Name"."""
    while len(cells) > COLUMNS and not cells[-1]:
        cells = cells[:-1]
    if len(cells) > COLUMNS:
        raise BadFile("too_many_columns", count=len(cells), limit=COLUMNS)
    names: list[str] = []
    unnamed: list[int] = []
    doubled: list[str] = []
    seen: Counter[str] = Counter()
    for place, cell in enumerate(cells, 1):
        name = " ".join(cell.split())[:120]
        if not name:
            unnamed.append(place)
            name = f"#{place}"
        elif name in seen:
            doubled.append(name)
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names, unnamed, doubled


def _must_be_a_table(head: bytes, size: int) -> None:
    if not size:
        raise BadFile("empty")
    for magic, kind in NOT_A_TABLE.items():
        if head.startswith(magic):
            raise BadFile(f"not_a_table_{kind}")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta")):
        raise BadFile("not_a_table_html")


def _open_csv(path: str, size: int, encoding: str | None, delimiter: str | None) -> tuple[Iterator[Row], dict[str, Any]]:
    table = import_module(".table", __package__)  # a child that reads a sheet starts without it
    dialect = table.dialect(path, size, encoding, delimiter)
    found = {"kind": "csv", "encoding": dialect.encoding, "delimiter": dialect.delimiter,
             "cut": dialect.cut, "fits": dialect.fits}
    return table.rows(path, dialect), found


def _open_sheet(path: str, size: int, head: bytes, wanted: str | None) -> tuple[Iterator[Row], dict[str, Any]]:
    sheet = import_module(".sheet", __package__)  # a child that reads a CSV file starts without it
    if head.startswith(b"PK"):
        sheet.check_zip(path, size)
    book = sheet.open_book(path)
    name, chosen = sheet.choose(book, wanted)
    return sheet.rows(chosen), {"kind": "sheet", "sheet": name, "sheets": list(book.sheet_names)}
