"""Databases of the tests: empty ones, and copies of one that is migrated already."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path

import sqlalchemy as sa

_KEPT: dict[object, str] = {}  # what it holds → the address of the original


def copied(of: object, address: str) -> bool:
    """Make the empty database at an address a copy of what is kept; False when nothing is kept under that name."""
    kept = _KEPT.get((_engine(address), of))
    if kept is not None:
        _copy(kept, address)
    return kept is not None


def keep(of: object, address: str) -> None:
    """Keep a copy of a database that nobody is connected to."""
    url = sa.make_url(address)
    name = f"{url.database}_kept"
    if url.get_backend_name() == "sqlite":
        name = str(Path(tempfile.mkdtemp(prefix="zhanggui-kept-")) / "kept.db")
    kept = url.set(database=name).render_as_string(hide_password=False)
    _copy(address, kept)
    _KEPT[_engine(address), of] = kept


def _engine(address: str) -> str:
    return sa.make_url(address).get_backend_name()


def forget() -> None:
    """Remove what is kept as files; a database of PostgreSQL goes with its server."""
    for address in _KEPT.values():
        url = sa.make_url(address)
        if url.get_backend_name() == "sqlite":
            shutil.rmtree(Path(url.database).parent, ignore_errors=True)
    _KEPT.clear()


def _copy(source: str, target: str) -> None:
    here, there = sa.make_url(source), sa.make_url(target)
    if here.get_backend_name() == "sqlite":
        with sqlite3.connect(here.database) as original, sqlite3.connect(there.database) as copy:
            original.backup(copy)
        original.close()
        copy.close()
        return
    engine = sa.create_engine(here.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{there.database}"'))
        connection.execute(sa.text(f'CREATE DATABASE "{there.database}" TEMPLATE "{here.database}"'))
