"""Putting products on sale and taking them off, now or at a time; the phases of a product's life."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import Select, select

from app.panel.core import clock, history, notices, policy
from app.panel.core.actor import SYSTEM, current_actor
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError, Forbidden, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.catalog import queries, rules
from app.shop.catalog.events import product_phase_changed, product_published, product_withdrawn
from app.shop.catalog.models import PhaseRule, Product, ProductMove
from app.shop.catalog.permissions import PRODUCT
from app.shop.catalog.states import PHASE_MOVES, STATE_MOVES, MoveWhat, ProductPhase, ProductState

NOT_PUBLISHED = notices.kind(
    "catalog.not_published", lazy_gettext("A planned product did not go on sale"), group=lazy_gettext("Products"),
    needs=("publish", "catalog.Product"),
)  # fmt: skip


def missing(product: Product) -> list[str]:
    """Labels of the required things that a product lacks."""
    checks = rules.checklist(product, queries.attributes_of(product.category))
    return [check.label for check in checks if check.required and not check.done]


@transactional
def publish(product: Product, *, actor: Any, why: str = "", by_schedule: bool = False) -> Product:
    """Put a product on sale.

    :raises DomainError: while something required is missing, with all of it in the sentence
    :raises Conflict: when it is on sale already
    """
    policy.authorize(actor, "publish", PRODUCT)
    if ProductState.PUBLISHED not in STATE_MOVES[product.state]:
        raise Conflict(_("“%(title)s” is on sale already.", title=product.title))
    _demand_complete(product)
    _to_state(product, ProductState.PUBLISHED, actor=actor, why=why, by_schedule=by_schedule)
    product.publish_at, product.published_at = None, clock.now()
    product_published.send(product, actor=actor)
    return product


@transactional
def withdraw(product: Product, *, actor: Any, why: str = "", by_schedule: bool = False) -> Product:
    """Take a product off the shelf."""
    policy.authorize(actor, "publish", PRODUCT)
    if ProductState.WITHDRAWN not in STATE_MOVES[product.state]:
        raise Conflict(_("“%(title)s” is not on sale.", title=product.title))
    _to_state(product, ProductState.WITHDRAWN, actor=actor, why=why, by_schedule=by_schedule)
    product.withdraw_at = None
    product_withdrawn.send(product, actor=actor)
    return product


@transactional
def take_over(product: Product, state: ProductState, *, actor: Any, why: str = "") -> Product:
    """Set the state that another system says: it may be on sale there with less than we demand."""
    policy.authorize(actor, "publish", PRODUCT)
    if product.state is not state:
        _to_state(product, state, actor=actor, why=why or _("Taken over from a file."))
        product.published_at = clock.now() if state is ProductState.PUBLISHED else product.published_at
    return product


@transactional
def schedule(
    product: Product, *, publish_at: dt.datetime | None, withdraw_at: dt.datetime | None, actor: Any
) -> Product:
    """Say when a product goes on sale and when it leaves; None takes a time back. The clock acts within 60 seconds.

    :raises InvalidInput: for a time that has passed, or that does not fit the product's state or the other time
    """
    policy.authorize(actor, "publish", PRODUCT)
    now, errors = clock.now(), {}
    if publish_at is not None and publish_at <= now:
        errors["publish_at"] = _("That time has passed.")
    elif publish_at is not None and product.state is ProductState.PUBLISHED:
        errors["publish_at"] = _("“%(title)s” is on sale already.", title=product.title)
    if withdraw_at is not None and withdraw_at <= now:
        errors["withdraw_at"] = _("That time has passed.")
    elif withdraw_at is not None and publish_at is not None and withdraw_at <= publish_at:
        errors["withdraw_at"] = _("It cannot leave before it is on sale.")
    elif withdraw_at is not None and publish_at is None and product.state is not ProductState.PUBLISHED:
        errors["withdraw_at"] = _("It is not on sale: say also when it goes on sale.")
    if errors:
        raise InvalidInput(errors)
    if publish_at is not None:
        _demand_complete(product)
    product.publish_at, product.withdraw_at = publish_at, withdraw_at
    history.record(product, queries.PLANNED, actor=actor)
    return product


@transactional
def act_on_schedule(*, actor: Any = SYSTEM, limit: int = 500) -> dict[str, int]:
    """Do what is due. A product that is no longer complete stays where it is; who planned it is told once."""
    done = {"published": 0, "withdrawn": 0, "refused": 0}
    why = _("As planned.")
    for product in list(db.session.scalars(queries.due_to_publish().order_by(Product.id).limit(limit))):
        try:
            publish(product, actor=actor, why=why, by_schedule=True)
            done["published"] += 1
        except DomainError as error:
            product.publish_at = product.withdraw_at = None
            history.record(product, "product.not_published", actor=actor, why=error.message)
            if planner := queries.planner_of(product):
                notices.send(
                    [planner], lazy_gettext("“%(title)s” did not go on sale.", title=product.title),
                    body=error.message, url=f"/catalog/product/show/{product.id}", kind=NOT_PUBLISHED, about=product,
                )
            done["refused"] += 1
    for product in list(db.session.scalars(queries.due_to_withdraw().order_by(Product.id).limit(limit))):
        withdraw(product, actor=actor, why=why, by_schedule=True)
        done["withdrawn"] += 1
    return done


@dataclass
class Planned:
    """Titles of products that a plan would move, and those that it could not, each with the reason."""

    published: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def planned_until(at: dt.datetime, *, limit: int = 500) -> Planned:
    """What `act_on_schedule` would do at a moment by what is planned now, as the reader sees it."""
    found = Planned()
    for product in _seen(queries.due_to_publish(at), limit):
        lacks = missing(product)
        if lacks:
            found.refused.append((product.title, _("Missing: %(lacks)s.", lacks=", ".join(lacks))))
        else:
            found.published.append(product.title)
    found.withdrawn = [product.title for product in _seen(queries.due_to_withdraw(at), limit)]
    return found


def _seen(query: Select[Any], limit: int) -> list[Product]:
    return list(db.session.scalars(policy.scope(query, current_actor(), Product).order_by(Product.id).limit(limit)))


@transactional
def set_phase(product: Product, phase: ProductPhase, *, actor: Any, why: str = "") -> Product:
    """Move a product to another phase of its life, if the shop's table of moves has it and this person may make it.

    :raises Conflict: for a move that is not allowed
    :raises Forbidden: for a move that is kept for other roles
    """
    policy.authorize(actor, "phase", PRODUCT)
    if product.phase is phase:
        return product
    _demand_phase_move(product.phase, phase, actor)
    before = product.phase
    product.phase = phase
    _log(product, MoveWhat.PHASE, before, phase, actor=actor, why=why)
    history.record(product, "product.phase_changed", actor=actor, why=why)
    product_phase_changed.send(product, before=before, after=phase, actor=actor)
    return product


def _demand_phase_move(before: ProductPhase, after: ProductPhase, actor: Any) -> None:
    query = select(PhaseRule).where(PhaseRule.before == before, PhaseRule.after == after)
    rule = db.session.scalars(query).first()
    allowed = rule.is_allowed if rule is not None else (before, after) in PHASE_MOVES
    if not allowed:
        raise Conflict(
            _("From “%(before)s” a product does not go to “%(after)s”.", before=before.label, after=after.label)
        )
    roles = {name.strip() for name in (rule.roles or "").split(",") if name.strip()} if rule is not None else set()
    mine = {role.name for role in getattr(actor, "roles", ())}
    if roles and actor is not SYSTEM and not policy.is_administrator(actor) and not roles & mine:
        raise Forbidden(_("This move is kept for: %(roles)s.", roles=", ".join(sorted(roles))))


def _demand_complete(product: Product) -> None:
    if lacks := missing(product):
        raise DomainError(
            _("“%(title)s” cannot go on sale yet. Missing: %(lacks)s.", title=product.title, lacks=", ".join(lacks))
        )


def _to_state(product: Product, state: ProductState, *, actor: Any, why: str, by_schedule: bool = False) -> None:
    before = product.state
    product.state = state
    _log(product, MoveWhat.STATE, before, state, actor=actor, why=why, by_schedule=by_schedule)
    history.record(product, f"product.{state.value}", actor=actor, why=why)


def _log(
    product: Product, what: MoveWhat, before: Any, after: Any, *, actor: Any, why: str, by_schedule: bool = False
) -> None:
    db.session.add(
        ProductMove(
            product_id=product.id, what=what, before=before.value, after=after.value, happened_at=clock.now(),
            actor_id=actor.id, by_schedule=by_schedule, why=why or None,
        )
    )
    db.session.expire(product, ["moves"])
