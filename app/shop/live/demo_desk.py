"""What the three posts of the demo did in their sessions: cards shown, notices, words among the team, answers, silenced viewers,
and the hints that they followed, with what came of them."""

from __future__ import annotations

import datetime as dt
import statistics
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from app.panel.accounts.models import User
from app.panel.core.db import db
from app.panel.core.demo import World
from app.shop.live.demo_room import BUCKET, Room
from app.shop.live.feed import defaults
from app.shop.live.feed.states import HintKind, HintState
from app.shop.live.feed.words import folded
from app.shop.live.models import (
    LiveAction,
    LiveBlockWord,
    LiveCheck,
    LiveComment,
    LiveConclusion,
    LiveHint,
    LiveHintRule,
    LiveMessage,
    LiveMute,
    LiveNotice,
    LiveQuestion,
    LiveReaction,
    LiveReply,
    LiveReplyRule,
)
from app.shop.live.services import quiet, talk
from app.shop.live.states import AskedOf, MessageKind, Outcome, Post, QuestionState

BLOCKED = (("加微信", "拉人到别处交易"), ("刷单", "违规词"), ("假货", "需要客服核实后再回应"), ("最低价", "广告法用语"))
RUDE = ("加微信有更便宜的", "找我刷单日结", "这是假货吧")
RULES = (  # words, answer
    ("什么快递,什么时候发货", "48 小时内从杭州发出，默认中通，偏远地区发邮政。"),
    ("穿什么码,尺码", "尺码看商品详情第三张图；拿不准报身高体重，客服帮您选。"),
    ("领券", "点左下角购物袋，最上面一张就是直播间券。"),
    ("还有货", "小黄车里显示有就是有货，卖完会自动下架。"),
)
PAUSE = 300  # seconds between two answers of a rule
SAID = (  # part of the session, post, kind, text
    (0.02, Post.CONTROL, MessageKind.NOTE, "开播顺利，推流稳定。@主播 声音可以再大一点"),
    (0.03, Post.HOST, MessageKind.NOTE, "收到，麦已调高。"),
    (0.19, Post.SERVICE, MessageKind.NOTE, "@场控 问尺寸的人很多，能不能把尺寸表挂成公告？"),
    (0.2, Post.CONTROL, MessageKind.NOTE, "已挂公告。"),
    (0.44, Post.CONTROL, MessageKind.SLOW_DOWN, "慢一点"),
    (0.62, Post.SERVICE, MessageKind.NOTE, "有两位说券领不到，已补发券码。"),
    (0.71, Post.CONTROL, MessageKind.SPEED_UP, "快一点"),
    (0.93, Post.CONTROL, MessageKind.NOTE, "最后几分钟，返场第一款。@主播 @客服"),
)
NOW = (0.98, Post.CONTROL, MessageKind.SPEED_UP, "")  # on air: it stands until the host has seen it
NOTICES = ((0.2, "尺寸表：S 适合 40 升以下，M 适合 40 到 60 升，L 适合 60 升以上。"), (0.58, "价格以直播间小黄车为准，拍下自动减。"))
WINDOW, REACTED = dt.timedelta(minutes=5), (15, 95)  # of figures; seconds until somebody answers a hint


def begin(world: World) -> None:
    """Words, rules of answers, and one viewer whom no session hears."""
    for word, note in BLOCKED:
        world.add(LiveBlockWord, word=word, note=note, is_active=True)
    for words, answer in RULES:
        world.add(LiveReplyRule, words=words, answer=answer, seconds=PAUSE, is_active=True)
    world.add(LiveMute, viewer="dy-5580", name="兼职小助手", session_id=None, why="每场都来发广告")


def work(room: Room) -> None:
    """All that was done at the desks of one session, but for its games."""
    _silence(room)
    _cards(room)
    _talk(room)
    _notices(room)
    _replies(room)
    _questions(room)


def _silence(room: Room) -> None:
    """A word that hides a comment by itself; and somebody who is muted by hand."""
    for number, text in enumerate(RUDE):
        at = room.at(0.3 + 0.15 * number)
        if there := room.there(at):
            word = next((word for word, _note in BLOCKED if word in text), None)
            room.does("comment", room.chance.choice(there), at, text, f"word: {word}" if word else None)
    at = room.at(0.5)
    there = room.there(at)
    if not there or room.id % 2:
        return
    rude = room.chance.choice(there)
    room.does("comment", rude, at, "主播会不会讲啊，退钱", quiet.MUTED)
    for row in room.world.rows[LiveComment]:
        if row["session_id"] == room.id and row["viewer"] == rude["viewer"]:
            row["is_hidden"], row["why"] = True, row["why"] or quiet.MUTED
    muted = at + dt.timedelta(seconds=22)
    room.world.add(LiveMute, muted, viewer=rude["viewer"], name=rude["name"], session_id=room.id, why="辱骂主播")
    room.log(muted, "mute", _("Muted: %(name)s", name=rude["name"]))


