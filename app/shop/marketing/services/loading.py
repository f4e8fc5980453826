"""What the price engine has to know of an order before it reckons: rules that hold, the goods, the buyer. Few statements,
and one only where nothing is promoted and no code was given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from app.panel.core.db import db
from app.shop.customers.models import Customer
from app.shop.marketing import queries
from app.shop.marketing.models import Coupon, Promotion, PromotionTier
from app.shop.marketing.services.batches import normal
from app.shop.marketing.states import TIERED, Audience
from app.shop.orders.pricing import PriceRequest


@dataclass(frozen=True)
class Article:
    """What a line is: the SKU, its product, the categories from the root down."""

    sku_id: int
    product_id: int = 0
    categories: frozenset[int] = frozenset()


@dataclass
class Scope:
    """The goods that a rule is for; empty: all."""

    products: set[int] = field(default_factory=set)
    categories: set[int] = field(default_factory=set)
    skus: set[int] = field(default_factory=set)

    def holds(self, article: Article) -> bool:
        if not (self.products or self.categories or self.skus):
            return True
        return (
            article.sku_id in self.skus or article.product_id in self.products or bool(self.categories & article.categories)
        )


@dataclass
class Rule:
    """A promotion as it stands at this moment, with its goods, and what of its limits is taken."""

    row: Any
    scope: Scope
    taken_pieces: int
    taken_orders: int
    tiers: list[Any] = field(default_factory=list)

    @property
    def is_limited(self) -> bool:
        return self.row.limit_pieces is not None or self.row.limit_orders is not None


@dataclass
class Buyer:
    """What counts of a customer: is he new, and how often has he had a promotion."""

    customer_id: int | None
    is_new: bool = False
    uses: dict[int, int] = field(default_factory=dict)


def articles(request: PriceRequest) -> list[Article]:
    """The articles of the lines, in their order."""
    ids = list({sku_id for sku_id, _quantity in request.lines})
    known = {
        sku_id: Article(sku_id, product_id, frozenset(int(part) for part in (path or "").split("/") if part))
        for sku_id, product_id, path in db.session.execute(queries.goods(), {"ids": ids})
    }
    return [known.get(sku_id) or Article(sku_id) for sku_id, _quantity in request.lines]


def rules(request: PriceRequest) -> list[Rule]:
    """The promotions that hold for this request, whatever its goods, by priority."""
    found = db.session.execute(queries.holding(), {
        "at": request.at, "currency": request.currency, "shop": request.shop_id, "channel": request.channel_id,
        "session": request.session,
    }).all()  # fmt: skip
    if not found:
        return []
    scopes = scopes_of(queries.scopes_of_promotions(), [row.id for row in found])
    made = [Rule(row, scopes.get(row.id, Scope()), row.taken_pieces, row.taken_orders) for row in found]
    if any(row.kind in TIERED for row in found):
        _tiers(made)
    return made


def _tiers(made: Sequence[Rule]) -> None:
    by_id = {rule.row.id: rule for rule in made}
    table = PromotionTier.__table__
    query = select(table).where(table.c.promotion_id.in_(list(by_id))).order_by(table.c.promotion_id, table.c.least)
    for tier in db.session.execute(query):
        by_id[tier.promotion_id].tiers.append(tier)


def scopes_of(query: Any, ids: Iterable[int]) -> dict[int, Scope]:
    found: dict[int, Scope] = {}
    for owner, what, part in db.session.execute(query, {"ids": list(ids)}):
        scope = found.setdefault(owner, Scope())
        {queries.PRODUCT: scope.products, queries.CATEGORY: scope.categories, queries.SKU: scope.skus}[what].add(part)
    return found


def lock(found: Sequence[Rule]) -> list[Rule]:
    """Read the counts of limited promotions anew and keep them from others until the order is committed. On SQLite the
    writer is alone anyway. Without those that were switched off in this very moment."""
    by_id = {rule.row.id: rule for rule in found if rule.is_limited}
    if not by_id:
        return list(found)
    table, off = Promotion.__table__.c, set()
    query = select(table.id, table.taken_pieces, table.taken_orders, table.is_active).where(table.id.in_(list(by_id)))
    for key, pieces, orders, is_active in db.session.execute(query.order_by(table.id).with_for_update()):
        by_id[key].taken_pieces, by_id[key].taken_orders = pieces, orders
        if not is_active:
            off.add(key)
    return [rule for rule in found if rule.row.id not in off]


def buyer(request: PriceRequest, found: Sequence[Rule]) -> Buyer:
    """The customer, as far as one of the rules asks for him; locked while the order is placed, so that two orders of one
    customer do not both count as the first."""
    asked = [rule for rule in found if rule.row.per_person or rule.row.audience is Audience.NEWCOMERS]
    key = request.customer_id
    if not asked or key is None:
        return Buyer(key)
    if request.is_placing:
        table = Customer.__table__.c
        db.session.execute(select(table.id).where(table.id == key).with_for_update(key_share=True))
    uses = db.session.execute(queries.uses_of_customer(key)).all()
    used_as_new = any(audience is Audience.NEWCOMERS for _promotion, audience, _n in uses)
    is_new = not used_as_new and db.session.scalar(queries.has_paid(key)) is None
    return Buyer(key, is_new, {promotion: n for promotion, _audience, n in uses})


def coupons(codes: Iterable[str]) -> list[tuple[str, Coupon | None, Scope]]:
    """(code as it was typed, its coupon, the goods that it is for), in their order."""
    typed = {code: normal(code) for code in codes}
    known = {one.code: one for one in db.session.scalars(queries.coupons_by_code(set(typed.values())))} if typed else {}
    ids = {coupon.batch_id for coupon in known.values()}
    scopes = scopes_of(queries.scopes_of_batches(), ids) if ids else {}
    result, seen = [], set()
    for code, kept in typed.items():
        coupon = known.get(kept)
        if coupon is None or coupon.id not in seen:
            result.append((code, coupon, scopes.get(coupon.batch_id, Scope()) if coupon else Scope()))
            seen.add(coupon.id if coupon else None)
    return result
