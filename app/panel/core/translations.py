"""Compiles the catalogues of every area: `.mo` files are made, never kept.

`python -m app.panel.core.translations` does it where the program's folder is written only once, as in an image.
"""

from __future__ import annotations

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]


def compile_all(root: Path = ROOT) -> int:
    """Compile what has changed; returns how many. A folder that may not be written keeps what it has."""
    done = 0
    for source in sorted(root.glob("**/translations/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        if not os.access(source.parent, os.W_OK):
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3])
        part = target.with_suffix(f".{os.getpid()}")
        with part.open("wb") as file:
            write_mo(file, catalogue)
        part.replace(target)  # a process that starts meanwhile reads the old one or the new one, never half
        done += 1
    return done


if __name__ == "__main__":
    compile_all()
