"""Taking a run back, as a run of its own: rows that it made go, rows that it changed get their old values.

What somebody has touched since is listed and left alone. The images of the run are worked off from the last to the
first; `seq` of an item is the place counted from there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select, update

from app.panel.bulk import importers, removal, runs
from app.panel.bulk.engine import approving, life
from app.panel.bulk.importers import Image
from app.panel.bulk.ledger import announce, publish
from app.panel.bulk.models import BeforeImage, Run, RunItem
from app.panel.bulk.runs import Hold
from app.panel.bulk.states import Outcome, RunKind, RunState
from app.panel.core import clock, history, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.rows import insert_many, make_room
from app.panel.core.transaction import transactional

CHUNK = 2000


@transactional
def make(run_id: int, *, actor: Any) -> Run:
    """The undo of a run, ready to be worked off; above the limits of whoever asks it waits for a second person.

    :raises DomainError: when there is nothing to take back, or somebody is at it
    """
    run = runs.find(run_id, actor=actor)
    if run.is_undone or runs.undone_by(run.id) is not None:
        raise DomainError(_("This has been taken back already."))
    if not runs.can_undo(run):
        raise DomainError(_("There is nothing to take back."))
    if run.kind is RunKind.OPERATION:
        return life.take_back(run, actor=actor)
    importer = importers.get(run.importer)
    if importer is None:
        raise DomainError(_("The layout of this import is no longer known."))
    policy.authorize(actor, "import", importer.resource)
    count = db.session.scalar(select(func.count()).select_from(BeforeImage).where(BeforeImage.run_id == run.id)) or 0
    back = Run(
        kind=RunKind.UNDO, state=RunState.CHECKED, importer=run.importer, file_name=run.file_name, undo_of_id=run.id,
        actor_id=actor.id, expected=count, params=runs.spoken(), findings={},
    )  # fmt: skip
    db.session.add(back)
    db.session.flush()
    if approving.why_needed(back, actor):
        approving.ask(back, actor=actor)
    else:
        runs.move(back.id, (RunState.CHECKED,), state=RunState.QUEUED)
    db.session.refresh(back)
    return back


def work_off(back: Run, held: Hold) -> RunState:
    run = db.session.get(Run, back.undo_of_id)
    importer = importers.get(back.importer)
    if run is None or importer is None:
        raise DomainError(_("The layout of this import is no longer known."))
    actor, run_id, since = runs.actor_of(back), run.id, run.finished_at or clock.now()
    size, position = max(1, CHUNK >> (3 * (held.crashes - 1))), held.position
    last = None
    while found := _images(run_id, position, size, last):
        images, last = [Image(*row) for _id, *row in found], found[-1].id
        _chunk(held, importer, images, position, actor, run_id, since)
        position += len(images)
        size = min(CHUNK, size * 2)
    _close(held, run_id)
    publish(held.run_id)
    announce(held.run_id)
    return RunState.DONE


@transactional
def _close(held: Hold, run_id: int) -> None:
    runs.finish(held, RunState.DONE)
    db.session.execute(update(Run.__table__).where(Run.__table__.c.id == run_id).values(is_undone=True))


def _images(run_id: int, position: int, size: int, last: int | None) -> Sequence[Any]:
    """The next images as plain rows: objects would be read anew one by one in the transaction that uses them.

    :param last: the number of the one before; without it so many are passed over as `position` says
    """
    one = BeforeImage
    query = select(one.id, one.table, one.row_id, one.before, one.version).where(one.run_id == run_id)
    query = query.offset(position) if last is None else query.where(one.id < last)
    return db.session.execute(query.order_by(one.id.desc()).limit(size)).all()


@transactional
def _chunk(
    held: Hold, importer: importers.Importer, images: list[Image], position: int, actor: Any, run_id: int, since: Any
) -> None:
    """One chunk of images, grouped by table and by what is to be done, in the order in which they come."""
    runs.hold(held, position=position + len(images), crashes=0)
    make_room()
    policy.forget()
    policy.authorize(actor, "import", importer.resource)
    said: dict[int, str] = {}
    with history.by("undo", actor=actor, run_id=held.run_id):
        for places in _groups(images):
            part = [images[place] for place in places]
            done = importer.undo(part, actor=actor, since=since, run_id=run_id)
            if done is None:
                done = removal.take_back(part, actor=actor, since=since, run_id=run_id)
            said.update(zip(places, done, strict=True))
        importer.after_undo(images, actor=actor)
    _record(held.run_id, images, said, position)
    runs.seal(held)


def _groups(images: list[Image]) -> list[list[int]]:
    """Places by table and kind; what points at others goes before what it points at."""
    groups: dict[tuple[str, bool], list[int]] = {}
    for place, image in enumerate(images):
        groups.setdefault((image.table, image.before is None), []).append(place)
    rank = {table.name: place for place, table in enumerate(db.metadata.sorted_tables)}
    return [groups[key] for key in sorted(groups, key=lambda key: -rank.get(key[0], 0))]


def _record(run_id: int, images: list[Image], said: dict[int, str], position: int) -> None:
    counts: dict[str, int] = defaultdict(int)
    items = []
    for place, image in enumerate(images):
        reason = said[place]
        outcome = Outcome.REFUSED if reason else Outcome.CHANGED
        counts[runs.COUNTS[outcome]] += 1
        items.append({
            "seq": position + place + 1, "lines": [], "key": f"{image.table} #{image.row_id}",
            "outcome": outcome.value, "reason": reason, "row_id": image.row_id,
        })  # fmt: skip
    insert_many(RunItem.__table__, items, {"run_id": run_id})
    table = Run.__table__
    values = {name: table.c[name] + count for name, count in counts.items()}
    db.session.execute(update(table).where(table.c.id == run_id).values(read=table.c.read + len(images), **values))
