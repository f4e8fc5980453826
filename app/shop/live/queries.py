"""What the screens of live sessions read."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from app.panel.core import policy
from app.shop.live.models import (
    LiveAction,
    LiveConclusion,
    LiveItem,
    LiveLink,
    LiveMessage,
    LiveNotice,
    LiveOffer,
    LivePreset,
    LiveQuestion,
    LiveSession,
    LiveSlot,
)
from app.shop.live.states import AskedOf, OfferKind, OfferState, QuestionState, SessionState
from app.shop.marketing.models import Coupon, CouponBatch, Promotion
from app.shop.marketing.queries import OUT


def at_the_same_time(
    starts_at: dt.datetime, ends_at: dt.datetime, creator_id: int, room_id: int, but: int | None = None
) -> Select[Any]:
    """Sessions that take the creator or the room in that time, whoever may see them: a room knows no rights. A rehearsal takes
    neither."""
    busy = and_(LiveSession.starts_at < ends_at, LiveSession.ends_at > starts_at)
    same = or_(LiveSession.creator_id == creator_id, LiveSession.room_id == room_id)
    query = select(LiveSession).where(
        busy, same, LiveSession.state != SessionState.CANCELLED, LiveSession.ended_at.is_(None),
        LiveSession.is_practice.is_(False),
    )  # fmt: skip
    return query.where(LiveSession.id != but) if but is not None else query


def last_like(session: LiveSession, actor: Any) -> Select[Any]:
    """The session before this one: of the same host if there is one, else of the same channel."""
    query = policy.scope(select(LiveSession), actor, LiveSession)
    query = query.where(
        LiveSession.id != session.id, LiveSession.starts_at < session.starts_at, LiveSession.shop_id == session.shop_id,
        LiveSession.state != SessionState.CANCELLED, LiveSession.is_practice.is_(False),
        or_(LiveSession.creator_id == session.creator_id, LiveSession.channel_id == session.channel_id),
    )  # fmt: skip
    mine = LiveSession.creator_id == session.creator_id
    return query.order_by(mine.desc(), LiveSession.starts_at.desc(), LiveSession.id.desc()).limit(1)


def open_conclusions(shop_id: int, before: dt.datetime) -> Select[Any]:
    return (
        select(LiveConclusion).join(LiveSession, LiveSession.id == LiveConclusion.session_id)
        .where(LiveSession.shop_id == shop_id, LiveSession.starts_at < before, LiveConclusion.closed_at.is_(None))
        .order_by(LiveConclusion.id)
    )  # fmt: skip


def items_of(session_id: int) -> Select[Any]:
    return select(LiveItem).where(LiveItem.session_id == session_id).order_by(LiveItem.position, LiveItem.id)


def pinned_of(session_id: int) -> Select[Any]:
    return select(LiveItem).where(LiveItem.session_id == session_id, LiveItem.pinned_at.is_not(None))


def open_slot(session_id: int) -> Select[Any]:
    return select(LiveSlot).where(LiveSlot.session_id == session_id, LiveSlot.ended_at.is_(None))


def shown_seconds(session_id: int) -> Select[Any]:
    return select(LiveSlot).where(LiveSlot.session_id == session_id).order_by(LiveSlot.begun_at, LiveSlot.id)


def notice_up(session_id: int) -> Select[Any]:
    return (
        select(LiveNotice)
        .where(LiveNotice.session_id == session_id, LiveNotice.taken_at.is_(None))
        .order_by(LiveNotice.id)
    )


def questions(session_id: int, done: int) -> Select[Any]:
    """All that are open, and the newest that are done."""
    newest = (
        select(LiveQuestion.id).where(LiveQuestion.session_id == session_id, LiveQuestion.state == QuestionState.DONE)
        .order_by(LiveQuestion.done_at.desc()).limit(done)
    )  # fmt: skip
    is_open = LiveQuestion.state != QuestionState.DONE
    return (
        select(LiveQuestion).where(LiveQuestion.session_id == session_id, or_(is_open, LiveQuestion.id.in_(newest)))
        .order_by(LiveQuestion.asked_at, LiveQuestion.id)
    )  # fmt: skip


def for_the_product_team(actor: Any, since: dt.datetime) -> Select[Any]:
    """Open questions that wait for the product team, the oldest first; of sessions on air, or that ended since then."""
    mine = policy.scope(select(LiveSession.id), actor, LiveSession)
    here = mine.where((LiveSession.state == SessionState.LIVE) | (LiveSession.ended_at >= since))
    return (
        select(LiveQuestion)
        .where(LiveQuestion.asked_of == AskedOf.PRODUCT, LiveQuestion.state != QuestionState.DONE)
        .where(LiveQuestion.session_id.in_(here))
        .order_by(LiveQuestion.asked_at, LiveQuestion.id).limit(100)
    )  # fmt: skip


def messages(session_id: int, most: int) -> Select[Any]:
    return select(LiveMessage).where(LiveMessage.session_id == session_id).order_by(LiveMessage.id.desc()).limit(most)


def actions(session_id: int, most: int) -> Select[Any]:
    return select(LiveAction).where(LiveAction.session_id == session_id).order_by(LiveAction.id.desc()).limit(most)


def links(session_id: int) -> Select[Any]:
    return select(LiveLink).where(LiveLink.session_id == session_id).order_by(LiveLink.id)


def batches_for(session: LiveSession, now: dt.datetime, actor: Any) -> Select[Any]:
    """Coupons that winners of this session can be given."""
    query = policy.scope(select(CouponBatch), actor, CouponBatch)
    of_here = CouponBatch.shop_id.is_(None) | (CouponBatch.shop_id == session.shop_id)
    stands = CouponBatch.valid_until_at.is_(None) | (CouponBatch.valid_until_at > now)
    return query.where(CouponBatch.is_active, of_here, stands).order_by(CouponBatch.id.desc()).limit(50)


def on_the_way(actor: Any, since: dt.datetime) -> Select[Any]:
    """What is on air and what comes, the next one first; and what ended since then."""
    query = policy.scope(select(LiveSession), actor, LiveSession)
    wanted = or_(
        LiveSession.state == SessionState.LIVE,
        and_(LiveSession.state.in_((SessionState.DRAFT, SessionState.READY)), LiveSession.ends_at >= since),
        and_(LiveSession.state == SessionState.ENDED, LiveSession.ended_at >= since),
    )
    return query.where(wanted).order_by(LiveSession.starts_at, LiveSession.id).limit(30)


def started_offers(session_id: int) -> Select[Any]:
    """Offers that the desk started; the price of an item comes with the item."""
    return (
        select(LiveOffer).where(LiveOffer.session_id == session_id, LiveOffer.kind != OfferKind.PRICE)
        .order_by(LiveOffer.id)
    )  # fmt: skip


def taken_of_offers(session_id: int) -> Select[Any]:
    """(offer, pieces sold, orders, coupons given out, coupons used) of what the desk started and nobody took back."""
    used = (
        select(func.count()).where(Coupon.batch_id == LiveOffer.batch_id, Coupon.state.in_(OUT))
        .correlate(LiveOffer).scalar_subquery()
    )  # fmt: skip
    columns = (LiveOffer.id, Promotion.taken_pieces, Promotion.taken_orders, CouponBatch.made, used)
    return (
        select(*columns).outerjoin(Promotion, Promotion.id == LiveOffer.promotion_id)
        .outerjoin(CouponBatch, CouponBatch.id == LiveOffer.batch_id)
        .where(LiveOffer.session_id == session_id, LiveOffer.kind != OfferKind.PRICE, LiveOffer.state != OfferState.UNDONE)
        .order_by(LiveOffer.id)
    )  # fmt: skip


def presets(shop_id: int, actor: Any) -> Select[Any]:
    """The buttons of a shop, in their order."""
    query = policy.scope(select(LivePreset), actor, LivePreset)
    mine = or_(LivePreset.shop_id.is_(None), LivePreset.shop_id == shop_id)
    return query.where(mine, LivePreset.is_active).order_by(LivePreset.position, LivePreset.id)
