"""Rows out of a CSV file, streamed: a row at a time, with the line where each begins."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import NamedTuple

from .cells import plain
from .limits import CSV_BYTES, MB, RUNAWAY_CHARS
from .problems import BadFile
from .sniff import DELIMITERS, Guess, check_encoding, guess_delimiter, guess_encoding, sample_text


class Dialect(NamedTuple):
    """How a CSV file is read; `fits` is False when a hand-chosen encoding leaves unreadable characters."""

    encoding: str
    delimiter: str
    cut: bool = False
    fits: bool = True


def dialect(path: str, size: int, encoding: str | None, delimiter: str | None) -> Dialect:
    if size > CSV_BYTES:
        raise BadFile("csv_too_large", limit=CSV_BYTES // MB)
    guess: Guess = check_encoding(path, encoding) if encoding else guess_encoding(path)
    if delimiter and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise BadFile("delimiter_unknown")
    delimiter = delimiter or guess_delimiter(sample_text(path, guess.encoding))
    return Dialect(guess.encoding, delimiter if delimiter else DELIMITERS[0], guess.cut, guess.fits)


def rows(path: str, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """(line where the row begins, cells). A cell with line breaks makes the next row begin further down."""
    csv.field_size_limit(RUNAWAY_CHARS)
    errors = "strict" if dialect.fits and not dialect.cut else "replace"
    with open(path, encoding=dialect.encoding, errors=errors, newline="") as file:
        reader = csv.reader(file, delimiter=dialect.delimiter)
        begins = 1
        while True:
            try:
                row = next(reader, None)
            except csv.Error as error:
                code = "quote_open" if "field larger" in str(error) else "csv_broken"
                raise BadFile(code, line=begins) from None
            if row is None:
                return
            if begins == 1 and row:
                row[0] = row[0].lstrip("\ufeff")
                if len(row) <= 2 and row[0] == "sep=":
                    begins = reader.line_num + 1
                    continue
            yield begins, [plain(cell) for cell in row]
            begins = reader.line_num + 1
