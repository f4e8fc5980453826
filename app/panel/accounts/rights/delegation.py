"""Lending a right: who may, what it opens, how its uses and its money are counted, how it ends (ACC-11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import force_locale, gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import Select, bindparam, or_, select, update

from app.panel.accounts import queries
from app.panel.accounts.models import User, full_name
from app.panel.accounts.models.delegation import Delegation
from app.panel.accounts.people import keys
from app.panel.accounts.rights import naming
from app.panel.core import clock, history, money, notices, policy
from app.panel.core.actor import SYSTEM, KeyHolder
from app.panel.core.db import db
from app.panel.core.errors import Forbidden, InvalidInput
from app.panel.core.fields import show_instant
from app.panel.core.lease import affected
from app.panel.core.transaction import transactional
from app.panel.core.types import UTCDateTime

RESOURCE = "accounts.Delegation"
LONGEST_DAYS, MOST_USES = 366, 100_000
SUMMARY = notices.kind("accounts.lent", _("How the rights that you lent were used"), group=_("People"))
WITHHELD = ("accounts.", "core.")  # rights over people, rights and the panel itself are held, never lent


@dataclass(frozen=True)
class Limits:
    """How much of a right is lent. None: as much as the lender himself may."""

    uses: int | None = None
    amount_each: int | None = None
    amount_max: int | None = None
    currency: str = "CNY"


@policy.granted_by
class Loans:
    """What the policy asks."""

    @staticmethod
    def rights() -> Select[Any]:
        now = bindparam("now", type_=UTCDateTime())
        return select(Delegation.verb, Delegation.resource, Delegation.id).where(
            Delegation.person_id == bindparam("user_id"), Delegation.revoked_at.is_(None),
            Delegation.from_at <= now, Delegation.until_at > now,
            or_(Delegation.uses_max.is_(None), Delegation.uses < Delegation.uses_max),
            or_(Delegation.amount_max.is_(None), Delegation.spent < Delegation.amount_max),
        )  # fmt: skip

    @staticmethod
    def stands(number: int) -> bool:
        loan = db.session.get(Delegation, number)
        lender = db.session.get(User, loan.lender_id) if loan is not None else None
        return loan is not None and lender is not None and holds(lender, loan.verb, loan.resource)

    @staticmethod
    def use(number: int, actor: Any, verb: str, resource: str) -> None:
        loan = db.session.get_one(Delegation, number)
        if queries.has_beyond(loan.person, loan.lender):
            raise Forbidden(_beyond(loan.person))
        fits = or_(Delegation.uses_max.is_(None), Delegation.uses < Delegation.uses_max)
        if not _count(number, fits, uses=Delegation.uses + 1):
            label = naming.right_label(verb, resource)
            raise Forbidden(gettext("What was lent to you is used up or over: %(right)s.", right=label))
        _told(number, actor, {"uses": [None, 1]})

    @staticmethod
    def spend(number: int, actor: Any, amount: int, currency: str) -> None:
        loan = db.session.get_one(Delegation, number)
        if (loan.amount_each, loan.amount_max) != (None, None) and loan.currency != currency:
            raise Forbidden(gettext("This was lent to you for amounts in %(currency)s only.", currency=loan.currency))
        fits = or_(Delegation.amount_each.is_(None), Delegation.amount_each >= amount) & or_(
            Delegation.amount_max.is_(None), Delegation.spent + amount <= Delegation.amount_max
        )
        if not _count(number, fits, spent=Delegation.spent + amount):
            raise Forbidden(_too_much(loan))
        _told(number, actor, {"spent": [None, money.plain(amount, currency)]})


def _count(number: int, fits: Any, **values: Any) -> bool:
    """The condition and the change are one statement: two at once never pass the limit."""
    now = clock.now()
    alive = (Delegation.id == number) & Delegation.revoked_at.is_(None) & (Delegation.from_at <= now) & (Delegation.until_at > now)
    change = update(Delegation).where(alive, fits).values(version=Delegation.version + 1, changed_at=now, **values)
    counted = bool(affected(change.execution_options(synchronize_session=False)))
    if (loan := db.session.identity_map.get(db.session.identity_key(Delegation, number))) is not None:
        db.session.refresh(loan)
    return counted


def _beyond(person: User) -> str:
    name = full_name(person)
    return gettext("%(name)s sees what the lender does not see, so the right would reach further than it was given.", name=name)


def _told(number: int, actor: Any, pairs: dict[str, list[Any]]) -> None:
    history.record_many(Delegation, [(number, pairs)], verb="delegation.used", actor=actor)


def _too_much(loan: Delegation) -> str:
    """What was lent and what is left of it, in a sentence."""
    each = money.format(loan.amount_each, loan.currency)
    left = money.format(loan.amount_max - loan.spent, loan.currency) if loan.amount_max is not None else ""
    if each and left:
        return gettext("You were lent this for at most %(each)s at once, and %(left)s are left in all.", each=each, left=left)
    if each:
        return gettext("You were lent this for at most %(each)s at once.", each=each)
    return gettext("Of what you were lent, %(left)s are left.", left=left)


def holds(actor: Any, verb: str, resource: str) -> bool:
    """Does somebody hold a right himself, not by a loan?"""
    return policy.allowed(actor, verb, resource) and policy.lent(actor, verb, resource) is None


def lendable(actor: Any) -> keys.Rights:
    """What somebody may lend: what he holds himself, without the rights over people and the panel."""
    return frozenset(pair for pair in keys.grantable(actor) if not pair[1].startswith(WITHHELD))


@transactional
def lend(
    person: User, verb: str, resource: str, *, until: dt.datetime, actor: Any, limits: Limits | None = None,
    start: dt.datetime | None = None, note: str = "",
) -> Delegation:  # fmt: skip
    """Lend one right to a person until an instant.

    :raises Forbidden: for a right that the lender does not hold himself
    :raises InvalidInput: for a span, a limit or a person that does not fit
    """
    policy.authorize(actor, "lend", RESOURCE, by_loan=False)
    if actor is SYSTEM or isinstance(actor, KeyHolder) or (verb, resource) not in lendable(actor):
        raise Forbidden(gettext("You cannot lend a right that you do not hold yourself."))
    limits, start = limits or Limits(), start or clock.now()
    _check(person, verb, resource, limits, start, until, actor)
    loan = Delegation(
        person_id=person.id, lender_id=actor.id, verb=verb, resource=resource, from_at=start, until_at=until,
        uses_max=limits.uses, amount_each=limits.amount_each, amount_max=limits.amount_max, currency=limits.currency,
        note=" ".join(note.split())[:200] or None,
    )  # fmt: skip
    db.session.add(loan)
    said = {"to": full_name(person), "right": f"{resource} {verb}", "until": until}
    history.record(loan, "delegation.lent", actor=actor, why=note, data=said)
    policy.forget()
    return loan


def _check(person: User, verb: str, resource: str, limits: Limits, start: dt.datetime, until: dt.datetime, actor: Any) -> None:
    errors: dict[str, object] = {}
    if person.id == actor.id or not person.active:
        errors["person"] = gettext("Choose somebody else whose account is active.")
    elif holds(person, verb, resource):
        errors["right"] = gettext("%(name)s holds this right already.", name=full_name(person))
    elif verb != "read" and not policy.allowed(person, "read", resource):
        errors["right"] = gettext("%(name)s may not read this area, so the right would open nothing.", name=full_name(person))
    elif queries.has_beyond(person, actor):
        errors["person"] = _beyond(person)
    elif _running(person.id, verb, resource, start, until):
        errors["right"] = gettext("This is lent to %(name)s already. Take that back first.", name=full_name(person))
    if not max(start, clock.now()) < until <= start + dt.timedelta(days=LONGEST_DAYS):
        errors["until"] = gettext("The end lies ahead, at most a year after the beginning.")
    if limits.uses is not None and not 0 < limits.uses <= MOST_USES:
        errors["uses"] = gettext("At least once, at most 100,000 times.")
    amounts = [one for one in (limits.amount_each, limits.amount_max) if one is not None]
    if any(not 0 < one <= money.MAX_MINOR for one in amounts):
        errors["amount_max"] = gettext("An amount is more than nothing.")
    elif amounts and (verb, resource) not in policy.REGISTRY.moving_money:
        errors["amount_max"] = gettext("This right moves no money; limit how often it is used.")
    if errors:
        raise InvalidInput(errors)


@transactional
def summarise() -> int:
    """Tell each lender what was done since the last time; returns how many were told."""
    fresh = list(db.session.scalars(select(Delegation).where(Delegation.uses > Delegation.told_uses).order_by(Delegation.id)))
    by_lender: dict[int, list[Delegation]] = {}
    for loan in fresh:
        by_lender.setdefault(loan.lender_id, []).append(loan)
    told = notices.languages(list(by_lender))
    for lender_id, loans in by_lender.items():
        with force_locale(told[lender_id]):
            lines = [_line(loan) for loan in loans]
        notices.send([lender_id], _("How your lent rights were used"), "\n".join(lines), "/account/lent/", kind=SUMMARY)
    for loan in fresh:
        values = {"told_uses": loan.uses, "told_spent": loan.spent}
        db.session.execute(update(Delegation).where(Delegation.id == loan.id).values(values))
    return len(by_lender)


def _line(loan: Delegation) -> str:
    """`Ben used “Orders · Refund” 3 times (¥120.00).`"""
    moved = money.format(loan.spent - loan.told_spent, loan.currency) if loan.spent > loan.told_spent else ""
    words = {"name": full_name(loan.person), "right": naming.right_label(loan.verb, loan.resource), "n": loan.uses - loan.told_uses}
    if moved:
        return gettext("%(name)s used “%(right)s” %(n)s times, for %(amount)s.", **words, amount=moved)
    return gettext("%(name)s used “%(right)s” %(n)s times.", **words)


def _running(person_id: int, verb: str, resource: str, start: dt.datetime, until: dt.datetime) -> bool:
    same = (Delegation.person_id == person_id) & (Delegation.verb == verb) & (Delegation.resource == resource)
    query = select(Delegation).where(
        same, Delegation.revoked_at.is_(None), Delegation.until_at > clock.now(), Delegation.from_at < until,
        Delegation.until_at > start,
    )  # fmt: skip
    return any(not loan.is_used_up for loan in db.session.scalars(query))


@transactional
def revoke(loan: Delegation, *, actor: Any) -> None:
    """Take a right back before its time; whoever lent it may, and whoever may change loans."""
    if loan.lender_id != getattr(actor, "id", None) or isinstance(actor, KeyHolder):
        policy.authorize(actor, "write", RESOURCE, by_loan=False)
    if loan.revoked_at is None:
        loan.revoked_at = clock.now()
        history.record(loan, "delegation.revoked", actor=actor)
        policy.forget()


@transactional
def end(loan: Delegation, *, actor: Any) -> None:
    """End a loan because the person who has it goes; for whoever may change people."""
    policy.authorize(actor, "write", "accounts.User", by_loan=False)
    if loan.revoked_at is None:
        loan.revoked_at = clock.now()
        history.record(loan, "delegation.revoked", actor=actor)
        policy.forget()


@transactional
def revoke_all(loans: Iterable[Delegation], *, actor: Any) -> None:
    for loan in loans:
        revoke(loan, actor=actor)


def of(person_id: int) -> list[Delegation]:
    """What is or was lent to somebody, latest first."""
    return list(db.session.scalars(select(Delegation).where(Delegation.person_id == person_id).order_by(Delegation.id.desc())))


def by(lender_id: int) -> list[Delegation]:
    """What somebody has lent, latest first."""
    return list(db.session.scalars(select(Delegation).where(Delegation.lender_id == lender_id).order_by(Delegation.id.desc())))


def alive(loans: Iterable[Delegation]) -> list[Delegation]:
    now = clock.now()
    return [loan for loan in loans if loan.revoked_at is None and loan.until_at > now]


def described(loan: Delegation) -> dict[str, Any]:
    """A loan as a page shows it."""
    return {
        "id": loan.id, "right": naming.right_label(loan.verb, loan.resource), "state": loan.state, "person": full_name(loan.person),
        "lender": full_name(loan.lender), "from": show_instant(loan.from_at), "until": show_instant(loan.until_at),
        "uses": used(loan), "spent": spent(loan), "each": money.format(loan.amount_each, loan.currency), "note": loan.note or "",
    }  # fmt: skip


def used(loan: Delegation) -> str:
    return f"{loan.uses} / {loan.uses_max}" if loan.uses_max is not None else str(loan.uses)


def spent(loan: Delegation) -> str:
    """Money moved by it, of how much; nothing for a right that moves none."""
    if (loan.verb, loan.resource) not in policy.REGISTRY.moving_money:
        return ""
    moved = money.format(loan.spent, loan.currency)
    return f"{moved} / {money.format(loan.amount_max, loan.currency)}" if loan.amount_max is not None else moved
