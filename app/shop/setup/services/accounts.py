"""Platform accounts: what state they are in, and a warning before they run out."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import or_, select

from app.panel.core import clock, history, notices, policy, records
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.transaction import transactional
from app.shop.setup import queries
from app.shop.setup.events import account_expiring
from app.shop.setup.models import Channel, ChannelAccount, StaffAssignment
from app.shop.setup.states import AccountState

EXPIRING = notices.kind(
    "setup.expiring", lazy_gettext("A platform account runs out"), group=lazy_gettext("Shops"),
    needs=("write", "setup.ChannelAccount"),
)  # fmt: skip


def state_of(account: ChannelAccount) -> AccountState:
    """The state follows from the dates: run out, checked by the platform, or only bound."""
    if account.expires_on is not None and account.expires_on < clock.today():
        return AccountState.EXPIRED
    return AccountState.VERIFIED if account.verified_on is not None else AccountState.BOUND


def check_account(account: ChannelAccount | None, values: dict[str, Any]) -> None:
    start = values.get("verified_on", getattr(account, "verified_on", None))
    end = values.get("expires_on", getattr(account, "expires_on", None))
    if start and end and end < start:
        raise InvalidInput({"expires_on": _("It cannot run out before it was verified.")})


@transactional
def bind_account(values: dict[str, Any], *, actor: Any) -> ChannelAccount:
    account = ChannelAccount()
    records.assign(account, values, actor=actor)
    account.state = state_of(account)
    db.session.add(account)
    return account


@transactional
def change_account(account: ChannelAccount, values: dict[str, Any], *, actor: Any) -> ChannelAccount:
    records.assign(account, values, actor=actor)
    account.state = state_of(account)
    if "expires_on" in values:
        account.reminded_on = None  # a new date deserves a new warning
    return account


@transactional
def expire_accounts(*, actor: Any = SYSTEM) -> int:
    """Accounts whose last day is over are expired from now on; returns how many."""
    due = list(db.session.scalars(queries.accounts_expired()))
    for account in due:
        account.state = AccountState.EXPIRED
        history.record(account, "account.expired", actor=actor)
    return len(due)


@transactional
def remind_of_accounts(*, actor: Any = SYSTEM) -> int:
    """Tell those in charge, once an account and date, that it runs out within 30 days; returns how many were new."""
    today = clock.today()
    due = list(db.session.scalars(queries.accounts_expiring(today).where(ChannelAccount.reminded_on.is_(None))))
    for account in due:
        days = (account.expires_on - today).days
        where = account.channel
        notices.send(
            people_of_channel(where),
            lazy_gettext("%(account)s on %(channel)s runs out in %(days)s days.", account=account, channel=where, days=days),
            body=lazy_gettext("Renew it on the platform, then enter the new date."),
            url=f"/setup/channelaccount/show/{account.id}", kind=EXPIRING, about=account,
        )  # fmt: skip
        account.reminded_on = today
        account_expiring.send(account, days=days)
    return len(due)


def people_of_channel(channel: Channel) -> list[int]:
    """Who takes care of a channel: those assigned to it or to its shop who may change accounts, and administrators."""
    assigned = select(StaffAssignment.user_id).where(
        or_(StaffAssignment.shop_id == channel.shop_id, StaffAssignment.shop_id.is_(None)),
        or_(StaffAssignment.channel_id == channel.id, StaffAssignment.channel_id.is_(None)),
    )
    people = db.session.scalars(
        select(User).where(User.active, or_(User.id.in_(assigned), User.roles.any(Role.name == policy.ADMINISTRATOR)))
    )
    return [person.id for person in people if policy.allowed(person, "write", "setup.ChannelAccount")]


records.override(ChannelAccount, create=bind_account, update=change_account, validate=check_account)
