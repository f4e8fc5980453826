"""The run sheet: add, change, order and remove its lines; and the preview that is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.panel.core import clock, money, policy, records
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError, InvalidInput, NotFound
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product, Sku
from app.shop.live import queries
from app.shop.live.models import LiveItem, LiveSession
from app.shop.live.permissions import ITEM, SESSION
from app.shop.live.services import commands, prices
from app.shop.live.states import PLANNED, ItemKind, ItemState, SessionState

MOST = 200


def validate_item(item: LiveItem | None, values: dict[str, Any]) -> None:
    """An item has goods; a demonstration has a title. The SKU is one of the product."""

    def now(name: str) -> Any:
        return values[name] if name in values else getattr(item, name, None)

    sku = db.session.get(Sku, now("sku_id")) if now("sku_id") else None
    if sku is not None and now("product_id") and sku.product_id != now("product_id"):
        raise InvalidInput({"sku": _("This SKU is not one of the product.")})
    kind = now("kind") or ItemKind.ITEM
    if kind is ItemKind.ITEM and not now("product_id") and sku is None:
        raise InvalidInput({"product": _("An item needs a product.")})
    if kind is ItemKind.DEMO and not now("title"):
        raise InvalidInput({"title": _("A demonstration needs a title.")})
    if item is not None and "product_id" in values and item.state is not ItemState.PLANNED:
        raise DomainError(_("This item was listed already: its product stands."))


@transactional
def create_item(values: dict[str, Any], *, actor: Any) -> LiveItem:
    """A line at the end of the sheet; its product is that of its SKU, its price the shop's until somebody says another."""
    session: LiveSession = records.get(LiveSession, values.get("session_id"), actor=actor)
    _open(session)
    if len(session.items) >= MOST:
        raise DomainError(_("A run sheet has %(n)s lines at most.", n=MOST))
    item = LiveItem()
    with db.session.no_autoflush:
        db.session.add(item)
        records.assign(item, values, actor=actor)
        item.currency = session.currency
        sku = db.session.get(Sku, item.sku_id) if item.sku_id else None
        if sku is not None:
            item.product_id = sku.product_id
        elif item.kind is not ItemKind.DEMO and len(goods := prices.goods_of(item)) == 1:
            item.sku_id = goods[0]  # there is nothing to choose between
        if not values.get("position"):
            last = select(func.max(LiveItem.position)).where(LiveItem.session_id == session.id)
            item.position = (db.session.scalar(last) or 0) + 1
    db.session.flush()
    db.session.expire(session, ["items"])
    return item


def update_item(item: LiveItem, values: dict[str, Any], *, actor: Any) -> None:
    """Called by `records.update`. Another price of a running session is an offer: it needs that right, stands in the log,
    and all three screens hear of it."""
    session, before = item.session, item.live_price
    if "live_price" in values and session.state is SessionState.LIVE:
        policy.authorize(actor, prices.OFFER, SESSION)
        if values["live_price"] is not None:
            prices.must_be_felt(session, item, values["live_price"])
    with db.session.no_autoflush:
        records.assign(item, values, actor=actor)
    if session.state is SessionState.LIVE:
        commands.noted(
            session.id, "price" if item.live_price != before else "sheet", _changed(item, before), actor=actor
        )


def _changed(item: LiveItem, before: int | None) -> commands.Effect:
    if item.live_price is None or item.live_price == before:
        return commands.Effect(_("Run sheet: %(item)s", item=str(item)), item)
    return prices.said(item, before)


@transactional
def remove_item(item: LiveItem, *, actor: Any) -> None:
    """Take a line off a plan; what was listed once is history and is delisted instead."""
    policy.authorize(actor, "delete", ITEM)
    if item.state is not ItemState.PLANNED or item.pinned_at is not None:
        raise DomainError(_("This item was shown already. Delist it instead."))
    _open(item.session)
    db.session.delete(item)
    db.session.flush()
    db.session.expire(item.session, ["items"])


@transactional
def reorder(session: LiveSession, wanted: Sequence[int], *, actor: Any) -> None:
    """Put the lines in this order. All of them are named: a line that somebody added meanwhile is not lost at the end.

    :raises Conflict: when the sheet has other lines by now
    """
    policy.authorize(actor, "write", ITEM)
    _open(session)
    items = {item.id: item for item in db.session.scalars(queries.items_of(session.id).with_for_update())}
    if set(items) != set(wanted) or len(wanted) != len(items):
        raise Conflict(_("Somebody else changed the run sheet in the meantime."))
    for place, number in enumerate(wanted, 1):
        if items[number].position != place:
            items[number].position = place


def _open(session: LiveSession) -> None:
    if session.state not in (*PLANNED, SessionState.LIVE):
        raise DomainError(_("This session is %(state)s; its run sheet stands.", state=session.state.label))


def preview_text(session: LiveSession) -> str:
    """The preview as the data of the session tell it: theme, time, main goods, offers (LVP-06)."""
    begins = clock.local(session.starts_at)
    parts = [
        session.theme or session.title,
        _("%(day)s at %(time)s", day=begins.strftime("%m-%d"), time=begins.strftime("%H:%M")),
    ]
    parts.append(_("Host: %(name)s", name=session.creator.name))
    goods = [item for item in session.items if item.kind is ItemKind.ITEM][:5]
    if goods:
        named = [
            f"{item} {money.format(item.live_price, item.currency)}" if item.live_price is not None else str(item)
            for item in goods
        ]
        parts.append(_("With: %(goods)s", goods=_(", ").join(named)))
    if session.offers:
        parts.append(session.offers)
    return "\n".join(parts)


@transactional
def make_preview(session: LiveSession, *, actor: Any) -> str:
    """Write the preview text anew from the data."""
    policy.authorize(actor, "write", SESSION)
    session.preview_text = preview_text(session)
    return session.preview_text


def product_for(session: LiveSession, product_id: int, actor: Any) -> Product:
    product = db.session.scalars(policy.scope(select(Product).where(Product.id == product_id), actor, Product)).first()
    if product is None:
        raise NotFound(_("There is nothing here."))
    return product
