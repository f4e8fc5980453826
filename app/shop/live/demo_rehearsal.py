"""Rehearsals that the team of the demo has played: what was planted, and what each post did about it, how fast.

The second one is faster than the first, but for one incident that nobody at the service desk saw.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from app.panel.core.demo import World
from app.shop.live import incidents
from app.shop.live.feed.staging import plant
from app.shop.live.incidents import IncidentKind, RehearsalState
from app.shop.live.models import LiveAction, LiveIncident, LiveReaction, LiveRehearsal
from app.shop.live.states import Outcome, Post

MINUTES, SEED, PEAK = 10, 7, 80
# seconds of control, host and service; None: nothing was done
REACTED: tuple[dict[IncidentKind, tuple[float | None, ...]], ...] = (
    {
        IncidentKind.PRICE_SLIP: (41.2, 58.6, 66.0), IncidentKind.FLOOD: (35.4, 52.1, 18.9), IncidentKind.STOCK_OUT: (48.3, None, 71.5),
        IncidentKind.RUDE: (22.7, 95.2, 30.4), IncidentKind.VIEWERS_DROP: (88.0, 63.9, None), IncidentKind.GAP: (54.6, None, 102.3),
    },
    {
        IncidentKind.PRICE_SLIP: (12.8, 20.3, 24.7), IncidentKind.FLOOD: (16.2, 31.5, 8.4), IncidentKind.STOCK_OUT: (17.6, 29.9, 33.1),
        IncidentKind.RUDE: (9.3, 44.0, 14.5), IncidentKind.VIEWERS_DROP: (27.4, 19.8, None), IncidentKind.GAP: (21.0, 38.2, 40.6),
    },
)  # fmt: skip
POSTS = (Post.CONTROL, Post.HOST, Post.SERVICE)
Row = dict[str, Any]


def played(world: World, number: int, session: Row, source: Row, items: dict[int, tuple[int, int]]) -> None:
    """One that is over: its incidents, the commands that were given, and how long each took.

    :param items: by position of the run sheet, the item and its price
    """
    begun, ended = session["begun_at"], session["ended_at"]
    length = MINUTES * 60_000
    rehearsal = world.add(
        LiveRehearsal, begun, session_id=session["id"], shop_id=session["shop_id"], source_id=source["id"], state=RehearsalState.ENDED,
        minutes=MINUTES, speed=1, seed=SEED + number, peak=PEAK, is_replay=0, position_ms=length, positioned_at=ended, heartbeat_at=ended,
        begun_at=begun, ended_at=ended,
    )  # fmt: skip
    done: list[tuple[dt.datetime, Row, Post, float]] = []
    for one in plant(length, [(position, price) for position, (_item, price) in items.items()]):
        shown = begun + dt.timedelta(milliseconds=one.at)
        incident = world.add(
            LiveIncident, begun, rehearsal_id=rehearsal["id"], kind=one.kind, at_ms=one.at, shown_at=shown,
            item_id=items[one.position][0] if one.position is not None else None,
        )  # fmt: skip
        for post, seconds in zip(POSTS, REACTED[number][one.kind], strict=True):
            if seconds is not None:
                done.append((shown + dt.timedelta(seconds=seconds), incident, post, seconds))
    for step, (at, incident, post, seconds) in enumerate(sorted(done, key=lambda each: each[0]), 1):
        asked = incidents.REACTIONS[incident["kind"], post]
        said = f"{post.label}: {incidents.word(asked.verbs[0])} ({incident['kind'].label})"
        action = world.add(
            LiveAction, at, session_id=session["id"], actor_id=None, key=f"demo:{session['id']}:{step}", step=step, can_undo=False,
            undone_at=None, verb=asked.verbs[0], said=said, item_id=incident["item_id"] if asked.of_item else None,
            outcome=Outcome.DONE, values={"before": {}},
        )  # fmt: skip
        reaction = world.add(
            LiveReaction, at, incident_id=incident["id"], post=post, person_id=None, action_id=action["id"], verb=asked.verbs[0],
            seconds=seconds,
        )  # fmt: skip
        action["at"] = reaction["at"] = at
    session["step"] = len(done)
