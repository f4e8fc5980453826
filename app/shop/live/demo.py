"""Sessions that have been, one on air, one that is planned for this evening and one that is ready: host, room, run sheet,
checklists, conclusions, and what the feed told of them. What was done in them stands in the files beside this one.

`flask live simulate --session N` goes on with the one on air.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import random
from typing import Any

from flask_babel import force_locale
from PIL import Image, ImageDraw
from sqlalchemy import select, update

from app.panel.accounts import firstrun
from app.panel.accounts.models import User
from app.panel.core import clock, files
from app.panel.core.db import db
from app.panel.core.demo import World, part
from app.shop.creators.models import Creator, CreatorAccount
from app.shop.creators.states import CreatorKind
from app.shop.inventory.models import StockLevel
from app.shop.live import demo_desk, demo_games, demo_offers, demo_reach, demo_rehearsal, demo_sales, jobs
from app.shop.live.demo_room import Room
from app.shop.live.feed import living
from app.shop.live.models import (
    LiveAction,
    LiveCheck,
    LiveConclusion,
    LiveIncident,
    LiveItem,
    LiveLink,
    LiveMute,
    LiveReaction,
    LiveRehearsal,
    LiveRoom,
    LiveSession,
    LiveSlot,
)
from app.shop.live.states import CheckKind, ItemKind, ItemState, Post, SessionState
from app.shop.marketing.models import Coupon, CouponBatch
from app.shop.setup.states import ChannelKind

EQUIPMENT = "主机位与备用手机\n补光灯两盏\n领夹麦与备用电池\n提词屏\n网络测速，上行要稳"
POINTS = (
    "材质：看标签，可拍特写\n适用：日常与送礼\n规格：两个尺寸，拿手比一比",
    "卖点：今天只在直播间有这个价\n对比：门店价多少、今天多少\n提醒：库存有限，拍完就换下一款",
    "先演示再报价\n回答：怎么保养、能不能退",
)
FAQ = "什么时候发货？ | 48 小时内从杭州发出。\n能退吗？ | 支持七天无理由退货。\n有运费险吗？ | 有，退货不花钱。"
SESSIONS = (  # days from today, hour, hours long, how many watch at most, title
    (-9, 20, 2, 260, "换季家居专场"),
    (-2, 20, 2, 310, "周末家居好物"),
    (0, 20, 2, 0, "今晚家居福利夜"),
    (-16, 20, 2, 220, "开学季收纳专场"),
    (-23, 20, 2, 180, "初秋床品专场"),
    (3, 20, 2, 0, "年终家居盛典预热场"),
)
ON_AIR_FOR, ON_AIR_PEAK = 44, 240  # minutes, and how many watch
MINUTES = (8, 12, 15, 10, 15, 12, 18, 15, 15)
ENOUGH = 30  # pieces of what is shown
LEAD, REPORT_AFTER = dt.timedelta(days=3), 5  # a session is planned three days before; seconds after the demo is there
READY_FOR = dt.timedelta(days=6)  # so long ago the one that is ready was planned
LEARNED = (  # session, what was learned, whether it is settled
    (4, "床品先讲支数再讲花色，讲花色时没人下单。", True), (4, "抽奖放在第 35 分钟人最多。", True),
    (3, "收纳箱要现场装一遍，光说尺寸没人信。", True), (0, "福袋结束后立刻接主推款，别先闲聊。", True),
    (0, "客服两个人不够，前半小时要三个人。", False),
    (1, "换品前先报下一款，别冷场：第 40 分钟人数掉得最快。", True), (1, "规格多的商品先讲尺寸，客服一半的问题都是尺寸。", False),
    (1, "补光灯电池撑不到两小时，备一块满电的。", False),
)  # fmt: skip
OF_ALL = {
    "tags": "家居,收纳,直播价", "category": "家居生活", "theme": "一晚把家收拾好", "offers": "全场第二件半价，前 100 单送收纳袋",
    "currency": "CNY", "goal_gmv": 3_000_000, "goal_viewers": 5000, "goal_orders": 300, "preview_text": None, "preview_seconds": 24,
    "is_practice": False, "copied_from_id": None, "step": 0, "remind_minutes": 30,
}  # fmt: skip


@part(47)  # before the ledger and the parcels: its sales are orders like all others
def sessions(world: World) -> None:
    begin = world.now - dt.timedelta(days=200)
    shop, channel = world.made["shops"]["home"], world.made["channels"]["douyin"]["id"]
    (host, guest), (room, other_room) = _house(world, begin, shop)
    enough = set(db.session.scalars(select(StockLevel.sku_id).where(StockLevel.available >= ENOUGH)))
    offered = [sku for sku in world.made["skus"] if sku["shop"] == "home" and sku["is_sold"]]
    sold: dict[int, dict[str, Any]] = {}
    for sku in sorted(offered, key=lambda one: one["id"] not in enough):  # of each product the first of which there is enough
        sold.setdefault(sku["product_id"], sku)
    goods = list(sold.values())[: len(MINUTES) - 1]
    chance = random.Random(world.seed * 7907)
    made = [_session(world, number, shop, channel, host, room, goods, chance) for number in range(len(SESSIONS))]
    made.append(_on_air(world, shop, channel, guest, other_room, goods))
    world.made["live names"] = {sku["product_id"]: sku["title"] for sku in goods}
    with force_locale("zh_Hans_CN"):
        rooms = _lived(world, made)
        demo_sales.by_the_platform(world, rooms, {host: "许澈", guest: "阿满"})
        _conclusions(world, made)
        for number, before in enumerate((2, 1)):
            _rehearsal(world, number, made[1], before, goods)
        world.flush(
            files.File, Creator, CreatorAccount, LiveRoom, LiveSession, LiveItem, LiveSlot, LiveCheck, LiveConclusion, LiveMute,
            LiveRehearsal, LiveIncident, LiveAction, LiveReaction, CouponBatch, Coupon, *living.TABLES,
        )  # fmt: skip
        demo_games.settle(world, rooms)
        demo_reach.channel_feed(world)
    for one in rooms:
        db.session.execute(update(LiveSession.__table__).where(LiveSession.id == one.id).values(step=one.write_log()))
    _reports(made)
    world.tell(LiveSession, [row["id"] for row in made])
    world.made["counts"]["live sessions"] = len(made)


def _lived(world: World, made: list[dict[str, Any]]) -> list[Room]:
    """What viewers and the team did beside what the simulator tells: in the sessions that have begun."""
    rules = demo_desk.usual_rules()
    demo_desk.begin(world)
    outlets = demo_reach.ways(world)
    rooms = [Room(world, row, row["ended_at"] or world.now) for row in made if row["begun_at"]]
    for row in made:
        if row["state"] is not SessionState.DRAFT:
            demo_reach.announced(world, row, outlets)
    for room in rooms:
        demo_games.speak(room)
        demo_desk.work(room)
        if not room.is_on_air:
            demo_offers.were(room)
            demo_reach.audience(room)
        demo_desk.hint(room, rules)
        demo_reach.sent_out(room, outlets[0])
    return rooms


def _house(world: World, begin: dt.datetime, shop: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """A host of ours, a guest and two rooms; their numbers."""
    host = world.add(
        Creator, begin, name="许澈", kind=CreatorKind.HOST, phone="13800000021", user_id=None, shop_id=shop,
        note="讲家居与收纳；语速偏快，场控记得提醒。", is_active=True,
    )  # fmt: skip
    guest = world.add(
        Creator,
        begin,
        name="阿满",
        kind=CreatorKind.GUEST,
        phone=None,
        user_id=None,
        shop_id=None,
        note=None,
        is_active=True,
    )
    world.add(
        CreatorAccount, begin, creator_id=host["id"], platform=ChannelKind.DOUYIN, name="许澈的家", external_id="dy-xuche",
        followers=128_400,
    )  # fmt: skip
    world.add(
        CreatorAccount, begin, creator_id=guest["id"], platform=ChannelKind.KUAISHOU, name="阿满爱生活", external_id="ks-aman",
        followers=52_100,
    )  # fmt: skip
    room = world.add(
        LiveRoom, begin, name="一号直播间", place="武林路 88 号 2 楼", shop_id=None, equipment=EQUIPMENT, is_active=True
    )
    other = world.add(
        LiveRoom,
        begin,
        name="二号直播间",
        place="武林路 88 号 3 楼",
        shop_id=None,
        equipment="主机位\n补光灯",
        is_active=True,
    )
    return (host["id"], guest["id"]), (room["id"], other["id"])


def _conclusions(world: World, made: list[dict[str, Any]]) -> None:
    for number, text, settled in LEARNED:
        row = made[number]
        world.add(
            LiveConclusion, row["ends_at"], session_id=row["id"], text=text, owner_id=None,
            due_on=clock.local(row["ends_at"]).date() + dt.timedelta(days=3),
            closed_at=min(world.now, row["ends_at"] + dt.timedelta(days=2)) if settled else None,
        )  # fmt: skip


def _session(
    world: World, number: int, shop: int, channel: int, host: int, room: int, goods: list[dict[str, Any]], chance: random.Random
) -> dict[str, Any]:
    days, hour, hours, peak, title = SESSIONS[number]
    day = world.today + dt.timedelta(days=days)
    starts = dt.datetime(day.year, day.month, day.day, hour, tzinfo=world.zone).astimezone(dt.UTC)
    ends = starts + dt.timedelta(hours=hours)
    been, is_ready = days < 0, days > 0
    planned = world.now - READY_FOR if is_ready else min(starts - LEAD, world.now)
    row = world.add(
        LiveSession, planned, title=title, shop_id=shop, channel_id=channel, creator_id=host, room_id=room,
        state=SessionState.ENDED if been else SessionState.READY if is_ready else SessionState.DRAFT, starts_at=starts, ends_at=ends,
        begun_at=starts + dt.timedelta(minutes=2) if been else None, ended_at=ends + dt.timedelta(minutes=6) if been else None,
        cover_id=_cover(world, number, planned), **OF_ALL,
    )  # fmt: skip
    items = _items(world, row, goods, ItemState.DELISTED if been else ItemState.PLANNED)
    if been:
        turns = _slots(world, row, items, row["ended_at"], chance)
        living.tell(world, row, turns, row["ended_at"], peak)
    _checks(world, row, planned, been or is_ready)
    _link(world, row, number, chance.randrange(40, 400) if been or is_ready else 0)
    return row


def _on_air(
    world: World, shop: int, channel: int, guest: int, room: int, goods: list[dict[str, Any]]
) -> dict[str, Any]:
    """One that began a while ago, of a guest in the other room, so that it is in nobody's way."""
    begun = world.now - dt.timedelta(minutes=ON_AIR_FOR)
    row = world.add(
        LiveSession, begun - LEAD, title="正在直播：阿满的收纳课", shop_id=shop, channel_id=channel, creator_id=guest, room_id=room,
        state=SessionState.LIVE, starts_at=begun, ends_at=begun + dt.timedelta(hours=2), begun_at=begun, ended_at=None,
        cover_id=_cover(world, len(SESSIONS), begun - LEAD), **OF_ALL,
    )  # fmt: skip
    items = _items(world, row, goods, ItemState.LISTED)
    living.tell(world, row, _slots(world, row, items, world.now, random.Random(world.seed)), world.now, ON_AIR_PEAK)
    _checks(world, row, begun - LEAD, True)
    _link(world, row, len(SESSIONS), 37)
    return row


