"""Short messages to people inside the panel."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app, g, has_request_context
from flask_appbuilder import Model
from flask_babel import force_locale
from flask_babel import lazy_gettext as _
from sqlalchemy import (
    Boolean,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import mapped_column

from app.panel.core import asides, bus, clock
from app.panel.core.db import db
from app.panel.core.lease import affected
from app.panel.core.transaction import transactional
from app.panel.core.types import UTCDateTime

BELL, GENERAL = "bell", "general"


@dataclass(frozen=True)
class Kind:
    """A sort of notices that people choose by: `usual` are the ways by which it goes to whoever chose nothing.

    `needs` is the right of those whom it may reach; others are not asked about it.
    """

    key: str
    label: Any
    group: Any
    usual: tuple[str, ...] = (BELL,)
    needs: tuple[str, str] | None = None


KINDS: dict[str, Kind] = {}


def kind(
    key: str, label: Any, *, group: Any, usual: tuple[str, ...] = (BELL,), needs: tuple[str, str] | None = None
) -> str:
    """Declare a kind: `REVIEW = notices.kind("orders.review", _("An order needs to be confirmed"), group=_("Orders"))`."""
    KINDS[key] = Kind(key, label, group, usual, needs)
    return key


kind(GENERAL, _("What you asked for is done"), group=_("In general"))


class Notice(Model):
    """One message to one person. It may name the row that it is about: when that is forgotten, so is its name here."""

    __tablename__ = "core_notice"
    __table_args__ = (
        Index("ix_core_notice_unread", "user_id", "read_at"),
        Index("ix_core_notice_about", "table", "key"),
    )

    id = mapped_column(Integer, primary_key=True)
    user_id = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    kind = mapped_column(String(60), nullable=False, default=GENERAL)
    table = mapped_column(String(80), nullable=False, default="")
    key = mapped_column(Integer, nullable=False, default=0)
    in_bell = mapped_column(Boolean, nullable=False, default=True)  # else it is only there to be sent by other ways
    title = mapped_column(String(200), nullable=False)
    body = mapped_column(Text, nullable=False, default="")
    url = mapped_column(String(500), nullable=False, default="")  # of this panel, beginning with one slash
    created_at = mapped_column(UTCDateTime, nullable=False, default=clock.now)
    read_at = mapped_column(UTCDateTime, nullable=True)


Hearers = Callable[[Kind, Sequence[int]], set[int]]
Carry = Callable[[Kind, Mapping[int, int]], None]
_hearers: list[Hearers] = []
_carriers: list[Carry] = []


def who_hears(func_: Hearers) -> Hearers:
    """Register who knows whom the bell may call: `func(kind, people)` → those of them who want it."""
    _hearers[:] = [func_]
    return func_


def who_carries(func_: Carry) -> Carry:
    """Register who takes notices further than the bell: `func(kind, {person: notice})`, in the transaction of their cause."""
    _carriers[:] = [func_]
    return func_


_speakers: list[Callable[[Sequence[int]], dict[int, str]]] = []


def languages_from(lookup: Callable[[Sequence[int]], dict[int, str]]) -> Callable[[Sequence[int]], dict[int, str]]:
    """Register who knows the languages of people: `lookup(ids)` → {id: language}."""
    _speakers[:] = [lookup]
    return lookup


def languages(user_ids: Sequence[int]) -> dict[int, str]:
    """The language of each of these people, that of the instance for whoever chose none."""
    known = _speakers[0](user_ids) if _speakers else {}
    return {user_id: known.get(user_id) or default_language() for user_id in user_ids}


def language_of(user_id: int | None, otherwise: str = "") -> str:
    """The language that somebody chose; `otherwise`, such as that of the page he sits at, for whoever chose none."""
    known = _speakers[0]([user_id]) if _speakers and user_id is not None else {}
    return known.get(user_id or 0) or otherwise or default_language()


def default_language() -> str:
    return str(current_app.config["BABEL_DEFAULT_LOCALE"])


@transactional
def send(
    user_ids: Iterable[int], title: object, body: object = "", url: str = "", *, kind: str = GENERAL, about: Any = None
) -> int:
    """Write a notice to each of these users and tell their open pages; returns how many were written.

    Give lazy texts: each reader gets them in his own language. `kind` is what people choose by, `about` the row that the
    text speaks of; whoever chose another way for this kind gets it by that.

    :raises ValueError: for a link that leads out of the panel
    """
    if url and (not url.startswith("/") or url.startswith(("//", "/\\"))):
        raise ValueError(f"a notice leads to a page of the panel, not to {url!r}")
    users = sorted({int(user_id) for user_id in user_ids})
    if not users:
        return 0
    known, told, now = KINDS[kind], languages(users), clock.now()
    heard = _hearers[0](known, users) if _hearers else set(users)
    subject = {"table": about.__tablename__, "key": about.id} if about is not None else {"table": "", "key": 0}
    rows = []
    for language in sorted(set(told.values())):
        with force_locale(language):
            text = {"title": str(title)[:200], "body": str(body), "url": url[:500], "created_at": now, "kind": kind, **subject}
        rows += [
            {"user_id": user_id, "in_bell": user_id in heard, **text} for user_id in users if told[user_id] == language
        ]
    table = Notice.__table__
    _forget()
    made = db.session.execute(insert(table).returning(table.c.user_id, table.c.id), rows)
    written: dict[int, int] = dict(made.tuples().all())
    for row in rows:
        if row["in_bell"]:
            bus.publish(f"user:{row['user_id']}", "notice", {"title": row["title"], "url": row["url"]})
    for carry in _carriers:
        carry(known, written)
    return len(users)


def unread(user_id: int) -> int:
    told = g.get("_unread") if has_request_context() else None
    if told is not None and told[0] == user_id:
        return int(told[1])
    return int(db.session.execute(_unread(), {"user_id": user_id}).scalar_one())


@functools.cache
def _unread() -> Select[Any]:
    """Built once: every page asks this."""
    return _unread_of(bindparam("user_id"))


def _unread_of(person: Any) -> Select[Any]:
    table = Notice.__table__
    mine = (table.c.user_id == person, table.c.read_at.is_(None), table.c.in_bell)
    return select(func.count()).select_from(table).where(*mine)


@asides.beside("unread", _unread_of)
def _told(reader: int, values: asides.Values) -> None:
    g._unread = reader, values[0]


def _forget() -> None:
    if has_request_context():
        g.pop("_unread", None)


def latest(user_id: int, limit: int = 20) -> Sequence[Notice]:
    """The notices of a user, newest first."""
    return db.session.scalars(
        select(Notice).where(Notice.user_id == user_id, Notice.in_bell).order_by(Notice.id.desc()).limit(limit)
    ).all()


@transactional
def mark_read(user_id: int, ids: Iterable[int] | None = None) -> int:
    """Mark these notices of a user as read, or all of them; returns how many were unread."""
    _forget()
    table = Notice.__table__
    mine: list[Any] = [table.c.user_id == user_id, table.c.read_at.is_(None)]
    if ids is not None:
        mine.append(table.c.id.in_([int(number) for number in ids]))
    count = affected(update(table).where(*mine).values(read_at=clock.now()))
    if count:
        bus.publish(f"user:{user_id}", "notices_read", {"unread": unread(user_id)})
    return count


@transactional
def sweep(days: int = 180) -> int:
    """Delete notices of half a year ago, read or not."""
    table = Notice.__table__
    old = table.c.created_at < clock.now() - clock.dt.timedelta(days=days)
    return affected(delete(table).where(old))
