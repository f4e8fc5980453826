"""Many pictures in one ZIP archive, each named after its product or SKU: `TEE-RED.jpg`, `TEE-RED-2.jpg`.

What is inside is a stranger's: nothing of its names becomes a path, and what a file is says its content.
"""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import files, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.rows import among
from app.shop.catalog.models import Product, Sku

MB = 2**20
MOST_FILES, MOST_BYTES, MOST_RATIO, SMALL = 500, 400 * MB, 100, 4 * MB
NUMBERED = re.compile(r"(.+?)[-_ ]+(\d{1,2})")
NOISE = ("__MACOSX/", "Thumbs.db", ".DS_Store")


@dataclass
class Found:
    """Files of ours by product, in their order; and names that belong to nothing, each with the reason."""

    by_product: dict[int, list[int]] = field(default_factory=dict)
    left: list[tuple[str, str]] = field(default_factory=list)


def unpack(stream: IO[bytes], *, actor: Any) -> Found:
    """Keep the pictures that are named after a product that `actor` sees; the others are left where they are.

    :raises InvalidInput: for what is no ZIP archive, or unpacks to far more than it should
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = _entries(archive)
            found = Found()
            named = {entry.filename: _named(entry) for entry in entries}
            products = _products({stem for stem, _n in named.values()} | {_head(stem) for stem, _n in named.values()}, actor)
            wanted: dict[int, list[tuple[str, int, zipfile.ZipInfo]]] = defaultdict(list)
            for entry in entries:
                stem, why = named[entry.filename]
                place = _place(stem, products)
                if why or place is None:
                    found.left.append((entry.filename[:120], why or _("No product or SKU is called so.")))
                else:
                    wanted[place[0]].append((place[1], place[2], entry))
            for product_id, pictures in wanted.items():
                kept = list(_kept(archive, sorted(pictures, key=lambda one: one[:2]), found, actor))
                if kept:
                    found.by_product[product_id] = kept
            return found
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, RuntimeError) as error:
        raise InvalidInput({"file": _("This is no ZIP archive, or it is damaged.")}) from error


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """What is in it, looked at from outside: nothing is unpacked before."""
    entries = [one for one in archive.infolist() if not one.is_dir() and not any(noise in one.filename for noise in NOISE)]
    if len(entries) > MOST_FILES:
        raise InvalidInput({"file": _("At most %(n)s pictures at once.", n=MOST_FILES)})
    packed, unpacked = sum(one.compress_size for one in entries), sum(one.file_size for one in entries)
    bombs = [one for one in entries if one.file_size > SMALL and one.file_size > one.compress_size * MOST_RATIO]
    if bombs or unpacked > MOST_BYTES or unpacked > max(packed * MOST_RATIO, SMALL):
        raise InvalidInput({"file": _("The archive unpacks to far more than its size: it is refused.")})
    return entries


def _named(entry: zipfile.ZipInfo) -> tuple[str, str]:
    """(name without folder and ending, why it is not taken)."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return "", _("Its name leads out of the archive.")
    if entry.flag_bits & 1:
        return "", _("It is protected by a password.")
    return " ".join(path.stem.split()), ""


def _head(stem: str) -> str:
    match = NUMBERED.fullmatch(stem)
    return match[1] if match else stem


def _place(stem: str, products: dict[str, int]) -> tuple[int, str, int] | None:
    """(product, code, place) that a name means: the whole name is tried before its number is taken for an order."""
    if stem.casefold() in products:
        return products[stem.casefold()], stem, 0
    match = NUMBERED.fullmatch(stem)
    if match and match[1].casefold() in products:
        return products[match[1].casefold()], match[1], int(match[2])
    return None


def _products(names: Iterable[str], actor: Any) -> dict[str, int]:
    """Product by SKU code or handle, of those that this person sees; a SKU code comes before a handle."""
    wanted = sorted({form for name in names if name for form in (name, name.upper(), name.lower())})
    found: dict[str, int] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        by_handle = policy.scope(select(Product.handle, Product.id).where(among(Product.handle, part)), actor, Product)
        by_code = policy.scope(select(Sku.code, Sku.product_id).where(among(Sku.code, part)), actor, Sku)
        for name, key in [*db.session.execute(by_handle), *db.session.execute(by_code)]:
            found[name.casefold()] = key
    return found


def _kept(
    archive: zipfile.ZipFile, pictures: list[tuple[str, int, zipfile.ZipInfo]], found: Found, actor: Any
) -> Iterator[int]:
    for _code, _number, entry in pictures:
        try:
            with archive.open(entry) as stream:
                yield files.store(stream, PurePosixPath(entry.filename).name, actor=actor).id
        except DomainError as error:
            said = error.errors.get("file") if isinstance(error, InvalidInput) else None
            found.left.append((entry.filename[:120], str(said or error)))
