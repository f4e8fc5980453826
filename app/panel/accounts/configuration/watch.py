"""Takes back in time what nobody confirmed, also while nobody opens a page."""

from __future__ import annotations

from app.panel.accounts.configuration import publishing
from app.panel.accounts.secondperson import waiting
from app.panel.core.ticker import each


@each(5)
def take_back_what_nobody_confirmed() -> None:
    publishing.roll_back_overdue()


@each(60)
def end_what_nobody_confirmed_for_a_week() -> None:
    if waiting.overdue():
        waiting.expire()
