"""The seal on the trail: its lines in blocks, each block chained to the one before by its hash.

Nobody who writes waits for this. A job comes by every minute and seals what has been committed since, in the order of
the numbers; it computes before it takes the writer's turn, and adds one row. The lines of one chunk of a run, which bear
its number and one time, are a block of their own. A block holds the range of its lines, their number, the SHA-256 of
their leaves (`trail.leaf`) and the seal of its predecessor. `hints` are the number and eight bytes of the leaf of each
line: they prove nothing, they only tell which line it is when the digest has told that something is wrong.

On PostgreSQL numbers are drawn before the commit, so a line may appear behind lines with higher numbers. Only what is
older than `SETTLES` is sealed there, and what comes later still is sealed by a block of the kind `late`, which names
its lines, as long as blocks of about that time are not older than `LATE`. A line that turns up after that is nobody's
belated commit: it was inserted, it is never sealed, and the check names it. On SQLite one writer follows the other, so
nothing is late. On PostgreSQL lines of others may have got numbers between those of a chunk: then its block is of the kind
`chunk`, which names its lines, and the blocks that follow pass them over.

Whoever can write to the database could rewrite the whole chain. So the newest seal is written to the log at each
sealing, each check keeps the one that it saw (`core_history_check`), and `flask audit verify --expect` asks for one
that somebody wrote down elsewhere.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import logging
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import Boolean, Index, Integer, LargeBinary, String, delete, func, insert, select
from sqlalchemy.orm import mapped_column

from app.panel.core import clock, trail
from app.panel.core.choices import Choices
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.panel.core.types import UTCDateTime

SETTLES = {"postgresql": dt.timedelta(minutes=3)}  # longer than a statement or an idle transaction may last
LATE = dt.timedelta(hours=1)
LARGEST = 5000
HINT = struct.Struct(">q8s")
NOTHING = "0" * 64
log = logging.getLogger(__name__)


class Kind(Choices):
    LINES = "lines", ""
    LATE = "late", ""
    CHUNK = "chunk", ""
    REMOVED = "removed", ""


class Block(Model):
    """Lines that are sealed. Of the kind `removed` it names blocks instead, whose lines retention has taken away."""

    __tablename__ = "core_history_block"
    __table_args__ = (Index("ix_core_history_block_sealed_at", "sealed_at"),)

    id = mapped_column(Integer, primary_key=True)
    kind = mapped_column(String(10), nullable=False)
    first_id = mapped_column(Integer, nullable=False)
    last_id = mapped_column(Integer, nullable=False)
    rows = mapped_column(Integer, nullable=False)
    digest = mapped_column(String(64), nullable=False)
    previous = mapped_column(String(64), nullable=False)
    seal = mapped_column(String(64), nullable=False)
    sealed_at = mapped_column(UTCDateTime, nullable=False)
    newest_at = mapped_column(UTCDateTime, nullable=False)
    removed_at = mapped_column(UTCDateTime, nullable=True)
    hints = mapped_column(LargeBinary, nullable=True)


class Check(Model):
    """One look at the whole chain: how far it holds, and what was found."""

    __tablename__ = "core_history_check"

    id = mapped_column(Integer, primary_key=True)
    at = mapped_column(UTCDateTime, nullable=False)
    ok = mapped_column(Boolean, nullable=False)
    lines = mapped_column(Integer, nullable=False)
    blocks = mapped_column(Integer, nullable=False)
    size = mapped_column(Integer, nullable=True)  # kilobytes on disk
    head_block = mapped_column(Integer, nullable=True)
    head = mapped_column(String(64), nullable=False, default="")
    until_at = mapped_column(UTCDateTime, nullable=True)
    fault = mapped_column(String(20), nullable=False, default="")
    block_id = mapped_column(Integer, nullable=True)
    line_id = mapped_column(Integer, nullable=True)


BLOCKS: Any = Block.__table__
SEALED = ("id", "kind", "first_id", "last_id", "rows", "digest", "previous", "sealed_at", "newest_at")


def seal_of(block: Any) -> str:
    """The hash of a block, over its predecessor's."""
    told = [getattr(block, name) for name in SEALED]
    told = [value.isoformat() if isinstance(value, dt.datetime) else value for value in told]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def digest_of(leaves: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for one in leaves:
        whole.update(one)
    return whole.hexdigest()


def hinted(hints: bytes | None) -> dict[int, bytes]:
    """{number of a line: the beginning of its leaf} of a block."""
    return dict(HINT.iter_unpack(hints or b""))


def newest() -> Any:
    """The last block, or None."""
    return db.session.execute(select(BLOCKS).order_by(BLOCKS.c.id.desc()).limit(1)).first()


def last_sealed() -> int:
    """The number of the last line that stands in a block."""
    lines = select(BLOCKS.c.last_id).where(BLOCKS.c.kind == Kind.LINES.value)
    return int(db.session.scalar(lines.order_by(BLOCKS.c.id.desc()).limit(1)) or 0)


def seal(limit: int = 1000) -> int:
    """Seal what may be sealed, block after block; returns how many blocks came to be, at most `limit`."""
    made = 0
    while made < limit:
        before, (kind, lines) = newest(), _next()
        if not lines or not append(before, kind, lines):
            break
        made += 1
    if late := _late():
        made += append(newest(), Kind.LATE, late)
    if made and (last := newest()) is not None:
        log.info("the trail is sealed up to line %s: block %s, %s", last.last_id, last.id, last.seal)
    return made


def _next() -> tuple[Kind, Sequence[Any]]:
    """The lines of the next block: those of one chunk of a run, or those that no run wrote, up to the next that one did."""
    lines, last, named = trail.TABLE, last_sealed(), _ahead()
    query = select(lines).where(lines.c.id > last, lines.c.id.not_in(named)).order_by(lines.c.id).limit(LARGEST)
    if (settles := SETTLES.get(db.session.connection().dialect.name)) is not None:
        unsettled = select(func.min(lines.c.id)).where(lines.c.id > last, lines.c.at >= clock.now() - settles)
        if (first := db.session.scalar(unsettled)) is not None:
            query = query.where(lines.c.id < first)
    found = db.session.execute(query).all()
    if not found or found[0].run_id is None:
        return Kind.LINES, list(itertools.takewhile(lambda line: line.run_id is None, found))
    chunk = _chunk(found[0])
    between = lines.c.id.between(chunk[0].id, chunk[-1].id) & lines.c.id.not_in(named)
    alone = db.session.scalar(select(func.count()).select_from(lines).where(between)) == len(chunk)
    return Kind.LINES if alone else Kind.CHUNK, chunk


def _chunk(first: Any) -> list[Any]:
    """All lines of the chunk that begins with this one. The next chunk of the run writes when this one is committed."""
    lines, found = trail.TABLE, [first]
    while True:
        query = select(lines).where(lines.c.run_id == first.run_id, lines.c.id > found[-1].id).order_by(lines.c.id).limit(LARGEST)
        page = db.session.execute(query).all()
        mine = list(itertools.takewhile(lambda line: line.at == first.at, page))
        found += mine
        if len(mine) < LARGEST:
            return found


def _ahead() -> list[int]:
    """Lines behind the last range that blocks of chunks have named already."""
    last = last_sealed()
    blocks = select(BLOCKS.c.hints).where(BLOCKS.c.kind == Kind.CHUNK.value, BLOCKS.c.last_id > last)
    return [key for hints in db.session.scalars(blocks) for key in hinted(hints) if key > last]


def _late() -> Sequence[Any]:
    """Committed after their successors were sealed, and not so long after that it cannot have been by itself."""
    if db.session.connection().dialect.name not in SETTLES:
        return []
    recent = select(BLOCKS.c.id, BLOCKS.c.kind, BLOCKS.c.first_id, BLOCKS.c.rows)
    recent = recent.where(BLOCKS.c.sealed_at >= clock.now() - LATE, BLOCKS.c.kind != Kind.REMOVED.value)
    blocks = db.session.execute(recent).all()
    ranges = [block for block in blocks if block.kind == Kind.LINES.value]
    if not ranges:
        return []
    low, high = min(block.first_id for block in ranges), last_sealed()
    lines, within = trail.TABLE, trail.TABLE.c.id.between(low, high)
    there = db.session.scalar(select(func.count()).select_from(lines).where(within))
    named = {block.id: hinted(db.session.scalar(select(BLOCKS.c.hints).where(BLOCKS.c.id == block.id)))
             for block in blocks if block.kind == Kind.CHUNK.value}  # fmt: skip
    within_them = sum(low <= key <= high for keys in named.values() for key in keys)
    if there == within_them + sum(block.rows for block in blocks if block.id not in named):
        return []
    known = {key for one in blocks for key in hinted(db.session.scalar(select(BLOCKS.c.hints).where(BLOCKS.c.id == one.id)))}
    late = [key for key in db.session.scalars(select(lines.c.id).where(within)) if key not in known][:LARGEST]
    return db.session.execute(select(lines).where(lines.c.id.in_(late)).order_by(lines.c.id)).all() if late else []


def append(before: Any, kind: Kind, lines: Sequence[Any]) -> bool:
    """Add a block of these lines behind `before`. False when another block came in between."""
    leaves = [trail.leaf(line) for line in lines]
    hints = b"".join(HINT.pack(line.id, one[:8]) for line, one in zip(lines, leaves, strict=True))
    last_at = max(line.at for line in lines)
    return _add(before, kind, lines[0].id, lines[-1].id, len(lines), digest_of(leaves), last_at, hints)


def append_removed(blocks: Sequence[int]) -> bool:
    """Say, in the chain itself, that the lines of these blocks were removed."""
    packed = b"".join(HINT.pack(number, b"") for number in blocks)
    digest = hashlib.sha256(packed).hexdigest()
    return _add(newest(), Kind.REMOVED, blocks[0], blocks[-1], len(blocks), digest, clock.now(), packed)


@transactional
def _add(before: Any, kind: Kind, first: int, last: int, rows: int, digest: str, at: dt.datetime, hints: bytes) -> bool:
    now = newest()
    if (now.id if now is not None else 0) != (before.id if before is not None else 0):
        return False
    block = Block(
        id=(before.id if before is not None else 0) + 1, kind=kind.value, first_id=first, last_id=last, rows=rows,
        digest=digest, previous=before.seal if before is not None else NOTHING, sealed_at=clock.now(), newest_at=at, hints=hints,
    )  # fmt: skip
    block.seal = seal_of(block)
    db.session.execute(insert(Block), {column.key: getattr(block, column.key) for column in BLOCKS.columns})
    return True


def begin_again(behind: int) -> None:
    """Forget the blocks that hold lines with a higher number than this: lines of a demo, which goes. In its transaction."""
    beyond = select(func.min(BLOCKS.c.id)).where(BLOCKS.c.kind != Kind.REMOVED.value, BLOCKS.c.last_id > behind)
    first = db.session.scalar(beyond)
    if first is None:
        return
    with trail.door(trail.DEMO):
        db.session.execute(delete(Block).where(Block.id >= first))
        db.session.execute(delete(Check).where(Check.head_block >= first))
    gone = list(db.session.scalars(select(BLOCKS.c.id).where(BLOCKS.c.removed_at.is_not(None)).order_by(BLOCKS.c.id)))
    named = {key for hints in removals() for key in hinted(hints)}
    if unnamed := [number for number in gone if number not in named]:
        append_removed(unnamed)


def removals() -> Iterator[bytes]:
    """What the blocks that tell of removed ones say."""
    yield from db.session.scalars(select(BLOCKS.c.hints).where(BLOCKS.c.kind == Kind.REMOVED.value))


__all__ = ["Block", "Check", "Kind", "append", "append_removed", "begin_again", "newest", "seal"]
