"""Bookings: viewers who want to be there, each once a session, reminded once before it begins (LVP-04)."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import Select, String, cast, func, or_, select, update

from app.panel.accounts.login.sealed import Unreadable, seal, unseal
from app.panel.core import clock, notices, outbox, records
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput, NotFound
from app.panel.core.lease import insert_once
from app.panel.core.transaction import transactional
from app.shop.customers import checks
from app.shop.live import queries
from app.shop.live.models import LiveBooking, LiveLink, LiveSession
from app.shop.live.out.states import ContactKind
from app.shop.live.permissions import SESSION
from app.shop.live.services.links import url_of
from app.shop.live.states import SessionState
from app.shop.orders.queries import people_who

T = LiveBooking.__table__
GRACE = dt.timedelta(minutes=10)  # a reminder that comes so late after the beginning is none
LONGEST = dt.timedelta(days=1)
CHUNK = 200
OPEN = (SessionState.READY, SessionState.LIVE)
SEALED = "live.booking"
BY_PHONE = notices.kind(
    "live.booked", lazy_gettext("Those who booked by phone are to be reminded"), group=lazy_gettext("Live"),
    needs=("read", "live.LiveBooking"),
)  # fmt: skip


def contact_of(text: str) -> tuple[ContactKind, str]:
    """By what somebody is reached, in the one form in which it is kept.

    :raises InvalidInput: for what is neither an e-mail address nor a phone number
    """
    given = " ".join(text.split())
    try:
        if "@" in given:
            return ContactKind.EMAIL, checks.email(given).lower()
        if given:
            return ContactKind.PHONE, checks.phone(given)
    except ValueError as error:
        raise InvalidInput({"contact": str(error)}) from None
    raise InvalidInput({"contact": _("Give an e-mail address or a phone number.")})


def is_open(session: LiveSession) -> bool:
    """May a session be booked? Until it begins; a rehearsal is nobody's to see."""
    return session.state is SessionState.READY and session.starts_at > clock.now() and not session.is_practice


@transactional
def book(link: LiveLink, contact: str, name: str, has_agreed: bool) -> LiveBooking | None:
    """Book by a link of the preview; None for a contact that is booked already, who hears nothing a second time.

    :raises InvalidInput: without the consent, and for a contact that is none
    """
    session = link.session
    if not is_open(session):
        raise DomainError(_("This session cannot be booked any more."))
    if not has_agreed:
        raise InvalidInput({"agreed": _("Without your consent we may not keep how to reach you.")})
    kind, value = contact_of(contact)
    now = clock.now()
    booking = _insert(
        session_id=session.id, kind=kind, contact=value, name=" ".join(name.split())[:80] or None, came_by=link.partner,
        booked_at=now, agreed_at=now,
    )  # fmt: skip
    if booking is not None and kind is ContactKind.EMAIL:
        _mail(booking, session, _("You booked: %(session)s", session=session.title), _told_booked(session))
    return booking


def _insert(**values: Any) -> LiveBooking | None:
    now, token = clock.now(), secrets.token_urlsafe(18)
    if not insert_once(LiveBooking, token=token, version=1, created_at=now, changed_at=now, **values):
        return None
    return db.session.scalars(select(LiveBooking).where(LiveBooking.token == token)).one()


def validate(booking: LiveBooking | None, values: dict[str, Any]) -> None:
    if booking is not None and {"session_id", "contact", "kind"} & set(values):
        raise DomainError(_("A booking stands as it was made. Take it back and make another."))


