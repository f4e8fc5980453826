"""The state of a session as its three consoles show it: one reading for all of them, narrowed to what the reader may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from app.panel.core import clock, money, policy, veil
from app.panel.core.db import db
from app.shop.catalog.models import Sku
from app.shop.inventory.models import StockLevel
from app.shop.live import queries, rules
from app.shop.live.models import LiveAction, LiveItem, LiveMessage, LiveQuestion, LiveSession
from app.shop.live.states import AskedOf, Post, QuestionState

MESSAGES, ACTIONS, ANSWERED = 60, 40, 20
Contribution = Callable[[LiveSession, Post, Any], dict[str, Any]]
_contributed: list[Contribution] = []


def contributes(func_: Contribution) -> Contribution:
    """Register what stands beside the state: the feed's figures and newest comments, say. Its keys join the state."""
    _contributed.append(func_)
    return func_


def state(session: LiveSession, post: Post, actor: Any) -> dict[str, Any]:
    """What the console of this post draws; `version` is the step by which it knows whether it missed one."""
    found: dict[str, Any] = {
        "version": session.step if veil.shows(session, "step") else -1, "now": iso(clock.now()),
        "session": _session(session), "items": _items(session, post, actor),
        "notice": _notice(session), "questions": _questions(session, post, actor), "messages": _messages(session),
    }  # fmt: skip
    if post is Post.CONTROL:
        found["actions"] = _actions(session)
    for contribution in _contributed:
        found |= contribution(session, post, actor)
    return found


