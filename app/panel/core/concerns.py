"""What a domain wants whoever looks after the instance to know: a sentence each, with the page where it is mended.

    @concerns.tells
    def kept_aside() -> list[Concern]: …

The page of health shows them among its own alarms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Concern:
    """`resource` is what one must be allowed to read to be led to `url`."""

    text: str
    url: str = ""
    resource: str = ""


Teller = Callable[[], list[Concern]]
_tellers: list[Teller] = []


def tells(func: Teller) -> Teller:
    """Register who may have something to say; an empty list while all is well."""
    if func not in _tellers:
        _tellers.append(func)
    return func


def told() -> list[Concern]:
    return [one for teller in _tellers for one in teller()]