def _rehearsal(world: World, number: int, source: dict[str, Any], before: int, goods: list[dict[str, Any]]) -> None:
    """Some days before a session its team rehearsed it."""
    begun = source["starts_at"] - dt.timedelta(days=before, hours=5)
    ended = begun + dt.timedelta(minutes=demo_rehearsal.MINUTES)
    told = {name: source[name] for name in ("shop_id", "channel_id", "creator_id", "room_id", "cover_id")}
    row = world.add(
        LiveSession, begun, title=source["title"], state=SessionState.ENDED, starts_at=begun,
        ends_at=ended, begun_at=begun, ended_at=ended, **told,
        **OF_ALL | {"is_practice": True, "copied_from_id": source["id"]},
    )  # fmt: skip
    items = _items(world, row, goods, ItemState.DELISTED)
    sold = {item["position"]: (item["id"], item["live_price"]) for item in items if item["sku_id"]}
    turns = _slots(world, row, items, ended, random.Random(world.seed + number))
    living.tell(world, row, turns, ended, demo_rehearsal.PEAK, sold)
    demo_rehearsal.played(world, number, row, source, sold)


def _items(
    world: World, session: dict[str, Any], goods: list[dict[str, Any]], state: ItemState
) -> list[dict[str, Any]]:
    """The run sheet: a demonstration, then goods."""
    found = []
    for place, minutes in enumerate(MINUTES, 1):
        demo = place == 1
        sku = None if demo else goods[place - 2]
        found.append(world.add(
            LiveItem, session["created_at"], session_id=session["id"], position=place, kind=ItemKind.DEMO if demo else ItemKind.ITEM,
            title="开场：三分钟收纳演示" if demo else None, product_id=sku["product_id"] if sku else None,
            sku_id=sku["id"] if sku else None, planned_minutes=minutes, currency="CNY",
            live_price=int(sku["price"] * 0.8) // 10 * 10 if sku else None, stock_set_aside=None if demo else 60,
            talking_points=POINTS[place % len(POINTS)], cue="先打招呼，再问大家家里哪里最乱" if demo else "举起来，转一圈",
            camera_cue="全景" if demo else "近景特写", materials="收纳盒三个\n旧衣服一堆" if demo else None,
            faq=None if demo else FAQ, state=ItemState.PLANNED if demo else state, pinned_at=None,
            repin_seconds=None if demo else 8,
        ))  # fmt: skip
    return found


