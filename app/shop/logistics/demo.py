"""Couriers, what they said of the parcels of the last weeks, and the methods by which the shops of the demo send."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from flask_babel import force_locale
from sqlalchemy import and_, or_, select

from app.panel.accounts import firstrun
from app.panel.accounts.models import User
from app.panel.core.db import db
from app.panel.core.demo import World, part
from app.panel.core.savedlists import SavedList
from app.shop.logistics.adapters import Asked, journey
from app.shop.logistics.models import (
    Aim,
    Compensation,
    CompensationKind,
    CompensationRule,
    CompensationState,
    Courier,
    CourierLink,
    MethodKind,
    Parcel,
    ParcelState,
    ShippingMethod,
    ShippingRule,
    TraceEvent,
)
from app.shop.logistics.services.couriers import USUAL, words
from app.shop.logistics.services.parcels import ENDED, FOLLOWED_FOR
from app.shop.orders.models import Order, Shipment
from app.shop.orders.states import TO_SHIP

STANDING = dt.timedelta(days=3)
FAR = "新疆,西藏,青海,内蒙古,海南"
# name, kind, courier, fee, days, provinces, for, against
METHODS = (
    ("中通快递", MethodKind.EXPRESS, "ZTO", 450, (2, 4), "", "便宜，全国都到", "旺季偶有延误"),
    ("顺丰速运", MethodKind.EXPRESS, "SF", 1300, (1, 2), "", "最快，服务好，丢损少", "运费高"),
    ("邮政快递包裹", MethodKind.POST, "CHINAPOST", 700, (4, 8), "", "偏远乡镇也能送到", "慢，轨迹更新少"),
    ("同城配送", MethodKind.LOCAL, None, 800, (0, 1), "浙江", "当天送到", "只送杭州周边"),
    ("到店自提", MethodKind.PICKUP, None, 0, (0, 1), "浙江", "不要运费", "买家要自己来取"),
)  # fmt: skip
RULES = (
    ("大额订单走最快", "", 50000, None, Aim.FASTEST, None),
    ("偏远地区走邮政", FAR, None, None, Aim.THIS, "邮政快递包裹"),
    ("其余走中通", "", None, None, Aim.THIS, "中通快递"),
)


@part(50)
def parcels(world: World) -> None:
    couriers = _couriers(world)
    _methods(world, couriers)
    known = {name: row for row in couriers.values() for name in (row["name"], row["code"], *words(row["aliases"]))}
    query = (
        select(Shipment.id, Shipment.order_id, Shipment.courier, Shipment.tracking_number, Shipment.shipped_at, Order.city)
        .join(Order, Order.id == Shipment.order_id)
        .where(Shipment.tracking_number.is_not(None), Shipment.shipped_at > world.now - FOLLOWED_FOR).order_by(Shipment.id)
    )  # fmt: skip
    with force_locale("zh_Hans_CN"):
        for row in db.session.execute(query).all():
            if row.courier in known:
                _parcel(world, row, known[row.courier])
    _compensations(world)
    world.flush(Courier, ShippingMethod, ShippingRule, Parcel, TraceEvent, CompensationRule, Compensation)


def _couriers(world: World) -> dict[str, dict[str, Any]]:
    """Those that a shop found when it opened stay as they are."""
    begin = world.now - dt.timedelta(days=400)
    table = Courier.__table__
    found = {row["code"]: dict(row) for row in db.session.execute(select(table)).mappings()}
    with force_locale("zh_Hans_CN"):
        for place, (code, (name, aliases, numbers, phone)) in enumerate(USUAL.items(), 1):
            found[code] = found.get(code) or world.add(
                Courier, begin, code=code, name=str(name), aliases=aliases, formats=numbers, phone=phone, position=10 * place,
                link=CourierLink.PRACTICE, is_active=True,
            )  # fmt: skip
    return found


def _methods(world: World, couriers: dict[str, dict[str, Any]]) -> None:
    made = {}
    for place, (name, kind, courier, fee, days, provinces, pros, cons) in enumerate(METHODS, 1):
        made[name] = world.add(
            ShippingMethod, name=name, kind=kind, courier_id=couriers[courier]["id"] if courier else None, currency="CNY", fee=fee,
            days_from=days[0], days_to=days[1], provinces=provinces or None, pros=pros, cons=cons, position=10 * place, is_active=True,
        )  # fmt: skip
    for place, (name, provinces, least, most, aim, method) in enumerate(RULES, 1):
        world.add(
            ShippingRule, name=name, position=10 * place, provinces=provinces or None, currency="CNY", least=least, most=most, aim=aim,
            method_id=made[method]["id"] if method else None, is_active=True,
        )  # fmt: skip


def _compensations(world: World) -> None:
    """Orders that left or wait too late in the last weeks; what is older than some days was decided."""
    begin = world.now - FOLLOWED_FOR
    rule = world.add(
        CompensationRule, begin, name="超时发货补偿券", position=10, shop_id=None, currency="CNY", least=None,
        kind=CompensationKind.COUPON, amount=1000, is_automatic=False, is_active=True,
    )  # fmt: skip
    late = or_(Order.shipped_at > Order.ship_by_at, and_(Order.state.in_(TO_SHIP), Order.ship_by_at < world.now))
    query = select(Order.id, Order.ship_by_at).where(late, Order.ship_by_at >= begin, Order.is_held.is_(False))
    for order_id, due in db.session.execute(query.order_by(Order.id)).all():
        waits = due > world.now - dt.timedelta(days=4)
        decided = None if waits else due + dt.timedelta(hours=5)
        state = CompensationState.PROPOSED if waits else CompensationState.APPROVED
        world.add(
            Compensation, due, order_id=order_id, cause="late", rule_id=rule["id"], kind=CompensationKind.COUPON, currency="CNY",
            amount=1000, state=state, made_at=due, decided_at=decided, why=None,
        )  # fmt: skip


def _parcel(world: World, row: Any, courier: dict[str, Any]) -> None:
    """A parcel with as much of its journey as lies behind it."""
    told = [one for one in journey(Asked(row.tracking_number, row.shipped_at, row.city or "")) if one.at <= world.now]
    last = told[-1] if told else None
    state, moved = (last.kind, last.at) if last else (ParcelState.WAITING, row.shipped_at)
    parcel = world.add(
        Parcel, row.shipped_at, shipment_id=row.id, order_id=row.order_id, courier_id=courier["id"], number=row.tracking_number,
        state=state, said=f"{last.place} · {last.words}" if last else None, shipped_at=row.shipped_at,
        first_at=told[0].at if told else None, moved_at=moved,
        is_standing=state not in ENDED and moved < world.now - STANDING,
    )  # fmt: skip
    for one in told:
        world.add(
            TraceEvent, one.at, parcel_id=parcel["id"], key=one.key, happened_at=one.at, kind=one.kind, place=one.place,
            words=one.words,
        )  # fmt: skip


@firstrun.demo_user_made.connect
def keep_views(user: User, role: str, **_more: Any) -> None:
    """LOG-10: the people of operations keep a view of what stands still."""
    if role == "operations":
        tree = {"and": [["is_standing", "is", "true"]]}
        state = {"f": json.dumps(tree, separators=(",", ":")), "sort": "moved_at"}
        row = SavedList(user_id=user.id, list_key="logistics_parcel", name="长时间未动的包裹", state=state, roles=[role], is_shared=True)
        db.session.add(row)
