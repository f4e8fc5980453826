"""Closed lists of values with a label to read and a tone to see."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

TONES = ("neutral", "info", "progress", "success", "warning", "danger", "muted")


class Choices(StrEnum):
    """`NAME = "value", _("Label")[, tone]`: the value is stored, the label shown, the tone colours the badge."""

    label: Any
    tone: str

    def __new__(cls, value: str, label: object = "", tone: str = "neutral") -> Self:
        if tone not in TONES:
            raise ValueError(f"{cls.__name__}.{value}: tone {tone!r} is none of {TONES}")
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label or value
        member.tone = tone
        return member

    @classmethod
    def pairs(cls) -> list[tuple[str, Any]]:
        """Value and label of every member, in the order of declaration."""
        return [(member.value, member.label) for member in cls]

    @classmethod
    def of(cls, value: object) -> Self | None:
        """The member of this value, or None."""
        return cls._value2member_map_.get(value)  # type: ignore[return-value]