def _slots(
    world: World, session: dict[str, Any], items: list[dict[str, Any]], until: dt.datetime, chance: random.Random
) -> list[living.Turn]:
    """When each item was shown, until then; what is shown then is pinned. The turns of the goods."""
    at, turns = session["begun_at"], []
    is_on_air = session["state"] is SessionState.LIVE
    for item in items:
        if at > until or (at == until and not is_on_air):
            item["state"] = ItemState.PLANNED
            continue
        ends = at + dt.timedelta(minutes=item["planned_minutes"] + chance.randrange(-3, 4))
        is_up = ends > until and is_on_air
        item["pinned_at"] = at if is_up else None
        world.add(
            LiveSlot, at, session_id=session["id"], item_id=item["id"], begun_at=at, ended_at=None if is_up else min(ends, until),
            pins=chance.randrange(1, 9),
        )  # fmt: skip
        if item["sku_id"]:
            turns.append((item["id"], item["position"], item["live_price"], ends))
        at = ends
    return turns


def _link(world: World, session: dict[str, Any], number: int, clicks: int) -> None:
    token = hashlib.sha256(f"{world.seed}:live:{number}".encode()).hexdigest()[:16]
    world.add(LiveLink, session["created_at"], session_id=session["id"], partner="自有", token=token, clicks=clicks)


