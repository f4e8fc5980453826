"""Comments that are taken off the screens, and viewers who are silenced: by hand, logged, and taken back."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from app.panel.core import policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput, NotFound
from app.shop.live.feed.words import Words
from app.shop.live.models import LiveBlockWord, LiveComment, LiveItem, LiveMute, LiveSession
from app.shop.live.permissions import MUTE
from app.shop.live.services.commands import Effect, obey, undoes
from app.shop.live.services.talk import right_of
from app.shop.live.states import Post, SessionState

BY_HAND, MUTED = "by hand", "muted"
DURING = (SessionState.READY, SessionState.LIVE, SessionState.ENDED)
T = LiveComment.__table__


def mute(
    session_id: int, viewer: str, *, actor: Any, key: str, name: str = "", everywhere: bool = False, why: str = ""
) -> dict[str, Any]:
    """Hide what a viewer writes, and what he wrote, in this session; or block him in every one (LVC-18). A rehearsal blocks
    nobody outside of itself.

    He is in no draw that closes from now on.
    """
    policy.authorize(actor, "write", MUTE)
    who = viewer.strip()

    def work(session: LiveSession) -> Effect:
        is_wide = everywhere and not session.is_practice
        if not 0 < len(who) <= 64:
            raise InvalidInput({"viewer": _("The platform did not say who wrote this.")})
        known = select(LiveMute).where(LiveMute.viewer == who)
        of_here = (
            LiveMute.session_id.is_(None)
            if is_wide
            else LiveMute.session_id.is_(None) | (LiveMute.session_id == session.id)
        )
        if db.session.scalars(known.where(of_here)).first() is not None:
            raise DomainError(_("%(name)s is silenced already.", name=name or who))
        row = LiveMute(
            viewer=who, name=name[:80] or None, session_id=None if is_wide else session.id, why=why[:200] or None
        )
        db.session.add(row)
        db.session.execute(
            update(T)
            .where(T.c.session_id == session.id, T.c.viewer == who, T.c.is_hidden.is_(False))
            .values(is_hidden=True, why=MUTED)
        )
        db.session.flush()
        said = _("Muted: %(name)s")
        if everywhere:
            said = _("Blocked in every session: %(name)s") if is_wide else _("Blocked in this rehearsal: %(name)s")
        return Effect(said % {"name": name or who}, None, {"mute": row.id}, {"mute": row.id})

    verb, values = "block" if everywhere else "mute", {"viewer": who, "name": name, "why": why}
    return obey(session_id, verb, values, work, actor=actor, right=_right(actor), key=key, states=DURING)


def _right(actor: Any) -> str:
    return right_of(actor, Post.CONTROL, Post.SERVICE)


def unmute(session_id: int, mute_id: int, *, actor: Any, key: str) -> dict[str, Any]:
    """Let a viewer be read again: his comments come back, but for those with a block word in them."""
    policy.authorize(actor, "delete", MUTE)

    def work(session: LiveSession) -> Effect:
        name = _let_speak(session, mute_id)
        return Effect(_("Heard again: %(name)s", name=name))

    return obey(session_id, "unmute", {"mute": mute_id}, work, actor=actor, right=_right(actor), key=key, states=DURING)


def _let_speak(session: LiveSession, mute_id: object) -> str:
    row = db.session.get(LiveMute, mute_id) if isinstance(mute_id, int) else None
    if row is None or row.session_id not in (None, session.id):
        raise NotFound(_("There is nothing here."))
    if row.session_id is None and session.is_practice:
        raise DomainError(_("A rehearsal changes nothing of who is blocked in every session."))
    viewer, name = row.viewer, str(row)
    db.session.delete(row)
    db.session.flush()
    mine = (T.c.session_id == session.id) & (T.c.viewer == viewer) & (T.c.why == MUTED)
    others = select(LiveMute.id).where(
        LiveMute.viewer == viewer, LiveMute.session_id.is_(None) | (LiveMute.session_id == session.id)
    )
    if db.session.scalar(others.limit(1)) is not None:
        return name
    words = Words(db.session.scalars(select(LiveBlockWord.word).where(LiveBlockWord.is_active)))
    for comment_id, text in db.session.execute(select(T.c.id, T.c.text).where(mine)).all():
        word = words.first_in(text)
        shown = {"why": f"word: {word}"} if word else {"why": None, "is_hidden": False}
        db.session.execute(update(T).where(T.c.id == comment_id).values(**shown))
    return name


@undoes("mute", "block")
def _take_back_mute(session: LiveSession, _action: Any, before: dict[str, Any]) -> LiveItem | None:
    if db.session.get(LiveMute, before.get("mute")) is None:
        raise DomainError(_("This viewer is heard again already."))
    _let_speak(session, before.get("mute"))
    return None


def hide(session_id: int, comment_id: int, *, actor: Any, key: str) -> dict[str, Any]:
    """Take one comment off all screens. It is kept, and counts no longer in polls and draws that are still open."""

    def work(session: LiveSession) -> Effect:
        row = _comment(session, comment_id)
        if row.is_hidden:
            raise DomainError(_("This comment is hidden already."))
        db.session.execute(update(T).where(T.c.id == comment_id).values(is_hidden=True, why=BY_HAND))
        return Effect(_("Hidden: %(text)s", text=row.text[:200]), None, {"comment": comment_id})

    return obey(
        session_id, "hide", {"comment": comment_id}, work, actor=actor, right=_right(actor), key=key, states=DURING
    )


@undoes("hide")
def _show_again(session: LiveSession, _action: Any, before: dict[str, Any]) -> LiveItem | None:
    row = _comment(session, before.get("comment"))
    if row.why != BY_HAND:
        raise DomainError(_("Something else was done about this comment since; this cannot be taken back."))
    db.session.execute(update(T).where(T.c.id == row.id).values(is_hidden=False, why=None))
    return None


def _comment(session: LiveSession, comment_id: object) -> Any:
    query = select(T).where(T.c.id == comment_id, T.c.session_id == session.id)
    row = db.session.execute(query).first() if isinstance(comment_id, int) else None
    if row is None:
        raise NotFound(_("There is nothing here."))
    return row


def said_no_more(session_id: int, most: int) -> list[int]:
    """The newest comments that were taken off by hand: a screen that still shows one drops it."""
    query = select(T.c.id).where(T.c.session_id == session_id, T.c.is_hidden, T.c.why == BY_HAND)
    return list(db.session.scalars(query.order_by(T.c.id.desc()).limit(most)))


def silenced(session_id: int) -> list[LiveMute]:
    """Who is silenced here, the newest first."""
    query = select(LiveMute).where(LiveMute.session_id.is_(None) | (LiveMute.session_id == session_id))
    return list(db.session.scalars(query.order_by(LiveMute.id.desc()).limit(200)))
