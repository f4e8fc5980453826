"""What a feed would have told of the sessions of the demo: made by the simulator, counted by the same sums as the consumer's.

It is written in bulk, so a test holds the figures to the events.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from typing import Any

from app.panel.core.demo import World
from app.shop.live.feed.counting import OF_SOURCE, Sums
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.simulator import Plan, Simulator
from app.shop.live.feed.staging import stage
from app.shop.live.feed.states import EventState, Platform
from app.shop.live.feed.store import instant
from app.shop.live.models import (
    COUNTERS,
    WHOLE,
    LiveBucket,
    LiveComment,
    LiveEvent,
    LiveFeed,
    LiveQuestion,
    LiveSourceBucket,
    LiveTally,
    LiveViewer,
)
from app.shop.live.states import AskedOf, QuestionState

Turn = tuple[int, int, int, dt.datetime]  # item, position, price, when its turn ends
PACE, CHURN, LEAST = 0.05, 0.0006, 24  # some thousand events an evening, and an audience that comes and goes
ASKED = ("有XL码吗", "什么材质", "什么时候发货", "能便宜点吗", "会起球吗", "身高160穿什么码")
TABLES = (LiveFeed, LiveEvent, LiveComment, LiveViewer, LiveBucket, LiveTally, LiveSourceBucket, LiveQuestion)


def tell(
    world: World, session: dict[str, Any], turns: Sequence[Turn], until: dt.datetime, peak: int,
    planted: dict[int, tuple[int, int]] | None = None,
) -> None:  # fmt: skip
    """Add what came until then. Its feed is shut: whoever plays more into the session opens it.

    :param planted: of a rehearsal: by position of the run sheet, the item and its price; what goes wrong is planted among the rest
    """
    number = session["id"]
    begun = session["begun_at"]
    seconds = int((until - begun).total_seconds())
    plan = Plan(
        int(begun.timestamp() * 1000), max(1, int((session["ends_at"] - begun).total_seconds() // 60)),
        tuple((position, price) for _item, position, price, _until in turns),
        max(LEAST, int(peak * min(1, world.scale))), world.seed * 1000 + number,
        tuple(int((end - begun).total_seconds()) for *_more, end in turns), PACE, CHURN, incidents=False,
    )  # fmt: skip
    feed = world.add(
        LiveFeed, begun, session_id=number, platform=Platform.SIMULATOR, public_id=f"{world.seed:012x}{number:012x}",
        nonce="demo",
        former_nonce=None, former_until=None, is_open=False, refused_count=0, refused_at=None, refused_code=None, refused_why=None,
    )  # fmt: skip
    items = {position: item for item, position, _price, _until in turns}
    items |= {position: item for position, (item, _price) in (planted or {}).items()}
    sums, told = Sums(), 0
    for event in Simulator(plan).events() if planted is None else _staged(plan, seconds * 1000, planted):
        if event.at >= plan.starts_at + seconds * 1000:
            break
        told += 1
        _add(world, number, feed["id"], items.get(event.item, WHOLE) if isinstance(event.item, int) else WHOLE, event, sums,
             EventState.TAKEN if planted is None else EventState.REHEARSED)  # fmt: skip
    _figures(world, number, sums, told)
    _questions(world, session, begun, seconds, [item for item, *_more in turns])


def _staged(plan: Plan, length: int, planted: dict[int, tuple[int, int]]) -> Iterator[Event]:
    begun = plan.starts_at
    events = (event._replace(at=event.at - begun) for event in Simulator(plan).events())
    goods = [(position, price) for position, (_item, price) in planted.items()]
    return (event._replace(at=event.at + begun) for event in stage(events, length, goods, "r"))


def _add(
    world: World, session_id: int, feed_id: int, item_id: int, event: Event, sums: Sums, state: EventState
) -> None:
    sums.add(session_id, item_id, event)
    at = instant(event.at)
    is_order = event.kind == "order"
    row = world.add(
        LiveEvent, feed_id=feed_id, source_event_id=f"demo-{event.id}", session_id=session_id, kind=event.kind,
        item_id=item_id, viewer=event.viewer, n=event.n, amount=event.amount, number=f"D{event.id}" if is_order else None,
        state=state if is_order else None, is_paid=is_order, order_id=None, reason=None,
    )  # fmt: skip
    row["at"] = at
    if is_order:
        sums.order(session_id, item_id, event.at, event.source, event.n, event.amount or 0)
    elif event.kind == "comment":
        row = world.add(
            LiveComment, session_id=session_id, feed_id=feed_id, source_event_id=f"demo-{event.id}",
            viewer=event.viewer, name=event.name, text=event.text, item_id=item_id, is_hidden=False, why=None,
        )  # fmt: skip
        row["at"] = at


def _figures(world: World, session_id: int, sums: Sums, told: int) -> None:
    names = (*COUNTERS, "viewers", "viewers_ms")
    for (_session, item_id, start), values in sums.buckets.items():
        world.add(
            LiveBucket, session_id=session_id, item_id=item_id, starts_at=instant(start),
            **dict(zip(names, values, strict=True)),
        )  # fmt: skip
    last = max((bucket[2] for bucket in sums.buckets), default=0)
    for (_session, item_id), values in sums.tallies().items():
        of_all = item_id == WHOLE
        world.add(
            LiveTally, session_id=session_id, item_id=item_id, **dict(zip(names, values, strict=True)),
            newcomers=len(sums.viewers) * of_all, events=told * of_all, repeated=0, last_ms=last * of_all, heard_ms=last * of_all,
        )  # fmt: skip
    for (_session, source, start), values in sums.sources.items():
        counted = {name: values[at] for name, at in OF_SOURCE}
        world.add(LiveSourceBucket, session_id=session_id, source=source, starts_at=instant(start), **counted)
    for (_session, viewer), seen in sums.viewers.items():
        world.add(
            LiveViewer, session_id=session_id, viewer=viewer, name=seen.name, source=seen.source, first_at=instant(seen.first),
            last_at=instant(seen.last),
        )  # fmt: skip


def _questions(
    world: World, session: dict[str, Any], begun: dt.datetime, seconds: int, items: Sequence[int]
) -> None:
    """Some were asked and answered; how fast stands in the report."""
    session_id, is_on_air = session["id"], session["ended_at"] is None
    chance = random.Random(world.seed * 1000 + session_id)
    total = max(1, seconds // 600)
    for number in range(total):
        asked = begun + dt.timedelta(seconds=chance.randrange(max(1, seconds - 200)))
        done: dt.datetime | None = asked + dt.timedelta(seconds=chance.randrange(12, 190))
        to_host = number % 3 == 0
        if is_on_air and number >= total - 2:  # the last ones still wait
            asked, done = begun + dt.timedelta(seconds=seconds - 40 * (total - number)), None
        state = QuestionState.DONE if done else QuestionState.SENT if to_host else QuestionState.NEW
        world.add(
            LiveQuestion, asked, session_id=session_id, item_id=chance.choice(items), comment_id=None, asker=f"观众{number + 1}",
            viewer_key=f"v{number + 1}", customer_id=None, text=chance.choice(ASKED), state=state,
            asked_of=AskedOf.HOST if to_host else AskedOf.SERVICE, asked_at=asked, sent_at=asked if to_host else None,
            escalated_at=None, done_at=done, thread=[], answer=None, answered_by_id=None,
        )  # fmt: skip



