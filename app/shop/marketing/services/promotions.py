"""Promotions: what one must say to make sense, and those that others make by one call: a session price, a flash sale, a
limit of first orders, coupons of a session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from app.panel.core import history, policy
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product, Sku
from app.shop.marketing.models import CouponBatch, Promotion
from app.shop.marketing.services import batches
from app.shop.marketing.states import PRICES, Benefit, Occasion, PromotionKind, Stacking

RESOURCE = "marketing.Promotion"


def validate(promotion: Promotion | None, values: dict[str, Any]) -> None:
    """Each form has what it needs, and nothing that would be silently ignored."""

    def held(name: str) -> Any:
        return values[name] if name in values else getattr(promotion, name, None)

    errors: dict[str, object] = {}
    kind = PromotionKind(held("kind") or PromotionKind.SPECIAL)
    if kind in PRICES:
        _one_price(kind, held, errors)
    else:
        _tiers(kind, held, errors)
    begins, ends = held("begins_at"), held("ends_at")
    if begins and ends and ends <= begins:
        errors["ends_at"] = _("This is not after the beginning.")
    if kind is PromotionKind.SECKILL and not held("limit_pieces"):
        errors["limit_pieces"] = _("A flash sale needs the pieces that are set aside for it.")
    if kind is PromotionKind.FIRST and not held("limit_orders"):
        errors["limit_orders"] = _("Say how many orders.")
    if kind is PromotionKind.GROUP:
        for name in ("group_size", "group_hours"):
            if not held(name):
                errors[name] = _("A group buy says how many places a group has, and how many hours.")
    for limit, taken in (("limit_pieces", "taken_pieces"), ("limit_orders", "taken_orders")):
        if promotion is not None and values.get(limit) is not None and values[limit] < getattr(promotion, taken):
            errors[limit] = _("%(n)s are sold already.", n=getattr(promotion, taken))
    if errors:
        raise InvalidInput(errors)


def _one_price(kind: PromotionKind, held: Any, errors: dict[str, object]) -> None:
    given = [name for name in ("price", "off", "percent") if held(name) is not None]
    if kind is PromotionKind.CUT and given != ["off"]:
        errors["off"] = _("A direct cut says what comes off a piece, and nothing else.")
    elif len(given) != 1:
        errors["price"] = _("Say one of these: the price, what comes off, or percent.")


def _tiers(kind: PromotionKind, held: Any, errors: dict[str, object]) -> None:
    tiers = [tier if isinstance(tier, dict) else vars(tier) for tier in held("tiers") or ()]
    if not tiers:
        errors["tiers"] = _("At least one tier is needed.")
    for at, tier in enumerate(tiers):
        off, least = tier.get("off"), tier.get("least")
        if kind is PromotionKind.REDUCTION and not off:
            errors[f"tiers.{at}.off"] = _("This is needed.")
        elif kind is PromotionKind.REDUCTION and least is not None and int(off or 0) > int(least):
            errors[f"tiers.{at}.off"] = _("More comes off than the goods are worth.")
        if kind is PromotionKind.GIFT and not tier.get("gift_id"):
            errors[f"tiers.{at}.gift"] = _("This is needed.")


@transactional
def switch(promotion: Promotion, is_active: bool, *, actor: Any) -> Promotion:
    """On or off; what was ordered under it stands."""
    policy.authorize(actor, "write", RESOURCE)
    if promotion.is_active != is_active:
        promotion.is_active = is_active
        history.record(promotion, "promotion.on" if is_active else "promotion.off", actor=actor)
    return promotion


@transactional
def reprice(promotion: Promotion, price: int, *, sku_ids: Sequence[int], actor: Any) -> Promotion:
    """Another price, for these SKUs, from now on; what was ordered under it stands."""
    policy.authorize(actor, "write", RESOURCE)
    promotion.skus = _skus(sku_ids)
    if promotion.price != price:
        promotion.price = price
        history.record(promotion, "promotion.repriced", actor=actor)
    return promotion


@transactional
def price_for_session(
    session_key: str, name: str, *, sku_ids: Sequence[int], actor: Any, price: int | None = None, off: int | None = None,
    percent: int | None = None, begins_at: dt.datetime | None = None, ends_at: dt.datetime | None = None, **more: Any,
) -> Promotion:  # fmt: skip
    """A price that counts for these SKUs in orders of one session only. Amounts are minor units."""
    return _make(
        PromotionKind.SPECIAL, name, sku_ids, actor=actor, session_key=session_key or None, price=price, off=off, percent=percent,
        begins_at=begins_at, ends_at=ends_at, **more,
    )  # fmt: skip


@transactional
def flash_sale(
    name: str, *, sku_ids: Sequence[int], price: int | None, stock: int, begins_at: dt.datetime, ends_at: dt.datetime, actor: Any,
    session_key: str = "", per_person: int | None = None, **more: Any,
) -> Promotion:  # fmt: skip
    """So many pieces of these SKUs at this price within a window, never one more; later ones cost what they cost."""
    return _make(
        PromotionKind.SECKILL, name, sku_ids, actor=actor, session_key=session_key or None, price=price, limit_pieces=stock,
        begins_at=begins_at, ends_at=ends_at, per_person=per_person, **more,
    )  # fmt: skip


@transactional
def first_orders(
    name: str, *, sku_ids: Sequence[int], limit: int, actor: Any, price: int | None = None, off: int | None = None,
    percent: int | None = None, session_key: str = "", begins_at: dt.datetime | None = None, ends_at: dt.datetime | None = None,
    **more: Any,
) -> Promotion:  # fmt: skip
    """Only the first `limit` orders get this price; the next pays the full one."""
    return _make(
        PromotionKind.FIRST, name, sku_ids, actor=actor, session_key=session_key or None, price=price, off=off, percent=percent,
        limit_orders=limit, begins_at=begins_at, ends_at=ends_at, **more,
    )  # fmt: skip


@transactional
def group_buy(
    name: str, *, sku_ids: Sequence[int], size: int, hours: int, actor: Any, price: int | None = None, off: int | None = None,
    percent: int | None = None, begins_at: dt.datetime | None = None, ends_at: dt.datetime | None = None, **more: Any,
) -> Promotion:  # fmt: skip
    """This price for `size` orders that are paid within `hours` after the first; else all of them are refunded."""
    return _make(
        PromotionKind.GROUP, name, sku_ids, actor=actor, group_size=size, group_hours=hours, price=price, off=off, percent=percent,
        begins_at=begins_at, ends_at=ends_at, **more,
    )  # fmt: skip


def _make(kind: PromotionKind, name: str, sku_ids: Sequence[int], *, actor: Any, **values: Any) -> Promotion:
    policy.authorize(actor, "write", RESOURCE)
    skus = _skus(sku_ids)
    values.setdefault("currency", skus[0].currency if skus else "CNY")
    values.setdefault("stacking", Stacking.COUPONS)
    validate(None, {"kind": kind, **values})
    promotion = Promotion(name=name[:80], kind=kind, is_active=True, skus=skus, **values)
    db.session.add(promotion)
    db.session.flush()
    return promotion


def _skus(ids: Sequence[int]) -> list[Sku]:
    found = {sku.id: sku for sku in db.session.query(Sku).filter(Sku.id.in_(list(ids)))}
    if set(ids) - set(found):
        raise InvalidInput({"skus": _("Choose one from the list.")})
    return [found[key] for key in dict.fromkeys(ids)]


@transactional
def coupons_for_session(
    session_key: str, name: str, *, actor: Any, amount: int | None = None, percent: int | None = None, least: int | None = None,
    sku_ids: Sequence[int] = (), product_ids: Sequence[int] = (), total: int | None = None, per_person: int = 1,
    currency: str = "CNY", valid_until_at: dt.datetime | None = None, **more: Any,
) -> CouponBatch:  # fmt: skip
    """A batch whose coupons count in orders of one session only, for all goods or these. `batches.issue` gives one out."""
    policy.authorize(actor, "write", batches.RESOURCE)
    values: dict[str, Any] = {
        "name": name[:80], "occasion": Occasion.LIVE, "benefit": Benefit.AMOUNT if percent is None else Benefit.PERCENT,
        "amount": amount, "percent": percent, "least": least, "currency": currency, "session_key": session_key, "total": total,
        "per_person": per_person, "valid_until_at": valid_until_at, **more,
    }  # fmt: skip
    batches.validate(None, values)
    products = db.session.query(Product).filter(Product.id.in_(list(product_ids))).all() if product_ids else []
    batch = CouponBatch(skus=_skus(sku_ids), products=products, **values)
    db.session.add(batch)
    db.session.flush()
    return batch
