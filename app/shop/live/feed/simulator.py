"""A session that never was: viewers who come and go, write, click and buy, and what goes wrong in the middle of it.

The same seed makes the same session to the last event, so a rehearsal can be repeated and counted by hand.
"""

from __future__ import annotations

import bisect
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.shop.live.feed.envelope import Event
from app.shop.live.feed.platforms import Control

SOURCES = ("recommended", "search", "followers", "shared", "paid")
WORDS = (
    "来了", "1", "多少钱", "有XL码吗", "什么材质", "已下单", "好看", "发什么快递", "能便宜点吗", "主播看看我", "会起球吗", "66666",
    "怎么领券", "身高160穿什么码", "还有货吗", "what size should I take", "1", "2", "我想要", "Ａ", "b",
)  # fmt: skip
RATES = (
    ("comment", 0.02), ("like", 0.03), ("click", 0.012), ("share", 0.001), ("follow", 0.002), ("gift", 0.001),
)  # fmt: skip
LEAST = 5  # viewers who never leave


@dataclass(frozen=True)
class Plan:
    """What to make. `items` are pairs of position and price in minor units; `peak` is how many watch at most.

    `until` says at which second each item's turn ends (else all have turns of one length), `pace` how much of the usual is
    written, liked and clicked, `churn` which part of those who watch leaves in a second; without `incidents` nothing goes wrong.
    """

    starts_at: int
    minutes: int = 30
    items: tuple[tuple[int, int], ...] = ((1, 9900), (2, 19900), (3, 5900))
    peak: int = 300
    seed: int = 7
    until: tuple[int, ...] = ()
    pace: float = 1.0
    churn: float = 0.0
    incidents: bool = True
    codes: tuple[tuple[int, str], ...] = ()  # by position, what is bought of a line that sells several SKUs

    def turn(self, second: int) -> tuple[int, int]:
        """Whose turn it is: position and price."""
        if self.until:
            at = bisect.bisect_right(self.until, second)
        else:
            at = int(second / (self.minutes * 60) * len(self.items))
        return self.items[min(len(self.items) - 1, at)]


@dataclass
class Simulator:
    """A platform without a platform. What it was told to do is kept in `told`."""

    plan: Plan
    name: str = "simulator"
    told: list[Control] = field(default_factory=list)
    incidents: list[tuple[str, int, int | None]] = field(default_factory=list)  # what, when, at which item

    def control(self, command: Control) -> bool:
        self.told.append(command)
        return True

    def events(self) -> Iterator[Event]:
        """In the order of their instants, second by second."""
        chance, plan = random.Random(self.plan.seed), self.plan
        seconds, number, watching = plan.minutes * 60, 0, LEAST
        people: dict[int, str] = {}
        silent = range(int(seconds * 0.75), int(seconds * 0.75) + 40 * plan.incidents)
        self.incidents = self._planted(seconds) if plan.incidents else []
        for second in range(seconds):
            now = plan.starts_at + second * 1000
            told = [one for one in self.incidents if one[1] == now and one[0] != "viewers_fall"]
            made = self._second(chance, second, seconds, watching, people)
            watching += sum(one[0] == "join" for one in made) - sum(one[0] == "leave" for one in made)
            if second in silent:
                continue
            for kind, more in [*((name, {"item": item, **_incident(name, item, plan)}) for name, _at, item in told), *made]:
                number += 1
                at = now + chance.randrange(1000)
                yield Event(id=f"s{plan.seed}-{number}", kind=kind, at=at, **more)  # type: ignore[arg-type]
            if second % 5 == 0:
                number += 1
                yield Event(f"s{plan.seed}-{number}", "viewers", now + 999, n=watching)

    def _planted(self, seconds: int) -> list[tuple[str, int, int | None]]:
        def at(part: float) -> int:
            return self.plan.starts_at + int(seconds * part) * 1000

        items = self.plan.items
        return [
            ("price", at(0.3), items[0][0]), ("stock", at(0.5), items[len(items) // 2][0]), ("viewers_fall", at(0.6), None),
            ("gap", self.plan.starts_at + (int(seconds * 0.75) + 40) * 1000, None),
        ]  # fmt: skip

    def _second(
        self, chance: random.Random, second: int, seconds: int, watching: int, people: dict[int, str]
    ) -> list[tuple[str, dict[str, object]]]:
        """What viewers do in one second: (kind, fields)."""
        made: list[tuple[str, dict[str, object]]] = []
        part = second / seconds
        falls = self.plan.incidents and 0.6 <= part < 0.68
        wanted = max(LEAST, int(self.plan.peak * min(1.0, 6 * part, 3 * (1 - part) + 0.2) * (0.7 if falls else 1)))
        moving = max(1, abs(wanted - watching) // 20 + 1)
        if watching < wanted:
            for _one in range(chance.randrange(moving + 1)):
                number = len(people) + 1
                people[number] = chance.choices(SOURCES, (50, 15, 20, 10, 5))[0]
                made.append(("join", _who(number, people)))
        elif watching > wanted + 3 and people:
            made += [("leave", _who(chance.choice(list(people)), people)) for _one in range(chance.randrange(moving + 1))]
        if not people:
            return made
        if self.plan.churn:
            gone = _times(chance, watching * self.plan.churn)
            made += [("leave", _who(chance.randint(1, len(people)), people)) for _one in range(gone)]
        position, price = self.plan.turn(second)
        for kind, rate in RATES:
            for _one in range(_times(chance, watching * rate * self.plan.pace)):
                one = _who(chance.randint(1, len(people)), people)
                if kind == "comment":
                    one["text"] = chance.choice(WORDS)
                elif kind == "like":
                    one["n"] = chance.randint(1, 10)
                elif kind == "click":
                    one["item"] = position
                    if chance.random() < 0.12:
                        made.append(("order", {**one, "amount": price, **_bought(position, self.plan)}))
                made.append((kind, one))
        return made


def _who(number: int, people: dict[int, str]) -> dict[str, object]:
    return {"viewer": f"v{number}", "name": f"观众{number}", "source": people[number]}


def _bought(position: int, plan: Plan) -> dict[str, object]:
    return {"sku": code} if (code := dict(plan.codes).get(position)) else {}


def _times(chance: random.Random, mean: float) -> int:
    return int(mean) + (chance.random() < mean - int(mean))


def _incident(name: str, item: int | None, plan: Plan) -> dict[str, object]:
    if name == "price":
        return {"amount": dict(plan.items)[item or 0] // 10}
    return {"n": 0} if name == "stock" else {"n": 40}
