"""How we speak with courier companies: a protocol, and a courier for practice that invents numbers and traces.

An adapter is asked outside of any transaction and may take its time. What it answers is written by the services.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from flask_babel import gettext as _

from app.panel.core import clock
from app.panel.core.errors import DomainError
from app.shop.logistics import formats
from app.shop.logistics.models import CourierLink, ParcelState


class CourierRefusal(DomainError):
    """The courier said no, with its reason."""


@dataclass(frozen=True)
class WaybillWish:
    """What a courier needs to give a number. The same key gets the same number, however often it is asked."""

    key: str
    formats: str
    city: str = ""


@dataclass(frozen=True)
class Asked:
    """A parcel that we want to hear of."""

    number: str
    shipped_at: dt.datetime
    city: str = ""


@dataclass(frozen=True)
class Told:
    """One thing that happened to a parcel. `event_id` is the courier's own name for it, where it has one."""

    number: str
    at: dt.datetime
    kind: ParcelState = ParcelState.MOVING
    place: str = ""
    words: str = ""
    event_id: str = ""

    @property
    def key(self) -> str:
        if self.event_id:
            return self.event_id[:80]
        said = hashlib.sha256(f"{self.place}\n{self.words}".encode()).hexdigest()[:16]
        return f"{self.at.astimezone(dt.UTC):%Y%m%dT%H%M%S}-{said}"


class CourierAdapter(Protocol):
    """A courier company on the other end of a line."""

    def waybill(self, wish: WaybillWish) -> str:
        """A number for a parcel.

        :raises CourierRefusal: when the courier gives none
        """

    def void(self, number: str) -> None:
        """The number is not needed; said twice, it is still not needed."""

    def trace(self, asked: Sequence[Asked]) -> Iterable[Told]:
        """What is known by now of these parcels, all of it or only what is new."""


# hours after it left, what happens then
JOURNEY = (
    (2, ParcelState.COLLECTED), (9, ParcelState.MOVING), (22, ParcelState.MOVING), (31, ParcelState.DELIVERING),
    (35, ParcelState.SIGNED),
)  # fmt: skip
STANDING_ONE_OF = 40


class PracticeCourier:
    """Gives numbers and moves parcels by the clock, always in the same way for the same number."""

    def waybill(self, wish: WaybillWish) -> str:
        if not wish.city:
            raise CourierRefusal(_("The address has no city."))
        return formats.example(wish.formats, str(int(hashlib.sha256(wish.key.encode()).hexdigest(), 16)))

    def void(self, number: str) -> None:
        return None

    def trace(self, asked: Sequence[Asked]) -> Iterable[Told]:
        now = clock.now()
        return [told for one in asked for told in journey(one) if told.at <= now]


def journey(one: Asked) -> list[Told]:
    """Everything that ever happens to a parcel. Of forty, one stays at the sorting centre."""
    chance = int(hashlib.sha256(one.number.encode()).hexdigest()[:8], 16)
    steps = JOURNEY[:2] if chance % STANDING_ONE_OF == 0 else JOURNEY
    stretch = 1 + chance % 7 / 4
    return [
        Told(
            one.number, one.shipped_at + dt.timedelta(hours=round(hours * stretch, 2)), kind, *_said(place, kind, one.city),
            event_id=f"{one.number}-{place + 1}",
        )
        for place, (hours, kind) in enumerate(steps)
    ]  # fmt: skip


def _said(place: int, kind: ParcelState, city: str) -> tuple[str, str]:
    """Where, and in which words."""
    there = city or _("Destination")
    return (
        (_("Sender's branch"), _("The courier has collected the parcel.")),
        (_("Sorting centre"), _("The parcel has left the sorting centre.")),
        (there, _("The parcel has reached %(place)s.", place=there)),
        (there, _("The parcel is out for delivery.")),
        (there, _("Signed for. Thank you for your trust.")),
    )[place]


ADAPTERS: dict[CourierLink, CourierAdapter] = {CourierLink.PRACTICE: PracticeCourier()}
