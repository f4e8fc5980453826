"""The rules of hints that every instance begins with; all of them can be changed or taken out of use."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import clock, history, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.live.feed.states import HintKind, HintState
from app.shop.live.models import WHOLE, LiveHint, LiveHintRule, LivePlay, LiveTally


@transactional
def ensure_rules() -> None:
    """Add the usual rules where there is none of their kind."""
    known = set(db.session.scalars(select(LiveHintRule.kind)))
    for kind, (threshold, minutes, least, name, advice) in _usual().items():
        if kind not in known:
            db.session.add(
                LiveHintRule(name=name, kind=kind, threshold=threshold, minutes=minutes, least=least, advice=advice)
            )


@transactional
def ensure_plays() -> None:
    """A playbook to begin with, where there is none."""
    if db.session.scalar(select(LivePlay.id).limit(1)) is None:
        for place, (kind, title, steps) in enumerate(_plays(), 1):
            db.session.add(LivePlay(kind=kind, title=title, steps=steps, position=place))


def _plays() -> list[tuple[HintKind, str, str]]:
    return [
        (HintKind.VIEWERS_FALL, _("Change what is shown"), _("Go on to the next item at once, begin with its strongest point.")),
        (HintKind.VIEWERS_FALL, _("Change the speed"), _("Two minutes an item, price first; the guest takes over.")),
        (HintKind.FEW_COMMENTS, _("Ask for a word"), _("“Type 1 if …”, then read three names aloud.")),
        (HintKind.FEW_ORDERS, _("Answer the doubt"), _("Size, material, way back: the question that comes most, said twice.")),
        (HintKind.SOURCE_LOW, _("Cover and title"), _("Another cover, the best offer in the title; the link into groups again.")),
        (HintKind.TRAFFIC, _("Hold the newcomers"), _("Say within ten seconds who we are and what there is today.")),
    ]


def _usual() -> dict[HintKind, tuple[float, int, int, str, str]]:
    return {
        HintKind.VIEWERS_FALL: (15, 3, 50, _("Viewers go"), _("Ask a question, draw a prize, or go on to the next item.")),
        HintKind.FEW_COMMENTS: (0.05, 5, 50, _("Little interaction"),
                                _("Have them type 1, draw a prize, or offer something for a minute.")),
        HintKind.FEW_ORDERS: (50, 5, 30, _("Clicks, few orders"),
                              _("Say the offer again, and answer what keeps them from buying.")),
        HintKind.TRAFFIC: (60, 5, 30, _("Traffic of a source"), _("Look at the sources: promote more, or change what is shown.")),
        HintKind.SOURCE_LOW: (50, 10, 20, _("A source brings few"),
                              _("Change the cover or the title, or send the link to groups once more.")),
        HintKind.SELLS_WELL: (200, 5, 5, _("Sells well"), _("Show it longer, or offer it together with another item.")),
        HintKind.SELLS_BADLY: (40, 5, 20, _("Sells badly"), _("Cut it short, make it cheaper, or take it down.")),
        HintKind.STOCK_LOW: (10, 1, 0, _("Stock low"), _("Say how few are left, and get the next item ready.")),
        HintKind.PRICE_SLIP: (0, 1, 0, _("Wrong price"), _("Correct the price and pin a message to the item.")),
        HintKind.GAP: (30, 1, 0, _("The feed is silent"), _("Do not trust the figures; look at the platform itself.")),
    }  # fmt: skip


@transactional
def answer(hint: LiveHint, state: HintState, *, actor: Any) -> None:
    """Write down that a hint was followed, or set aside."""
    policy.authorize(actor, "answer", "live.LiveHint")
    if hint.state is not HintState.NEW:
        raise DomainError(_("This hint was answered already."))
    hint.state, hint.done_by_id, hint.done_at = state, actor.id, clock.now()
    last = select(LiveTally.last_ms).where(LiveTally.session_id == hint.session_id, LiveTally.item_id == WHOLE)
    heard = db.session.scalar(last)  # of the session's own time, which a recording that is played has for itself
    hint.values = (hint.values or {}) | {"answered_ms": int(heard or hint.at.timestamp() * 1000)}
    history.record(hint.session, f"live.hint_{state.value}", actor=actor)
