"""Which encoding, which delimiter: found from the bytes, always shown, always correctable."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from importlib import import_module
from typing import NamedTuple

from .limits import RUNAWAY_CHARS
from .problems import BadFile

BLOCK = 1 << 20
SAMPLE = 1 << 18
# Short files give little evidence; what files here are mostly written in needs less of it.
SURE, SURE_OF_CHINESE = 0.2, 0.05
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What the page offers when the guess is wrong.
ENCODINGS = ("utf-8", "gb18030", "big5hkscs", "utf-16", "cp1252", "latin-1", "shift_jis", "euc-kr", "cp1251")
DELIMITERS = (",", ";", "\t", "|")


class Guess(NamedTuple):
    """An encoding, whether the whole file fits it, and whether the file ends inside a character."""

    encoding: str
    fits: bool = True
    cut: bool = False


def guess_encoding(path: str) -> Guess:
    """The recipe: byte order mark, strict UTF-8, a detector on the non-ASCII lines only, strict GB18030, Latin."""
    with open(path, "rb") as file:
        head = file.read(4096)
    for mark, name in BOMS:
        if head.startswith(mark):
            return check_encoding(path, name)
    if wide := _without_mark(head):
        return check_encoding(path, wide)
    for name in _candidates(path):
        guess = check_encoding(path, name)
        if guess.fits:
            return guess
    return Guess("latin-1")


def check_encoding(path: str, encoding: str) -> Guess:
    """Decode the whole file strictly; a character cut by the end of the file is forgiven and reported."""
    decoder = codecs.getincrementaldecoder(_codec(encoding))("strict")
    with open(path, "rb") as file:
        try:
            while block := file.read(BLOCK):
                decoder.decode(block)
        except UnicodeDecodeError:
            return Guess(encoding, fits=False)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return Guess(encoding, cut=True)
    return Guess(encoding)


def _codec(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise BadFile("encoding_unknown", encoding=encoding[:40]) from None


def _without_mark(head: bytes) -> str | None:
    """UTF-16 without its mark: half of the bytes of Latin text and of every digit and comma are zero."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if len(head) < 8 or max(even, odd) < len(head) // 8 or min(even, odd) * 8 > max(even, odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _candidates(path: str) -> Iterator[str]:
    yield "utf-8"
    sample = _foreign_lines(path)
    if _looks_chinese(sample):
        yield "gb18030"
    verdict = import_module("chardet").detect(sample)  # most files are UTF-8 and need none
    found = (verdict.get("encoding") or "").lower()
    if (verdict.get("confidence") or 0) < (SURE_OF_CHINESE if found.startswith(("big5", "gb")) else SURE):
        found = ""
    if _looks_latin(sample):
        yield found if found.startswith(("iso-8859", "windows", "cp125", "mac")) else "cp1252"
    elif found.startswith("gb"):
        yield "gb18030"
    elif found.startswith("big5"):
        yield "big5hkscs"
    elif found and found not in ("ascii", "utf-8"):
        yield found
    yield "gb18030"
    yield "cp1252"


def _looks_latin(sample: bytes) -> bool:
    """Foreign bytes stand alone between plain letters: accents, not Chinese characters of two bytes each."""
    runs = re.findall(rb"[\x80-\xff]+", sample)
    return bool(runs) and sum(1 for run in runs if len(run) == 1) > len(runs) * 0.8


def _foreign_lines(path: str) -> bytes:
    """The lines with bytes above 127: the rest of a file of numbers only dilutes the detector's evidence."""
    kept = []
    size = 0
    with open(path, "rb") as file:
        while size < SAMPLE and (line := file.readline(BLOCK)):
            if not line.isascii():
                kept.append(line)
                size += len(line)
    return b"".join(kept)


def _looks_chinese(sample: bytes) -> bool:
    """Nearly every foreign byte stands in a pair of the GB2312 block of everyday characters (lead B0 to D7)."""
    pairs = re.findall(rb"[\x81-\xfe][\x40-\xfe]", sample)
    if len(pairs) < 2:
        return False
    everyday = sum(1 for pair in pairs if 0xB0 <= pair[0] <= 0xD7 and pair[1] >= 0xA1)
    marks = sum(1 for pair in pairs if pair[0] in (0xA1, 0xA3) and pair[1] >= 0xA1)
    return everyday > len(pairs) // 2 and everyday + marks >= len(pairs) * 0.85


def sample_text(path: str, encoding: str, chars: int = 1 << 16) -> str:
    with open(path, encoding=_codec(encoding), errors="replace", newline="") as file:
        return file.read(chars).lstrip("\ufeff")


def guess_delimiter(text: str) -> str:
    """The delimiter that cuts most rows into the same number of cells, and into the most of them."""
    if match := re.match(r"sep=(.)\r?\n", text):
        return match[1]
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths = _widths(text, delimiter)
        if not widths:
            continue
        first = widths[0] if widths[0] > 1 else max(widths)
        alike = sum(1 for width in widths if width == first) / len(widths)
        score = alike * (first - 1)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _widths(text: str, delimiter: str) -> list[int]:
    csv.field_size_limit(RUNAWAY_CHARS)
    widths = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if any(row):
                widths.append(len(row))
            if len(widths) >= 60:
                break
    except csv.Error:
        return []
    return widths[:-1] if len(widths) > 2 else widths
