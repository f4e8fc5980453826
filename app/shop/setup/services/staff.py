"""Who works for which shop and channel."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import func, select

from app.panel.accounts.people import leaving
from app.panel.core import policy, records
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.transaction import transactional
from app.shop.setup.models import Channel, Shop, StaffAssignment


@transactional
def assign_to_shop(
    user: User, shop: Shop | None, *, actor: Any, channel: Channel | None = None, note: str = ""
) -> StaffAssignment:
    """Let a person work for a shop, for one channel of it, or (shop None) for all. Told twice, it is done once."""
    query = select(StaffAssignment).where(
        StaffAssignment.user_id == user.id,
        _same(StaffAssignment.shop_id, shop.id if shop else None),
        _same(StaffAssignment.channel_id, channel.id if channel else None),
    )
    found = db.session.scalars(query).first()
    if found is not None:
        return found
    values = {
        "user_id": user.id, "shop_id": shop.id if shop else None, "channel_id": channel.id if channel else None,
        "note": note or None,
    }  # fmt: skip
    return records.create(StaffAssignment, values, actor=actor)


def _same(column: Any, value: int | None) -> Any:
    return column.is_(None) if value is None else column == value


def keep_staff_of(shop: Shop) -> None:
    """Before a second shop opens: everybody saw the only one, so everybody without an assignment gets it in writing."""
    assigned = select(StaffAssignment.user_id)
    people = db.session.scalars(select(User).where(User.active, User.id.not_in(assigned)))
    for person in people:
        if not policy.is_administrator(person):
            db.session.add(StaffAssignment(user_id=person.id, shop_id=shop.id))
    db.session.flush()


def check_assignment(assignment: StaffAssignment | None, values: dict[str, Any]) -> None:
    """:raises InvalidInput: for a channel of another shop, or for what the person has already"""
    def value(name: str) -> Any:
        return values[name] if name in values else getattr(assignment, name, None)

    user_id, shop_id, channel_id = value("user_id"), value("shop_id"), value("channel_id")
    if channel_id:
        owner = db.session.scalar(select(Channel.shop_id).where(Channel.id == channel_id))
        if owner != shop_id:
            raise InvalidInput({"channel_id": _("This channel does not belong to the shop that you chose.")})
    query = select(StaffAssignment.id).where(
        StaffAssignment.user_id == user_id, _same(StaffAssignment.shop_id, shop_id),
        _same(StaffAssignment.channel_id, channel_id),
    )
    if assignment is not None:
        query = query.where(StaffAssignment.id != assignment.id)
    if db.session.scalar(query) is not None:
        raise InvalidInput({"user_id": _("This person works there already.")})


records.override(StaffAssignment, validate=check_assignment)


def _assigned(user_id: int) -> int:
    query = select(func.count()).select_from(StaffAssignment).where(StaffAssignment.user_id == user_id)
    return int(db.session.scalar(query) or 0)


@transactional
def hand_over_shops(from_id: int, to_id: int, *, actor: Any) -> int:
    """The shops and channels of one person become another's; returns how many there were."""
    policy.authorize(actor, "write", "setup.StaffAssignment")
    mine = list(db.session.scalars(select(StaffAssignment).where(StaffAssignment.user_id == from_id)))
    theirs = db.session.scalars(select(StaffAssignment).where(StaffAssignment.user_id == to_id))
    known = {(row.shop_id, row.channel_id) for row in theirs}
    for row in mine:
        if (row.shop_id, row.channel_id) in known:
            db.session.delete(row)
        else:
            row.user_id = to_id
    db.session.flush()
    return len(mine)


leaving.work("shops", lazy_gettext("Shops and channels"), count=_assigned, hand_over=hand_over_shops)
