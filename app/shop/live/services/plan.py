"""The plan of a session: no host and no room twice, what a new one brings along, and when it is ready."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import clock, history, policy, records
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.creators.models import Creator
from app.shop.live import queries, rules
from app.shop.live.models import LiveCheck, LiveItem, LiveLink, LiveRoom, LiveSession
from app.shop.live.permissions import SESSION, VERBS
from app.shop.live.services import concluding, film
from app.shop.live.states import PLANNED, SESSION_MOVES, CheckKind, Post, SessionState
from app.shop.setup.models import Channel, Shop

NEEDED = ("cover_id", "category", "tags")  # beside the title, before a session is ready (LVP-05)
COPIED = (
    "position", "kind", "title", "product_id", "sku_id", "planned_minutes", "currency", "live_price", "stock_set_aside",
    "talking_points", "cue", "camera_cue", "materials", "faq", "repin_seconds",
)  # fmt: skip
OF_THE_PLAN = ("title", "starts_at", "ends_at", "channel_id", "creator_id", "room_id")


def validate(session: LiveSession | None, values: dict[str, Any]) -> None:
    """What holds for every session, whoever writes it.

    :raises InvalidInput: times that do not fit, a channel of another shop, a host or room that is taken
    """

    def now(name: str) -> Any:
        return values[name] if name in values else getattr(session, name, None)

    starts_at, ends_at = now("starts_at"), now("ends_at")
    if starts_at is None or ends_at is None:
        return
    if ends_at <= starts_at:
        raise InvalidInput({"ends_at": _("A session ends after it begins.")})
    if (ends_at - starts_at).total_seconds() > 24 * 3600:
        raise InvalidInput({"ends_at": _("A session is no longer than a day.")})
    channel = db.session.get(Channel, now("channel_id")) if now("channel_id") else None
    follows = "shop_id" not in values and (session is None or session.state in PLANNED)
    if channel is not None and now("shop_id") and channel.shop_id != now("shop_id") and not follows:
        raise InvalidInput({"channel": _("This channel belongs to another shop.")})
    if (
        session is not None
        and session.state is SessionState.LIVE
        and set(values) & {"starts_at", "creator_id", "room_id"}
    ):
        raise DomainError(_("The session is on air: its beginning, host and room stand."))
    if now("creator_id") and now("room_id") and not now("is_practice"):
        _free(session, starts_at, ends_at, now("creator_id"), now("room_id"))


def _free(session: LiveSession | None, starts_at: Any, ends_at: Any, creator_id: int, room_id: int) -> None:
    """Is nobody else there? Both are locked, so that of two who ask at once the second sees the first (LVP-01)."""
    if session is not None and session.state not in (*PLANNED, SessionState.LIVE):
        return
    for model, number in ((Creator, creator_id), (LiveRoom, room_id)):
        db.session.execute(select(model.id).where(model.id == number).with_for_update())
    found = queries.at_the_same_time(
        starts_at, ends_at, creator_id, room_id, session.id if session is not None else None
    )
    with db.session.no_autoflush:
        other = db.session.scalars(found.limit(1)).first()
    if other is None:
        return
    said = {
        "session": other.title,
        "from_": clock.wall(other.starts_at),
        "to": clock.local(other.ends_at).strftime("%H:%M"),
    }
    if other.creator_id == creator_id:
        raise InvalidInput({
            "creator": _("%(creator)s is in “%(session)s” then (%(from_)s to %(to)s).", creator=other.creator.name, **said)
        })  # fmt: skip
    raise InvalidInput(
        {"room": _("%(room)s is taken by “%(session)s” then (%(from_)s to %(to)s).", room=other.room.name, **said)}
    )


@transactional
def create(values: dict[str, Any], *, actor: Any) -> LiveSession:
    """A new session with its checklist, the three sign-offs, our own link, and a preview text if none was written."""
    session, values = LiveSession(), film.measured(values)
    with db.session.no_autoflush:
        db.session.add(session)
        records.assign(session, values, actor=actor)
        if not session.shop_id and session.channel_id:
            session.shop_id = db.session.get_one(Channel, session.channel_id).shop_id
        shop = db.session.get(Shop, session.shop_id) if session.shop_id else None
        if shop is not None and not values.get("currency"):
            session.currency = shop.currency
    db.session.flush()
    _checklist(session)
    db.session.add(LiveLink(session_id=session.id, partner=_("Our own"), token=new_token()))
    db.session.flush()
    return session


def update(session: LiveSession, values: dict[str, Any], *, actor: Any) -> None:
    """While a session is planned its shop is that of its channel; whether the actor may plan for that shop is asked afterwards."""
    with db.session.no_autoflush:
        records.assign(session, film.measured(values), actor=actor)
        if values.get("channel_id") and "shop_id" not in values and session.state in PLANNED:
            session.shop_id = db.session.get_one(Channel, session.channel_id).shop_id


def new_token() -> str:
    return secrets.token_urlsafe(12)


def _checklist(session: LiveSession) -> None:
    """The equipment of the room, what a prep meeting speaks of, open conclusions, and the three signatures."""
    room = db.session.get(LiveRoom, session.room_id)
    points: list[tuple[CheckKind, Post | None, str, bool]] = [
        (CheckKind.EQUIPMENT, Post.CONTROL, text[:300], blocks)
        for text, blocks in rules.equipment(room.equipment if room else "")
    ]
    points += [
        (CheckKind.MEETING, Post.HOST, _("Aims and key goods are known"), False),
        (CheckKind.MEETING, Post.CONTROL, _("Prices and stock of the run sheet are compared with the shop"), False),
        (CheckKind.MEETING, Post.SERVICE, _("Answers to the usual questions are written down"), False),
    ]
    points += [(CheckKind.SIGN_OFF, post, _("Signed off by: %(post)s", post=post.label), True) for post in Post]
    for place, (kind, post, text, blocks) in enumerate(points, 1):
        db.session.add(
            LiveCheck(session_id=session.id, kind=kind, role=post, text=text, position=place, is_blocking=blocks)
        )
    learned = db.session.scalars(queries.open_conclusions(session.shop_id, session.starts_at))
    db.session.add_all([concluding.point(session.id, one) for one in learned])


def validate_check(check: LiveCheck | None, values: dict[str, Any]) -> None:
    if check is None and values.get("kind") is CheckKind.SIGN_OFF:
        raise InvalidInput({"kind": _("Every session has its three sign-offs already.")})
    if check is not None and check.kind is CheckKind.SIGN_OFF:
        raise DomainError(_("A sign-off stands as it is."))


def delete_check(check: LiveCheck, *, actor: Any) -> None:
    if check.kind is CheckKind.SIGN_OFF:
        raise DomainError(_("A sign-off stands as it is."))
    db.session.delete(check)


@transactional
def tick(check_id: int, is_done: bool, *, actor: Any) -> LiveCheck:
    """Tick a point, or open it again. A sign-off is given by whoever stands at that post.

    :raises Forbidden: for a sign-off of another post
    """
    check = _to_tick(check_id, actor)
    if is_done:
        check.failed_at = check.note = None
    if is_done != (check.done_at is not None):
        check.done_at, check.done_by_id = (clock.now(), actor.id) if is_done else (None, None)
        if not is_done:
            _no_longer_ready(check)
    return check


@transactional
def fail(check_id: int, note: str, *, actor: Any) -> LiveCheck:
    """A piece of equipment does not work, or a point does not hold (LVP-10): it says why, and blocks or warns until it is ticked.

    :raises InvalidInput: without a reason
    """
    check = _to_tick(check_id, actor)
    if check.kind is CheckKind.SIGN_OFF:
        raise DomainError(_("A sign-off stands as it is."))
    if not (note := note.strip()[:200]):
        raise InvalidInput({"note": _("Say what is wrong.")})
    check.failed_at, check.note, check.done_at, check.done_by_id = clock.now(), note, None, None
    _no_longer_ready(check)
    return check


def _to_tick(check_id: int, actor: Any) -> LiveCheck:
    check: LiveCheck = records.get(LiveCheck, check_id, actor=actor)
    if check.kind is CheckKind.SIGN_OFF and check.role is not None:
        policy.authorize(actor, VERBS[check.role], SESSION)
    elif not any(policy.allowed(actor, verb, SESSION) for verb in (*VERBS.values(), "write")):
        policy.authorize(actor, "write", SESSION)
    if check.session.state not in PLANNED:
        raise DomainError(_("The checklist is closed: the session is %(state)s.", state=check.session.state.label))
    return check


def _no_longer_ready(check: LiveCheck) -> None:
    if check.is_blocking and check.session.state is SessionState.READY:
        check.session.state = SessionState.DRAFT  # what made it ready is gone


def missing(session: LiveSession) -> list[str]:
    """What stands between a session and its being ready, in sentences."""
    words = {
        "cover_id": _("A cover is missing."),
        "category": _("A category is missing."),
        "tags": _("Tags are missing."),
    }
    found = [words[name] for name in NEEDED if not getattr(session, name)]
    if not session.items:
        found.append(_("The run sheet is empty."))
    open_ = [check for check in session.checks if check.is_blocking and check.done_at is None]
    found += [
        _("Does not work: %(point)s (%(why)s)", point=check.text, why=check.note) if check.failed_at
        else _("Open: %(point)s", point=check.text) for check in open_
    ]  # fmt: skip
    return found


def warnings(session: LiveSession) -> list[str]:
    """What should be looked at and blocks nothing."""
    found = []
    total = minutes(session)
    if session.items and not total.fits:
        sentence = (
            _("The run sheet takes %(planned)s of %(length)s minutes: %(left)s are left.")
            if total.left > 0
            else _("The run sheet takes %(planned)s of %(length)s minutes: %(over)s too many.")
        )
        found.append(
            sentence % {"planned": total.planned, "length": total.length, "left": total.left, "over": -total.left}
        )
    if (session.preview_seconds or 0) > rules.EYE_CATCHING:
        found.append(_("The preview film takes %(n)s seconds; it has 30 to catch the eye.", n=session.preview_seconds))
    found += [
        _("Does not work: %(point)s (%(why)s)", point=check.text, why=check.note) if check.failed_at
        else _("Open, not needed: %(point)s", point=check.text) for check in session.checks
        if check.done_at is None and not check.is_blocking
    ]  # fmt: skip
    return found


def minutes(session: LiveSession) -> rules.Sum:
    return rules.Sum(sum(item.planned_minutes for item in session.items), session.minutes)


@transactional
def move(session: LiveSession, to: SessionState, *, actor: Any) -> LiveSession:
    """Make a session ready, send it back to the draft, or cancel it. To begin and to end it are verbs of the control desk.

    :raises DomainError: a move that the table does not know; not ready, with everything that is missing
    """
    policy.authorize(actor, "write", SESSION)
    db.session.execute(select(LiveSession.id).where(LiveSession.id == session.id).with_for_update())
    db.session.refresh(session)
    if to not in SESSION_MOVES[session.state] or to in (SessionState.LIVE, SessionState.ENDED):
        raise DomainError(
            _("A session that is “%(state)s” cannot become “%(to)s”.", state=session.state.label, to=to.label)
        )
    if to is SessionState.READY and (lacking := missing(session)):
        raise DomainError(_("Not ready yet. %(missing)s", missing=" ".join(lacking)))
    if to is SessionState.DRAFT:
        if session.state is SessionState.CANCELLED:
            _free_again(session)
        for check in session.checks:  # what is changed now has to be signed anew
            if check.kind is CheckKind.SIGN_OFF:
                check.done_at = check.done_by_id = None
    before, session.state = session.state, to
    history.record(session, f"live.{to.value}", actor=actor, data={"before": before.value})
    return session


def _free_again(session: LiveSession) -> None:
    if session.is_practice:
        return
    other = queries.at_the_same_time(
        session.starts_at, session.ends_at, session.creator_id, session.room_id, session.id
    )
    if (found := db.session.scalars(other.limit(1)).first()) is not None:
        raise DomainError(_("Its host or room is taken by “%(session)s” by now.", session=found.title))


@transactional
def copy_from(
    session: LiveSession, source: LiveSession, *, actor: Any, planned_minutes: Mapping[int, int] | None = None
) -> int:
    """Take over the run sheet of another session, the points of its own checklist, and open conclusions; how many items.

    Items that stand here already stay. What was sold, said or shown then is not copied: it is history.

    :param planned_minutes: by item of the source, how long it is to be shown now (LVR-04)
    """
    policy.authorize(actor, "write", SESSION)
    _still_planned(session)
    place = max((item.position for item in session.items), default=0)
    for number, item in enumerate(source.items, 1):
        values = {name: getattr(item, name) for name in COPIED}
        values["planned_minutes"] = (planned_minutes or {}).get(item.id, item.planned_minutes)
        db.session.add(LiveItem(session_id=session.id, **(values | {"position": place + number})))
    known = {check.text for check in session.checks}
    own = [check for check in source.checks if check.kind is not CheckKind.SIGN_OFF and check.text not in known]
    for check in own:
        if check.kind is CheckKind.CONCLUSION and (check.done_at is not None or check.conclusion_id is not None):
            continue
        db.session.add(LiveCheck(
            session_id=session.id, kind=check.kind, role=check.role, text=check.text, position=100 + check.position,
            is_blocking=check.is_blocking,
        ))  # fmt: skip
    stands = {check.conclusion_id for check in session.checks}
    for one in db.session.scalars(queries.open_conclusions(session.shop_id, session.starts_at)):
        if one.id not in stands and one.text[: concluding.LONGEST] not in known:
            db.session.add(concluding.point(session.id, one))
    for name in ("tags", "category", "cover_id", "theme", "offers"):
        if not getattr(session, name):
            setattr(session, name, getattr(source, name))
    session.copied_from_id = source.id
    history.record(session, "live.copied", actor=actor, data={"from": source.id})
    db.session.flush()
    db.session.expire(session, ["items", "checks"])
    return len(source.items)


def _still_planned(session: LiveSession) -> None:
    if session.state not in (*PLANNED, SessionState.LIVE):
        raise DomainError(_("This session is %(state)s; its run sheet stands.", state=session.state.label))
