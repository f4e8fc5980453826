"""Running a session: begin and end it, list and pin its items, correct a price. Every verb is a command (`commands.obey`)."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.shop.live import events, queries
from app.shop.live.models import LiveAction, LiveItem, LiveNotice, LiveSession, LiveSlot
from app.shop.live.out.states import OutKind
from app.shop.live.services import outgoing
from app.shop.live.services.commands import UNDOING, Effect, obey, seen
from app.shop.live.states import ITEM_MOVES, ItemKind, ItemState, Outcome, SessionState

CONTROL = "control"
MOST_OF_A_NOTICE = 300
STATE_WORDS = {
    "list": ItemState.LISTED, "resume": ItemState.LISTED, "suspend": ItemState.SUSPENDED, "delist": ItemState.DELISTED,
}  # fmt: skip


def begin(session_id: int, *, actor: Any, key: str) -> dict[str, Any]:
    """Go on air."""

    def work(session: LiveSession) -> Effect:
        session.state, session.begun_at = SessionState.LIVE, clock.now()
        events.session_begun.send(session, actor=actor)
        return Effect(_("“%(session)s” is on air.", session=session.title))

    return obey(session_id, "begin", {}, work, actor=actor, right=CONTROL, key=key, states=(SessionState.READY,))


def end(session_id: int, *, actor: Any, key: str) -> dict[str, Any]:
    """End it: the card and the notice come down, and what was listed can no longer be bought in it."""

    def work(session: LiveSession) -> Effect:
        session.state, session.ended_at = SessionState.ENDED, clock.now()
        _unpin(session)
        _take_notices(session)
        for item in session.items:
            if item.state in (ItemState.LISTED, ItemState.SUSPENDED):
                item.state = ItemState.DELISTED
        events.session_ended.send(session, actor=actor)
        return Effect(_("“%(session)s” has ended.", session=session.title))

    return obey(session_id, "end", {}, work, actor=actor, right=CONTROL, key=key)


def change_item(
    session_id: int, verb: str, item_id: int, *, actor: Any, key: str, expected_version: int | None = None
) -> dict[str, Any]:
    """List, delist, suspend or resume an item (LVC-05, LVC-10). A suspended one keeps its place and its stock.

    :raises DomainError: a move that the table does not know
    """
    to = STATE_WORDS[verb]

    def work(session: LiveSession) -> Effect:
        item = seen(LiveItem, session, item_id, expected_version)
        before = item.state
        expected = before is ItemState.SUSPENDED if verb == "resume" else True
        if item.kind is ItemKind.DEMO or to not in ITEM_MOVES[before] or not expected:
            raise DomainError(
                _("“%(item)s” is “%(state)s”; that cannot be done now.", item=str(item), state=before.label)
            )
        item.state = to
        undo = {"item": item.id, "state": before.value, "pinned": item.pinned_at is not None, "after": to.value}
        if to is not ItemState.LISTED and item.pinned_at is not None:
            _unpin(session)
        return Effect(_("%(item)s: %(state)s.", item=str(item), state=to.label), item, undo)

    return obey(session_id, verb, {"item": item_id}, work, actor=actor, right=CONTROL, key=key)


def pin(session_id: int, item_id: int, *, actor: Any, key: str, expected_version: int | None = None) -> dict[str, Any]:
    """Show this item's card on top, and no other's; an item that is not listed yet is listed by it (LVC-06)."""

    def work(session: LiveSession) -> Effect:
        return _pin(session, seen(LiveItem, session, item_id, expected_version))

    return obey(session_id, "pin", {"item": item_id}, work, actor=actor, right=CONTROL, key=key)


def next_item(session_id: int, *, actor: Any, key: str, pinned: int | None = None) -> dict[str, Any]:
    """Pin what comes after the one on screen.

    :param pinned: the item that the sender saw pinned: a second press, or one after a colleague's, does not skip one
    """

    def work(session: LiveSession) -> Effect:
        now = db.session.scalars(queries.pinned_of(session.id)).first()
        if (now.id if now is not None else None) != pinned:
            raise DomainError(_("Another item is on screen by now. Look again and press once more."))
        items = list(db.session.scalars(queries.items_of(session.id)))
        after = items[items.index(now) + 1 :] if now is not None else items
        following = next((one for one in after if one.state is not ItemState.DELISTED), None)
        if following is None:
            raise DomainError(_("That was the last item of the run sheet."))
        return _pin(session, following)

    return obey(session_id, "next", {"pinned": pinned}, work, actor=actor, right=CONTROL, key=key)


def _pin(session: LiveSession, item: LiveItem) -> Effect:
    if item.state in (ItemState.SUSPENDED, ItemState.DELISTED):
        raise DomainError(_("“%(item)s” is “%(state)s”. List it first.", item=str(item), state=item.state.label))
    if item.pinned_at is not None:
        raise DomainError(_("“%(item)s” is on screen already.", item=str(item)))
    was = _unpin(session)
    undo = {"item": item.id, "state": item.state.value, "was": was.id if was is not None else None, "after": "pinned"}
    if item.state is ItemState.PLANNED and item.kind is ItemKind.ITEM:
        item.state = ItemState.LISTED
    item.pinned_at = clock.now()
    db.session.add(LiveSlot(session_id=session.id, item_id=item.id, begun_at=item.pinned_at))
    return Effect(_("On screen: %(item)s.", item=str(item)), item, undo)


def unpin(session_id: int, *, actor: Any, key: str) -> dict[str, Any]:
    """Take the card down, so that none is up."""

    def work(session: LiveSession) -> Effect:
        item = _unpin(session)
        if item is None:
            raise DomainError(_("No item is on screen."))
        return Effect(_("Taken off screen: %(item)s.", item=str(item)), item, {"item": item.id, "after": "unpinned"})

    return obey(session_id, "unpin", {}, work, actor=actor, right=CONTROL, key=key)


def repin(session_id: int, item_id: int, *, actor: Any, key: str) -> dict[str, Any]:
    """Bring the card of the pinned item up again, where the platform lets it go away by itself; its time goes on."""

    def work(session: LiveSession) -> Effect:
        item = seen(LiveItem, session, item_id, None)
        if item.pinned_at is None:
            raise DomainError(_("“%(item)s” is not on screen any more.", item=str(item)))
        for slot in db.session.scalars(queries.open_slot(session.id)):
            slot.pins += 1
        return Effect(_("Brought up again: %(item)s.", item=str(item)), item)

    return obey(session_id, "repin", {"item": item_id}, work, actor=actor, right=CONTROL, key=key)


def _unpin(session: LiveSession) -> LiveItem | None:
    """Nothing is on screen now; what was."""
    item = db.session.scalars(queries.pinned_of(session.id)).first()
    if item is not None:
        item.pinned_at = None
    for slot in db.session.scalars(queries.open_slot(session.id)):
        slot.ended_at = clock.now()
    db.session.flush()  # the database knows one pinned item of a session at most
    return item


def put_notice(session_id: int, text: str, *, actor: Any, key: str, item_id: int | None = None) -> dict[str, Any]:
    """Pin a message over the comments, such as “the price is 59, not 95”; the one that was up comes down (LVC-09)."""
    said = text.strip()

    def work(session: LiveSession) -> Effect:
        if not said or len(said) > MOST_OF_A_NOTICE:
            raise InvalidInput({"text": _("A notice has 1 to %(n)s characters.", n=MOST_OF_A_NOTICE)})
        item = seen(LiveItem, session, item_id, None) if item_id is not None else None
        was = _take_notices(session)
        notice = LiveNotice(session_id=session.id, item_id=item_id, text=said, put_at=clock.now())
        db.session.add(notice)
        db.session.flush()
        place = item.position if item is not None else None
        outgoing.queue(session, OutKind.NOTICE, str(notice.id), said, item=place)
        return Effect(_("Notice: %(text)s", text=said), item, {"notice": notice.id, "was": was})

    return obey(session_id, "notice", {"text": said, "item": item_id}, work, actor=actor, right=CONTROL, key=key)


def take_notice(session_id: int, *, actor: Any, key: str) -> dict[str, Any]:
    def work(session: LiveSession) -> Effect:
        was = _take_notices(session)
        if was is None:
            raise DomainError(_("No notice is up."))
        return Effect(_("The notice is taken down."), None, {"notice": None, "was": was})

    return obey(session_id, "take_notice", {}, work, actor=actor, right=CONTROL, key=key)


def _take_notices(session: LiveSession) -> int | None:
    was = None
    for notice in db.session.scalars(queries.notice_up(session.id)):
        notice.taken_at, was = clock.now(), notice.id
    return was


def set_aside(
    session_id: int, item_id: int, minutes: int, *, actor: Any, key: str, expected_version: int | None = None
) -> dict[str, Any]:
    """Give an item other planned minutes while the session runs."""

    def work(session: LiveSession) -> Effect:
        if not 0 <= minutes <= 600:
            raise InvalidInput({"minutes": _("Between 0 and %(n)s minutes.", n=600)})
        item = seen(LiveItem, session, item_id, expected_version)
        item.planned_minutes, before = minutes, item.planned_minutes
        return Effect(
            _("%(item)s: %(n)s minutes.", item=str(item), n=minutes), item, {"item": item.id, "minutes": before}
        )

    return obey(session_id, "minutes", {"item": item_id, "minutes": minutes}, work, actor=actor, right=CONTROL, key=key)


def undo(session_id: int, action_id: int, *, actor: Any, key: str) -> dict[str, Any]:
    """Take a command back, if what it did still stands.

    :raises DomainError: when something was done about the same thing since
    """

    def work(session: LiveSession) -> Effect:
        action = db.session.get(LiveAction, action_id)
        if action is None or action.session_id != session.id:
            raise DomainError(_("There is nothing here."))
        if not action.can_undo or action.outcome is not Outcome.DONE:
            raise DomainError(_("This cannot be taken back."))
        item = _undone(session, action)
        action.outcome, action.undone_at, action.can_undo = Outcome.UNDONE, clock.now(), False
        return Effect(_("Taken back: %(what)s", what=action.said or action.verb), item)

    return obey(session_id, "undo", {"action": action_id}, work, actor=actor, right=CONTROL, key=key)


def _undone(session: LiveSession, action: LiveAction) -> LiveItem | None:
    before: dict[str, Any] = (action.values or {}).get("before") or {}
    if action.verb in UNDOING:
        return UNDOING[action.verb](session, action, before)
    if "notice" in before:
        _undo_notice(session, before)
        return None
    item = seen(LiveItem, session, before.get("item"), None)
    if "minutes" in before:
        item.planned_minutes = before["minutes"]
        return item
    stands = {
        "pinned": item.pinned_at is not None, "unpinned": db.session.scalars(queries.pinned_of(session.id)).first() is None,
    }.get(before["after"], item.state.value == before["after"])  # fmt: skip
    if not stands:
        raise DomainError(
            _("Something else was done with “%(item)s” since; this cannot be taken back.", item=str(item))
        )
    if before["after"] == "pinned":
        _unpin(session)
        was = seen(LiveItem, session, before["was"], None) if before.get("was") else None
        if was is not None and was.state is not ItemState.SUSPENDED and was.state is not ItemState.DELISTED:
            _pin(session, was)
        item.state = ItemState(before["state"])
    elif before["after"] == "unpinned":
        _pin(session, item)
    else:
        item.state = ItemState(before["state"])
        if before.get("pinned") and db.session.scalars(queries.pinned_of(session.id)).first() is None:
            _pin(session, item)
    return item


def _undo_notice(session: LiveSession, before: dict[str, Any]) -> None:
    up = db.session.scalars(queries.notice_up(session.id)).first()
    if (up.id if up is not None else None) != before["notice"]:
        raise DomainError(_("Another notice is up by now; this cannot be taken back."))
    _take_notices(session)
    old = db.session.get(LiveNotice, before["was"]) if before.get("was") else None
    if old is not None:
        again = LiveNotice(session_id=session.id, item_id=old.item_id, text=old.text, put_at=clock.now())
        db.session.add(again)
