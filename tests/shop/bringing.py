"""Bringing files into a shop from a test, and making the twins of strangers' exports."""

import csv
import io
from collections.abc import Mapping

from flask_appbuilder.security.sqla.models import User

from app.panel.bulk import drafts, loop, runs, store, undo
from app.panel.bulk.engine import life
from app.panel.bulk.engine.declaring import find
from app.panel.bulk.engine.selecting import Selection
from app.panel.bulk.models import Run
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db


def bring(content, layout="", *, name="file.csv", check=False, actor=SYSTEM, **params):
    """Import bytes (or rows) to their end; the run."""
    if not isinstance(content, bytes):
        content = table(content)
    run = drafts.prepare(store.keep(io.BytesIO(content), name), actor=actor, importer=layout, params=params)
    if check:
        runs.ask_check(run.id, actor=actor)
    else:
        runs.ask_start(run.id, actor=actor, unchecked=True)
    loop.work_off(run.id)
    return db.session.get_one(Run, run.id, populate_existing=True)


def take_back(run, actor=SYSTEM):
    back = undo.make(run.id, actor=actor)
    loop.work_off(back.id)
    return db.session.get_one(Run, back.id, populate_existing=True)


def counts(run):
    return {"new": run.new, "changed": run.changed, "same": run.same, "refused": run.refused}


def reasons(run):
    return {(item.lines[0] if item.lines else item.key): item.reason for item in runs.items(run.id) if item.outcome == "refused"}


def table(rows, encoding="utf-8", delimiter=","):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def headings(line):
    """The first line of an export."""
    return line.split(",")


def sheet_of(names, rows: list[Mapping[str, object]]):
    """Rows named by heading as the rows of a file; what is not named is empty."""
    return [list(names), *([row.get(name, "") for name in names] for row in rows)]


def operate(key, ids, *, actor=SYSTEM, **values):
    """An operation on these rows: looked at, begun, worked off; the run, as it stood then."""
    person_id = actor.id
    number = life.prepare(find(key), Selection(ids=tuple(ids)), values, actor=actor).id
    life.look(db.session.get_one(Run, number), actor=actor)
    life.start(number, actor=db.session.get_one(User, person_id) if person_id else actor)
    loop.work_off(number)
    done = db.session.get_one(Run, number, populate_existing=True)
    db.session.expunge(done)
    return done


def refused(run):
    return [item.reason for item in runs.items(run.id) if item.outcome == "refused"]
