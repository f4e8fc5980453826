"""5,000 people over the provinces, where people are."""

from __future__ import annotations

import datetime as dt

from app.panel.core.demo import World, part
from app.shop.customers.areas import children
from app.shop.customers.demo_cards import dress
from app.shop.customers.models import Address, Customer, CustomerIdentity
from app.shop.customers.services.identities import slot
from app.shop.customers.states import CustomerLevel, CustomerState, Gender, IdentityKind

CUSTOMERS = 5000
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马胡朱郭何罗高林郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范"
GIVEN = ("伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "明", "超", "秀英", "霞", "平", "刚", "桂英",
         "子涵", "欣怡", "梓萱", "雨桐", "浩然", "宇轩", "一诺", "思远", "晓彤", "佳琪", "嘉怡", "俊杰", "雪", "婷婷", "海燕", "建国", "志强", "文静")  # fmt: skip
# share of orders by province: where live commerce sells
PROVINCES = {
    "广东省": 118, "浙江省": 104, "江苏省": 98, "山东省": 72, "河南省": 62, "四川省": 60, "湖北省": 46, "湖南省": 45, "河北省": 44, "福建省": 42,
    "安徽省": 41, "上海市": 40, "北京市": 38, "陕西省": 30, "江西省": 29, "辽宁省": 29, "广西壮族自治区": 26, "重庆市": 26, "云南省": 24, "山西省": 20,
    "贵州省": 19, "黑龙江省": 18, "吉林省": 15, "天津市": 14, "内蒙古自治区": 13, "新疆维吾尔自治区": 12, "甘肃省": 11, "海南省": 7, "宁夏回族自治区": 5,
    "青海省": 3, "西藏自治区": 2,
}  # fmt: skip
ROADS = ("人民路", "中山路", "解放路", "建设路", "文化路", "和平街", "青年路", "滨江大道", "学府路", "新华街", "长江路", "幸福里", "金桂苑", "锦绣花园", "阳光小区")


@part(30)
def people(world: World) -> None:
    chance = world.random
    places = _places()
    channels = list(world.made["channels"].values())
    found, cards = [], []
    for number in range(int(CUSTOMERS * world.scale)):
        channel = chance.choices(channels, weights=[c["share"] for c in channels])[0]
        since = world.now - dt.timedelta(days=min(chance.expovariate(1 / 170), 395), seconds=chance.randrange(86400))
        female = chance.random() < 0.66
        name = chance.choice(SURNAMES) + chance.choice(GIVEN)
        phone = f"+861{chance.choice((38, 39, 59, 77, 86, 88, 99))}{10_000_000 + (number * 7919) % 89_999_999:08d}"
        province, city, district = chance.choices(places[0], weights=places[1])[0]
        street = f"{chance.choice(ROADS)}{chance.randrange(1, 400)}号{chance.randrange(1, 30)}幢{chance.randrange(1, 25)}0{chance.randrange(1, 4)}室"
        row = world.add(
            Customer, since, name=name, phone=phone, email=None, gender=Gender.FEMALE if female else Gender.MALE,
            birthday_on=dt.date(chance.randrange(1965, 2006), chance.randrange(1, 13), chance.randrange(1, 29)),
            level=chance.choices(list(CustomerLevel), weights=(70, 18, 9, 3))[0], state=CustomerState.ACTIVE,
            shop_id=channel["shop_id"], channel_id=channel["id"], accepts_sms=chance.random() < 0.4, accepts_email=False,
            accepts_call=False, accepts_profiling=False, first_seen_at=since,
        )  # fmt: skip
        world.add(
            CustomerIdentity, since, customer_id=row["id"], kind=IdentityKind.PHONE, channel_id=None, value=phone,
            slot=slot(IdentityKind.PHONE, phone, shop_id=channel["shop_id"]),
        )  # fmt: skip
        address = {"country": "CN", "province": province, "city": city, "district": district, "street": street}
        world.add(Address, since, customer_id=row["id"], label=None, recipient=name, phone=phone, is_default=True, **address)
        cards.append(row)
        found.append({"id": row["id"], "name": name, "phone": phone, "since": since, "channel": channel, **address})
    dress(world, cards)
    world.tell(Customer, [person["id"] for person in found])
    world.made["customers"] = found
    world.made["counts"]["customers"] = len(found)


def _places() -> tuple[list[tuple[str, str, str]], list[float]]:
    """A district of each of a few cities a province; the first ones are the larger."""
    names, weights = [], []
    for province in children():
        share = PROVINCES.get(province.name, 1)
        for rank, city in enumerate(children(province.code)[:5]):
            districts = children(city.code)[:4] or (None,)
            for district in districts:
                names.append((province.name, city.name, district.name if district else ""))
                weights.append(share / (rank + 1) / len(districts))
    return names, weights
