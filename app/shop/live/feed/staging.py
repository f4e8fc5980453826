"""What a rehearsal plays: the events of a made or of a past session, and what is planted among them.

Instants are milliseconds since the beginning, so that the same script can be played at any time and at any speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.shop.live.feed.envelope import Event
from app.shop.live.incidents import PLANTED, IncidentKind

QUESTIONS = (
    "有XL码吗", "什么材质的", "几天能到", "能退吗", "有运费险吗", "怎么领券", "身高160穿什么码", "会起球吗",
    "能用多久", "可以开发票吗", "送礼合适吗", "what size should I take",
)  # fmt: skip
ASKED_OUT = ("拍不了了？", "显示没货了", "还补货吗")
RUDE = "主播丑死了，你们就是骗子！大家别买"
FLOOD_MS, DROP_MS, GAP_MS = 8_000, 90_000, 30_000
LEFT = 0.6  # of those who watch when they leave in numbers


@dataclass(frozen=True)
class Planted:
    """What goes wrong, when, and with which position of the run sheet."""

    kind: IncidentKind
    at: int
    position: int | None = None


def plant(length: int, items: Sequence[tuple[int, int]]) -> list[Planted]:
    """When each incident begins, and about what; incidents about an item only where there are any."""
    found = []
    for number, (kind, part) in enumerate(PLANTED.items()):
        of_item = kind in (IncidentKind.PRICE_SLIP, IncidentKind.STOCK_OUT)
        if of_item and not items:
            continue
        found.append(Planted(kind, int(length * part), items[number % len(items)][0] if of_item else None))
    return found


def stage(events: Iterable[Event], length: int, items: Sequence[tuple[int, int]], name: str) -> list[Event]:
    """The script, in the order of its instants; each event has a number of its own in the rehearsal `name`.

    :param items: position and price in minor units
    """
    planted = plant(length, items)
    told = [one for one in events if 0 <= one.at < length and one.kind not in ("price", "stock", "gap")]
    for one in planted:
        told = _with(told, one, dict(items))
    told.sort(key=lambda event: event.at)
    return [one._replace(id=f"{name}-{number}") for number, one in enumerate(told)]


def _with(told: list[Event], one: Planted, prices: dict[int, int]) -> list[Event]:
    at = one.at
    match one.kind:
        case IncidentKind.PRICE_SLIP:
            return [*told, Event("", "price", at, item=one.position, amount=prices[one.position or 0] // 10)]
        case IncidentKind.STOCK_OUT:
            asked = [_comment(f"out{n}", text, at + 1000 * n, one.position) for n, text in enumerate(ASKED_OUT)]
            return [*told, Event("", "stock", at, item=one.position, n=0), *asked]
        case IncidentKind.FLOOD:
            step = FLOOD_MS // len(QUESTIONS)
            return [*told, *(_comment(f"asks{n}", text, at + step * n) for n, text in enumerate(QUESTIONS))]
        case IncidentKind.RUDE:
            return [*told, _comment("rude", RUDE, at)]
        case IncidentKind.VIEWERS_DROP:
            return [_fewer(event) if at <= event.at < at + DROP_MS else event for event in told]
        case _:
            silent = range(at, at + GAP_MS)
            return [*(event for event in told if event.at not in silent), Event("", "gap", at + GAP_MS, n=GAP_MS // 1000)]


def _comment(viewer: str, text: str, at: int, item: int | None = None) -> Event:
    return Event("", "comment", at, f"rehearsal-{viewer}", f"观众{viewer}", "recommended", item, text=text)


def _fewer(event: Event) -> Event:
    return event._replace(n=int(event.n * LEFT)) if event.kind == "viewers" else event
