"""The free order: whoever is drawn among the first orders gets his money back and keeps the goods (LVC-16).

The draw is a game like any other, with a seed that can be checked. Here the winner gets what he won: by one action of
whoever may refund, through the refunds of orders, once however often and by whomever it is pressed.
"""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.panel.core import clock, money
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.live.models import LiveSession, LiveWinner
from app.shop.live.rules import MONEY_BACK
from app.shop.live.services import games
from app.shop.live.services.commands import Effect, obey, seen
from app.shop.live.services.game_rule import Rule
from app.shop.live.services.offers import LONGEST
from app.shop.live.services.prices import OFFER
from app.shop.live.states import Condition, GameKind, GameState, PrizeState, SessionState
from app.shop.orders import services as orders
from app.shop.orders.models import Order

FOR = (SessionState.LIVE, SessionState.ENDED)


def rule_of(name: str, minutes: int, winners: int) -> Rule:
    """Who pays in the first minutes of a session is in the draw, whenever the button is pressed."""
    told = name.strip() or _("Order in the first %(n)s minutes: one order is free", n=minutes)
    return Rule(
        kind=GameKind.FREE, prompt=told[:200], seconds=minutes * 60, condition=Condition.ORDER, prize=MONEY_BACK, winners=winners,
        opens_after=0,
    )  # fmt: skip


def start(session_id: int, name: str, minutes: int, winners: int, *, actor: Any, key: str) -> dict[str, Any]:
    """Open the draw for the orders of the first minutes."""
    if not 0 < minutes <= LONGEST:
        raise DomainError(_("From 1 to %(n)s.", n=LONGEST), field="minutes")
    return games.plan(session_id, rule_of(name, minutes, winners), actor=actor, key=key)


def refund(
    session_id: int, winner_id: int, *, actor: Any, key: str, expected_version: int | None = None
) -> dict[str, Any]:
    """Give a winner all of his money back; the goods are his and go their way.

    :raises Forbidden: for whoever may not refund
    """

    def work(session: LiveSession) -> Effect:
        winner = seen(LiveWinner, session, winner_id, expected_version)
        order = db.session.get(Order, winner.order_id) if winner.order_id is not None else None
        is_due = winner.game.kind is GameKind.FREE and winner.game.state is GameState.DONE
        if not is_due or order is None:
            raise DomainError(_("Nothing is to be given back for this prize."))
        if winner.state is PrizeState.SENT:
            raise DomainError(_("%(name)s has his money back already.", name=str(winner)))
        note = _("Free order of the live session “%(session)s”.", session=session.title)
        made = orders.refund(
            order, order.left_to_refund or None, pieces={}, actor=actor, key=f"live-winner:{winner.id}", note=note
        )
        winner.state, winner.sent_at = PrizeState.SENT, clock.now()
        shown = money.format(made.amount, made.currency)
        told = _(
            "%(name)s gets %(amount)s back: order %(order)s is free.",
            name=str(winner),
            amount=shown,
            order=order.number,
        )
        return Effect(told, None, None, {"refund": made.id})

    return obey(session_id, "free", {"winner": winner_id}, work, actor=actor, right=OFFER, key=key, states=FOR)
