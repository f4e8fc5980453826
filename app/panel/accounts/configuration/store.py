"""Which configuration holds now, and the one that is being written.

A request asks the database once which publication holds, by a statement of one row; the document itself is read and
kept once a process, under the digest of what it says.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import g, has_app_context
from flask_babel import gettext as _
from sqlalchemy import Select, select

from app.panel.accounts.configuration import ceiling, document
from app.panel.accounts.configuration.document import Change, Document
from app.panel.accounts.models import ConfigurationDraft, Publication, User
from app.panel.accounts.models.configuration import ONLY
from app.panel.core import asides, clock, history, policy, setup
from app.panel.core.db import db
from app.panel.core.errors import Conflict
from app.panel.core.transaction import in_transaction, transactional

RESOURCE = "accounts.Configuration"
KEPT = 16  # documents in memory: those of a few instances in one process, as tests have them
NOTHING = document.empty()
class Held(NamedTuple):
    """What every request needs to know of the publication that holds."""

    id: int
    digest: str
    confirmed_at: dt.datetime | None
    confirm_by: dt.datetime | None
    published_by_id: int | None


# the last publication that was not rolled back: it holds, unless nobody confirmed it in time
_LATEST: Select[Any] = (
    select(*(Publication.__table__.c[name] for name in Held._fields))
    .where(Publication.__table__.c.rolled_back_at.is_(None))
    .order_by(Publication.__table__.c.id.desc())
    .limit(1)
)
_read: dict[str, Document] = {}
_overdue: list[Callable[[], Any]] = []
policy.remembers("_configuration")


@dataclass(frozen=True)
class Draft:
    """What would be published now. `begun` is False while it says the same as what holds."""

    document: Document
    based_on_id: int | None
    version: int
    changed_by: User | None
    changed_at: dt.datetime | None
    begun: bool


def published() -> Document:
    """The configuration that is in force. It is shared: whoever wants to change it copies it."""
    return _document(*holding())


def holding() -> tuple[int | None, str]:
    """Id and digest of the publication in force; asked once a request."""
    found = _present()
    return (found.id, found.digest) if found is not None else (None, "")


def unconfirmed() -> Any:
    """The publication in force (its id, `published_by_id`, `confirm_by`), while it waits to be confirmed; else None."""
    found = _present()
    return found if found is not None and found.confirmed_at is None and found.confirm_by is not None else None


def _present() -> Any:
    if not has_app_context():
        return None
    if "_configuration" not in g:
        g._configuration = _holding()
    return g._configuration


@asides.beside("configuration", lambda _person: _LATEST)
def _told(_reader: int, values: asides.Values) -> None:
    """The publication that came with a session; one that nobody confirmed in time is asked for by whoever needs it first."""
    found = Held(*values) if values[0] is not None else None
    if found is None or not is_overdue(found):
        g._configuration = found


def in_force() -> Document:
    """What policy, menu and log-in obey: the published configuration, or the one that this request looks at beforehand."""
    preview = previewed()
    return published() if preview is None else preview


def previewed() -> Document | None:
    """The configuration that this request looks at before it holds, if it does."""
    return g.get("configuration_preview") if has_app_context() else None


@contextmanager
def previewing(wanted: Document | None) -> Iterator[None]:
    """Let everything inside see what would be if this configuration held."""
    before = g.get("configuration_preview")
    g.configuration_preview = wanted
    policy.forget()
    try:
        yield
    finally:
        g.configuration_preview = before
        policy.forget()


def forget() -> None:
    """Ask again which configuration holds, after it has changed."""
    policy.forget()


def when_overdue(call: Callable[[], Any]) -> None:
    """Register who rolls back a publication that nobody confirmed in time."""
    _overdue.append(call)


def draft() -> Draft:
    """The draft; when nobody has begun one, what is published."""
    row = db.session.get(ConfigurationDraft, ONLY)
    if row is None or row.document is None:
        return Draft(published(), holding()[0], row.version if row else 0, None, None, False)
    return Draft(row.document, row.based_on_id, row.version, row.changed_by, row.changed_at, True)


@transactional
def edit(change: Change, *, actor: Any, version: int | None = None) -> Draft:
    """Change the draft, beginning one when there is none: `edit(lambda document: …, actor=actor)`.

    :param version: the version of the draft that the person saw
    :raises Conflict: when somebody changed it since
    :raises Forbidden: when it would give more than the actor holds
    :raises InvalidInput: when it would be no configuration of this instance
    """
    policy.authorize(actor, "write", RESOURCE)
    row = locked()
    if version is not None and version != row.version:
        raise Conflict(_("Somebody else changed this in the meantime."))
    before = row.document or published()
    after = copy.deepcopy(before)
    change(after)
    after = document.normal(after)
    if after == before:
        return draft()
    document.check(after, published(), setup.every_right)
    ceiling.hold(before, after, actor)
    write(row, after, actor=actor, based_on=row.based_on_id if row.document else holding()[0])
    history.record(row, "configuration.drafted", actor=actor)
    return draft()


@transactional
def discard(*, actor: Any) -> None:
    """Throw the draft away."""
    policy.authorize(actor, "write", RESOURCE)
    row = locked()
    if row.document is not None:
        write(row, None, actor=actor, based_on=None)
        history.record(row, "configuration.discarded", actor=actor)


def locked() -> ConfigurationDraft:
    """The row of the draft, for whoever changes it alone."""
    query = select(ConfigurationDraft).where(ConfigurationDraft.id == ONLY).with_for_update()
    row = db.session.scalars(query.execution_options(populate_existing=True)).first()
    if row is None:
        row = ConfigurationDraft(id=ONLY)
        db.session.add(row)
        db.session.flush()
    return row


def write(row: ConfigurationDraft, wanted: Document | None, *, actor: Any, based_on: int | None) -> None:
    """Keep this as the draft; one that says what is published already is none."""
    row.document = None if wanted is None or wanted == published() else wanted
    row.based_on_id = based_on if row.document is not None else None
    row.changed_by_id, row.changed_at = actor.id, clock.now()
    row.version = (row.version or 0) + 1
    db.session.flush()


def _holding() -> Any:
    found = db.session.execute(_LATEST).first()
    if found is None or not is_overdue(found):
        return found
    if _free():
        for call in _overdue:
            call()
        return db.session.execute(_LATEST).first()
    # in the middle of a change it is only passed over; the next request rolls it back
    return db.session.execute(_LATEST.where(Publication.__table__.c.id < found.id)).first()


def is_overdue(row: Any) -> bool:
    """Was it never confirmed, and is the time for that over?"""
    return row.confirmed_at is None and row.confirm_by is not None and row.confirm_by <= clock.now()


def _free() -> bool:
    """May a transaction of its own begin here, without taking somebody's unsaved changes along?"""
    session = db.session()
    return not (in_transaction() or session.new or session.dirty or session.deleted)


def _document(key: int | None, digest: str) -> Document:
    if key is None:
        return NOTHING
    if digest not in _read:
        while len(_read) >= KEPT:
            _read.pop(next(iter(_read)))
        _read[digest] = db.session.scalars(select(Publication.document).where(Publication.id == key)).one()
    return _read[digest]
