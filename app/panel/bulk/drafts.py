"""From an uploaded file to a prepared import: look inside, recognise the layout, remember mappings by headings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.bulk import importers, runs, store
from app.panel.bulk.generic import PREFIX
from app.panel.bulk.importers import Importer
from app.panel.bulk.models import Mapping, Run
from app.panel.bulk.source import Row, Settings, Source
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional

SAMPLE = 50


@dataclass
class Look:
    """The first rows of a file, as they are read."""

    meta: dict[str, Any]
    rows: list[Row]


def look_inside(key: str, params: dict[str, Any], limit: int = SAMPLE) -> Look:
    """:raises BadFile: when it cannot be read"""
    with Source(store.path_of(key), Settings.of(params), limit=limit) as source:
        return Look(source.meta, list(source.rows()))


def prepare(stored: store.Stored, *, actor: Any, importer: str = "", params: dict[str, Any] | None = None) -> Run:
    """A run over a stored file with the layout found, or the one that was asked for.

    :raises BadFile: when the file cannot be read; it is thrown away then
    :raises DomainError: when the layout asked for is not known, or none was found
    """
    params = dict(params or {})
    try:
        found = look_inside(stored.key, params)
        importer = importer or _recognised(found.meta["headings"], params)
        if importer and importers.get(importer) is None:
            known = ", ".join(sorted(one.key for one in importers.known()))
            raise DomainError(_("There is no layout “%(name)s”. Known: %(known)s.", name=importer, known=known))
        if not importer and actor.id is None:
            raise DomainError(_("The headings are not known. Say with --as and --map what the file holds."))
    except Exception:
        store.forget(stored.key)
        raise
    if importer.startswith(PREFIX) and not params.get("mapping"):
        params["mapping"] = remembered(importer, found.meta["headings"])
    return runs.make(stored, actor=actor, params=params, importer=importer)


def _recognised(headings: Sequence[str], params: dict[str, Any]) -> str:
    layout: Importer | None = importers.recognise(headings)
    if layout is not None:
        return layout.key
    known = db.session.scalars(
        select(Mapping).where(Mapping.fingerprint == fingerprint(headings)).order_by(Mapping.changed_at.desc())
    ).first()
    if known is not None and "mapping" not in params:
        params["mapping"] = known.columns
        return known.importer
    return ""


def fingerprint(headings: Sequence[str]) -> str:
    """One value for one set of headings, in whatever order they stand."""
    words = sorted(importers.normal(heading) for heading in headings)
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


def remembered(importer: str, headings: Sequence[str]) -> dict[str, Any]:
    """How these headings were mapped the last time, or what the labels suggest."""
    known = _mapping(importer, headings)
    if known is not None:
        return dict(known.columns)
    layout = importers.get(importer)
    suggest = getattr(layout, "suggest", None)
    if suggest is None:
        return {}
    columns = suggest(headings)
    key = [name for name in layout.natural_key() if name in columns.values()]  # type: ignore[union-attr]
    return {"columns": columns, "key": key}


def _mapping(importer: str, headings: Sequence[str]) -> Mapping | None:
    query = select(Mapping).where(Mapping.fingerprint == fingerprint(headings), Mapping.importer == importer)
    return db.session.scalars(query).first()


@transactional
def remember(importer: str, headings: Sequence[str], mapping: dict[str, Any], name: str = "") -> None:
    """Keep a mapping for the next file with these headings; a new one is called `name` until somebody renames it."""
    known = _mapping(importer, headings)
    if known is None:
        mark = fingerprint(headings)
        db.session.add(Mapping(name=name[:120], fingerprint=mark, importer=importer, columns=mapping))
    else:
        known.columns = mapping
