"""Does the trail still say what was sealed? Computes everything again and names the first block and line that differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, func, inspect, select, text

from app.panel.core import chain, clock, trail
from app.panel.core.chain import BLOCKS, Check, Kind
from app.panel.core.db import db
from app.panel.core.transaction import transactional

PAGE = 2000
CHECKS_KEPT = 400
SEALING = (Kind.LINES.value, Kind.CHUNK.value)
REMOVED_BY_RETENTION = "history.forgotten"


@dataclass(frozen=True)
class Fault:
    """The first thing that is wrong. `what` is one of WORDS; a number is 0 where there is none."""

    what: str
    block: int = 0
    line: int = 0


WORDS = {
    "changed": "a line says something else than when it was sealed",
    "missing": "a line that was sealed is gone",
    "inserted": "a line was put in after its neighbours were sealed",
    "line": "its lines are not those that were sealed",
    "blotted": "a line that was blotted out says something else than was announced",
    "block": "the block itself was changed",
    "chain": "the block does not follow the one before it",
    "removed": "its lines are gone without a word of it in the chain",
    "rewritten": "an earlier check saw another seal here",
    "expected": "no block bears the seal that was expected",
    "guards": "the triggers that keep lines from being changed are gone",
    "door": "a door through which lines may be changed was left open",
}


@dataclass
class Verdict:
    """What a look at the whole chain found, up to and including the last good block."""

    faults: list[Fault] = field(default_factory=list)
    blocks: int = 0
    lines: int = 0
    unsealed: int = 0
    blotted: int = 0
    removed: int = 0
    late: int = 0
    head_block: int = 0
    head: str = ""
    until_at: Any = None

    @property
    def ok(self) -> bool:
        return not self.faults


def verify(expect: str = "") -> Verdict:
    """Compute leaves, digests and seals again. Stops at the first block that is broken; what follows it hangs on it.

    :param expect: a seal that was written down elsewhere and has to be among those found
    """
    verdict = Verdict()
    walk = _Walk(verdict)
    seals: dict[int, str] = {}
    for block in _blocks():
        fault = walk.look(block)
        if fault is not None:
            verdict.faults.append(fault)
            break
        seals[block.id] = block.seal
        verdict.blocks, verdict.head_block, verdict.head = verdict.blocks + 1, block.id, block.seal
        verdict.until_at = block.newest_at if block.kind in SEALING else verdict.until_at
    if verdict.ok:
        verdict.faults += _outside(seals, expect)
        verdict.unsealed = int(db.session.scalar(_beyond(walk.last_id)) or 0) - len(walk.ahead)
    return verdict


def _beyond(last_id: int) -> Any:
    return select(func.count()).select_from(trail.TABLE).where(trail.TABLE.c.id > last_id)


def _outside(seals: dict[int, str], expect: str) -> Iterator[Fault]:
    """What the chain alone does not tell: it may have been written anew from some block on, or the guards be gone."""
    seen = select(Check.head_block, Check.head).where(Check.ok, Check.head_block.is_not(None)).order_by(Check.id)
    for number, head in db.session.execute(seen):
        if seals.get(number) != head:
            yield Fault("rewritten", number)
            break
    if expect and expect not in seals.values():
        yield Fault("expected")
    if not guarded():
        yield Fault("guards")
    if db.session.scalar(select(func.count()).select_from(trail.Door)):
        yield Fault("door")


def guarded() -> bool:
    """Are all triggers there?"""
    names = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')",
    }[db.session.connection().dialect.name]
    return set(trail.GUARDS) <= set(db.session.scalars(text(names)))


class _Walk:
    """Lines and blocks side by side, each read once, in the order of their numbers."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.previous = chain.NOTHING
        self.number = self.last_id = 0
        self.removals = {number for hints in chain.removals() for number in chain.hinted(hints)}
        self.late = {line for hints in db.session.scalars(_late_hints()) for line in chain.hinted(hints)}
        self.announced = _announced()
        self.found_late: dict[int, Any] = {}
        self.passed: list[Any] = []  # read already, on the way to the last line of a chunk
        self.ahead: set[int] = set()  # lines of chunks behind the last range
        self.lines = _lines()
        self.waiting: Any = next(self.lines, None)

    def look(self, block: Any) -> Fault | None:
        if block.seal != chain.seal_of(block):
            return Fault("block", block.id)
        if block.previous != self.previous or block.id != self.number + 1:
            return Fault("chain", block.id)
        self.previous, self.number = block.seal, block.id
        if block.kind == Kind.REMOVED.value:
            return None
        hints = chain.hinted(block.hints)
        if block.kind == Kind.LINES.value:
            self.last_id, found = block.last_id, self._until(block.last_id)
            self.ahead = {key for key in self.ahead if key > block.last_id}
        elif block.kind == Kind.CHUNK.value:
            found = self._named(hints)
            self.ahead |= {key for key in hints if key > self.last_id}
        else:
            found = [line for key in sorted(hints) if (line := self._late(key)) is not None]
            self.verdict.late += len(found)
        if block.removed_at is not None:
            return self._removed(block, found)
        return self._compare(block, found, hints)

    def _removed(self, block: Any, found: list[Any]) -> Fault | None:
        self.verdict.removed += block.rows
        if block.id not in self.removals:
            return Fault("removed", block.id)
        return Fault("inserted", block.id, found[0].id) if found else None

    def _compare(self, block: Any, found: list[Any], hints: dict[int, bytes]) -> Fault | None:
        leaves = {line.id: trail.leaf(line) for line in found}
        if chain.digest_of(leaves.values()) != block.digest or len(leaves) != block.rows:
            for key in sorted({*hints, *leaves}):
                if key not in leaves:
                    return Fault("missing", block.id, key)
                if key not in hints:
                    return Fault("inserted", block.id, key)
                if leaves[key][:8] != hints[key]:
                    return Fault("changed", block.id, key)
            return Fault("line", block.id)
        for line in found:
            if line.was is not None:
                self.verdict.blotted += 1
                if self.announced.get(line.id) != trail.digest_of(trail.content_of(line)):
                    return Fault("blotted", block.id, line.id)
        self.verdict.lines += len(found)
        return None

    def _until(self, last: int) -> list[Any]:
        self._read(last)
        found = [line for line in self.passed if line.id <= last]
        self.passed = self.passed[len(found) :]
        return found

    def _named(self, hints: dict[int, bytes]) -> list[Any]:
        self._read(max(hints, default=0))
        found = [line for line in self.passed if line.id in hints]
        self.passed = [line for line in self.passed if line.id not in hints]
        return found

    def _read(self, last: int) -> None:
        while self.waiting is not None and self.waiting.id <= last:
            if self.waiting.id in self.late:
                self.found_late[self.waiting.id] = self.waiting
            else:
                self.passed.append(self.waiting)
            self.waiting = next(self.lines, None)

    def _late(self, key: int) -> Any:
        return self.found_late.get(key)


