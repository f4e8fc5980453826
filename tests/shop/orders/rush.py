"""Works inside a real instance while a test runs: `prepare` opens a stall and says what a buyer needs, `settle` what became of it."""

import secrets

from flask import current_app
from itsdangerous import URLSafeTimedSerializer

from app.panel.accounts import services as accounts
from app.panel.accounts.login import sessions
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Sku
from app.shop.inventory import services as inventory
from app.shop.inventory.models import StockLevel, Warehouse
from app.shop.inventory.services import Line, check
from app.shop.orders import services
from app.shop.orders.models import Order, OrderLine
from app.shop.setup.models import Business, Channel, Shop
from tests.people import PASSWORD
from tests.shop.orders.conftest import BUYER, open_stall

MANY, FEW = 100, 25  # pieces of the first article, and of each of the nine others


def prepare():
    user = accounts.create_user(
        actor=SYSTEM, username="door", name="Door", email="door@example.org", roles=["administrator"], password=PASSWORD
    )
    open_shops()
    stall = open_stall(stock=FEW, prices=(100,) * 10)
    inventory.receive([Line(stall.skus[0], MANY - FEW, stall.house_id)], actor=SYSTEM)
    word = secrets.token_hex(20)
    value = sessions.begin(user.id, {"_user_id": str(user.id), "_fresh": True, "csrf_token": word, "language": "en"})
    token = URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="wtf-csrf-token").dumps(word)
    return {"cookie": f"{sessions.cookie_name(False)}={value}", "token": token, "channel": stall.site_id}


def owe():
    """Three orders of 500 each, in minor units, that are paid and sent."""
    channel = db.session.query(Channel).filter_by(name="Own site").order_by(Channel.id.desc()).first()
    sku, house = db.session.query(Sku).filter_by(code="T-1").one(), db.session.query(Warehouse).filter_by(code="T-W").one()
    inventory.receive([Line(sku.id, 15, house.id)], actor=SYSTEM)
    made = []
    for _ in range(3):
        order = services.place([services.Wanted(sku.id, 5)], channel_id=channel.id, buyer=BUYER, actor=SYSTEM)
        services.pay(order, actor=SYSTEM)
        services.ship(order, actor=SYSTEM)
        made.append(order.id)
    return made


def given_back():
    """(what was given back, in how many parts) of each order of which anything was."""
    found = db.session.query(Order).filter(Order.refunds.any()).order_by(Order.id)
    return [[order.refunded, [refund.amount for refund in order.refunds]] for order in found]


@transactional
def open_shops():
    business = db.session.query(Business).first() or Business(name="青禾商贸", currency="CNY")
    for letter in "AB":
        shop = Shop(name=f"青禾旗舰店铺{letter}", code=letter, business=business, currency="CNY")
        shop.channels.append(Channel(name=f"Counter {letter}", kind="counter"))
        db.session.add(shop)


def settle():
    levels = db.session.query(StockLevel).all()
    return {
        "orders": db.session.query(Order).count(),
        "sold": sum(line.quantity for line in db.session.query(OrderLine)),
        "left": [level.available for level in sorted(levels, key=lambda level: level.sku_id)],
        "numbers": len({order.number for order in db.session.query(Order)}),
        "wrong": [str(one) for one in check.verify()],
    }