def iso(at: dt.datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _amount(minor: Any, currency: str) -> str:
    return money.format(minor, currency) if isinstance(minor, int) else ""


def _session(row: LiveSession) -> dict[str, Any]:
    session = veil.seen(row)
    return {
        "id": row.id, "title": session.title, "state": session.state.value, "word": str(session.state.label),
        "starts_at": iso(session.starts_at), "ends_at": iso(session.ends_at), "begun_at": iso(session.begun_at),
        "ended_at": iso(session.ended_at), "is_practice": session.is_practice, "host": session.creator.name,
        "currency": session.currency, "exponent": money.exponent(session.currency),
        "goals": {"gmv": session.goal_gmv, "viewers": session.goal_viewers, "orders": session.goal_orders},
    }  # fmt: skip


def _items(session: LiveSession, post: Post, actor: Any) -> list[dict[str, Any]]:
    query = queries.items_of(session.id).options(joinedload(LiveItem.product), joinedload(LiveItem.sku))
    items = list(db.session.scalars(query.execution_options(populate_existing=True)))
    shown, pins = _shown(session)
    stock = _stock(items, actor) if post is not Post.HOST else {}
    left = _left(items, _levels()) if post is Post.HOST else stock
    gone = {number for number, pieces in left.items() if pieces <= 0}

    def one(row: LiveItem) -> dict[str, Any]:
        item = veil.seen(row)
        sku = veil.seen(item.sku) if item.sku else None
        return {
            "id": row.id, "version": row.version, "position": item.position, "kind": item.kind.value, "title": title_of(row),
            "sku": (sku.options or sku.code) if sku else "", "state": item.state.value, "word": str(item.state.label),
            "tone": item.state.tone, "pinned_at": iso(item.pinned_at), "minutes": item.planned_minutes or 0,
            "price_text": _amount(item.live_price, row.currency),
            "price": item.live_price if isinstance(item.live_price, int) else None, "aside": item.stock_set_aside,
            "stock": stock.get(row.id), "sold_out": row.id in gone,
            "points": rules.lines(item.talking_points), "cue": item.cue or "",
            "camera": item.camera_cue or "", "materials": rules.lines(item.materials), "faq": rules.questions(item.faq),
            "repin": item.repin_seconds, "shown": shown.get(row.id, 0), "pins": pins.get(row.id, 0),
        }  # fmt: skip

    return [one(item) for item in items]


def title_of(row: LiveItem) -> str:
    """What an item is called, for whoever may see what the name is made of."""
    item = veil.seen(row)
    if row.title:
        return str(item.title)
    product = veil.seen(item.product) if item.product else None
    return str(product.title) if product else f"#{row.position}"


def _shown(session: LiveSession) -> tuple[dict[int, int], dict[int, int]]:
    """Seconds for which each item was on screen before it went off, and how often its card came up."""
    seconds: dict[int, int] = {}
    pins: dict[int, int] = {}
    for slot in db.session.scalars(queries.shown_seconds(session.id)):
        if veil.shows(slot, "pins"):
            pins[slot.item_id] = pins.get(slot.item_id, 0) + slot.pins
        if slot.ended_at is not None and veil.shows(slot, "begun_at", "ended_at"):
            seconds[slot.item_id] = seconds.get(slot.item_id, 0) + int((slot.ended_at - slot.begun_at).total_seconds())
    return seconds, pins


def _stock(items: list[LiveItem], actor: Any) -> dict[int, int]:
    """What is left to sell of each item, for whoever may see stock."""
    if not policy.allowed(actor, "read", "inventory.StockLevel"):
        return {}
    if not policy.fields(actor, "inventory.StockLevel").readable("available"):
        return {}
    return _left(items, policy.scope(_levels(), actor, StockLevel))


def _levels() -> Select[Any]:
    pieces = func.coalesce(func.sum(StockLevel.available), 0)
    return select(Sku.id, Sku.product_id, pieces).join(StockLevel, StockLevel.sku_id == Sku.id)


def _left(items: list[LiveItem], levels: Select[Any]) -> dict[int, int]:
    """Pieces by item, of what is kept in stock. That nothing is left every viewer sees on the platform: so may the host, who
    is told no figure of the stock."""
    products = {item.product_id for item in items if item.product_id and not item.sku_id}
    skus = {item.sku_id for item in items if item.sku_id}
    meant = Sku.product_id.in_(products) | Sku.id.in_(skus)
    rows = db.session.execute(levels.where(meant).group_by(Sku.id, Sku.product_id)).all()
    of_sku = {sku_id: int(amount) for sku_id, _product, amount in rows}
    of_product: dict[int, int] = {}
    for _sku, product_id, amount in rows:
        of_product[product_id] = of_product.get(product_id, 0) + int(amount)
    known = {
        item.id: of_sku.get(item.sku_id) if item.sku_id else of_product.get(item.product_id or 0) for item in items
    }
    return {number: amount for number, amount in known.items() if amount is not None}


def _notice(session: LiveSession) -> dict[str, Any] | None:
    row = db.session.scalars(queries.notice_up(session.id)).first()
    if row is None:
        return None
    notice = veil.seen(row)
    return {"id": row.id, "text": notice.text, "item": notice.item_id, "put_at": iso(notice.put_at)}


def _questions(session: LiveSession, post: Post, actor: Any) -> list[dict[str, Any]]:
    """All that are open; the host sees those that wait for him."""
    found = db.session.scalars(queries.questions(session.id, 0 if post is Post.HOST else ANSWERED))
    rows = [row for row in found if post is not Post.HOST or _is_hosts(row)]
    knows = policy.allowed(actor, "read", "customers.Customer")

    def one(known: LiveQuestion) -> dict[str, Any]:
        row = veil.seen(known)
        return {
            "id": known.id, "version": known.version, "text": row.text, "asker": row.asker or "", "item": row.item_id,
            "state": row.state.value, "word": str(row.state.label), "tone": row.state.tone, "asked_of": row.asked_of.value,
            "asked_of_word": str(row.asked_of.label), "asked_at": iso(row.asked_at), "done_at": iso(row.done_at),
            "thread": row.thread or [], "answer": row.answer or "", "customer": row.customer_id if knows else None,
        }  # fmt: skip

    return [one(row) for row in rows]


def _is_hosts(row: LiveQuestion) -> bool:
    return row.asked_of is AskedOf.HOST and row.state is not QuestionState.DONE


def _messages(session: LiveSession) -> list[dict[str, Any]]:
    query = queries.messages(session.id, MESSAGES).options(joinedload(LiveMessage.author))
    return [
        {
            "id": row.id, "by": str(row.author or ""), "post": row.post.value, "word": str(row.post.label), "kind": row.kind.value,
            "text": row.text, "mentions": row.mentions or [], "said_at": iso(row.said_at), "seen_at": iso(row.seen_at),
        }
        for row in map(veil.seen, reversed(list(db.session.scalars(query))))
    ]  # fmt: skip


def _actions(session: LiveSession) -> list[dict[str, Any]]:
    query = queries.actions(session.id, ACTIONS).options(joinedload(LiveAction.actor))
    return [
        {
            "id": row.id, "verb": row.verb, "said": row.said or row.verb, "by": str(row.actor or ""), "at": iso(row.at),
            "outcome": row.outcome.value, "word": str(row.outcome.label), "tone": row.outcome.tone, "can_undo": row.can_undo,
        }
        for row in map(veil.seen, db.session.scalars(query))
    ]  # fmt: skip
