"""Addresses of the preview: our own and one a partner who posts it again, each with a code to scan (LVP-03, LVP-07)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select, update

from app.panel.core import policy, veil
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.late import Late
from app.panel.core.transaction import transactional
from app.shop.live import queries
from app.shop.live.models import LiveLink, LiveSession
from app.shop.live.permissions import SESSION
from app.shop.live.services.plan import new_token
from app.shop.live.states import SessionState

segno = Late("segno")
MOST = 50
PUBLIC = (SessionState.READY, SessionState.LIVE, SessionState.ENDED)


@transactional
def hand_out(session: LiveSession, partner: str, *, actor: Any) -> LiveLink:
    """A link of its own for a partner, so that we see what he brings.

    :raises DomainError: when he has one
    """
    policy.authorize(actor, "write", SESSION)
    name = partner.strip()[:120]
    if not name:
        raise InvalidInput({"partner": _("Whom do you hand it to?")})
    known = list(db.session.scalars(queries.links(session.id)))
    if any(link.partner == name for link in known):
        raise DomainError(_("%(partner)s has a link already.", partner=name))
    if len(known) >= MOST:
        raise DomainError(_("A session has %(n)s links at most.", n=MOST))
    link = LiveLink(session_id=session.id, partner=name, token=new_token())
    db.session.add(link)
    db.session.flush()
    return link


def shown(session: LiveSession, host: str) -> list[SimpleNamespace]:
    """The links with their addresses and their codes as pictures."""
    found = []
    for row in db.session.scalars(queries.links(session.id)):
        link = veil.seen(row)
        address = url_of(link, host)
        found.append(SimpleNamespace(partner=link.partner, clicks=link.clicks, address=address, code=picture(address)))
    return found


def url_of(link: LiveLink, host: str = "") -> str:
    """The address of a link: of this request's host, or where the panel says that it is reached."""
    base = host or str(current_app.config.get("PUBLIC_URL") or "")
    return f"{base.rstrip('/')}/live/p/{link.token}"


def picture(address: str) -> str:
    """A QR code as a data address: an image of ours, made here."""
    return str(segno.make(address, error="m").svg_data_uri(scale=4, border=2, dark="#111", light="#fff"))


def link_of(token: str) -> LiveLink | None:
    """The link of this token, while its session is announced."""
    if len(token) > 32:
        return None
    query = select(LiveLink).join(LiveSession, LiveLink.session_id == LiveSession.id)
    return db.session.scalars(query.where(LiveLink.token == token, LiveSession.state.in_(PUBLIC))).first()


@transactional
def count(token: str) -> None:
    """Somebody opened it."""
    db.session.execute(update(LiveLink.__table__).where(LiveLink.token == token).values(clicks=LiveLink.clicks + 1))  # type: ignore[arg-type]
