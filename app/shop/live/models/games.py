"""What viewers play in a session: polls, lotteries, lucky bags, quizzes; who took part, and who won."""

from __future__ import annotations

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _
from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import mapped_column

from app.panel.core.columns import choice, flag, instant, integer, json_column, longtext, ref, relation, text
from app.panel.core.db import PanelModel
from app.panel.core.types import UTCDateTime
from app.shop.live.states import Condition, GameKind, GameState, PrizeState


class LiveGame(PanelModel):
    """One poll or draw with its rule, which nobody changes once it is open.

    Who takes part did what the condition asks between `counts_from` and `closes_at`, by the time of the event. The seed
    of the draw is made with the game; here stands its SHA-256 from the beginning, and the seed itself after the draw.
    """

    __tablename__ = "live_game"
    __table_args__ = (Index(None, "session_id", "id"), Index(None, "state", "opens_at"))

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    item_id = ref(_("Item"), "live_item.id", ondelete="SET NULL")
    item = relation("LiveItem", item_id)
    kind = choice(_("Kind"), GameKind, required=True, readonly=True)
    state = choice(_("State"), GameState, default=GameState.PLANNED, readonly=True)
    prompt = text(_("What viewers are told"), 200, required=True)
    condition = choice(_("Who takes part"), Condition, required=True)
    keyword = text(_("Word to write"), 60)
    choices = json_column(_("Choices"), default=list, hidden=True)  # [{"word": "1", "label": "suits me"}]
    prize = text(_("Prize"), 200)
    batch_id = ref(_("Coupon for winners"), "marketing_batch.id", ondelete="SET NULL")
    batch = relation("CouponBatch", batch_id)
    winners_wanted = integer(_("Winners"), default=0, min=0, max=1000)
    opens_after = integer(_("Opens after the session begins"), unit="s", min=0)
    opens_at = instant(_("Opens at"), readonly=True)
    seconds = integer(_("Open for"), unit="s", required=True, min=5, max=86_400)
    counts_from = instant(_("Counts from"), readonly=True)
    closes_at = instant(_("Closes at"), readonly=True)
    draws_itself = flag(_("Draws by itself"), default=False)
    host_sees_answer = flag(_("The host sees the answer before the close"), default=False)
    opened_at = instant(_("Opened at"), readonly=True)
    closed_at = instant(_("Closed at"), readonly=True)
    drawn_at = instant(_("Drawn at"), readonly=True)
    answer = text(_("Right answer"), 60, readonly=True)  # written here when it closes
    taken_part = integer(_("Took part"), default=0, readonly=True)
    in_the_draw = integer(_("In the draw"), default=0, readonly=True)
    viewers = integer(_("Viewers meanwhile"), default=0, readonly=True)  # all who were there while it counted
    counted = json_column("", default=dict, hidden=True)  # {word: votes}
    seed_hash = text(_("SHA-256 of the seed"), 64, readonly=True)
    seed = text(_("Seed"), 64, readonly=True)  # written here when it is drawn
    takers_hash = text(_("SHA-256 of those in the draw"), 64, readonly=True)

    def __str__(self) -> str:
        return f"{self.kind.label} · {self.prompt}"


class LiveSeal(Model):
    """What nobody may read before its time: the seed of a draw and the right answer of a quiz.

    It stands apart, so that no list, form, export or history of games can show it.
    """

    __tablename__ = "live_seal"

    game_id = mapped_column(ForeignKey("live_game.id", ondelete="CASCADE"), primary_key=True)
    seed = mapped_column(String(64), nullable=False)
    answer = mapped_column(String(60), nullable=False, default="")


class LiveEntry(Model):
    """One viewer in one game, as it was when the game closed: his first vote, or what let him into the draw."""

    __tablename__ = "live_entry"
    __table_args__ = (UniqueConstraint("game_id", "viewer"),)

    id = mapped_column(Integer, primary_key=True)
    game_id = mapped_column(ForeignKey("live_game.id", ondelete="CASCADE"), nullable=False)
    viewer = mapped_column(String(120), nullable=False)
    name = mapped_column(String(80), nullable=False, default="")
    word = mapped_column(String(60), nullable=False, default="")  # of a poll or a quiz: which choice
    at = mapped_column(UTCDateTime, nullable=False)
    source_id = mapped_column(Integer, nullable=False)  # of live_comment or live_event, which may be forgotten
    order_id = mapped_column(ForeignKey("orders_order.id", ondelete="SET NULL"), nullable=True, index=True)


class LiveWinner(PanelModel):
    """Somebody who won, in the order of the draw, and how far his prize has come."""

    __tablename__ = "live_winner"
    __table_args__ = (
        UniqueConstraint("game_id", "place"), UniqueConstraint("game_id", "viewer"), Index(None, "session_id", "id"),
    )  # fmt: skip

    game_id = ref(_("Game"), "live_game.id", required=True, ondelete="CASCADE", index=False)
    game = relation("LiveGame", game_id)
    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    place = integer(_("Order of the draw"), required=True)
    viewer = text(_("Viewer on the platform"), 120, required=True)
    name = text(_("Name"), 80, search=True)
    prize = text(_("Prize"), 200)
    state = choice(_("State"), PrizeState, default=PrizeState.WON, readonly=True)
    customer_id = ref(_("Customer"), "customers_customer.id", ondelete="SET NULL")
    customer = relation("Customer", customer_id)
    order_id = ref(_("Order"), "orders_order.id", ondelete="SET NULL")
    order = relation("Order", order_id)
    coupon_id = ref(_("Coupon"), "marketing_coupon.id", ondelete="SET NULL")
    coupon = relation("Coupon", coupon_id)
    won_at = instant(_("Won at"), required=True, readonly=True)
    claimed_at = instant(_("Claimed at"), readonly=True)
    sent_at = instant(_("Sent at"), readonly=True)
    note = longtext(_("Note"))

    def __str__(self) -> str:
        return self.name or self.viewer
