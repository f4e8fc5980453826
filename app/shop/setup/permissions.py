"""Roles of the house, who sees which shops and channels, and who may change them."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from app.panel.core import folding, policy
from app.panel.core.actor import SYSTEM, bounds_of, person_of
from app.shop.setup.models import Channel, ChannelAccount, OrgApplication, Shop, StaffAssignment

policy.role("administrator", _("Administrator"), _("May do everything, and says who else may do what."), order=10)
policy.role("operations", _("Operations"), _("Keeps shops, products and campaigns; sees no cost."), order=20)
policy.role("finance", _("Finance"), _("Sees money, cost and settlements; changes no products."), order=30)
policy.role("support", _("Support"), _("Answers customers, follows orders, starts after-sales."), order=40)
policy.role("host", _("Host"), _("Presents products in a live session."), order=50)
policy.role("field_control", _("Field control"), _("Runs the live session behind the host."), order=60)
policy.role("deputy", _("Deputy"), _("Stands in for the owner in one shop: shop, staff and unusual orders."), order=70)
policy.role("viewer", _("Viewer"), _("Reads and changes nothing."), order=80)

SHOP, CHANNEL = "setup.Shop", "setup.Channel"
policy.bound(SHOP, _("Shops"))
policy.bound(CHANNEL, _("Channels"))

policy.verbs("setup.Business", configure=_("Change settings"))
policy.verbs("setup.OrgApplication", apply=_("Apply to join"), review=_("Review"))
folding.part_of(CHANNEL, "setup.ChannelAccount")
folding.part_of("setup.Organisation", "setup.OrgApplication")

policy.grant("operations", {
    "accounts.ApiKey": "make machine",
    "bulk.Run": "read", "bulk.Mapping": "read write delete", "setup.Business": "read", "setup.Shop": "read write",
    "setup.Channel": "read write delete export import",
    "setup.ChannelAccount": "read write delete", "setup.Organisation": "read", "setup.OrgApplication": "read apply",
})  # fmt: skip
policy.grant("finance", {
    "accounts.ApiKey": "make", "accounts.Audit": "read",
    "bulk.Run": "read", "setup.Business": "read", "setup.Shop": "read", "setup.Channel": "read",
    "setup.Organisation": "read export", "setup.OrgApplication": "read apply",
})  # fmt: skip
policy.grant("support", {"setup.Shop": "read", "setup.Channel": "read"})
policy.grant("host", {"setup.Shop": "read", "setup.Channel": "read"})
policy.grant("field_control", {"setup.Shop": "read", "setup.Channel": "read", "setup.ChannelAccount": "read"})
policy.grant("deputy", {
    "accounts.ApiKey": "make", "accounts.Audit": "read", "accounts.Delegation": "read lend",
    "bulk.Run": "read", "setup.Business": "read", "setup.Shop": "read write", "setup.Channel": "read write delete",
    "setup.ChannelAccount": "read write delete", "setup.StaffAssignment": "read write delete",
    "setup.Organisation": "read", "setup.OrgApplication": "read apply review",
})  # fmt: skip
policy.grant("viewer", {
    "setup.Business": "read", "setup.Shop": "read", "setup.Channel": "read", "setup.ChannelAccount": "read",
    "setup.Organisation": "read",
})  # fmt: skip

for _role in ("operations", "finance", "support", "deputy"):
    policy.grant(_role, {"core.SavedList": "share"})


def is_chief(actor: Any) -> bool:
    """The system itself and administrators: whom no rule about "own" rows binds."""
    return actor is SYSTEM or policy.is_administrator(actor)


def sees_all_shops(actor: Any) -> bool:
    """Who needs no assignment."""
    return policy.sees_every_row(actor)


def my_shop_ids(actor: Any) -> Select[Any]:
    """Ids of the shops that `actor` works for, as a select to stand in `IN (…)`.

    Administrators: all. A shop that is the only one: everybody, for then nobody has heard the word. Otherwise the
    shops of the person's assignments (one without a shop means all of them), and without any assignment none.
    """
    if sees_all_shops(actor):
        return select(Shop.id)
    mine = _within(select(Shop.id), actor, Shop.id)
    if policy.sees_every_row(person_of(actor)):
        return mine
    own = StaffAssignment.user_id == actor.id
    return mine.where(
        or_(
            Shop.id.in_(select(StaffAssignment.shop_id).where(own, StaffAssignment.shop_id.is_not(None))),
            exists().where(own, StaffAssignment.shop_id.is_(None)),
            _only_one_shop(),
        )
    )


def my_channel_ids(actor: Any) -> Select[Any]:
    """Ids of the channels that `actor` works for: those assigned one by one, and all of a shop assigned as a whole."""
    if sees_all_shops(actor):
        return select(Channel.id)
    mine = _within(select(Channel.id), actor, Channel.shop_id, Channel.id)
    if policy.sees_every_row(person_of(actor)):
        return mine
    own = StaffAssignment.user_id == actor.id
    whole = StaffAssignment.channel_id.is_(None)
    shops = select(StaffAssignment.shop_id).where(own, whole, StaffAssignment.shop_id.is_not(None))
    return mine.where(
        or_(
            Channel.id.in_(select(StaffAssignment.channel_id).where(own, StaffAssignment.channel_id.is_not(None))),
            Channel.shop_id.in_(shops),
            exists().where(own, whole, StaffAssignment.shop_id.is_(None)),
            _only_one_shop() & ~exists().where(own),
        )
    )


def _within(statement: Select[Any], actor: Any, shop_id: Any, channel_id: Any = None) -> Select[Any]:
    """What a key that is bound to some shops or channels leaves of them; the shops of its channels count as named."""
    bounds = bounds_of(actor)
    if shops := bounds.get(SHOP):
        statement = statement.where(shop_id.in_(shops))
    if channels := bounds.get(CHANNEL):
        named = select(Channel.shop_id).where(Channel.id.in_(channels))
        statement = statement.where(shop_id.in_(named) if channel_id is None else channel_id.in_(channels))
    return statement


policy.attribute("shops", _("my shops"), Shop, my_shop_ids)
policy.attribute("channels", _("my channels"), Channel, my_channel_ids)


def _only_one_shop() -> ColumnElement[bool]:
    return select(func.count(Shop.id)).scalar_subquery() == 1


OF_MINE = _("Only what belongs to one's own shops or channels.")


@policy.rows(Shop, OF_MINE)
def my_shops(actor: Any) -> ColumnElement[bool]:
    return Shop.id.in_(my_shop_ids(actor))


@policy.rows(Channel, OF_MINE)
def my_channels(actor: Any) -> ColumnElement[bool]:
    return Channel.id.in_(my_channel_ids(actor))


@policy.rows(ChannelAccount, OF_MINE)
def accounts_of_my_channels(actor: Any) -> ColumnElement[bool]:
    return ChannelAccount.channel_id.in_(my_channel_ids(actor))


@policy.rows(StaffAssignment, OF_MINE)
def assignments_of_my_shops(actor: Any) -> ColumnElement[bool]:
    """A deputy keeps the staff of his own shops; an assignment to every shop is the administrator's."""
    return StaffAssignment.shop_id.in_(my_shop_ids(actor))


@policy.rows(OrgApplication, _("Only one's own applications; whoever reviews sees all."))
def own_applications(actor: Any) -> ColumnElement[bool] | None:
    """An applicant sees his own; whoever reviews sees the queue."""
    if policy.allowed(actor, "review", "setup.OrgApplication"):
        return None
    return OrgApplication.applicant_id == actor.id