def _cards(room: Room) -> None:
    room.log(room.begun, "begin", _("“%(session)s” is on air.", session=room.session["title"]))
    for slot in room.slots:
        room.log(slot["begun_at"], "pin", _("On screen: %(item)s.", item=room.name_of(slot["item_id"])), slot["item_id"])
    if not room.is_on_air:
        room.log(room.until, "end", _("“%(session)s” has ended.", session=room.session["title"]))
    late = room.at(0.66)
    said = _("Somebody else was faster. Your screen shows how it stands now.")
    room.log(late, "pin", said, None, Outcome.REFUSED)


def _talk(room: Room) -> None:
    for part, post, kind, text in (*SAID[:-1], NOW) if room.is_on_air else SAID:
        at = room.at(part)
        room.world.add(
            LiveMessage, at, session_id=room.id, author_id=None, post=post, kind=kind, mentions=talk.mentions(text),
            text=text if kind is MessageKind.NOTE else str(kind.label),
            said_at=at, seen_at=at + dt.timedelta(seconds=9) if post is Post.CONTROL and text else None,
        )  # fmt: skip


def _notices(room: Room) -> None:
    for part, text in NOTICES:
        at, slot = room.at(part), room.shown(room.at(part))
        item_id = slot["item_id"] if slot else None
        taken = None if room.is_on_air and part == NOTICES[-1][0] else min(at + dt.timedelta(minutes=12), room.until)
        room.world.add(LiveNotice, at, session_id=room.id, item_id=item_id, text=text, put_at=at, taken_at=taken)
        room.log(at, "notice", _("Notice: %(text)s", text=text), item_id)


def _replies(room: Room) -> None:
    """Every comment with a word of a rule, at most once in so many seconds."""
    world = room.world
    said = [row for row in world.rows[LiveComment] if row["session_id"] == room.id and not row["is_hidden"]]
    said.sort(key=lambda row: (row["at"], row["id"]))
    rules = [(rule, [folded(word) for word in rule["words"].split(",")]) for rule in world.rows[LiveReplyRule]]
    last: dict[int, dt.datetime] = {}
    for row in said:
        text = folded(row["text"])
        for rule, words in rules:
            before = last.get(rule["id"])
            if not any(word in text for word in words) or (before and row["at"] - before < dt.timedelta(seconds=PAUSE)):
                continue
            last[rule["id"]] = row["at"]
            given = world.add(
                LiveReply, row["at"], session_id=room.id, rule_id=rule["id"], comment_id=row["id"], asked=row["text"],
                answer=rule["answer"],
            )  # fmt: skip
            given["at"] = row["at"]


def _questions(room: Room) -> None:
    for row in room.world.rows[LiveQuestion]:
        if row["session_id"] == room.id and row["state"] is QuestionState.DONE:
            row["answer"] = ANSWERS.get(row["text"])
            room.log(row["done_at"], "done", _("Answered: %(text)s", text=row["text"]), row["item_id"])


ANSWERS = {
    "有XL码吗": "有，XL 在第二个链接。", "什么材质": "面料是新疆长绒棉，填充是羽丝绒。", "什么时候发货": "48 小时内从杭州发出。",
    "能便宜点吗": "已经是直播间价，领券再减 10 元。", "会起球吗": "不会，做过抗起球测试，四级以上。", "身高160穿什么码": "160 穿 M 码合适。",
}  # fmt: skip


def hint(room: Room, rules: dict[HintKind, Any]) -> None:
    """What the usual rules would have said, by the events; and what the desk made of it."""
    room.read()
    found = [*_falls(room, rules), *_sales(room, rules)]
    found.sort(key=lambda one: one[1])
    for number, (kind, at, item_id, before, usual, after) in enumerate(found):
        rule, waits = rules[kind], room.is_on_air and number >= len(found) - 2
        state = HintState.NEW if waits else HintState.DISMISSED if number % 3 == 2 else HintState.FOLLOWED
        answered = None if waits else at + dt.timedelta(seconds=room.chance.randrange(*REACTED))
        row = room.world.add(
            LiveHint, at, session_id=room.id, rule_id=rule.id, kind=kind, item_id=item_id, source=None,
            before=round(before, 3), usual=round(usual, 3), advice=rule.advice, state=state, done_by_id=None, done_at=answered,
            after=None if after is None else round(after, 3), values=_values(room, rule, state, answered, item_id),
        )  # fmt: skip
        row["at"] = at
        if answered is not None:
            room.log(answered, f"hint_{state.value}", _("Hint %(state)s: %(advice)s", state=state.label, advice=rule.advice), item_id)


def _values(room: Room, rule: Any, state: HintState, answered: dt.datetime | None, item_id: int | None) -> dict[str, Any]:
    values: dict[str, Any] = {"minutes": rule.minutes, "threshold": str(rule.threshold)}
    if answered is None:
        return values
    values["answered_ms"] = int(answered.timestamp() * 1000)
    if state is HintState.FOLLOWED and answered + WINDOW < room.until:
        values["outcome"] = {
            "before": _around(room, answered - WINDOW, answered, item_id), "after": _around(room, answered, answered + WINDOW, item_id),
        }  # fmt: skip
    return values