@transactional
def create(values: dict[str, Any], *, actor: Any) -> LiveBooking:
    """A booking that somebody writes down, or that a file of the platform brings.

    :raises InvalidInput: for a contact that is booked already
    """
    session: LiveSession = records.get(LiveSession, values.get("session_id"), actor=actor)
    if values.get("kind") is ContactKind.PLATFORM:
        kind, value = ContactKind.PLATFORM, (values.get("contact") or "").strip()
    else:
        kind, value = contact_of(values.get("contact") or "")
    same = select(LiveBooking.id).where(LiveBooking.session_id == session.id, LiveBooking.contact == value)
    if db.session.scalar(same) is not None:
        raise InvalidInput({"contact": _("This contact has booked already.")})
    booking = LiveBooking()
    with db.session.no_autoflush:
        db.session.add(booking)
        records.assign(booking, values | {"kind": kind, "contact": value}, actor=actor)
    booking.token = secrets.token_urlsafe(18)
    booking.booked_at = booking.booked_at or clock.now()
    db.session.flush()
    return booking


def of_token(token: str) -> LiveBooking:
    """:raises NotFound: for a token that is none of ours"""
    found = db.session.scalars(select(LiveBooking).where(LiveBooking.token == token)).first() if 0 < len(token) <= 32 else None
    if found is None:
        raise NotFound(_("There is nothing here."))
    return found


def way_back(session_id: int, booking: LiveBooking | None) -> str:
    """The token of a link by which whoever booked by phone takes it back. For a phone that was booked already it is one that
    looks and answers the same and takes back nothing: else anybody could ask here which numbers have booked."""
    return seal(f"{session_id:012d}.{booking.token if booking is not None else secrets.token_urlsafe(18)}", SEALED)


def of_way_back(sealed: str) -> tuple[LiveSession, str]:
    """The session of such a link, and the token of its booking, which may be none of ours.

    :raises NotFound: for what was not sealed here, and for a session that is gone
    """
    try:
        number, _dot, token = unseal(sealed, SEALED).partition(".")
    except Unreadable:
        raise NotFound(_("There is nothing here.")) from None
    session = db.session.get(LiveSession, int(number))
    if session is None:
        raise NotFound(_("There is nothing here."))
    return session, token


@transactional
def take_back_if_there(token: str) -> None:
    """The same by a link that may lead to no booking, which nobody is told."""
    if db.session.scalar(select(LiveBooking.id).where(LiveBooking.token == token)) is not None:
        take_back(token)


@transactional
def take_back(token: str) -> LiveBooking:
    """Whoever has the link of a booking takes it back; his contact is forgotten, and he may book again."""
    booking = of_token(token)
    if booking.cancelled_at is None:
        booking.cancelled_at, booking.name = clock.now(), None
        booking.contact = f"{booking.id}"
    return booking


def by_day(session_id: int) -> list[tuple[dt.date, int]]:
    """How many booked on each day of the shop, those who took it back left out."""
    rows = db.session.scalars(_standing(session_id).with_only_columns(LiveBooking.booked_at))
    counts: dict[dt.date, int] = {}
    for at in rows:
        day = clock.local(at).date()
        counts[day] = counts.get(day, 0) + 1
    return sorted(counts.items())


def _standing(session_id: int) -> Select[Any]:
    return select(LiveBooking).where(LiveBooking.session_id == session_id, LiveBooking.cancelled_at.is_(None))


def count(session_id: int) -> int:
    return db.session.scalar(_standing(session_id).with_only_columns(func.count())) or 0


def due(now: dt.datetime) -> list[LiveSession]:
    """Sessions whose reminder is due by their beginning as it is now: one that was moved is due at its new time."""
    query = select(LiveSession).where(
        LiveSession.state.in_(OPEN), LiveSession.is_practice.is_(False), LiveSession.remind_minutes > 0,
        LiveSession.starts_at > now - GRACE, LiveSession.starts_at <= now + LONGEST,
    )  # fmt: skip
    return [
        one for one in db.session.scalars(query.order_by(LiveSession.id))
        if one.starts_at - dt.timedelta(minutes=one.remind_minutes) <= now
    ]  # fmt: skip


def remind(session_id: int) -> int:
    """Remind all who booked and were not told this beginning; how many. Each is marked in the transaction of his mail."""
    reminded = 0
    while number := _remind_some(session_id):
        reminded += number
    return reminded


