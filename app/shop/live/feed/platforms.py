"""What the feed asks of a platform: events come in, controls go out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from app.shop.live.feed.envelope import Event


@dataclass(frozen=True)
class Control:
    """A command to a platform: say, pin, list, delist, notice. `item` is the position on the run sheet."""

    verb: str
    item: int | None = None
    text: str = ""
    values: tuple[tuple[str, Any], ...] = ()


class LivePlatform(Protocol):
    """One platform. An adapter maps its events to ours and gives each the number by which a repeat is known."""

    name: str

    def events(self) -> Iterator[Event]:
        """The events, each with a number that is the same whenever the same thing is told."""

    def control(self, command: Control) -> bool:
        """Carry a command out; False where the platform offers no way, so that a person does it by hand."""
