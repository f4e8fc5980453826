"""The files of imports: under the home of the instance, under random names, outside of everything that is served."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from flask import current_app

from app.panel.bulk.reading.limits import CSV_BYTES, MB
from app.panel.bulk.reading.problems import BadFile

BLOCK = 1 << 20
_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Stored:
    key: str
    name: str
    size: int
    digest: str


def folder() -> Path:
    path = Path(current_app.config["HOME"]) / "imports"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def path_of(key: str) -> Path:
    """:raises BadFile: when the file was swept"""
    path = folder() / key if _KEY.fullmatch(key) else None
    if path is None or not path.is_file():
        raise BadFile("file_gone")
    return path


def keep(stream: BinaryIO, name: str) -> Stored:
    """Copy a file in, counting and hashing on the way.

    :raises BadFile: when it is larger than any import may be
    """
    key, digest, size = secrets.token_hex(16), hashlib.sha256(), 0
    target = folder() / key
    try:
        with target.open("wb") as file:
            while block := stream.read(BLOCK):
                size += len(block)
                if size > CSV_BYTES:
                    raise BadFile("csv_too_large", limit=CSV_BYTES // MB)
                digest.update(block)
                file.write(block)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    clean = re.sub(r"[\x00-\x1f/\\]", "_", name).strip()[-200:] or "file"
    return Stored(key, clean, size, digest.hexdigest())


def forget(key: str) -> None:
    if _KEY.fullmatch(key):
        (folder() / key).unlink(missing_ok=True)


def free_bytes() -> int:
    return shutil.disk_usage(folder()).free
