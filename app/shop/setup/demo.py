"""Two shops with six channels, as a live-commerce business has them."""

from __future__ import annotations

import datetime as dt
import io
import secrets
from typing import Any

from flask_babel import gettext as _
from PIL import Image, ImageChops, ImageDraw
from sqlalchemy import select, update

from app.panel.accounts import firstrun
from app.panel.accounts.models import ApiKey, KeyKind, User
from app.panel.core import clock, files
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.demo import World, afterwards, part
from app.shop.setup import queries, services
from app.shop.setup.demo_companies import companies, credit_code
from app.shop.setup.models import Business, Channel, ChannelAccount, OrgApplication, Shop
from app.shop.setup.permissions import CHANNEL
from app.shop.setup.states import AccountPart, AccountState, ChannelKind, LogoSource

# key, name, code, keyword, category, tint of the logo
SHOPS = (
    ("home", "青禾家居生活馆旗舰店", "QH", "家居 青禾", "家居生活", "#3f8f63"),
    ("beauty", "山茶美妆护肤专营店", "SC", "美妆 山茶", "美妆护肤", "#c4536e"),
)
ACCOUNT, ENTERPRISE, SHOWCASE = AccountPart.ACCOUNT, AccountPart.ENTERPRISE, AccountPart.SHOWCASE
# key, shop, name, kind, share of its shop's orders (0: closed), credentials with the days until they run out
CHANNELS = (
    ("douyin", "home", "抖音直播间", ChannelKind.DOUYIN, 52, ((ACCOUNT, None), (ENTERPRISE, 20), (SHOWCASE, 128))),
    ("tmall", "home", "天猫旗舰店", ChannelKind.TMALL, 34, ((ENTERPRISE, 230),)),
    ("counter", "home", "武林路门店", ChannelKind.COUNTER, 14, ()),
    ("kuaishou", "beauty", "快手小店", ChannelKind.KUAISHOU, 45, ((ENTERPRISE, -12), (SHOWCASE, 64))),
    ("wechat", "beauty", "微信小程序商城", ChannelKind.WECHAT, 55, ((ACCOUNT, 6),)),
    ("pinduoduo", "beauty", "拼多多专营店", ChannelKind.PINDUODUO, 0, ((ENTERPRISE, -95),)),
)  # fmt: skip
PEOPLE = {
    "operations": "周敏", "finance": "钱静", "support": "何小满", "host": "许澈", "field_control": "陆远",
    "deputy": "沈知秋", "viewer": "林小禾",
}  # fmt: skip
OWNER = "林青禾"
IN_ONE_SHOP = ("deputy", "support")  # the others work for all of them


@part(10)
def business(world: World) -> None:
    begin = world.now - dt.timedelta(days=420)
    owner = _known(Business) or world.add(
        Business, begin, name="杭州青禾商贸有限公司", credit_code=credit_code(0), licence_scope="家居生活\n美妆护肤\n食品饮料\n服饰鞋包",
        legal_person=OWNER, phone="0571-87654321", currency="CNY", zone="Asia/Shanghai", language="zh_Hans_CN",
    )  # fmt: skip
    shops, channels = {}, {}
    for key, name, code, keyword, category, tint in SHOPS:
        own = _known(Shop) if key == "home" else None
        shops[key] = (own or world.add(
            Shop, begin, business_id=owner["id"], name=name, code=code, core_keyword=keyword, main_category=category, currency="CNY",
            phone="400-820-1688", address="浙江省杭州市拱墅区武林路 88 号", logo_id=_logo(world, code, tint, begin),
            logo_source=LogoSource.OWN, logo_licence=None, is_active=True,
        ))["id"]  # fmt: skip
    for position, (key, shop, name, kind, share, accounts) in enumerate(CHANNELS):
        row = world.add(
            Channel, begin, shop_id=shops[shop], name=name, kind=kind, url=None, external_id=f"{kind.value}-{1000 + position}",
            position=position, is_active=bool(share),
        )  # fmt: skip
        if share:
            channels[key] = {"id": row["id"], "shop_id": shops[shop], "kind": kind, "share": share}
        for part_, days in accounts:
            _account(world, row, part_, days)
    for model in (Business, Shop, Channel, ChannelAccount):
        for row in world.rows[model]:
            world.note(model, row["id"], "insert", begin)
    world.flush(Business, files.File, Shop, Channel, ChannelAccount)
    world.made |= {"shops": shops, "channels": channels, "business_id": owner["id"]}
    companies(world)


