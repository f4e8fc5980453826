"""Looking for words in the stored files of imports, and forgetting the files that hold them.

A file is looked through as it lies there, in pieces, without being read as a table: encodings keep letters and digits
of ASCII as they are, UTF-16 puts zeros between them, a spreadsheet is a ZIP of texts. Numbers are found however they are
spaced.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update

from app.panel.bulk import store
from app.panel.bulk.models import Run
from app.panel.bulk.states import WORKING, RunState
from app.panel.core.db import db
from app.panel.core.transaction import transactional

BLOCK = 1 << 20
OVERLAP = 512
SEPARATORS = b" ().-"
SHORTEST = 6


@dataclass(frozen=True)
class Needle:
    """A word for two looks: quickly in a text without separators, then closely, so that no longer number is taken for it."""

    bare: bytes
    close: re.Pattern[bytes]


@dataclass(frozen=True)
class Held:
    """A stored file that holds one of the words, and its import (None: nobody's)."""

    key: str
    run_id: int | None
    name: str
    state: RunState | None

    @property
    def is_working(self) -> bool:
        return self.state in WORKING


def holding(words: Iterable[str]) -> list[Held]:
    """The stored files in which one of these words stands. Takes seconds for hundreds of megabytes: call it outside of
    a transaction."""
    wanted = needles(words)
    if not wanted:
        return []
    table = Run.__table__
    runs = {
        row.file_key: row
        for row in db.session.execute(select(table.c.id, table.c.file_key, table.c.file_name, table.c.state))
    }
    found = []
    for path in sorted(store.folder().iterdir()):
        if path.is_file() and _holds(path, wanted):
            run = runs.get(path.name)
            found.append(Held(path.name, run.id if run else None, run.file_name if run else path.name, run.state if run else None))
    return found


@transactional
def forget(files: Iterable[Held]) -> None:
    """Delete these files; their imports keep counts and sums, and can still be taken back, but show no row any more."""
    table = Run.__table__
    for one in files:
        if one.run_id is not None:
            db.session.execute(update(table).where(table.c.id == one.run_id).values(file_key="", findings={}))
        store.forget(one.key)


def needles(words: Iterable[str]) -> list[Needle]:
    found = {}
    for word in words:
        bare = _bare(word.encode())
        if len(bare) >= SHORTEST:
            found[bare] = Needle(bare, _close(word, bare))
    return list(found.values())


def _bare(text: bytes) -> bytes:
    return text.translate(None, SEPARATORS + b"+\0").lower()


def _close(word: str, bare: bytes) -> re.Pattern[bytes]:
    if bare.isdigit():
        spaced = (rb"[%s]{0,3}" % re.escape(SEPARATORS)).join(bytes([digit]) for digit in bare)
        return re.compile(rb"(?<!\d)(?:00)?" + spaced + rb"(?!\d)")
    return re.compile(rb"(?<![\w.+-])" + re.escape(word.encode()) + rb"(?![\w-])", re.IGNORECASE)


def _holds(path: Path, wanted: list[Needle]) -> bool:
    try:
        with path.open("rb") as file:
            if file.read(4) == b"PK\x03\x04":
                return _zip_holds(path, wanted)
            file.seek(0)
            return _found(iter(lambda: file.read(BLOCK), b""), wanted)
    except FileNotFoundError:  # swept meanwhile
        return False


def _zip_holds(path: Path, wanted: list[Needle]) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as part:
                    if _found(iter(lambda part=part: part.read(BLOCK), b""), wanted):  # type: ignore[misc]
                        return True
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return False
    return False


def _found(blocks: Iterator[bytes], wanted: list[Needle]) -> bool:
    rest = b""
    for block in blocks:
        text = rest + block.replace(b"\0", b"")
        bare = _bare(text)
        if any(needle.bare in bare and needle.close.search(text) for needle in wanted):
            return True
        rest = text[-OVERLAP:]
    return False
