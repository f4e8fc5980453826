"""Small rules of the plan that forms, services and screens ask alike."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask_babel import lazy_gettext as _

EYE_CATCHING = 30  # seconds that a preview film has (LVP-02)
SLACK = dt.timedelta(minutes=5)
# what platforms and our simulator call the ways by which viewers come; others stand as they are told
SOURCES = {
    "recommended": _("recommended"), "search": _("search"), "followers": _("followers"), "shared": _("shared"),
    "paid": _("paid ads"),
}  # fmt: skip


def source_word(name: str) -> str:
    return str(SOURCES.get(name, name))


# what the program itself promises, as it is kept and as it is said
MONEY_BACK = "All of the money back"
PROMISED = {MONEY_BACK: _("All of the money back")}


def prize_said(prize: object) -> str:
    """A prize in the reader's language, if the program promised it; what a person wrote stays as it is."""
    return str(PROMISED.get(str(prize or ""), prize or ""))


@dataclass(frozen=True)
class Sum:
    """The minutes of a run sheet against the length of the session."""

    planned: int
    length: int

    @property
    def left(self) -> int:
        return self.length - self.planned

    @property
    def fits(self) -> bool:
        return self.left == 0


def questions(text: str | None) -> list[tuple[str, str]]:
    """`Question | answer`, one a line, as pairs; a line without a stroke has no answer yet."""
    found = []
    for line in (text or "").splitlines():
        question, _stroke, answer = line.replace("｜", "|").partition("|")
        if question.strip():
            found.append((question.strip(), answer.strip()))
    return found


def lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def equipment(text: str | None) -> list[tuple[str, bool]]:
    """The pieces of a room's equipment, and whether a session needs each: one that begins with a question mark only warns."""
    pieces = [(line.lstrip("?？ "), line[0] not in "?？") for line in lines(text)]
    return [piece for piece in pieces if piece[0]]