def _reports(made: list[dict[str, Any]]) -> None:
    """A worker makes those of the past sessions, the oldest first, for each is compared with those before it."""
    past = [row for row in made if row["state"] is SessionState.ENDED]
    for number, row in enumerate(sorted(past, key=lambda one: one["starts_at"])):
        jobs.report.enqueue_in(REPORT_AFTER + number, session_id=row["id"])


def _checks(world: World, session: dict[str, Any], at: dt.datetime, been: bool) -> None:
    points: list[tuple[CheckKind, Post | None, str]] = [
        (CheckKind.EQUIPMENT, Post.CONTROL, line) for line in EQUIPMENT.splitlines()
    ]
    points += [
        (CheckKind.MEETING, Post.HOST, "目标与主推商品已明确"), (CheckKind.MEETING, Post.CONTROL, "流程单的价格与库存已与店铺核对"),
        (CheckKind.MEETING, Post.SERVICE, "常见问题的答案已备好"),
    ]  # fmt: skip
    if not been:
        points += [(CheckKind.CONCLUSION, None, "规格多的商品先讲尺寸，客服一半的问题都是尺寸。")]
    points += [
        (CheckKind.SIGN_OFF, post, f"{word}签字") for post, word in zip(Post, ("主播", "场控", "客服"), strict=True)
    ]
    for place, (kind, post, text) in enumerate(points, 1):
        done = been or (kind is CheckKind.EQUIPMENT and place < 4)
        world.add(
            LiveCheck, at, session_id=session["id"], kind=kind, role=post, text=text, position=place,
            is_blocking=kind in (CheckKind.EQUIPMENT, CheckKind.SIGN_OFF), done_at=at if done else None, done_by_id=None,
        )  # fmt: skip


def _cover(world: World, number: int, at: dt.datetime) -> int:
    """A room in flat shapes, another colour each time."""
    wall, floor = (("#e9dfd0", "#b98a5e"), ("#d9e4e2", "#7d9d95"), ("#e7dbe4", "#a3788f"))[number % 3]
    image = Image.new("RGB", (720, 960), wall)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 660, 720, 960), fill=floor)
    draw.rounded_rectangle((130, 470, 590, 720), 36, fill="#f7f2ea")
    draw.rounded_rectangle((180, 380, 540, 560), 30, fill="#fdfaf4")
    draw.ellipse((470, 90, 640, 260), fill="#fff6d8")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return world.file(f"live-cover-{number}.png", buffer.getvalue(), image.size, at)


@firstrun.demo_user_made.connect
def give_the_host_his_prompter(user: User, role: str, **_more: Any) -> None:
    """The host of the demo is the one of its sessions."""
    if role == "host":
        db.session.execute(
            update(Creator).where(Creator.name == "许澈", Creator.user_id.is_(None)).values(user_id=user.id)
        )
    demo_desk.sign(user, role)
