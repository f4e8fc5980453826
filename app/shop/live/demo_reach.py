"""Who was told of the sessions of the demo: bookings, ways out to platforms with what came of each message, the feed of a
channel, and who watched."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections import Counter
from typing import Any

from flask_babel import gettext as _

from app.panel.core.demo import World
from app.shop.live.demo_room import Room
from app.shop.live.feed.states import Platform, Refusal
from app.shop.live.models import (
    LiveAudience,
    LiveBooking,
    LiveFeed,
    LiveFeedRefusal,
    LiveLink,
    LiveNotice,
    LiveOut,
    LiveOutlet,
    LiveReply,
)
from app.shop.live.out.states import ContactKind, OutKind, OutletKind, OutState
from app.shop.live.services.audience import grouped
from app.shop.live.states import Origin, Trait

PARTNERS = ("小鹿优选社群", "武林路店员工群")
NAMES = ("王女士", "李先生", "陈小姐", "周女士", "吴先生", "郑女士", "孙小姐", "林先生", "何女士", "郭小姐")
BOOKED = {"ready": 46, "past": 34}
KINDS = ((ContactKind.PLATFORM, 58), (ContactKind.PHONE, 27), (ContactKind.EMAIL, 15))
TURNED_AWAY = (("old", 3), ("replayed", 2), ("signature", 1))  # reason, how often
# groups and their shares, of a hundred; in small audiences the smallest are too few to be told
AUDIENCE = {
    Trait.AGE: (("18-24", 18), ("25-34", 41), ("35-44", 26), ("45-54", 11), ("55+", 4)),
    Trait.SEX: (("female", 78), ("male", 22)),
    Trait.REGION: (("浙江省", 31), ("江苏省", 19), ("上海市", 14), ("广东省", 12), ("山东省", 9), ("四川省", 8), ("其他", 7)),
    Trait.INTEREST: (("家居收纳", 38), ("母婴", 22), ("美食", 18), ("服饰", 13), ("宠物", 9)),
}  # fmt: skip
COVERAGE = 0.86  # of the viewers the platform knows so many


def _made(world: World, *words: object) -> str:
    return hashlib.sha256(":".join(str(word) for word in (world.seed, *words)).encode()).hexdigest()


def ways(world: World) -> tuple[int, int]:
    """A practice channel of the stream, and a program in between that knows the other platform, which is out of use: its numbers."""
    begin = world.now - dt.timedelta(days=60)
    channels = world.made["channels"]
    practice = world.add(
        LiveOutlet, begin, channel_id=channels["douyin"]["id"], kind=OutletKind.PRACTICE, url=None, nonce=None, carries_previews=True,
        carries_replies=True, is_active=True,
    )  # fmt: skip
    bridge = world.add(
        LiveOutlet, begin, channel_id=channels["tmall"]["id"], kind=OutletKind.WEBHOOK, url="https://bridge.example.com/zhanggui/live",
        nonce=_made(world, "outlet"), carries_previews=True, carries_replies=False, is_active=False,
    )  # fmt: skip
    return practice["id"], bridge["id"]


def announced(world: World, session: dict[str, Any], outlets: tuple[int, int]) -> None:
    """Links of partners, bookings, and the preview on the channels."""
    chance = random.Random(world.seed * 104_729 + session["id"])
    is_past = session["begun_at"] is not None
    for number, partner in enumerate(PARTNERS):
        token = _made(world, "link", session["id"], number)[:16]
        world.add(LiveLink, session["created_at"], session_id=session["id"], partner=partner, token=token, clicks=chance.randrange(9, 90))
    for number in range(BOOKED["past" if is_past else "ready"]):
        _booking(world, session, number, chance)
    at = session["created_at"] + dt.timedelta(hours=3)
    if at < world.now:
        _preview(world, session, outlets, at)


def _booking(world: World, session: dict[str, Any], number: int, chance: random.Random) -> None:
    """Most booked in the last day before; the contact of whoever took it back is forgotten."""
    starts, until = session["starts_at"], min(world.now, session["starts_at"] - dt.timedelta(hours=1))
    span = (until - session["created_at"]).total_seconds()
    booked = session["created_at"] + dt.timedelta(seconds=int(span * chance.random() ** 0.7))
    kind = chance.choices([kind for kind, _share in KINDS], [share for _kind, share in KINDS])[0]
    cancelled = min(booked + dt.timedelta(hours=chance.uniform(1, 9)), until) if number % 15 == 7 else None
    ours, contact = kind is not ContactKind.PLATFORM, _contact(kind, session["id"], number)
    reminded = starts - dt.timedelta(minutes=session["remind_minutes"]) if ours and cancelled is None else None
    if reminded is not None and reminded > world.now:
        reminded = None
    row = world.add(
        LiveBooking, booked, session_id=session["id"], kind=kind, contact=contact, name=None if cancelled else chance.choice(NAMES),
        came_by=chance.choice(("自有", *PARTNERS)) if ours else "抖音", booked_at=booked, agreed_at=booked if ours else None,
        token=_made(world, "booking", session["id"], number)[:24], cancelled_at=cancelled, reminded_at=reminded,
        reminded_for=starts if reminded else None,
    )  # fmt: skip
    if cancelled:
        row["contact"] = f"{row['id']}"


def _contact(kind: ContactKind, session_id: int, number: int) -> str:
    if kind is ContactKind.PHONE:
        return f"139{session_id % 100:02d}{number * 7919 % 1_000_000:06d}"
    return f"booked{session_id}-{number}@example.com" if kind is ContactKind.EMAIL else f"@dy{session_id}{number * 104_729 % 100_000:05d}"


def _out(world: World, session: dict[str, Any], outlet: int, kind: OutKind, name: str, text: str, at: dt.datetime, **more: Any) -> dict[str, Any]:
    told = {"session": {"id": session["id"], "title": session["title"], "starts_at": session["starts_at"].isoformat()}}
    values = {"state": OutState.SENT, "tries": 1, "sent_at": at + dt.timedelta(seconds=1), "said": _("Taken by the practice channel; nobody sees it.")}
    key = f"{kind.value}:{session['id']}:{outlet}:{name}"
    row = world.add(
        LiveOut, at, session_id=session["id"], outlet_id=outlet, kind=kind, key=key, text=text, **(values | more), values=told,
    )  # fmt: skip
    row["at"] = at
    return row


def _preview(world: World, session: dict[str, Any], outlets: tuple[int, int], at: dt.datetime) -> None:
    """The practice channel takes it; the other platform took those of old, and was away the last time."""
    practice, bridge = outlets
    text, digest = session["preview_text"] or session["theme"], _made(world, "preview", session["id"])[:16]
    _out(world, session, practice, OutKind.PREVIEW, digest, text, at)
    if session["begun_at"] is None:
        return
    is_old = world.now - session["starts_at"] > dt.timedelta(days=5)
    failed = {"state": OutState.FAILED, "tries": 6, "sent_at": None, "said": _("The server answered with %(status)s.", status=503)}
    _out(world, session, bridge, OutKind.PREVIEW, digest, text, at, **({"said": _("Taken (%(status)s).", status=200)} if is_old else failed))


def sent_out(room: Room, practice: int) -> None:
    """Notices and automatic answers, as the practice channel took them."""
    world = room.world
    for kind, model, column in ((OutKind.NOTICE, LiveNotice, "text"), (OutKind.REPLY, LiveReply, "answer")):
        for row in [one for one in world.rows[model] if one["session_id"] == room.id]:
            out = _out(world, room.session, practice, kind, str(row["id"]), row[column], row["created_at"])
            if kind is OutKind.NOTICE:
                room.log(out["sent_at"], "sent_out", f"{_('To the platform: %(text)s', text=out['text'])} · {out['said']}")


def channel_feed(world: World) -> None:
    """The address at which the stream posts whatever is on air, and what it turned away."""
    at = world.now - dt.timedelta(days=2, hours=3)
    feed = world.add(
        LiveFeed, world.now - dt.timedelta(days=40), session_id=None, channel_id=world.made["channels"]["douyin"]["id"],
        platform=Platform.WEBHOOK, public_id=_made(world, "feed")[:24], nonce=_made(world, "nonce"), former_nonce=None,
        former_until=None, is_open=True, refused_count=sum(count for _code, count in TURNED_AWAY), refused_at=at,
        refused_code=Refusal.OLD, refused_why="The signature is too old, or from the future.",
    )  # fmt: skip
    for code, count in TURNED_AWAY:
        world.add(LiveFeedRefusal, feed_id=feed["id"], code=code, count=count)["at"] = at


def audience(room: Room) -> None:
    """Who watched, as the file of the platform says; groups under five are not told."""
    known = int(len(room.viewers) * COVERAGE)
    for trait, shares in AUDIENCE.items():
        counts = Counter({name: known * share // 100 for name, share in shares})
        for value, n in grouped(counts).items():
            room.world.add(LiveAudience, room.until, session_id=room.id, origin=Origin.IMPORTED, trait=trait, value=value, n=n)
