"""The price engine: answers the hook `orders.pricing` with promotions and coupons, and says of every line why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from app.panel.core import money
from app.panel.core.db import db
from app.shop.marketing import queries, trace
from app.shop.marketing.models import Coupon
from app.shop.marketing.reckoning import Term, cheaper, take_off
from app.shop.marketing.services import grouping, loading
from app.shop.marketing.services.grouping import Choice
from app.shop.marketing.services.loading import Article, Buyer, Rule, Scope
from app.shop.marketing.states import (
    PRICES,
    Audience,
    Benefit,
    CouponState,
    Occasion,
    PartRefund,
    PromotionKind,
    Stacking,
)
from app.shop.orders import pricing
from app.shop.orders.pricing import Gift, PricedLine, PriceRequest, Quote


@dataclass
class Claim:
    """What an order takes of a promotion, or which coupon it uses, once it stands."""

    rule: Rule | None = None
    coupon: Coupon | None = None
    pieces: int = 0
    amount: int = 0
    term: Term | None = None
    parts: tuple[int, ...] = ()
    choice: Choice | None = None


@dataclass
class Basket:
    """An order while it is priced: what each line is, costs, and is worth after what came off it."""

    request: PriceRequest
    articles: list[Article]
    prices: list[int]
    left: list[int]
    traces: list[list[dict[str, Any]]]
    priced: set[int] = field(default_factory=set)  # lines with a price of a promotion
    no_promotion: set[int] = field(default_factory=set)
    no_coupon: set[int] = field(default_factory=set)
    claims: dict[int, Claim] = field(default_factory=dict)
    buyer: Buyer = field(default_factory=lambda: Buyer(None))
    choice: Choice | None = None  # the group that the buyer begins or joins

    def quantity(self, at: int) -> int:
        return self.request.lines[at][1]

    def say(self, lines: Sequence[int], **step: Any) -> None:
        for at in lines:
            self.traces[at].append(dict(step))

    def close(self, lines: Sequence[int], stacking: Stacking) -> None:
        """What has counted on these goods may allow no more."""
        if stacking is not Stacking.ALL:
            self.no_promotion.update(lines)
        if stacking is Stacking.ALONE:
            self.no_coupon.update(lines)


@pricing.answer
def answer(request: PriceRequest, quote: Quote) -> Quote:
    """Promotions, then coupons, on top of what the list says."""
    rules = loading.rules(request)
    if not (rules or request.codes):
        return quote
    basket = Basket(
        request, loading.articles(request), [one.unit_price for one in quote.lines],
        [one.unit_price * n - one.discount for one, (_sku, n) in zip(quote.lines, request.lines, strict=True)],
        [list(one.trace) for one in quote.lines],
    )  # fmt: skip
    rules = [rule for rule in rules if any(rule.scope.holds(article) for article in basket.articles)]
    if request.is_placing:
        rules = loading.lock(rules)
    basket.buyer = loading.buyer(request, rules)
    basket.choice, no_group, codes = grouping.chosen(request, rules)
    _prices(basket, [rule for rule in rules if rule.row.kind in PRICES])
    _reductions(basket, [rule for rule in rules if rule.row.kind is PromotionKind.REDUCTION])
    gifts = _gifts(basket, [rule for rule in rules if rule.row.kind is PromotionKind.GIFT])
    claims, refused = _coupons(basket, codes)
    if basket.choice is not None and not any(claim.choice for claim in basket.claims.values()):
        no_group[basket.choice.code] = _no_group(basket, basket.choice)
    lines = [
        PricedLine(price, price * n - left, trace)
        for price, left, trace, (_sku, n) in zip(basket.prices, basket.left, basket.traces, request.lines, strict=True)
    ]
    return Quote(lines, [*quote.gifts, *gifts], no_group | refused, [*quote.claims, *basket.claims.values(), *claims])


def _no_group(basket: Basket, choice: Choice) -> str:
    """Why the price of the group that a buyer wants counts for none of his goods."""
    for step in (step for steps in basket.traces for step in steps):
        if step.get("step") == "not" and step.get("id") == choice.promotion_id:
            return trace.sentence(step, basket.request.currency)
    return _("None of these goods are cheaper in the group.")


def _why_not(basket: Basket, rule: Rule, pieces: int) -> str:
    """Why a promotion does not count for this buyer, now; "" when it does."""
    row, claim = rule.row, basket.claims.get(rule.row.id)
    if row.kind is PromotionKind.GROUP and (basket.choice is None or basket.choice.promotion_id != row.id):
        return "group"
    if row.audience is Audience.NEWCOMERS and not basket.buyer.is_new:
        return "newcomers"
    if row.per_person:
        if basket.buyer.customer_id is None:
            return "unknown"
        if basket.buyer.uses.get(row.id, 0) >= row.per_person:
            return "person"
    if row.limit_orders is not None and rule.taken_orders >= row.limit_orders:
        return "gone"
    if row.limit_pieces is not None and rule.taken_pieces + (claim.pieces if claim else 0) + pieces > row.limit_pieces:
        return "gone"
    return ""


def _prices(basket: Basket, rules: list[Rule]) -> None:
    """Of the promotions that give a price, the first by priority counts, and among equals the lowest."""
    for at, article in enumerate(basket.articles):
        list_price, pieces = basket.prices[at], basket.quantity(at)
        found = [
            (rule.row.priority, cheaper(list_price, price=rule.row.price, off=rule.row.off, percent=rule.row.percent), rule)
            for rule in rules if rule.scope.holds(article)
        ]  # fmt: skip
        for _priority, price, rule in sorted(found, key=lambda one: (one[0], one[1], one[2].row.id)):
            row = rule.row
            why = "dearer" if price >= list_price else _why_not(basket, rule, pieces)
            if why:
                basket.say([at], step="not", id=row.id, name=row.name, why=why, limit=row.limit_orders or row.limit_pieces)
                continue
            _give(basket, at, rule, price)
            break


def _give(basket: Basket, at: int, rule: Rule, price: int) -> None:
    row, pieces, before = rule.row, basket.quantity(at), basket.prices[at]
    basket.prices[at] = price
    basket.left[at] -= (before - price) * pieces
    basket.priced.add(at)
    basket.close([at], row.stacking)
    claim = basket.claims.setdefault(row.id, Claim(rule))
    claim.pieces += pieces
    claim.amount += (before - price) * pieces
    claim.choice = basket.choice if row.kind is PromotionKind.GROUP else None
    basket.say([at], step="promotion", id=row.id, name=row.name, kind=row.kind.value, was=before, unit_price=price)


def _open_to(basket: Basket, rule: Rule) -> list[int]:
    """The lines that a full reduction or gift may count."""
    alone = rule.row.stacking is not Stacking.ALL
    return [
        at for at, article in enumerate(basket.articles)
        if at not in basket.no_promotion and not (alone and at in basket.priced) and rule.scope.holds(article)
    ]  # fmt: skip


def _reductions(basket: Basket, rules: list[Rule]) -> None:
    """A line takes part in one full reduction: the first by priority that its goods reach."""
    taken: set[int] = set()
    for rule in rules:
        row, lines = rule.row, [at for at in _open_to(basket, rule) if at not in taken]
        if not lines:
            continue
        shares = row.part_refund is PartRefund.SHARE
        term = Term(tuple(lines), tuple((tier.least, tier.off) for tier in rule.tiers if tier.off), shares=shares)
        base = sum(basket.left[at] for at in lines)
        why = _why_not(basket, rule, sum(basket.quantity(at) for at in lines)) if term.off(base) else "below"
        if why:
            missing = min((least - base for least, _off in term.tiers if least > base), default=0)
            basket.say(lines, step="not", id=row.id, name=row.name, why=why, missing=missing, limit=row.limit_orders)
            continue
        taken.update(lines)
        _come_off(basket, term, Claim(rule), step="reduction", id=row.id, name=row.name)
        basket.close(lines, row.stacking)


def _come_off(basket: Basket, term: Term, claim: Claim, **step: Any) -> Claim:
    base = sum(basket.left[at] for at in term.lines)
    parts = take_off(basket.left, term)
    for at in term.lines:
        basket.left[at] -= parts[at]
        basket.traces[at].append({**step, "base": base, "off": sum(parts), "part": parts[at]})
    claim.term, claim.parts, claim.amount = term, tuple(parts), sum(parts)
    claim.pieces = sum(basket.quantity(at) for at in term.lines)
    if claim.rule is not None:
        basket.claims[claim.rule.row.id] = claim
    return claim


def _gifts(basket: Basket, rules: list[Rule]) -> list[Gift]:
    """The highest tier that is reached gives its gift, while there are any."""
    found: list[Gift] = []
    for rule in rules:
        row, lines = rule.row, _open_to(basket, rule)
        base = sum(basket.left[at] for at in lines)
        tiers = [tier for tier in rule.tiers if tier.gift_id]
        reached = [tier for tier in tiers if lines and base >= tier.least]
        why = _why_not(basket, rule, reached[-1].gift_quantity) if reached else "below"
        if reached and not why and not _in_stock(basket, reached[-1], found):
            why = "stock"
        if why:
            missing = min((tier.least - base for tier in tiers if tier.least > base), default=0)
            basket.say(lines, step="not", id=row.id, name=row.name, why=why, missing=missing, limit=row.limit_orders)
            continue
        tier = reached[-1]
        basket.claims[row.id] = Claim(rule, pieces=tier.gift_quantity)
        basket.say(lines, step="gift", id=row.id, name=row.name, base=base, quantity=tier.gift_quantity)
        step = {"step": "given", "id": row.id, "name": row.name, "base": base, "least": tier.least, "unit_price": 0}
        found.append(Gift(tier.gift_id, tier.gift_quantity, [step]))
        basket.close(lines, row.stacking)
    return found


def _in_stock(basket: Basket, tier: Any, gifts: list[Gift]) -> bool:
    """Is the gift there, beside what is bought of it?"""
    house = basket.request.warehouse_id
    if house is None:
        return True
    wanted = tier.gift_quantity + sum(n for sku_id, n in basket.request.lines if sku_id == tier.gift_id)
    wanted += sum(gift.quantity for gift in gifts if gift.sku_id == tier.gift_id)
    return int(db.session.scalar(queries.available(tier.gift_id, house)) or 0) >= wanted


def _coupons(basket: Basket, codes: Sequence[str]) -> tuple[list[Claim], dict[str, str]]:
    """The coupons that count, and why others do not."""
    claims: list[Claim] = []
    refused = {}
    for code, coupon, scope in loading.coupons(codes):
        why = _refusal(basket, coupon, code, claims)
        if not why and coupon is not None:
            why = _use(basket, coupon, scope, claims)
        if why:
            refused[code] = why
    return claims, refused


def _use(basket: Basket, coupon: Coupon, scope: Scope, claims: list[Claim]) -> str:
    """Let a coupon come off the goods that it is for; why not, if it does not."""
    batch = coupon.batch
    lines = [at for at, article in enumerate(basket.articles) if scope.holds(article) and at not in basket.no_coupon]
    if not lines:
        return _("None of these goods take the coupon “%(name)s”.", name=batch.name)
    least = batch.least or 0
    if batch.benefit is Benefit.PERCENT:
        term = Term(tuple(lines), percent=batch.percent, least=least, cap=batch.cap)
    else:
        term = Term(tuple(lines), ((least, batch.amount or 0),))
    base = sum(basket.left[at] for at in lines)
    if not term.off(base):
        missing = money.format(max(least - base, 0), batch.currency)
        return _("The coupon “%(name)s” needs %(missing)s more.", name=batch.name, missing=missing)
    claims.append(_come_off(basket, term, Claim(coupon=coupon), step="coupon", code=coupon.code, name=batch.name))
    return ""


def _refusal(basket: Basket, coupon: Coupon | None, code: str, claims: list[Claim]) -> str:
    """Why a coupon does not count at all; "" when it may."""
    if coupon is None:
        return _("There is no coupon “%(code)s”.", code=code[:40])
    request, batch = basket.request, coupon.batch
    places = ((batch.shop_id, request.shop_id), (batch.channel_id, request.channel_id), (batch.session_key, request.session))
    if coupon.state is not CouponState.ISSUED:
        return _("The coupon %(code)s is “%(state)s”.", code=coupon.code, state=coupon.state.label)
    if not batch.is_active:
        return _("“%(name)s” is switched off.", name=batch.name)
    if (coupon.expires_at and coupon.expires_at <= request.at) or (batch.valid_from_at and batch.valid_from_at > request.at):
        return _("The coupon %(code)s does not count at this time.", code=coupon.code)
    if any(meant is not None and meant != here for meant, here in places) or batch.currency != request.currency:
        return _("The coupon %(code)s does not count here.", code=coupon.code)
    if coupon.customer_id is not None and coupon.customer_id != request.customer_id:
        return _("The coupon %(code)s belongs to another customer.", code=coupon.code)
    if claims and not (batch.stacks and all(one.coupon is not None and one.coupon.batch.stacks for one in claims)):
        return _("The coupon %(code)s counts with no other coupon.", code=coupon.code)
    return _person(request, coupon)


def _person(request: PriceRequest, coupon: Coupon) -> str:
    batch, key = coupon.batch, request.customer_id
    if batch.occasion is Occasion.NEWCOMER and (key is None or db.session.scalar(queries.has_paid(key)) is not None):
        return _("Only for customers without a paid order.")
    held = 0
    if coupon.customer_id is None and key is not None:
        held = int(db.session.scalar(queries.coupons_held(batch.id, key)) or 0)
    if held >= batch.per_person:
        return _("This customer has had as many of “%(name)s” as a person may have.", name=batch.name)
    return ""
