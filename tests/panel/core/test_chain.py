"""The trail cannot be rewritten unseen: triggers refuse it, and what happens behind their back is found by the chain."""

import contextvars
import datetime as dt

import pytest
from sqlalchemy import create_engine, delete, select, text, update
from sqlalchemy.exc import DatabaseError

from app.panel.core import chain, chain_check, clock, history, retention, ticker, trail
from app.panel.core.actor import SYSTEM
from app.panel.core.chain import BLOCKS, Block
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.history import HistoryEntry
from app.panel.core.transaction import transactional

LINES = trail.TABLE


@transactional
def write(count=1, run=None, **said):
    with history.by("test", run_id=run):
        for number in range(count):
            history.record_about("test_thing", "thing.done", {"name": [None, f"Li Lei {number}"]}, actor=SYSTEM, **said)


@pytest.fixture
def settled(session, monkeypatch):
    """What was committed may be sealed at once, also on PostgreSQL."""
    monkeypatch.setitem(chain.SETTLES, "postgresql", dt.timedelta(seconds=-1))
    chain.seal()
    return session


def faults(**asked):
    return [fault.what for fault in chain_check.verify(**asked).faults]


def ids():
    return list(db.session.scalars(select(LINES.c.id).where(LINES.c.table == "test_thing").order_by(LINES.c.id)))


def by_force(session, statement, **values):
    """As somebody would who has the database, and not our program."""
    if session.connection().dialect.name == "sqlite":
        kept = session.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'core_history%'")).all()
        for name, _sql in kept:
            session.execute(text(f"DROP TRIGGER {name}"))
        session.execute(text(statement), values)
        for _name, sql in kept:
            session.execute(text(sql))
        session.commit()
        return
    for table in ("core_history", "core_history_block"):
        session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    session.execute(text(statement), values)
    for table in ("core_history", "core_history_block"):
        session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
    session.commit()