def _late_hints() -> Any:
    return select(BLOCKS.c.hints).where(BLOCKS.c.kind == Kind.LATE.value)


def _announced() -> dict[int, str]:
    """What blotted lines say, as the lines that tell of it have it; the last word counts."""
    told: dict[int, str] = {}
    query = select(trail.TABLE.c.changes).where(trail.TABLE.c.table == "core_history", trail.TABLE.c.key == 0)
    for pairs in db.session.scalars(query.where(trail.TABLE.c.verb == trail.BLOTTED).order_by(trail.TABLE.c.id)):
        told.update({int(line): digest for line, digest in pairs["now"][1].items()})
    return told


def _pages(table: Any) -> Iterator[Any]:
    query = select(table).where(table.c.id > bindparam("after")).order_by(table.c.id).limit(PAGE)
    after = 0
    while rows := db.session.execute(query, {"after": after}).all():
        yield from rows
        after = rows[-1].id


def _lines() -> Iterator[Any]:
    return _pages(trail.TABLE)


def _blocks() -> Iterator[Any]:
    return _pages(BLOCKS)


def check(expect: str = "") -> Verdict:
    """Verify, and keep when that was and what came of it."""
    verdict = verify(expect)
    _keep(verdict, size_on_disk())
    return verdict


@transactional
def _keep(verdict: Verdict, size: int | None) -> None:
    first = verdict.faults[0] if verdict.faults else Fault("")
    db.session.add(
        Check(
            at=clock.now(), ok=verdict.ok, lines=verdict.lines + verdict.unsealed, blocks=verdict.blocks, size=size,
            head_block=verdict.head_block or None, head=verdict.head, until_at=verdict.until_at,
            fault=first.what, block_id=first.block or None, line_id=first.line or None,
        )
    )  # fmt: skip
    db.session.flush()
    newest = db.session.scalar(select(func.max(Check.id))) or 0
    db.session.execute(delete(Check).where(Check.id <= newest - CHECKS_KEPT))


def last_check() -> Check | None:
    return db.session.scalars(select(Check).order_by(Check.id.desc()).limit(1)).first()


def size_on_disk() -> int | None:
    """Kilobytes that lines and blocks take, with their indexes; None where SQLite was built without that answer."""
    names = [
        name for table in (trail.TABLE, BLOCKS)
        for name in (table.name, *(index["name"] for index in inspect(db.session.connection()).get_indexes(table.name)))
    ]  # fmt: skip
    if db.session.connection().dialect.name == "postgresql":
        asked = text("SELECT pg_total_relation_size(CAST(:one AS regclass)) + pg_total_relation_size(CAST(:other AS regclass))")
        return int(db.session.scalar(asked, {"one": trail.TABLE.name, "other": BLOCKS.name})) // 1024
    if not db.session.scalar(text("SELECT count(*) FROM pragma_module_list WHERE name = 'dbstat'")):
        return None
    asked = text("SELECT sum(pgsize) FROM dbstat WHERE aggregate = 1 AND name IN :names")
    asked = asked.bindparams(bindparam("names", expanding=True))
    return int(db.session.scalar(asked, {"names": names}) or 0) // 1024
