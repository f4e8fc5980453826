"""Which comments are hidden: by a word in them, or because their viewer is muted."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterable
from typing import Any

import ahocorasick
from sqlalchemy import select

from app.panel.core.db import db
from app.shop.live.models import LiveBlockWord, LiveMute

FRESH = 2.0


class Words:
    """Many words looked for at once: the time depends on the text, not on how many they are."""

    def __init__(self, words: Iterable[str]) -> None:
        self._found: Any = ahocorasick.Automaton()
        for word in words:
            if plain := folded(word):
                self._found.add_word(plain, word)
        self.is_empty = not len(self._found)
        if not self.is_empty:
            self._found.make_automaton()

    def first_in(self, text: str) -> str:
        """The word that ends first in a text; an empty text when there is none."""
        if self.is_empty:
            return ""
        return next((word for _end, word in self._found.iter(folded(text))), "")


def folded(text: str) -> str:
    """In one width and case, without spaces and what cannot be seen: whoever writes 微　信 or W X means the same."""
    if text.isascii():
        return "".join(text.casefold().split())
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(one for one in plain if not one.isspace() and unicodedata.category(one) != "Cf")


class Filter:
    """The block words and mutes in force, read again every two seconds."""

    def __init__(self) -> None:
        self.words = Words(())
        self.muted: set[tuple[int | None, str]] = set()
        self._until = 0.0

    def refresh(self) -> None:
        if self._until > time.monotonic():
            return
        table, mutes = LiveBlockWord.__table__.c, LiveMute.__table__.c
        self.words = Words(db.session.scalars(select(table.word).where(table.is_active)))
        self.muted = {
            (session_id, viewer) for session_id, viewer in db.session.execute(select(mutes.session_id, mutes.viewer))
        }
        self._until = time.monotonic() + FRESH

    def why_hidden(self, session_id: int, viewer: str, text: str) -> str:
        """The reason in a word or two, as it is kept beside the comment; empty for one that is shown."""
        if self.muted and viewer and ((session_id, viewer) in self.muted or (None, viewer) in self.muted):
            return "muted"
        word = self.words.first_in(text)
        return f"word: {word}" if word else ""