@pytest.mark.parametrize("table", ["core_history", "core_history_block"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id + 100000", "DELETE FROM {}"])
def test_the_database_refuses_to_change_or_delete_a_line_or_a_block(settled, table, statement):
    write()
    chain.seal()
    with pytest.raises(DatabaseError, match="only grows"), settled.begin_nested():
        settled.execute(text(statement.format(table)))


def test_a_door_lets_through_what_it_is_for_and_is_closed_behind(settled):
    write()
    with pytest.raises(DatabaseError, match="only grows"), settled.begin_nested(), trail.door(trail.ERASURE):
        settled.execute(delete(HistoryEntry).where(HistoryEntry.table == "test_thing"))
    with pytest.raises(DatabaseError, match="only grows"), settled.begin_nested(), trail.door(trail.ERASURE):
        settled.execute(update(HistoryEntry).where(HistoryEntry.table == "test_thing").values(verb="other"))
    with trail.door(trail.ERASURE):
        settled.execute(update(HistoryEntry).where(HistoryEntry.table == "test_thing").values(why="x"))
    assert settled.scalars(select(trail.Door)).all() == []
    with pytest.raises(DatabaseError, match="only grows"), settled.begin_nested():
        settled.execute(update(HistoryEntry).where(HistoryEntry.table == "test_thing").values(why="y"))


def test_lines_are_sealed_in_order_and_those_of_a_run_apart(settled):
    last = chain.newest().id
    write(2)
    write(3, run=77)
    write(1)
    assert chain.seal() == 3
    found = settled.execute(select(BLOCKS).where(BLOCKS.c.id > last).order_by(BLOCKS.c.id)).all()
    assert [block.rows for block in found] == [2, 3, 1]
    assert found[1].previous == found[0].seal
    assert chain.seal() == 0
    verdict = chain_check.verify()
    assert verdict.ok and verdict.head == found[-1].seal and verdict.unsealed == 0


def blocks(behind):
    return db.session.execute(select(BLOCKS).where(BLOCKS.c.id > behind).order_by(BLOCKS.c.id)).all()


def test_each_chunk_of_a_run_is_a_block_of_its_own_however_long_it_is(settled, monkeypatch):
    monkeypatch.setattr(chain, "LARGEST", 3)
    last = chain.newest().id
    for size in (2, 7, 1):
        write(size, run=77)
    assert chain.seal() == 3
    assert [block.rows for block in blocks(last)] == [2, 7, 1]
    assert chain_check.verify().ok


@transactional
def write_mixed(*runs):
    """Lines of these runs, and of none, in one order of numbers, as sessions of PostgreSQL write them at once."""
    told = {run: (contextvars.copy_context(), history.by("test", run_id=run)) for run in set(runs)}
    for context, by in told.values():
        context.run(by.__enter__)
    for run in runs:
        told[run][0].run(history.record_about, "test_thing", "thing.done", {"name": [None, "x"]}, actor=SYSTEM)
    for context, by in told.values():
        context.run(by.__exit__, None, None, None)


def test_a_chunk_among_lines_of_others_is_a_block_that_names_its_lines(settled):
    write(1)
    chain.seal()
    last = chain.newest().id
    write_mixed(None, 7, None, 7, 8, 7, None, 8, None, 9)
    assert chain.seal() == 6
    found = [(block.kind, block.rows) for block in blocks(last)]
    assert found == [("lines", 1), ("chunk", 3), ("lines", 1), ("chunk", 2), ("lines", 2), ("lines", 1)]
    verdict = chain_check.verify()
    assert verdict.ok and verdict.unsealed == 0 and chain.seal() == 0
    write(2)
    assert chain_check.verify().unsealed == 2
    line = ids()[4]
    by_force(settled, "UPDATE core_history SET verb = 'x' WHERE id = :line", line=line)
    assert [(fault.what, fault.line) for fault in chain_check.verify().faults] == [("changed", line)]


def test_a_chunk_whose_end_is_ahead_of_what_waits_stays_sealed_once(settled, monkeypatch):
    last = chain.newest().id
    write_mixed(7, None, 7)
    kind, lines = chain._next()
    assert chain.append(chain.newest(), kind, lines) and kind is chain.Kind.CHUNK
    verdict = chain_check.verify()
    assert verdict.ok and verdict.unsealed == 1
    assert chain.seal() == 1 and chain_check.verify().unsealed == 0
    assert [block.rows for block in blocks(last)] == [2, 1]
    assert trail.blot(LINES.c.id == lines[0].id, lambda _said: {"changes": {}}) == 1
    clock.freeze(clock.now() + dt.timedelta(days=400))
    try:
        assert chain.seal() and retention.forget(clock.now() - dt.timedelta(days=30), actor=SYSTEM)
        chain.seal()
        assert chain_check.verify().ok and not ids()
    finally:
        clock.freeze(None)


def test_each_line_has_a_salt_of_its_own_however_it_was_written(settled):
    write(2)
    history.record_many(HistoryEntry, [(1, {}), (2, {}), (3, {})], verb="thing.many", actor=SYSTEM)
    salts = settled.scalars(select(LINES.c.salt).where(LINES.c.verb.in_(["thing.many", "thing.done"]))).all()
    assert len(set(salts)) == 5 and {len(salt) for salt in salts} == {16}


@pytest.mark.parametrize(
    ("what", "statement"),
    [
        ("changed", "UPDATE core_history SET changes = '{}' WHERE id = :line"),
        ("changed", "UPDATE core_history SET actor_id = 4711 WHERE id = :line"),
        ("changed", "UPDATE core_history SET ip = '8.8.8.8' WHERE id = :line"),
        ("changed", "UPDATE core_history SET was = 'f00' WHERE id = :line"),
        ("missing", "DELETE FROM core_history WHERE id = :line"),
    ],
)
def test_a_line_that_was_changed_or_deleted_behind_our_back_is_named(settled, what, statement):
    write(5)
    chain.seal()
    write(2)
    chain.seal()
    assert faults() == []
    line = ids()[2]
    by_force(settled, statement, line=line)
    fault = chain_check.verify().faults[0]
    held = settled.scalar(select(BLOCKS.c.id).where(BLOCKS.c.first_id <= line, BLOCKS.c.last_id >= line, BLOCKS.c.kind == "lines"))
    assert (fault.what, fault.block, fault.line) == (what, held, line)


def test_a_line_that_was_put_in_between_is_named(settled):
    write(3)
    first, middle, _last = ids()
    by_force(settled, "DELETE FROM core_history WHERE id = :line", line=middle)
    chain.seal()
    copied = ", ".join(f'"{column.name}"' for column in LINES.columns if column.name != "id")
    by_force(settled, f"INSERT INTO core_history (id, {copied}) SELECT :to, {copied} FROM core_history WHERE id = :line", line=first, to=middle)
    fault = chain_check.verify().faults[0]
    assert (fault.what, fault.line) == ("inserted", middle)
    before = db.session.scalar(select(BLOCKS.c.id).order_by(BLOCKS.c.id.desc()))
    clock.freeze(clock.now() + 2 * chain.LATE)
    try:
        chain.seal()
    finally:
        clock.freeze(None)
    assert db.session.scalar(select(BLOCKS.c.id).order_by(BLOCKS.c.id.desc())) == before, "it is never sealed afterwards"


@pytest.mark.parametrize(
    ("what", "statement"),
    [
        ("block", "UPDATE core_history_block SET rows = rows + 1 WHERE id = :block"),
        ("chain", "DELETE FROM core_history_block WHERE id = :block"),
        ("removed", "UPDATE core_history_block SET removed_at = sealed_at WHERE id = :block"),
    ],
)
def test_a_block_that_was_changed_or_deleted_is_found(settled, what, statement):
    for _time in range(2):
        write()
        chain.seal()
    by_force(settled, statement, block=chain.newest().id - 1)
    assert faults() == [what]


def test_a_chain_that_was_cut_and_sealed_anew_differs_from_what_a_check_saw(settled):
    write(2)
    chain.seal()
    seen = chain_check.check()
    assert seen.ok and chain_check.last_check().head == seen.head
    assert faults(expect=seen.head) == []
    by_force(settled, "DELETE FROM core_history_block WHERE id = :block", block=seen.head_block)
    by_force(settled, "UPDATE core_history SET verb = 'thing.undone' WHERE id = :line", line=ids()[0])
    assert chain.seal() == 1
    assert faults(expect=seen.head) == ["rewritten", "expected"]


def test_missing_guards_and_open_doors_are_found(settled):
    settled.execute(trail.Door.__table__.insert().values(opened_for=trail.ERASURE))
    assert faults() == ["door"]
    settled.execute(delete(trail.Door))
    on = " ON core_history" if settled.connection().dialect.name == "postgresql" else ""
    settled.execute(text(f"DROP TRIGGER core_history_no_update{on}"))
    assert faults() == ["guards"]


def test_what_was_blotted_out_is_gone_and_the_chain_verifies_all_the_same(settled):
    write(3, why="Li Lei called")
    chain.seal()
    line = ids()[1]
    assert trail.blot(LINES.c.id == line, lambda said: {"changes": {}, "why": said["why"].replace("Li Lei", "•••")}) == 1
    row = settled.execute(select(LINES).where(LINES.c.id == line)).one()
    assert (row.changes, row.why, row.salt) == ({}, "••• called", None) and row.was
    assert trail.blot(LINES.c.id == line, lambda said: {"why": "called"}) == 1
    chain.seal()
    verdict = chain_check.verify()
    assert verdict.ok and verdict.blotted == 1
    by_force(settled, "UPDATE core_history SET why = 'nothing' WHERE id = :line", line=line)
    assert [(fault.what, fault.line) for fault in chain_check.verify().faults] == [("blotted", line)]


def test_what_a_blotted_line_said_cannot_be_found_by_trying(settled):
    write(1)
    line = ids()[0]
    said = settled.execute(select(LINES).where(LINES.c.id == line)).one()
    trail.blot(LINES.c.id == line, lambda _said: {"changes": {}})
    was = settled.scalar(select(LINES.c.was).where(LINES.c.id == line))
    assert was == trail.digest_of(trail.content_of(said), said.salt)
    assert was != trail.digest_of(trail.content_of(said))


def test_old_blocks_leave_and_their_digests_stay(settled):
    write(4)
    chain.seal()
    old = ids()
    clock.freeze(clock.now() + dt.timedelta(days=400))
    try:
        write(2)
        chain.seal()
        gone = retention.forget(clock.now() - dt.timedelta(days=30), actor=SYSTEM)
        chain.seal()
    finally:
        clock.freeze(None)
    assert gone >= 4 and not set(old) & set(ids()) and len(ids()) == 2
    verdict = chain_check.verify()
    assert verdict.ok and verdict.removed == gone
    last = settled.scalars(select(HistoryEntry).where(HistoryEntry.verb == "history.forgotten")).one()
    assert last.changes["lines"] == [None, gone]
    by_force(
        settled,
        "INSERT INTO core_history (id, at, actor_name, verb, \"table\", key, path, request_id, why, changes) "
        "VALUES (:line, '2026-01-01 00:00:00', 'x', 'x', 'x', 0, '', '', '', '{}')",
        line=old[0],
    )
    assert faults() == ["inserted"]


def test_nothing_leaves_a_trail_that_was_tampered_with(settled):
    write(2)
    chain.seal()
    by_force(settled, "UPDATE core_history SET verb = 'x' WHERE id = :line", line=ids()[0])
    with pytest.raises(DomainError, match="tampered"):
        retention.forget(clock.now() + dt.timedelta(days=1), actor=SYSTEM)
    assert len(ids()) == 2


def test_what_commits_behind_its_successors_is_sealed_late(settled, monkeypatch):
    monkeypatch.setitem(chain.SETTLES, "sqlite", dt.timedelta(seconds=-1))
    write(3)
    line = ids()[1]
    row = dict(settled.execute(select(LINES).where(LINES.c.id == line)).one()._mapping)
    by_force(settled, "DELETE FROM core_history WHERE id = :line", line=line)
    chain.seal()
    settled.execute(LINES.insert().values(row))
    settled.commit()
    assert faults() == ["inserted"]
    assert chain.seal() == 1
    verdict = chain_check.verify()
    assert verdict.ok and verdict.late == 1
    by_force(settled, "UPDATE core_history SET verb = 'x' WHERE id = :line", line=line)
    assert faults() == ["changed"]
    assert chain.seal() == 0


def test_what_is_not_settled_waits(settled, monkeypatch):
    monkeypatch.setitem(chain.SETTLES, settled.connection().dialect.name, dt.timedelta(minutes=3))
    write(2)
    assert chain.seal() == 0
    clock.freeze(clock.now() + dt.timedelta(minutes=4))
    try:
        assert chain.seal() == 1
    finally:
        clock.freeze(None)


def test_a_demo_takes_its_blocks_along_when_it_goes(settled):
    write(1)
    chain.seal()
    mark, kept = ids()[-1], chain.newest().seal
    write(3)
    chain.seal()
    chain_check.check()
    with trail.door(trail.DEMO):
        settled.execute(delete(HistoryEntry).where(HistoryEntry.id.in_(ids()[1:3])))
    chain.begin_again(mark)
    settled.commit()
    assert chain.newest().seal == kept
    assert chain.seal() == 1
    assert chain_check.verify().ok


def test_two_who_seal_at_once_make_one_chain(settled):
    write(2)
    before, (_kind, lines) = chain.newest(), chain._next()
    assert chain.append(before, chain.Kind.LINES, lines)
    assert not chain.append(before, chain.Kind.LINES, lines)
    assert settled.query(Block).filter(Block.first_id == lines[0].id).count() == 1


def test_writing_costs_no_further_statement(settled, count_queries):
    with count_queries() as seen:
        write(1)
    assert len([one for one in seen if "core_history" in one]) == 1


def test_tables_that_are_made_without_a_migration_are_guarded_too(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    db.metadata.create_all(engine, tables=[LINES, BLOCKS, trail.Door.__table__])
    with engine.begin() as connection:
        triggers = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
        assert set(triggers) == set(trail.GUARDS)
        connection.execute(LINES.insert().values(at=clock.now(), verb="x", table="x", key=1))
        with pytest.raises(DatabaseError, match="only grows"):
            connection.execute(LINES.delete())
    engine.dispose()


def test_the_guards_of_a_migrated_instance_are_those_of_the_program(settled):
    if settled.connection().dialect.name != "sqlite":
        pytest.skip("PostgreSQL tells its triggers in words of its own")
    there = settled.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
    ours = {statement.split()[5]: statement.replace("IF NOT EXISTS ", "") for statement in trail.guards("sqlite")}
    assert {name: sql for name, sql in there if name in trail.GUARDS} == ours


def test_a_check_says_how_much_room_the_trail_takes(settled):
    before = chain_check.size_on_disk()
    write(400, why="x" * 500)
    settled.commit()
    assert chain_check.size_on_disk() > before + 150


def test_the_ticker_seals_by_itself(settled):
    duty = ticker.DUTIES["app.panel.core.housekeeping.seal"]
    write(2)
    before = chain.newest().id
    duty.func()
    assert duty.seconds <= 60 and chain.newest().id == before + 1
