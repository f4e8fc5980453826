"""What live sessions do when something happened below."""

from __future__ import annotations

from typing import Any

from app.shop.live.feed.defaults import ensure_rules
from app.shop.setup.events import shop_opened


@shop_opened.connect
def give_the_usual_rules(_shop: Any, **_more: Any) -> None:
    """A shop that opens finds rules of hints to begin with."""
    ensure_rules()
