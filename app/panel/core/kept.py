"""What every page loads first, the trimmed style sheet and the icon fonts, kept in the cache folder.

It is made once, by `setup` or by whoever needs it first, under a key of all that it is made of: the packages, our sheets,
and what our files name of the packages' classes and icons. A process that finds it there reads our files, and no more.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from shutil import rmtree

NAMING = {".html", ".js", ".py"}  # the files in which classes and icons are named
FIRST = ("__init__.py", "tiles.py")  # of a domain: its icons stand in the menu and on the home page
PROGRAM = Path(__file__).with_name("trimming.py")
UNUSED = 7 * 24 * 3600  # seconds after which what nobody asked for goes
LONGEST = 120  # seconds that the making may take on a slow machine; it takes about two
WORD = re.compile(r"[\w-]+")
ICON = re.compile(r"fa-[a-z0-9-]+")


@dataclass(frozen=True)
class Pieces:
    """Of what the sheet is made. The words of `roots` decide what stays; the icons of `shown_first` and of domains come first."""

    bootstrap: Path
    icons: tuple[Path, ...]
    own: tuple[Path, ...]
    scripts: tuple[Path, ...]
    font: Path
    whole_font: str
    version: str
    roots: tuple[Path, ...]
    shown_first: tuple[Path, ...]


def folder(cache: Path, pieces: Pieces) -> Path:
    """The folder with `panel.css`, `icons.css` and the fonts; they are made when nobody has made them yet."""
    files = tuple(path for root in pieces.roots for path in sorted(root.rglob("*")) if path.suffix in NAMING)
    return _found(cache / "assets", pieces, tuple(map(_stamp, (*files, *pieces.own))))


def _stamp(path: Path) -> tuple[Path, int, int]:
    about = path.stat()
    return path, about.st_mtime_ns, about.st_size


@lru_cache(maxsize=8)
def _found(parent: Path, pieces: Pieces, files: tuple[tuple[Path, int, int], ...]) -> Path:
    """Most changes of a program name no other class: a note beside the folders says which one is right for these files."""
    paths = [path for path, _changed, _size in files]
    note = parent / f"{_digest(pieces, paths)}.txt"
    if not note.is_file() or not (parent / note.read_text()).is_dir():
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        words, first = _named(pieces, [path for path in paths if path not in pieces.own])
        name = _digest(pieces, pieces.own, *words, "", *first)
        with open(parent / "making.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (parent / name).is_dir():
                _forget_unused(parent)
                _make(parent / name, pieces, words, first)
            note.write_text(name)
    os.utime(note)  # somebody shows pages with it: it is not among those that go
    os.utime(parent / note.read_text())
    return parent / note.read_text()


def _digest(pieces: Pieces, paths: Iterable[Path], *words: str) -> str:
    said = (pieces.version, pieces.whole_font, sys.version_info[:2], words)
    digest = hashlib.sha256(repr(said).encode())
    for path in (PROGRAM, *paths):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()[:20]


def _named(pieces: Pieces, files: list[Path]) -> tuple[list[str], list[str]]:
    """Which names of the packages stand in our files, and the icons among them that come first."""
    packages = set()
    for path in (pieces.bootstrap, *pieces.icons):
        packages.update(WORD.findall(path.read_text()))
    words: set[str] = set()
    first: set[str] = set()
    for path in files:
        text = path.read_text()
        words.update(WORD.findall(text))
        if path.name in FIRST or any(path == one or one in path.parents for one in pieces.shown_first):
            first.update(ICON.findall(text))
    return sorted(words & packages), sorted(first & packages)


def _make(target: Path, pieces: Pieces, words: list[str], first: list[str]) -> None:
    known = {name: getattr(pieces, name) for name in ("bootstrap", "icons", "own", "scripts", "font", "whole_font")}
    with tempfile.TemporaryDirectory(dir=target.parent) as part:
        made = Path(part) / "made"
        made.mkdir()
        order = Path(part) / "order.json"
        order.write_text(json.dumps({"folder": made, **known, "words": words, "first": first}, default=str))
        _run(order)
        made.rename(target)


def _run(order: Path) -> None:
    """In a program of its own: the parsers would cost each process of the panel 20 MB for good."""
    arguments = [sys.executable, "-P", "-W", "ignore", str(PROGRAM), str(order)]  # -P: our neighbours are named as modules are
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=LONGEST, check=False)  # noqa: S603
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise RuntimeError(f"The style sheet could not be made ({reason}): run `make setup`.")


def _forget_unused(parent: Path) -> None:
    for other in parent.iterdir():
        if other.stat().st_mtime < time.time() - UNUSED:
            if other.is_dir():
                rmtree(other, ignore_errors=True)
            elif other.suffix == ".txt":
                other.unlink(missing_ok=True)
