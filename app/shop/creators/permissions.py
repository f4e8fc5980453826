"""Who keeps creators, and whose."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select

from app.panel.core import folding, policy
from app.shop.creators.models import Creator, CreatorAccount
from app.shop.setup.permissions import OF_MINE, my_shop_ids, sees_all_shops

CREATOR, ACCOUNT = "creators.Creator", "creators.CreatorAccount"
folding.part_of(CREATOR, ACCOUNT)

for _role in ("host", "support", "finance", "viewer"):
    policy.grant(_role, {CREATOR: "read", ACCOUNT: "read"})
for _role in ("operations", "field_control", "deputy"):
    policy.grant(_role, {CREATOR: "read write", ACCOUNT: "read write delete"})
policy.grant("operations", {CREATOR: "delete export import"})


def _mine(actor: Any) -> ColumnElement[bool]:
    """Those who work for every shop, and those of one's own."""
    return Creator.shop_id.is_(None) | Creator.shop_id.in_(my_shop_ids(actor))


@policy.rows(Creator, OF_MINE)
def creators_of_my_shops(actor: Any) -> ColumnElement[bool] | None:
    return None if sees_all_shops(actor) else _mine(actor)


@policy.rows(CreatorAccount, OF_MINE)
def accounts_of_my_creators(actor: Any) -> ColumnElement[bool] | None:
    return None if sees_all_shops(actor) else CreatorAccount.creator_id.in_(select(Creator.id).where(_mine(actor)))


policy.follow(CreatorAccount, Creator, "creator_id")