def _account(world: World, channel: dict[str, Any], kind: AccountPart, days: int | None) -> None:
    """An account that runs out in so many days, verified a year before; None: bound and not verified yet."""
    end = world.today + dt.timedelta(days=days) if days is not None else None
    state = AccountState.BOUND if end is None else AccountState.VERIFIED if end >= world.today else AccountState.EXPIRED
    world.add(
        ChannelAccount, channel["created_at"], channel_id=channel["id"], part=kind, name=channel["name"],
        subject="杭州青禾商贸有限公司", state=state, verified_on=end - dt.timedelta(days=365) if end else None,
        expires_on=end, reminded_on=None, note=None,
    )  # fmt: skip


def _logo(world: World, code: str, tint: str, at: dt.datetime) -> int:
    """A leaf on a tinted square: where two discs meet."""
    discs = [Image.new("L", (480, 480)) for _number in range(2)]
    for disc, box in zip(discs, ((20, 140, 340, 460), (140, 20, 460, 340)), strict=True):
        ImageDraw.Draw(disc).ellipse(box, fill=255)
    image = Image.new("RGB", (480, 480), tint)
    image.paste("#ffffff", mask=ImageChops.darker(*discs))
    ImageDraw.Draw(image).line((120, 360, 330, 150), fill=tint, width=8)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return world.file(f"logo-{code}.png", buffer.getvalue(), image.size, at)


def _known(model: Any) -> dict[str, Any] | None:
    """The row that the owner made before he asked for the demo."""
    key = db.session.scalar(select(model.id).order_by(model.id).limit(1))
    return None if key is None else {"id": key}


@firstrun.demo_user_made.connect
def give_him_work(user: User, role: str, **_more: Any) -> None:
    """Whoever came with the demo sees its orders: the deputy and the support those of the first shop only.

    The operator is who handed in the applications, so that he finds them, and others may review them.
    """
    user.first_name = PEOPLE.get(role, user.first_name)
    if role == "operations":
        nobody = OrgApplication.applicant_id.is_(None)
        db.session.execute(update(OrgApplication).where(nobody).values(applicant_id=user.id))
        _bridges(user)
    if first := queries.default_shop():
        services.assign_to_shop(user, first if role in IN_ONE_SHOP else None, actor=SYSTEM)


@firstrun.demo_owner_made.connect
def name_the_owner(user: User, **_more: Any) -> None:
    user.first_name = OWNER


def _bridges(user: User) -> None:
    """Programs that work with the operator's keys; nobody knows the secrets of these."""
    now = clock.now()
    for name, kind, rights, days, used in (
        ("抖音订单对接", KeyKind.MACHINE, (("intake", "orders.Order"), ("read", "orders.Order"), ("read", CHANNEL)), 240, 3),
        ("库存同步表格", KeyKind.PERSON, (("read", "catalog.Sku"), ("read", "inventory.StockLevel")), 61, 900),
        ("旧版 ERP", KeyKind.MACHINE, (("read", "orders.Order"),), -18, 40_000),
    ):
        seen = now - dt.timedelta(minutes=used)
        db.session.add(ApiKey(
            name=name, kind=kind, owner_id=user.id, prefix=secrets.token_hex(5), secret_hash=secrets.token_hex(32),
            rights=sorted([verb, resource] for verb, resource in rights), bounds={}, expires_at=now + dt.timedelta(days=days),
            last_used_at=seen, last_used_from="203.0.113.24", created_at=now + dt.timedelta(days=days - 365),
        ))  # fmt: skip


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
