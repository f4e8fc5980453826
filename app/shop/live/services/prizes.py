"""What winners get, and how far it has come to them."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import savepoint
from app.shop.live.models import LiveGame, LiveItem, LiveSession, LiveWinner
from app.shop.live.services.commands import Effect, obey, seen, undoes
from app.shop.live.services.talk import right_of
from app.shop.live.states import Post, PrizeState, SessionState
from app.shop.marketing.models import CouponBatch
from app.shop.marketing.services import batches

FORWARD = {
    PrizeState.WON: {PrizeState.CLAIMED, PrizeState.SENT},
    PrizeState.CLAIMED: {PrizeState.SENT},
    PrizeState.SENT: set(),
}


def give_coupon(winner: LiveWinner, game: LiveGame, *, actor: Any) -> None:
    """A coupon of his own, once a winner, however often it is asked for; where none is left, his note says so."""
    batch = db.session.get(CouponBatch, game.batch_id) if game.batch_id is not None else None
    if batch is None or game.session.is_practice:
        return
    try:
        with savepoint():
            coupon = batches.issue(batch, winner.customer, actor=actor, cause=f"live-winner:{winner.id}", owed=True)
        winner.coupon_id = coupon.id
    except DomainError as error:
        winner.note = error.message


def move(
    session_id: int,
    winner_id: int,
    to: PrizeState,
    *,
    actor: Any,
    key: str,
    expected_version: int | None = None,
    note: str = "",
) -> dict[str, Any]:
    """He has claimed his prize; it was sent to him."""  # fmt: skip

    def work(session: LiveSession) -> Effect:
        winner = seen(LiveWinner, session, winner_id, expected_version)
        before = winner.state
        if to not in FORWARD[before]:
            raise DomainError(_("This prize is “%(state)s” already.", state=before.label))
        winner.state = to
        if to is PrizeState.CLAIMED:
            winner.claimed_at = clock.now()
        else:
            winner.sent_at = clock.now()
        winner.note = note.strip()[:2000] or winner.note
        return Effect(
            _("%(name)s: %(state)s", name=str(winner), state=to.label),
            None,
            {"winner": winner.id, "state": before.value, "after": to.value},
        )

    values = {"winner": winner_id, "to": to.value, "note": note}
    right = right_of(actor, Post.CONTROL, Post.SERVICE)
    after = (SessionState.LIVE, SessionState.ENDED)
    return obey(session_id, "prize", values, work, actor=actor, right=right, key=key, states=after)


@undoes("prize")
def _take_back(session: LiveSession, _action: Any, before: dict[str, Any]) -> LiveItem | None:
    winner = seen(LiveWinner, session, before.get("winner"), None)
    if winner.state.value != before["after"]:
        raise DomainError(_("Something else was done about this prize since; this cannot be taken back."))
    winner.state = PrizeState(before["state"])
    if before["after"] == PrizeState.SENT:
        winner.sent_at = None
    else:
        winner.claimed_at = None
    return None
