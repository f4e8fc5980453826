"""What an order took of promotions and coupons: taken when it is placed, given back when it comes to nothing, and reckoned
with when a part of it is refunded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import update

from app.panel.core import clock, money
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.marketing import queries
from app.shop.marketing.models import PriceUse, Promotion
from app.shop.marketing.reckoning import Bought, given_back, term_of
from app.shop.marketing.services import coupons, groups, limits
from app.shop.marketing.services.engine import Claim
from app.shop.marketing.states import Audience, UseState
from app.shop.orders import pricing
from app.shop.orders.models import Order, OrderLine


def take(order: Order, priced: Any, *, actor: Any) -> None:
    """Called in the transaction that places the order: count it against the limits, reserve its coupons, keep the terms.

    :raises DomainError: when a limit was reached or a coupon used in this very moment
    """
    claims: list[Claim] = priced.quote.claims
    for claim in sorted((one for one in claims if one.rule is not None), key=lambda one: one.rule.row.id):  # type: ignore[union-attr]
        _count(claim)
    if held := [claim.coupon.id for claim in claims if claim.coupon is not None]:
        coupons.reserve(held, order, actor=actor)
    for claim in claims:
        if claim.choice is not None and claim.rule is not None:
            groups.join(order, claim.choice, claim.rule.row, actor=actor)
        db.session.add(PriceUse(
            order=order, promotion_id=claim.rule.row.id if claim.rule else None, coupon=claim.coupon,
            customer_id=order.customer_id, currency=order.currency, amount=claim.amount, pieces=claim.pieces,
            used_at=clock.now(), is_counted=claim.rule is not None and claim.rule.is_limited, terms=_kept(claim, priced.lines),
        ))  # fmt: skip
    if claims:
        db.session.flush()


def _kept(claim: Claim, lines: Sequence[OrderLine]) -> dict[str, Any] | None:
    """The terms of a sum that came off several lines, with what each line got of it."""
    if claim.term is None:
        return None
    parts = {str(lines[at].id): claim.parts[at] for at in claim.term.lines}
    return {**claim.term.kept(), "parts": parts}


def _count(claim: Claim) -> None:
    if claim.rule is not None and claim.rule.is_limited:
        _count_again(claim.rule.row, claim.pieces)


def _count_again(rule: Promotion, pieces: int) -> None:
    table = Promotion.__table__.c
    fits = (table.limit_orders.is_(None) | (table.taken_orders < table.limit_orders)) & (
        table.limit_pieces.is_(None) | (table.taken_pieces + pieces <= table.limit_pieces)
    )
    more = {"taken_orders": table.taken_orders + 1, "taken_pieces": table.taken_pieces + pieces}
    counted = update(Promotion.__table__).where(table.id == rule.id, fits).values(**more)
    if not db.session.execute(counted).rowcount:  # type: ignore[attr-defined]
        raise DomainError(_("“%(name)s” was sold out in this very moment. Please try again.", name=rule.name))


def release(order: Order, *, actor: Any) -> None:
    """An order that closes without a payment gives its share of limits and its coupons back (ORD-06)."""
    if order.paid_at is not None:
        return
    coupons.release(order, actor=actor)
    limits.give_back(db.session.scalars(queries.uses_of_order(order.id)).all())


def release_many(order_ids: Sequence[int], *, actor: Any) -> None:
    """The same for many orders at once: most of them hold nothing."""
    for order in list(db.session.scalars(queries.unpaid_with_uses(order_ids).execution_options(populate_existing=True))):
        release(order, actor=actor)


def take_again(order: Order, *, actor: Any) -> None:
    """An order that was closed by a slip holds again what it gave back.

    :raises DomainError: when a limit is reached or a coupon used by now
    """
    if order.paid_at is not None:
        return
    uses = list(db.session.scalars(queries.released_of_order(order.id)))
    for use in sorted(uses, key=lambda one: one.promotion_id or 0):
        _had_once(use)
        if use.is_counted and use.promotion is not None:
            _count_again(use.promotion, use.pieces)
        use.state = UseState.TAKEN
    if held := [use.coupon_id for use in uses if use.coupon_id is not None]:
        coupons.reserve(held, order, actor=actor)
    if uses:
        db.session.flush()


def _had_once(use: PriceUse) -> None:
    """What is for new customers, or so often for each, is not had once more by the way back."""
    rule = use.promotion
    most = None if rule is None else 1 if rule.audience is Audience.NEWCOMERS else rule.per_person
    if rule is None or most is None or use.customer_id is None:
        return
    if int(db.session.scalar(queries.uses_by_customer(rule.id, use.customer_id)) or 0) >= most:
        raise DomainError(_("The customer has “%(name)s” in another order by now.", name=rule.name))


@pricing.worth
def worth(order: Order, pieces: Sequence[tuple[OrderLine, int]], values: list[int]) -> list[int]:
    """Where a sum came off several lines, what the buyer keeps is priced anew by the terms of that day; he gets back the
    difference to what he paid. Lines that no such sum came off get back what was paid for them."""
    uses = [use for use in db.session.scalars(queries.uses_of_order(order.id)) if use.terms]
    if not uses:
        return values
    touched = {int(key) for use in uses for key in use.terms["parts"]}
    group = [line for line in order.lines if line.id in touched]
    asked = [at for at, (line, _n) in enumerate(pieces) if line.id in touched]
    if not asked:
        return values
    places = {line.id: at for at, line in enumerate(group)}
    terms = [term_of(sorted(places[int(key)] for key in use.terms["parts"]), use.terms) for use in uses]
    bought = [_bought(line, uses) for line in group]
    before = [line.quantity - line.refunded_quantity for line in group]
    after = list(before)
    for at in asked:
        after[places[pieces[at][0].id]] -= pieces[at][1]
    due = given_back(bought, terms, before, after, sum(line.refunded_amount for line in group))
    shares = money.allocate(due, [values[at] for at in asked])
    result = list(values)
    for at, share in zip(asked, shares, strict=True):
        result[at] = share
    return result


def _bought(line: OrderLine, uses: Sequence[PriceUse]) -> Bought:
    parts = tuple(use.terms["parts"].get(str(line.id), 0) for use in uses)
    return Bought(line.quantity, line.unit_price, parts, line.discount - sum(parts))
