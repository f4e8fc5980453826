"""What somebody may do with the fields of a resource, and how a value looks that he does not see whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

TAIL = 4  # characters at the end of a number that its mask leaves
SHORTEST = {"phone": 11, "tail": 7}  # a shorter one is masked further


@dataclass(frozen=True)
class FieldAccess:
    """What one actor may do with the fields of one resource."""

    hidden: frozenset[str]
    masks: dict[str, str]
    may_write: bool
    may_reveal: bool = False  # may he have a masked value shown, for a reason?
    fixed: frozenset[str] = frozenset()  # what a rule lets him read at most

    def readable(self, name: str) -> bool:
        return name.split(".")[0] not in self.hidden

    def writable(self, name: str) -> bool:
        """Whoever may have a masked value shown may also write over it without seeing it."""
        return self.may_write and self.is_open(name) and (name not in self.masks or self.may_reveal)

    def is_open(self, name: str) -> bool:
        """Does no rule keep him from filling it in? A mask hides what is stored, and of a new row nothing is."""
        return name not in self.hidden and name not in self.fixed

    def settable(self, name: str, row: object = None) -> bool:
        """May he write this field of this row? Into a new one, and where nothing stands, he types what he sees masked elsewhere."""
        if self.writable(name):
            return True
        return self.may_write and self.is_open(name) and (row is None or getattr(row, name, None) in (None, ""))

    def masked(self, name: str) -> bool:
        return name in self.masks

    def revealable(self, name: str) -> bool:
        return self.may_reveal and name in self.masks

    def usable(self, name: str) -> bool:
        """May lists be filtered or ordered by it? A masked value could be guessed by either."""
        return self.readable(name) and name not in self.masks

    def shows_tail(self, name: str) -> int | None:
        """From how many characters on its mask leaves the last four of a value; None where it does not."""
        return SHORTEST.get(self.masks.get(name, "")) if self.readable(name) else None

    def mask(self, name: str, value: object) -> str:
        return masked_text(value, self.masks.get(name, "all"))

    def only(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if self.readable(name)]


def masked_text(value: object, how: str) -> str:
    """`138****1234`, `z***@example.org`, `***tail` or `****`; nothing stays nothing."""
    if value in (None, ""):
        return ""
    text = str(value)
    if how == "phone":
        return f"{text[:-8]}****{text[-TAIL:]}" if len(text) >= SHORTEST[how] else f"****{text[-2:]}"
    if how == "email":
        name, at, host = text.partition("@")
        return f"{name[:1]}***{at}{host}"
    if how == "name":
        return text[:1] + "*" * min(max(len(text) - 1, 1), 3)
    if how == "tail":
        return f"****{text[-TAIL:]}" if len(text) >= SHORTEST[how] else "****"
    return "****"
