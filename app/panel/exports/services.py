"""Exports: asked for, made at once or by a run, handed out to the one who asked, forgotten after a day."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import get_locale
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import func, select, update

from app.panel.bulk import runs, store
from app.panel.bulk.models import Run
from app.panel.bulk.reading.problems import BadFile
from app.panel.bulk.states import FINISHED, WORKING, RunKind, RunState
from app.panel.core import clock, history, listing, policy, savedlists
from app.panel.core.actor import owns
from app.panel.core.db import db
from app.panel.core.errors import BadRequest, DomainError, NotFound
from app.panel.core.fields import spec
from app.panel.core.tidying import seldom_tidied
from app.panel.core.transaction import transactional
from app.panel.exports import columns as choosing
from app.panel.exports import files, rows

AT_ONCE = 2000  # rows that nobody waits for
KEPT_HOURS = 24
UNFINISHED = ".part"
MOST_AT_A_TIME = 3
MOST_TICKED = 10_000
STATE = ("q", "f", "sort")


@dataclass(frozen=True)
class Wish:
    """What is to be exported: a list in a state or some of its rows, columns, and the kind of file."""

    list_key: str
    names: list[str]
    kind: str = "xlsx"
    state: dict[str, str] = field(default_factory=dict)
    ticked: list[int] = field(default_factory=list)

    def as_params(self) -> dict[str, Any]:
        return {"list": self.list_key, "columns": self.names, "kind": self.kind, "state": self.state, "ticked": self.ticked}


def wish_of(run: Run) -> Wish:
    params = run.params or {}
    return Wish(params["list"], params["columns"], params["kind"], params["state"], params["ticked"])


def view_of(list_key: str) -> Any:
    """The list of this name.

    :raises NotFound: when there is none
    """
    found = (view for view in current_app.extensions["panel_view_of"].values() if view.endpoint == list_key)
    view = next((one for one in found if hasattr(one, "plan")), None)
    if view is None:
        raise NotFound(_("There is nothing here."))
    return view


def checked(wish: Wish, *, actor: Any) -> tuple[Any, listing.Asked]:
    """The list and its state, as strictly as an address is read.

    :raises Forbidden: without the right to export this list
    :raises BadRequest: for a column, filter or kind of file that this reader cannot ask for
    """
    view = view_of(wish.list_key)
    policy.authorize(actor, "read", view.resource)
    policy.authorize(actor, "export", view.resource)
    plan = view.plan(actor)
    if wish.kind not in files.FORMATS or len(wish.ticked) > MOST_TICKED:
        raise BadRequest(_("This request cannot be understood."))
    choosing.read(wish.names, view, plan)
    return view, savedlists.understood({name: wish.state[name] for name in STATE if wish.state.get(name)}, plan, actor)


def numbers(wish: Wish, *, actor: Any, most: int | None = None) -> Any:
    """The numbers of the rows that are wished for, in their order."""
    view, asked = checked(wish, actor=actor)
    plan = view.plan(actor)
    return rows.chosen(wish.ticked, plan, actor) if wish.ticked else rows.numbers(asked, plan, actor, most=most)


def write(path: Path, wish: Wish, keys: Sequence[int], *, actor: Any, told: Any = lambda _count: None) -> int:
    """Write the file; returns how many rows are in it. `told` hears from time to time how many there are."""
    view = view_of(wish.list_key)
    found = choosing.read(wish.names, view, view.plan(actor))
    headings, is_typed = choosing.headings(found), wish.kind == "xlsx"
    reader = rows.Reader(view, actor, wish.names, is_typed=is_typed)
    chunks = reader.chunks(keys, told)
    with seldom_tidied():
        if is_typed:
            fields = [_field(view.model, name) for name in wish.names]
            files.write_xlsx(path, str(view.title), headings, fields, chunks, len(keys))
        else:
            files.write_csv(path, wish.kind, headings, chunks)
    return reader.count


def _field(model: type[Any], name: str) -> Any:
    head, _dot, tail = name.partition(".")
    found = spec(model, head)
    return spec(found.target, tail) if tail and found.target is not None else found


def at_once(wish: Wish, keys: Sequence[int], *, actor: Any) -> bytes:
    """The file of a few rows. What is handed out is told on the trail first."""
    view = view_of(wish.list_key)
    tell(view, wish, len(keys), actor=actor)
    path = unfinished()
    try:
        write(path, wish, keys, actor=actor)
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)


def unfinished() -> Path:
    """Where a file grows. What a worker that was killed leaves there is deleted a day later."""
    return store.folder() / f"{secrets.token_hex(16)}{UNFINISHED}"


def forget_unfinished() -> int:
    long_ago = clock.now().timestamp() - KEPT_HOURS * 3600
    old = [path for path in store.folder().glob(f"*{UNFINISHED}") if path.stat().st_mtime < long_ago]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


@transactional
def tell(view: Any, wish: Wish, count: int, *, actor: Any) -> None:
    """The line on the trail: who took what out, how many rows, and by which filter."""
    policy.authorize(actor, "export", view.resource)
    pairs: dict[str, Any] = {"rows": [None, count], "columns": [None, wish.names], "file": [None, wish.kind]}
    said = [f"{name}={value}" for name, value in wish.state.items() if value and name in ("q", "f")]
    if wish.ticked:
        said = [f"id={key}" for key in wish.ticked[:50]]
    if said:
        pairs["filter"] = [None, said]
    history.record_about(view.model.__tablename__, "exported", pairs, actor=actor)


@transactional
def begin(wish: Wish, *, actor: Any) -> Run:
    """A run that makes the file in the background.

    :raises DomainError: for somebody who waits for some already: others want to have theirs too
    """
    view, _asked = checked(wish, actor=actor)
    mine = select(func.count()).select_from(Run).where(Run.kind == RunKind.EXPORT, Run.actor_id == actor.id, Run.state.in_(WORKING))
    if int(db.session.scalar(mine) or 0) >= MOST_AT_A_TIME:
        raise DomainError(_("%(n)s exports of yours are being made. Wait for one, or cancel it.", n=MOST_AT_A_TIME))
    run = Run(
        kind=RunKind.EXPORT, state=RunState.QUEUED, importer=wish.list_key, file_name=name_of(view, wish.kind), file_key="",
        params=wish.as_params() | {"language": str(get_locale())}, actor_id=actor.id,
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    return run


def name_of(view: Any, kind: str) -> str:
    """What the file is called: the list and the moment."""
    clean = re.sub(r"[\x00-\x1f/\\:*?\"<>|]", "_", str(view.title)).strip() or "export"
    return f"{clean[:100]}-{clock.local(clock.now()).strftime('%Y%m%d-%H%M')}{files.suffix(kind)}"


def find(run_id: int, *, actor: Any) -> Run:
    """An export of this person.

    :raises NotFound: also when it is somebody else's
    """
    run = db.session.get(Run, run_id)
    if run is None or run.kind is not RunKind.EXPORT or not owns(actor, run.actor_id):
        raise NotFound(_("There is nothing here."))
    return run


def mine(actor: Any, limit: int = 50) -> list[Run]:
    """What this person has exported lately, newest first."""
    query = select(Run).where(Run.kind == RunKind.EXPORT, Run.actor_id == actor.id).order_by(Run.id.desc()).limit(limit)
    return [run for run in db.session.scalars(query) if owns(actor, run.actor_id)]


def cancel(run_id: int, *, actor: Any) -> bool:
    find(run_id, actor=actor)
    return runs.cancel(run_id, actor=actor)


def expires_at(run: Run) -> dt.datetime | None:
    """Until when the file can be fetched; None when there is none."""
    if run.state is not RunState.DONE or not run.file_key or run.finished_at is None:
        return None
    until: dt.datetime = run.finished_at + dt.timedelta(hours=KEPT_HOURS)
    return until if until > clock.now() else None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="exports")


def signed(run: Run) -> str:
    """What stands in the link: the export and the only person for whom it opens."""
    return str(_signer().dumps([run.id, run.actor_id]))


def opened(text: str, *, actor: Any) -> tuple[Run, Path]:
    """The export that a link names, and its file.

    :raises NotFound: for another person, or when it is too late
    :raises Forbidden: for somebody who may not export this list any more
    """
    try:
        run_id, reader = _signer().loads(text, max_age=KEPT_HOURS * 3600)
    except (BadSignature, ValueError) as error:
        raise NotFound(_("There is nothing here.")) from error
    run = find(run_id, actor=actor)
    if reader != actor.id or expires_at(run) is None:
        raise NotFound(_("There is nothing here."))
    policy.authorize(actor, "export", view_of(run.importer).resource)
    try:
        return run, store.path_of(run.file_key)
    except BadFile as error:
        raise NotFound(_("There is nothing here.")) from error


@transactional
def forget_old(at: dt.datetime | None = None, *, really: bool = True) -> int:
    """Delete the files that nobody can fetch any more; the line in the list of exports stays.

    :param really: False to count those that would go at a moment
    """
    table = Run.__table__
    long_ago = (at or clock.now()) - dt.timedelta(hours=KEPT_HOURS)
    query = select(table.c.id, table.c.file_key).where(
        table.c.kind == RunKind.EXPORT, table.c.file_key != "", table.c.state.in_(FINISHED), table.c.finished_at < long_ago
    )
    found = db.session.execute(query).all()
    for row in found if really else ():
        store.forget(row.file_key)
        db.session.execute(update(table).where(table.c.id == row.id).values(file_key=""))
    return len(found)
