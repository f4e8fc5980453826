"""Pages of live sessions that are no tables: the run sheet, the preparation, papers, the public preview, the consoles,
feeds, games, the report, rehearsals."""

from app.shop.live.pages import (
    advising,
    announcing,
    consoles,
    feeds,
    games,
    offering,
    playing,
    portrait,
    preparing,
    reaching,
    rehearsals,
    reporting,
    sheets,
)

__all__ = [
    "advising", "announcing", "consoles", "feeds", "games", "offering", "playing", "portrait", "preparing", "reaching",
    "rehearsals", "reporting", "sheets",
]  # fmt: skip
