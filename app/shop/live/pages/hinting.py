"""Commands of the control desk about hints."""

from __future__ import annotations

from typing import Any

from app.shop.live.feed.states import HintState
from app.shop.live.pages.raw import number, words
from app.shop.live.services import hinting


def _answer(state: HintState) -> Any:
    return lambda live_id, raw, actor, key: hinting.answer(live_id, number(raw, "hint"), state, actor=actor, key=key)


OF_HINTS = {
    "hint_follow": _answer(HintState.FOLLOWED), "hint_dismiss": _answer(HintState.DISMISSED),
    "hint_apply": lambda live_id, raw, actor, key: hinting.apply(
        live_id, number(raw, "hint"), words(raw, "way"), actor=actor, key=key),
}  # fmt: skip
