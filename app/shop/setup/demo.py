"""Two shops with five channels, as a live-commerce business has them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.accounts import firstrun
from app.panel.accounts.models import User
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.demo import World, afterwards, part
from app.shop.setup import queries, services
from app.shop.setup.models import Business, Channel, ChannelAccount, Shop
from app.shop.setup.states import AccountPart, AccountState, ChannelKind, LogoSource

# key, name, code, keyword, category
SHOPS = (
    ("home", "青禾家居生活馆旗舰店", "QH", "家居 青禾", "家居生活"),
    ("beauty", "山茶美妆护肤专营店", "SC", "美妆 山茶", "美妆护肤"),
)
# key, shop, name, kind, share of its shop's orders
CHANNELS = (
    ("douyin", "home", "抖音直播间", ChannelKind.DOUYIN, 52), ("tmall", "home", "天猫旗舰店", ChannelKind.TMALL, 34),
    ("counter", "home", "武林路门店", ChannelKind.COUNTER, 14), ("kuaishou", "beauty", "快手小店", ChannelKind.KUAISHOU, 45),
    ("wechat", "beauty", "微信小程序商城", ChannelKind.WECHAT, 55),
)  # fmt: skip
IN_ONE_SHOP = ("deputy", "support")  # the others work for all of them


@part(10)
def business(world: World) -> None:
    begin = world.now - dt.timedelta(days=420)
    owner = _known(Business) or world.add(
        Business, begin, name="杭州青禾商贸有限公司", credit_code=None, licence_scope="家居生活\n美妆护肤\n食品饮料\n服饰鞋包",
        legal_person="林青禾", phone="0571-87654321", currency="CNY", zone="Asia/Shanghai", language="zh_Hans_CN",
    )  # fmt: skip
    shops, channels = {}, {}
    for key, name, code, keyword, category in SHOPS:
        own = _known(Shop) if key == "home" else None
        shops[key] = (own or world.add(
            Shop, begin, business_id=owner["id"], name=name, code=code, core_keyword=keyword, main_category=category, currency="CNY",
            phone="400-820-1688", address="浙江省杭州市拱墅区武林路 88 号", logo_id=None,
            logo_source=LogoSource.OWN, logo_licence=None, is_active=True,
        ))["id"]  # fmt: skip
    for position, (key, shop, name, kind, share) in enumerate(CHANNELS):
        row = world.add(
            Channel, begin, shop_id=shops[shop], name=name, kind=kind, url=None, external_id=f"{kind.value}-{1000 + position}",
            position=position, is_active=True,
        )  # fmt: skip
        channels[key] = {"id": row["id"], "shop_id": shops[shop], "kind": kind, "share": share}
        if kind is not ChannelKind.COUNTER:
            expires = world.today + dt.timedelta(days=20 if key == "douyin" else 200 + 30 * position)
            world.add(
                ChannelAccount, begin, channel_id=row["id"], part=AccountPart.ENTERPRISE, name=name, subject="杭州青禾商贸有限公司",
                state=AccountState.VERIFIED, verified_on=begin.date(), expires_on=expires, reminded_on=None, note=None,
            )  # fmt: skip
    world.flush(Business, Shop, Channel, ChannelAccount)
    world.made |= {"shops": shops, "channels": channels, "business_id": owner["id"]}


def _known(model: Any) -> dict[str, Any] | None:
    """The row that the owner made before he asked for the demo."""
    key = db.session.scalar(select(model.id).order_by(model.id).limit(1))
    return None if key is None else {"id": key}


@firstrun.demo_user_made.connect
def give_him_work(user: User, role: str, **_more: Any) -> None:
    """Whoever came with the demo sees its orders: the deputy and the support those of the first shop only."""
    if first := queries.default_shop():
        services.assign_to_shop(user, first if role in IN_ONE_SHOP else None, actor=SYSTEM)


@afterwards
def begin_for_real(actor: Any) -> None:
    """A business needs one shop to stand in; its name waits in the settings for a better one."""
    if db.session.scalar(select(Shop.id).limit(1)) is not None:
        return
    business = db.session.scalar(select(Business).limit(1)) or Business(name=_("My business"), currency="CNY")
    shop = Shop(name=_("My shop"), business=business, currency=business.currency)
    shop.channels.append(Channel(name=_("Counter"), kind=ChannelKind.COUNTER))
    db.session.add(shop)
    db.session.flush()
