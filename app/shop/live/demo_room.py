"""A session of the demo while its rows are not written yet: what is said in it is counted as the feed counts it, and what the
team does in it stands in its log."""

from __future__ import annotations

import bisect
import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any

from app.panel.core.demo import World
from app.shop.live.models import (
    WHOLE,
    LiveAction,
    LiveBucket,
    LiveComment,
    LiveEvent,
    LiveItem,
    LiveSlot,
    LiveTally,
    LiveViewer,
)
from app.shop.live.states import Outcome

BUCKET = 10  # seconds


@dataclass
class Room:
    """`until` is its end, or now while it is on air."""

    world: World
    session: dict[str, Any]
    until: dt.datetime
    done: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id: int = self.session["id"]
        self.begun: dt.datetime = self.session["begun_at"]
        self.is_on_air = self.session["ended_at"] is None
        self.chance = random.Random(self.world.seed * 7919 + self.id)
        self.viewers = sorted(self.mine(LiveViewer), key=lambda row: (row["first_at"], row["id"]))
        self.items = self.mine(LiveItem)
        self.slots = self.mine(LiveSlot)
        self.read()
        self.feed_id: int = self.events[0]["feed_id"]
        self.buckets = {int(row["starts_at"].timestamp()): row for row in self.mine(LiveBucket) if row["item_id"] == WHOLE}
        self.tally = next(row for row in self.mine(LiveTally) if row["item_id"] == WHOLE)

    def read(self) -> None:
        """The events as they are by now, in the order of time."""
        self.events = sorted(self.mine(LiveEvent), key=lambda row: (row["at"], row["id"]))
        self._told = [(row["at"], row["n"]) for row in self.events if row["kind"] == "viewers"]

    def mine(self, model: type[Any]) -> list[dict[str, Any]]:
        """The rows of a table that are of this session."""
        return [row for row in self.world.rows[model] if row["session_id"] == self.id]

    def at(self, part: float) -> dt.datetime:
        """An instant at this part of the session, in full seconds."""
        return self.begun + dt.timedelta(seconds=int((self.until - self.begun).total_seconds() * part))

    def name_of(self, item_id: int | None) -> str:
        """What a line of the run sheet is called."""
        found = next((item for item in self.items if item["id"] == item_id), None)
        return str(found["title"] or self.world.made["live names"][found["product_id"]]) if found else ""

    def there(self, at: dt.datetime) -> list[dict[str, Any]]:
        """Who had come by then."""
        return [row for row in self.viewers if row["first_at"] < at]

    def watching(self, at: dt.datetime) -> int:
        """How many the platform told last before this instant."""
        place = bisect.bisect_right(self._told, at, key=lambda one: one[0])
        return self._told[place - 1][1] if place else 0

    def shown(self, at: dt.datetime) -> dict[str, Any] | None:
        """The slot of what was on screen at this instant."""
        mine = [slot for slot in self.slots if slot["begun_at"] <= at and (slot["ended_at"] is None or at < slot["ended_at"])]
        return mine[-1] if mine else None

    def does(self, kind: str, viewer: dict[str, Any], at: dt.datetime, text: str = "", why: str | None = None) -> None:
        """A comment or a follow of a viewer, in every figure in which the feed would have put it."""
        start = int(at.timestamp()) // BUCKET * BUCKET
        if start not in self.buckets or at >= self.until:
            return
        world = self.world
        told = {"feed_id": self.feed_id, "source_event_id": f"demo-g{len(world.rows[LiveEvent])}", "session_id": self.id}
        event = world.add(
            LiveEvent, kind=kind, item_id=WHOLE, viewer=viewer["viewer"], n=1, amount=None, number=None, state=None, is_paid=False,
            order_id=None, reason=None, **told,
        )  # fmt: skip
        event["at"] = at
        for row in (self.buckets[start], self.tally):
            row["comments" if kind == "comment" else "follows"] += 1
        self.tally["events"] += 1
        viewer["last_at"] = max(viewer["last_at"], at)
        if kind == "comment":
            said = world.add(
                LiveComment, viewer=viewer["viewer"], name=viewer["name"], text=text, item_id=WHOLE, is_hidden=why is not None,
                why=why, **told,
            )  # fmt: skip
            said["at"] = at

    def log(
        self, at: dt.datetime, verb: str, said: str, item_id: int | None = None, outcome: Outcome = Outcome.DONE, **more: Any
    ) -> None:
        """A command that was given; none can be taken back any more."""
        self.done.append({"at": at, "verb": verb, "said": said[:300], "item_id": item_id, "outcome": outcome, "values": {"before": {}}, **more})

    def write_log(self) -> int:
        """Keep the log in the order of time; how many commands it has."""
        for step, row in enumerate(sorted(self.done, key=lambda one: one["at"]), 1):
            action = self.world.add(
                LiveAction, row["at"], session_id=self.id, actor_id=None, key=f"demo:{self.id}:{step}", step=step, can_undo=False,
                undone_at=None,
            )  # fmt: skip
            action |= row
        return len(self.done)
