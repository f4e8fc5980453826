"""Reading the setup: the shop of last resort, my shops, what expires soon, what waits for review."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

from flask import g, has_app_context
from sqlalchemy import Select, func, select

from app.panel.core import asides, clock, policy
from app.panel.core.db import db
from app.shop.setup.models import Business, Channel, ChannelAccount, OrgApplication, OrgAttachment, Shop
from app.shop.setup.permissions import my_channel_ids, my_shop_ids, sees_all_shops
from app.shop.setup.states import AccountState, ApplicationState

EXPIRY_DAYS = 30

__all__ = [
    "accounts_expired",
    "accounts_expiring",
    "applications_to_review",
    "business",
    "business_defaults",
    "default_channel",
    "default_shop",
    "forget_shops",
    "more_than_one_shop",
    "my_channel_ids",
    "my_shop_ids",
    "sees_all_shops",
    "shop_currency",
]  # fmt: skip


def business() -> Business | None:
    """The one business of this instance, None before the first run."""
    return db.session.scalars(select(Business).order_by(Business.id).limit(1)).first()


def business_defaults() -> tuple[str, str] | None:
    """Zone and currency of the business, read once a request; None before the first run."""
    if not has_app_context():
        return None
    return _house()[0]


def _house() -> tuple[tuple[str, str] | None, int]:
    """(zone and currency of the business, how many shops there are): pages ask for both, in one statement."""
    known: tuple[tuple[str, str] | None, int] | None = g.get("_house")
    if known is None:
        known = _as_known(*db.session.execute(_house_query()).one())
    return known


@functools.cache
def _house_query() -> Select[Any]:
    """Built once: every request asks this."""
    first = select(Business.id).order_by(Business.id).limit(1).scalar_subquery()
    shops = select(func.count(Shop.id)).scalar_subquery().label("shops")
    columns = Business.__table__.c
    parts = [select(columns[name]).where(columns.id == first).scalar_subquery().label(name) for name in ("id", "zone", "currency")]
    return select(*parts, shops)


def _as_known(number: int | None, zone: str, currency: str, shops: int) -> tuple[tuple[str, str] | None, int]:
    known: tuple[tuple[str, str] | None, int] = (None if number is None else (zone, currency)), shops
    g._house = known
    return known


@asides.beside("house", lambda _person: _house_query())
def _told(_reader: int, values: asides.Values) -> None:
    _as_known(*values)


def default_shop() -> Shop | None:
    """The oldest open shop: where something goes that names none."""
    query = select(Shop).order_by(Shop.is_active.desc(), Shop.id).limit(1)
    return db.session.scalars(query).first()


def default_channel(shop: Shop, kind: str | None = None) -> Channel | None:
    """The first open channel of a shop, of one kind when given."""
    query = select(Channel).where(Channel.shop_id == shop.id, Channel.is_active)
    if kind:
        query = query.where(Channel.kind == kind)
    return db.session.scalars(query.order_by(Channel.position, Channel.id).limit(1)).first()


def shop_currency(shop: Shop | None = None) -> str:
    """The currency of a shop; without one that of the default shop."""
    shop = shop or default_shop()
    return shop.currency if shop else "CNY"


def more_than_one_shop() -> bool:
    """Does the word "shop" mean anything here? Columns and filters of shops show only then. Once a request."""
    if not has_app_context():
        return True
    return _house()[1] > 1


def forget_shops() -> None:
    """After a shop was opened or removed, or the business changed."""
    if has_app_context():
        g.pop("_house", None)


def accounts_expiring(on: dt.date | None = None) -> Select[Any]:
    """Accounts of open channels that run out within 30 days and have not run out yet."""
    day = on or clock.today()
    return (
        select(ChannelAccount)
        .join(Channel, Channel.id == ChannelAccount.channel_id)
        .where(ChannelAccount.expires_on.between(day, day + dt.timedelta(days=EXPIRY_DAYS)))
        .where(ChannelAccount.state != AccountState.EXPIRED, Channel.is_active)
        .order_by(ChannelAccount.expires_on, ChannelAccount.id)
    )


def accounts_expired(on: dt.date | None = None) -> Select[Any]:
    """Accounts whose last day is over, but which still say bound or verified."""
    return select(ChannelAccount).where(
        ChannelAccount.expires_on < (on or clock.today()), ChannelAccount.state != AccountState.EXPIRED
    )


def applications_to_review() -> Select[Any]:
    """The review queue, oldest first."""
    return (
        select(OrgApplication)
        .where(OrgApplication.state == ApplicationState.PENDING)
        .order_by(OrgApplication.submitted_at, OrgApplication.id)
    )


def is_logo(file_id: int, actor: Any) -> bool:
    """Is it the logo of a shop that the rules which people edit leave to this reader?"""
    query, limit = select(Shop.id).where(Shop.logo_id == file_id), policy.browser_rows(actor, Shop)
    return db.session.scalar((query if limit is None else query.where(limit)).limit(1)) is not None


def application_of(file_id: int) -> OrgApplication | None:
    """The application to which a file belongs, as a paper that is or was laid to it."""
    query = select(OrgApplication).join(OrgAttachment).where(OrgAttachment.file_id == file_id).limit(1)
    return db.session.scalars(query).first()