@transactional
def _remind_some(session_id: int) -> int:
    session = db.session.scalars(
        select(LiveSession).where(LiveSession.id == session_id, LiveSession.state.in_(OPEN)).with_for_update()
    ).first()
    if session is None:
        return 0
    waits = or_(T.c.reminded_for.is_(None), T.c.reminded_for != session.starts_at)
    mine = (T.c.session_id == session.id) & T.c.cancelled_at.is_(None) & (T.c.kind != ContactKind.PLATFORM) & waits
    ids = select(T.c.id).where(mine).order_by(T.c.id).limit(CHUNK)
    found = db.session.execute(
        update(T).where(T.c.id.in_(ids), waits).values(reminded_for=session.starts_at, reminded_at=clock.now())
        .returning(T.c.id, T.c.kind)
    ).all()  # fmt: skip
    mails = [row.id for row in found if row.kind is ContactKind.EMAIL]
    for booking in db.session.scalars(
        select(LiveBooking).where(LiveBooking.id.in_(mails)).order_by(LiveBooking.id).execution_options(populate_existing=True)
    ):
        subject = _("Soon: %(session)s", session=session.title)
        _mail(booking, session, subject, _told_soon(session), key=f"live.remind:{booking.id}:{session.starts_at:%Y%m%d%H%M%S}")
    if phones := sum(row.kind is ContactKind.PHONE for row in found):
        _tell_the_team(session, phones)
    return len(found)


def _tell_the_team(session: LiveSession, number: int) -> None:
    """We send no text messages: whoever prepares the session does it by hand."""
    title = lazy_gettext("%(n)s who booked “%(session)s” by phone are to be reminded", n=number, session=session.title)
    url = f"/live/{session.id}/prepare"
    people = db.session.scalars(people_who("control", SESSION, session.shop_id))
    notices.send(people, title, url=url, kind=BY_PHONE, about=session)


def _told_booked(session: LiveSession) -> str:
    return _("You booked “%(session)s”, which begins on %(time)s.", session=session.title, time=clock.wall(session.starts_at))


def _told_soon(session: LiveSession) -> str:
    return _("“%(session)s” begins on %(time)s.", session=session.title, time=clock.wall(session.starts_at))


def _mail(booking: LiveBooking, session: LiveSession, subject: str, said: str, key: str | None = None) -> None:
    link = db.session.scalars(queries.links(session.id)).first()
    base = str(current_app.config.get("PUBLIC_URL") or "").rstrip("/")
    undo = f"{base}/live/b/{booking.token}"
    page = url_of(link) if link is not None else ""
    parts = [said, page, session.channel.url or "", _("Take the booking back: %(url)s", url=undo)]
    body = "\n\n".join(part for part in parts if part) + "\n"
    outbox.put("mail", {"to": booking.contact, "subject": subject[:200], "body": body, "unsubscribe": undo}, key)


@transactional
def note_platform(session_id: int, rows: list[tuple[str, str, str, dt.datetime]]) -> None:
    """Bookings that a platform tells by the feed: (number of the viewer, name, source, when); each once."""
    for viewer, name, source, at in rows:
        _insert(
            session_id=session_id, kind=ContactKind.PLATFORM, contact=f"@{viewer}"[:200], name=name or None,
            came_by=source or None, booked_at=at,
        )  # fmt: skip


@transactional
def forget(before: dt.datetime) -> int:
    """Half a year after a session nobody needs to be reached about it: contacts and names go, the counts stay."""
    old = select(LiveSession.id).where(LiveSession.ends_at < before)
    kept = T.c.session_id.in_(old) & T.c.token.is_not(None)
    gone = update(T).where(kept).values(contact=cast(T.c.id, String), name=None, token=None).returning(T.c.id)
    return len(db.session.execute(gone).all())
