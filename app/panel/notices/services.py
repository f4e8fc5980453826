"""Choosing, routing and carrying of notices."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import force_locale, gettext
from sqlalchemy import delete, func, insert, select, update

from app.panel.accounts.models import User
from app.panel.core import clock, notices, outbox
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.notices import BELL, Kind, Notice
from app.panel.core.transaction import transactional
from app.panel.notices.carriers import CARRIERS
from app.panel.notices.models import Mode, NoticeChoice, NoticeDelivery, NoticeHours

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
MOST_IN_ONE = 50
KEPT = dt.timedelta(days=30)
Choice = tuple[str, str]


def ways() -> list[str]:
    """The bell first, then whatever else there is."""
    return [BELL, *CARRIERS]


def usual(kind: Kind, way: str) -> Mode:
    """What holds for whoever chose nothing."""
    return Mode.NOW if way in kind.usual else Mode.OFF


def modes_of(user_ids: Sequence[int], kind: Kind, way: str) -> dict[int, Mode]:
    """When this kind goes to each of these people by this way."""
    chosen = select(NoticeChoice.user_id, NoticeChoice.mode).where(
        NoticeChoice.user_id.in_(user_ids), NoticeChoice.kind == kind.key, NoticeChoice.carrier == way
    )
    found = {user_id: Mode(mode) for user_id, mode in db.session.execute(chosen)}
    return {user_id: found.get(user_id, usual(kind, way)) for user_id in user_ids}


def chosen(user_id: int) -> dict[Choice, Mode]:
    """Every choice of a person: {(kind, way): when}, the usual ones too."""
    rows = db.session.scalars(select(NoticeChoice).where(NoticeChoice.user_id == user_id))
    found = {(row.kind, row.carrier): Mode(row.mode) for row in rows}
    return {(kind.key, way): found.get((kind.key, way), usual(kind, way)) for kind in notices.KINDS.values() for way in ways()}


def hours(user_id: int) -> NoticeHours:
    return db.session.get(NoticeHours, user_id) or NoticeHours(
        user_id=user_id, quiet_from="", quiet_until="", digest_at="08:30"
    )


@transactional
def choose(
    user_id: int, modes: Mapping[Choice, str], *, quiet_from: str = "", quiet_until: str = "", digest_at: str = "08:30"
) -> None:
    """Keep what a person wants.

    :raises InvalidInput: for a kind, way or time that there is not; nothing is changed then
    """
    errors: dict[str, object] = {}
    for name, text in (("quiet_from", quiet_from), ("quiet_until", quiet_until), ("digest_at", digest_at)):
        if not _TIME.fullmatch(text) and (text or name == "digest_at"):
            errors[name] = gettext("Give a time such as 22:00.")
    if bool(quiet_from) != bool(quiet_until):
        errors["quiet_until"] = gettext("Give both ends of the quiet hours, or none.")
    for (kind, way), mode in modes.items():
        if kind not in notices.KINDS or way not in ways() or mode not in offered(way):
            errors["kind"] = gettext("There is no such choice.")
    if errors:
        raise InvalidInput(errors)
    for (kind, way), mode in modes.items():
        db.session.merge(NoticeChoice(user_id=user_id, kind=kind, carrier=way, mode=str(Mode(mode).value)))
    db.session.merge(NoticeHours(user_id=user_id, quiet_from=quiet_from, quiet_until=quiet_until, digest_at=digest_at))


def offered(way: str) -> list[Mode]:
    """The bell tells at once or not at all: it waits quietly by itself."""
    return [Mode.NOW, Mode.OFF] if way == BELL else list(Mode)


@transactional
def stop(user_id: int, kinds: Iterable[str], way: str) -> None:
    """No more of these kinds by this way."""
    for kind in kinds:
        if kind in notices.KINDS and way in CARRIERS:
            db.session.merge(NoticeChoice(user_id=user_id, kind=kind, carrier=way, mode=Mode.OFF.value))


@notices.who_hears
def by_bell(kind: Kind, user_ids: Sequence[int]) -> set[int]:
    return {user_id for user_id, mode in modes_of(user_ids, kind, BELL).items() if mode is not Mode.OFF}


@notices.who_carries
def carry(kind: Kind, written: Mapping[int, int]) -> None:
    """Put down what is to go out, in the transaction that wrote the notices: {person: notice}."""
    now = clock.now()
    for way in CARRIERS:
        wanted = {person: mode for person, mode in modes_of(list(written), kind, way).items() if mode is not Mode.OFF}
        rows: list[dict[str, Any]] = [
            {"notice_id": written[person], "user_id": person, "carrier": way, "due_at": due(hours(person), mode, now)}
            for person, mode in wanted.items()
        ]
        if rows:
            db.session.execute(insert(NoticeDelivery.__table__), rows)
        for row in rows:
            if row["due_at"] <= now:
                hand_over(row["user_id"], way)


def due(wish: NoticeHours, mode: Mode, now: dt.datetime) -> dt.datetime:
    """When something may go out: at once, but not in quiet hours; or with the next digest."""
    if mode is Mode.DIGEST:
        return _next(wish.digest_at, now)
    if wish.quiet_from and wish.quiet_until and is_quiet(wish, clock.local(now).strftime("%H:%M")):
        return _next(wish.quiet_until, now)
    return now


def is_quiet(wish: NoticeHours, time: str) -> bool:
    """Quiet hours may pass midnight."""
    start, end = wish.quiet_from, wish.quiet_until
    return start <= time < end if start <= end else time >= start or time < end


def _next(time: str, now: dt.datetime) -> dt.datetime:
    here, (hour, minute) = clock.local(now), (int(part) for part in time.split(":"))
    at = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if at <= here:
        at = (here + dt.timedelta(days=1)).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return at.astimezone(dt.UTC)


@transactional
def hand_over(user_id: int, way: str) -> int:
    """Claim all that is due for one person by one way, and let a worker carry it; returns how many."""
    table = NoticeDelivery.__table__
    mine = (table.c.user_id == user_id) & (table.c.carrier == way) & table.c.sent_at.is_(None)
    ids = select(table.c.id).where(mine, table.c.due_at <= clock.now()).order_by(table.c.id).limit(MOST_IN_ONE)
    claimed = update(table).where(table.c.id.in_(ids)).values(sent_at=clock.now()).returning(table.c.id)
    found = sorted(db.session.scalars(claimed))
    if found:
        outbox.put("notices", {"ids": found})
    return len(found)


@transactional
def hand_over_due() -> int:
    """All that became due: digests, and what waited for the end of quiet hours."""
    waiting = select(NoticeDelivery.user_id, NoticeDelivery.carrier).where(
        NoticeDelivery.sent_at.is_(None), NoticeDelivery.due_at <= clock.now()
    )
    return sum(hand_over(user_id, way) for user_id, way in db.session.execute(waiting.distinct().limit(500)).all())


@outbox.handler("notices", queue="mail", timeout=60, tries=8)
def carry_out(payload: dict[str, Any]) -> None:
    """Tell one person, by the words that his notices have now; nothing for an account that is switched off."""
    ids = [int(one) for one in payload["ids"]]
    found = db.session.execute(
        select(NoticeDelivery, Notice).join(Notice, Notice.id == NoticeDelivery.notice_id).where(NoticeDelivery.id.in_(ids))
        .order_by(NoticeDelivery.id)
    ).all()  # fmt: skip
    user = db.session.get(User, found[0][0].user_id) if found else None
    way = CARRIERS.get(found[0][0].carrier) if found else None
    if user is None or not user.active or way is None:
        return
    with force_locale(notices.language_of(user.id)):
        way.send(user, [notice for _row, notice in found], digest=len(found) > 1)


@transactional
def sweep() -> int:
    """Forget what was carried a month ago; returns how many remain."""
    db.session.execute(delete(NoticeDelivery).where(NoticeDelivery.sent_at < clock.now() - KEPT))
    return int(db.session.scalar(select(func.count(NoticeDelivery.id))) or 0)