def _around(room: Room, since: dt.datetime, until: dt.datetime, item_id: int | None) -> dict[str, int]:
    """As `measures.around` adds it up, by the ten seconds in which something came."""
    first, last = int(since.timestamp()) // BUCKET + 1, int(until.timestamp()) // BUCKET
    mine = [
        row for row in room.events
        if first <= int(row["at"].timestamp()) // BUCKET <= last and item_id in (None, row["item_id"])
    ]  # fmt: skip
    orders = [row for row in mine if row["kind"] == "order"]
    counts = {name: sum(row["kind"] == kind for row in mine) for name, kind in (("comments", "comment"), ("clicks", "click"))}
    return counts | {
        "orders": len(orders), "units": sum(row["n"] for row in orders), "gmv": sum(row["amount"] or 0 for row in orders),
        "viewers": room.watching(until),
    }  # fmt: skip


Found = tuple[HintKind, dt.datetime, int | None, float, float, float | None]


def _falls(room: Room, rules: dict[HintKind, Any]) -> list[Found]:
    rule = rules[HintKind.VIEWERS_FALL]
    span, quiet_for = dt.timedelta(minutes=rule.minutes), dt.timedelta(minutes=rule.quiet_minutes)
    found: list[Found] = []
    at = room.begun + 2 * span
    while at < room.until - span:
        now, then = room.watching(at), room.watching(at - span)
        if then >= rule.least and (then - now) / then * 100 >= float(rule.threshold):
            found.append((HintKind.VIEWERS_FALL, at, None, now, then, float(room.watching(at + span))))
            at += quiet_for
        at += dt.timedelta(seconds=30)
    return found


def _sales(room: Room, rules: dict[HintKind, Any]) -> list[Found]:
    """Pieces a minute of each item after six minutes on screen, against the median of those that were shown before it."""
    sold = [(row["at"], row["item_id"], row["n"]) for row in room.events if row["kind"] == "order"]
    clicked = [(row["at"], row["item_id"]) for row in room.events if row["kind"] == "click"]
    rates: list[float] = []
    found: list[Found] = []
    for slot in room.slots:
        ends, at = slot["ended_at"] or room.until, slot["begun_at"] + dt.timedelta(minutes=6)
        mine = [(when, n) for when, item_id, n in sold if item_id == slot["item_id"]]
        if len(rates) >= 2 and at < ends - dt.timedelta(minutes=1) and (usual := statistics.median(rates)):
            pieces = sum(n for when, n in mine if at - WINDOW < when <= at)
            clicks = sum(at - WINDOW < when <= at and item_id == slot["item_id"] for when, item_id in clicked)
            rate, kind = pieces / 5, _sells(rules, pieces / 5 / usual * 100, pieces, clicks)
            after = sum(n for when, n in mine if at < when <= at + WINDOW) / 5
            if kind is not None:
                found.append((kind, at, slot["item_id"], rate, usual, after if at + WINDOW < room.until else None))
        rates.append(sum(n for when, n in mine if when <= ends) / max(1.0, (ends - slot["begun_at"]).total_seconds() / 60))
    return found


def _sells(rules: dict[HintKind, Any], percent: float, pieces: int, clicks: int) -> HintKind | None:
    well, badly = rules[HintKind.SELLS_WELL], rules[HintKind.SELLS_BADLY]
    if percent >= float(well.threshold) and pieces >= well.least:
        return HintKind.SELLS_WELL
    return HintKind.SELLS_BADLY if percent <= float(badly.threshold) and clicks >= badly.least else None


def usual_rules() -> dict[HintKind, Any]:
    """Those that every instance has."""
    defaults.ensure_rules()
    defaults.ensure_plays()
    return {rule.kind: rule for rule in db.session.scalars(select(LiveHintRule).order_by(LiveHintRule.id))}


AT_POST = {"host": Post.HOST, "field_control": Post.CONTROL, "support": Post.SERVICE}
ASKED = {Post.HOST: AskedOf.HOST, Post.SERVICE: AskedOf.SERVICE}


def sign(user: User, role: str) -> None:
    """Whoever comes with the demo for a post is who stood at it: what was done there is his."""
    post = AT_POST.get(role)
    if post is None:
        return
    named: list[tuple[Any, Any, Any]] = [
        (LiveMessage, "author_id", LiveMessage.post == post), (LiveReaction, "person_id", LiveReaction.post == post),
        (LiveCheck, "done_by_id", (LiveCheck.role == post) & LiveCheck.done_at.is_not(None)),
        (LiveConclusion, "owner_id", LiveConclusion.id % len(AT_POST) == list(AT_POST.values()).index(post)),
    ]
    if post in ASKED:
        done = (LiveQuestion.asked_of == ASKED[post]) & (LiveQuestion.state == QuestionState.DONE)
        named.append((LiveQuestion, "answered_by_id", done))
    if post is Post.CONTROL:
        named += [(LiveAction, "actor_id", LiveAction.key.like("demo:%")), (LiveHint, "done_by_id", LiveHint.done_at.is_not(None))]
    for model, column, which in named:
        nobody = getattr(model, column).is_(None)
        db.session.execute(update(model.__table__).where(which, nobody).values({column: user.id}))
