"""Clicks and keys are over when the page to which they lead is loaded.

Playwright waits until a new page has begun: what is then read may not have come yet, and what is then clicked or typed may
come before the scripts that listen. A person on a slow machine looks first.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page


@functools.cache
def patient() -> None:
    """Make them so, once a process."""
    for name in ("click", "press"):
        setattr(Locator, name, _then_loaded(getattr(Locator, name), lambda locator: locator.page))
        setattr(Page, name, _then_loaded(getattr(Page, name), lambda page: page))


def _then_loaded(act: Callable[..., Any], page_of: Callable[[Any], Page]) -> Callable[..., Any]:
    @functools.wraps(act)
    def waiting(self: Any, *args: Any, **kwargs: Any) -> None:
        act(self, *args, **kwargs)
        page_of(self).wait_for_load_state()

    return waiting
