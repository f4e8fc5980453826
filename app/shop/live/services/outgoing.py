"""Messages to platforms: queued in the transaction of their cause, carried by a worker, each once by its key (LVP-03).

A rehearsal reaches practice channels only.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import func, select, update

from app.panel.core import bus, clock, history, outbox, policy, stepup
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.lease import insert_once
from app.panel.core.transaction import transactional
from app.shop.live.models import LiveAction, LiveLink, LiveOut, LiveOutlet, LiveSession
from app.shop.live.out import adapters
from app.shop.live.out.states import OutKind, OutletKind, OutState
from app.shop.live.permissions import OUT, OUTLET, SESSION
from app.shop.live.services.links import MOST, PUBLIC, url_of
from app.shop.live.services.plan import new_token
from app.shop.live.services.sheet import preview_text
from app.shop.live.states import Outcome
from app.shop.setup.models import Channel, ChannelAccount
from app.shop.setup.queries import business
from app.shop.setup.states import AccountPart, AccountState

T, S = LiveOut.__table__, LiveSession.__table__
HANDLED_BY = "live.out"
TRIES = 6  # after 10 s, 40 s, 160 s …


def outlets_of(session: LiveSession, kind: OutKind) -> list[LiveOutlet]:
    """Where messages of this kind go: previews to every channel of the shop, the rest to the channel of the session; to a way
    out of a room only from there, and to one of its own channel only what is sold on it."""
    query = select(LiveOutlet).join(Channel, Channel.id == LiveOutlet.channel_id).where(LiveOutlet.is_active)
    query = query.where(LiveOutlet.room_id.is_(None) | (LiveOutlet.room_id == session.room_id))
    if kind is OutKind.PREVIEW:
        mine = LiveOutlet.only_own.is_(False) | (LiveOutlet.channel_id == session.channel_id)
        query = query.where(Channel.shop_id == session.shop_id, LiveOutlet.carries_previews, mine)
    else:
        query = query.where(LiveOutlet.channel_id == session.channel_id, LiveOutlet.carries_replies)
    if session.is_practice:
        query = query.where(LiveOutlet.kind == OutletKind.PRACTICE)
    return list(db.session.scalars(query.order_by(LiveOutlet.id)))


@transactional
def queue(
    session: LiveSession, kind: OutKind, name: str, text: str, outlets: list[LiveOutlet] | None = None, **values: Any
) -> int:
    """Queue a message for each way out; how many are new. `name` says which message it is: the same name goes out once."""
    new = 0
    for outlet in outlets_of(session, kind) if outlets is None else outlets:
        key = f"{kind.value}:{session.id}:{outlet.id}:{name}"[:120]
        told = {"session": {"id": session.id, "title": session.title, "starts_at": session.starts_at.isoformat()}, **values}
        now = clock.now()
        if insert_once(
            LiveOut, session_id=session.id, outlet_id=outlet.id, kind=kind, key=key, text=text, values=told, tries=0,
            state=OutState.WAITING, at=now, created_at=now, changed_at=now, version=1,
        ):  # fmt: skip
            row_id = db.session.execute(select(T.c.id).where(T.c.key == key)).scalar_one()
            outbox.put(HANDLED_BY, {"id": row_id}, f"{HANDLED_BY}:{key}")
            new += 1
    return new


@transactional
def push(session: LiveSession, *, actor: Any) -> int:
    """Publish the preview on every channel with a way out, each with a link of its own; how many messages are new.

    The same text goes to a channel once; a text that was changed goes out again.

    :raises DomainError: for a draft, whose links open nothing, and where there is no way out
    """
    policy.authorize(actor, "write", SESSION)
    if session.state not in PUBLIC:
        raise DomainError(_("The preview goes out once the session is ready: before that its link opens nothing."))
    outlets = outlets_of(session, OutKind.PREVIEW)
    if not outlets:
        raise DomainError(_("No channel of this shop has a way out for previews."))
    text, new = session.preview_text or preview_text(session), 0
    digest = hashlib.sha256(f"{session.starts_at.isoformat()}|{text}".encode()).hexdigest()[:16]
    for outlet in outlets:
        link = _link_of(session, outlet)
        new += queue(session, OutKind.PREVIEW, digest, text, [outlet], url=url_of(link), accounts=_accounts(session, outlet))
    history.record(session, "live.pushed", actor=actor, data={"channels": [str(one.channel) for one in outlets]})
    return new


def _accounts(session: LiveSession, outlet: LiveOutlet) -> list[dict[str, str]]:
    """On whose pages of the platform the preview is to stand: those of the host, and those of our own channel."""
    channel = outlet.channel
    ours = select(ChannelAccount).where(
        ChannelAccount.channel_id == channel.id, ChannelAccount.part == AccountPart.ACCOUNT,
        ChannelAccount.state != AccountState.EXPIRED,
    )  # fmt: skip
    of_host = [one for one in session.creator.accounts if one.platform is channel.kind]
    return [{"of": "host", "name": one.name, "id": one.external_id or ""} for one in of_host] + [
        {"of": "organisation", "name": one.name, "id": ""} for one in db.session.scalars(ours.order_by(ChannelAccount.id))
    ]


def _link_of(session: LiveSession, outlet: LiveOutlet) -> LiveLink:
    """The link of a channel, or of its group, so that we see what it brings."""
    name = str(outlet)[:120] if outlet.kind is OutletKind.GROUP else outlet.channel.name
    known = list(db.session.scalars(select(LiveLink).where(LiveLink.session_id == session.id).order_by(LiveLink.id)))
    mine = next((link for link in known if link.partner == name), None)
    if mine is None and len(known) >= MOST:
        return known[0]
    if mine is None:
        mine = LiveLink(session_id=session.id, partner=name, token=new_token())
        db.session.add(mine)
        db.session.flush()
    return mine


@transactional
def again(out: LiveOut, *, actor: Any) -> None:
    """Send what failed once more, under its own key."""
    policy.authorize(actor, "send", OUT)
    if out.state is not OutState.FAILED:
        raise DomainError(_("Only what failed is sent again."))
    out.state, out.tries, out.said = OutState.WAITING, 0, None
    outbox.put(HANDLED_BY, {"id": out.id})


@outbox.handler(HANDLED_BY, queue="live", timeout=60, tries=TRIES)
def carry(payload: dict[str, Any]) -> None:
    """Give a message to its platform, outside of any transaction. What may pass is tried again under the same key; what is
    refused for good is kept with its reason."""
    row = db.session.get(LiveOut, int(payload["id"]))
    if row is None or row.state is not OutState.WAITING:
        return
    message = adapters.Message(row.key, row.kind.value, row.text or "", row.values or {})
    number, tries, carrier = row.id, row.tries, adapters.CARRIERS[row.outlet.kind]
    outlet, owner = adapters.Way(row.outlet.url or "", row.outlet.nonce or ""), business()
    language = owner.language if owner is not None else "en"
    db.session.rollback()  # ends the read: nothing is held while the platform thinks
    with force_locale(language):  # the log is read by people
        try:
            told = carrier.carry(outlet, message)
        except adapters.Refused as error:
            is_last = not error.passing or tries >= TRIES
            carried(number, OutState.FAILED if is_last else OutState.WAITING, error.message)
            if not is_last:
                raise
            return
        carried(number, OutState.SENT, told.said)


@transactional
def carried(out_id: int, state: OutState, said: str) -> None:
    """Write down what came of a message, here and in the log of its session; the consoles see it there."""
    now = clock.now()
    values: dict[str, Any] = {"state": state, "said": said[:300], "tries": T.c.tries + 1}
    if state is OutState.SENT:
        values["sent_at"] = now
    waiting = (T.c.id == out_id) & (T.c.state == OutState.WAITING)
    written = update(T).where(waiting).values(**values).returning(T.c.session_id, T.c.kind, T.c.key, T.c.text)
    row = db.session.execute(written).first()
    if row is None or state is OutState.WAITING or row.kind is OutKind.PREVIEW:
        return
    step = db.session.execute(
        update(S).where(S.c.id == row.session_id).values(step=S.c.step + 1, changed_at=S.c.changed_at).returning(S.c.step)
    ).scalar_one()  # fmt: skip
    told = _("To the platform: %(text)s", text=row.text)
    insert_once(
        LiveAction, session_id=row.session_id, verb="sent_out", key=f"out:{row.key}:{now.timestamp():.0f}", values={},
        outcome=Outcome.DONE if state is OutState.SENT else Outcome.REFUSED, said=f"{told} · {said}"[:300], at=now, step=step,
        can_undo=False, version=1, created_at=now, changed_at=now,
    )  # fmt: skip
    bus.publish(f"live:{row.session_id}", "state", {"id": row.session_id, "version": step, "verb": "sent_out"}, SESSION)


def of_session(session: LiveSession, kind: OutKind) -> list[LiveOut]:
    """The newest message of each way out."""
    newest = select(func.max(T.c.id)).where(T.c.session_id == session.id, T.c.kind == kind).group_by(T.c.outlet_id)
    return list(db.session.scalars(select(LiveOut).where(LiveOut.id.in_(newest)).order_by(LiveOut.outlet_id)))


def validate_outlet(outlet: LiveOutlet | None, values: dict[str, Any]) -> None:
    """A webhook and the robot of a group have an address of the web; a channel has one way of a kind, or several with names."""

    def now(name: str) -> Any:
        return values[name] if name in values else getattr(outlet, name, None)

    kind, url, name = now("kind"), now("url"), now("name") or None
    if "name" in values:
        values["name"] = name
    same = select(LiveOutlet.id).where(
        LiveOutlet.channel_id == now("channel_id"), LiveOutlet.kind == kind, LiveOutlet.name.is_not_distinct_from(name)
    )
    with db.session.no_autoflush:
        if any(number != getattr(outlet, "id", None) for number in db.session.scalars(same)):
            raise InvalidInput({"name": _("This channel has such a way out already: give each group a name of its own.")})
    if kind in (OutletKind.WEBHOOK, OutletKind.GROUP) and not (url or "").startswith(("https://", "http://")):
        raise InvalidInput({"url": _("Give the address of the program or robot, beginning with https://.")})


@transactional
def new_secret(outlet: LiveOutlet, *, actor: Any) -> str:
    """A secret for what we post there, shown only now; what goes out from now on is signed under it."""
    policy.authorize(actor, "write", OUTLET)
    stepup.require(actor, second_step=False)
    outlet.nonce = secrets.token_hex(32)
    history.record(outlet, "live.outlet_secret", actor=actor)
    return adapters.secret_of(outlet)
