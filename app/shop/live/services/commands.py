"""One command of a console: once by its key, on what its sender saw, logged with its outcome, told to all three screens.

SAFETY G41: a double click, a stale screen or a lost reply end in one effect at most, and the sender learns which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask_babel import gettext as _
from sqlalchemy import select, update

from app.panel.core import bus, clock, policy
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError, NotFound
from app.panel.core.idempotency import with_key
from app.panel.core.lease import insert_once
from app.panel.core.transaction import transactional
from app.shop.live.models import LiveAction, LiveGame, LiveItem, LiveMute, LiveQuestion, LiveSession, LiveWinner
from app.shop.live.permissions import SESSION
from app.shop.live.states import Outcome, SessionState

Row = TypeVar("Row", LiveItem, LiveQuestion, LiveGame, LiveWinner, LiveMute)
T: Any = LiveSession.__table__
LONGEST = 200


@dataclass
class Effect:
    """What a command did. `before` is what taking it back needs; without it the command stands."""

    said: str = ""
    item: LiveItem | None = None
    before: dict[str, Any] | None = None
    reply: dict[str, Any] = field(default_factory=dict)


Work = Callable[[LiveSession], Effect]
Undoing = Callable[[LiveSession, LiveAction, dict[str, Any]], LiveItem | None]
UNDOING: dict[str, Undoing] = {}


def undoes(*verbs: str) -> Callable[[Undoing], Undoing]:
    """Register how commands of these verbs are taken back: called with the session, the action and its `before`.

    It raises DomainError when what the command did no longer stands; the item that it is about, if any, goes into the log.
    """

    def register(func: Undoing) -> Undoing:
        UNDOING.update(dict.fromkeys(verbs, func))
        return func

    return register


Follower = Callable[[LiveSession], None]
_followers: list[Follower] = []


def follows_items(func: Follower) -> Follower:
    """Register what has to follow when something was done about an item: called in the transaction of the command."""
    _followers.append(func)
    return func


def followed(session: LiveSession) -> None:
    """Let everybody follow who registered."""
    db.session.flush()
    for func in _followers:
        func(session)


@transactional
def obey(
    session_id: int,
    verb: str,
    values: dict[str, Any],
    work: Work,
    *,
    actor: Any,
    right: str,
    key: str,
    states: tuple[SessionState, ...] = (SessionState.LIVE,),
) -> dict[str, Any]:
    """Do `work` once for this key, and log it; the reply says the step of the session and what to call the deed.

    :param right: the verb on sessions that it takes
    :raises DomainError: when the session is in none of the states, or what `work` raises
    """  # fmt: skip
    policy.authorize(actor, right, SESSION)

    def once() -> dict[str, Any]:
        session = _begin(session_id, actor)
        if session.state not in states:
            raise DomainError(_("This session is “%(state)s”; that cannot be done now.", state=session.state.label))
        effect = work(session)
        if effect.item is not None:
            followed(session)
        db.session.flush()
        action = LiveAction(
            session_id=session.id, item_id=effect.item.id if effect.item is not None else None, actor_id=actor.id, verb=verb,
            key=f"{actor.id}:{key}"[:LONGEST], values=values | {"before": effect.before or {}}, outcome=Outcome.DONE,
            said=effect.said[:300], at=clock.now(), step=session.step, can_undo=effect.before is not None,
        )  # fmt: skip
        db.session.add(action)
        db.session.flush()
        _tell(session, verb, actor, action.item_id)
        return {"step": session.step, "action": action.id, "said": effect.said, **effect.reply}

    return with_key(
        f"live:{session_id}:{key}"[:LONGEST], actor, f"live.{verb}", {"session": session_id, **values}, once
    )


def _begin(session_id: int, actor: Any) -> LiveSession:
    """Raise the step; on PostgreSQL that puts the commands of one session in a row, SQLite has one writer anyhow."""
    mine = policy.scope(select(LiveSession.id).where(LiveSession.id == session_id), actor, LiveSession)
    if db.session.scalar(mine) is None:
        raise NotFound(_("There is nothing here."))
    db.session.execute(update(T).where(T.c.id == session_id).values(step=T.c.step + 1, changed_at=T.c.changed_at))
    return db.session.get_one(LiveSession, session_id, populate_existing=True)


def _tell(session: LiveSession, verb: str, actor: Any, item_id: int | None) -> None:
    """One event after the commit: news, on which consoles ask for the state."""
    data = {
        "id": session.id,
        "version": session.step,
        "verb": verb,
        "by": str(actor),
        "item": item_id,
        "at": clock.now().isoformat(),
    }
    bus.publish(session.topic, "state", data, SESSION)


@transactional
def noted(session_id: int, verb: str, effect: Effect, *, actor: Any) -> None:
    """Log and tell what was done about an item of a running session by another way than a command: on the run sheet, say."""
    session = _begin(session_id, actor)
    followed(session)
    now = clock.now()
    db.session.add(LiveAction(
        session_id=session.id, item_id=effect.item.id if effect.item is not None else None, actor_id=actor.id, verb=verb,
        key=f"{actor.id}:noted:{session.step}", values={"before": effect.before or {}}, outcome=Outcome.DONE, at=now,
        said=effect.said[:300], step=session.step, can_undo=effect.before is not None,
    ))  # fmt: skip
    db.session.flush()
    _tell(session, verb, actor, effect.item.id if effect.item is not None else None)


@transactional
def refused(session_id: int, verb: str, values: dict[str, Any], sentence: str, *, actor: Any, key: str) -> None:
    """Log a command that was not obeyed; in a transaction of its own, for the other one is gone."""
    mine = policy.scope(select(LiveSession.id).where(LiveSession.id == session_id), actor, LiveSession)
    if db.session.scalar(mine) is None:
        return
    now = clock.now()
    insert_once(
        LiveAction, session_id=session_id, actor_id=actor.id, verb=verb[:40], key=f"{actor.id}:refused:{key}"[:LONGEST],
        values=values, outcome=Outcome.REFUSED, said=sentence[:300], at=now, step=0, can_undo=False, version=1, created_at=now,
        changed_at=now,
    )  # fmt: skip


def seen(model: type[Row], session: LiveSession, number: object, expected_version: int | None) -> Row:
    """A row of this session as its sender saw it.

    :raises NotFound: when it is of another session
    :raises Conflict: when it has changed since; his screen is old
    """
    if not isinstance(number, int) or isinstance(number, bool):
        raise NotFound(_("There is nothing here."))
    row: Row | None = db.session.scalars(
        select(model)
        .where(model.id == number, model.session_id == session.id)
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise NotFound(_("There is nothing here."))
    if expected_version is not None and row.version != expected_version:
        raise Conflict(
            _("Somebody else was faster. Your screen shows how it stands now."), theirs={"version": row.version}
        )
    return row
