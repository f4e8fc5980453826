"""Opens a stall with 100 pieces in a real instance and prints what a buyer needs; at the end, what became of it."""

import json
import secrets
import sys

from itsdangerous import URLSafeTimedSerializer

from app import create_app
from app.panel.accounts import services as accounts
from app.panel.accounts import sessions
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.inventory.models import StockLevel
from app.shop.inventory.services import check
from app.shop.orders.models import Order, OrderLine
from app.shop.setup.models import Business, Channel, Shop
from tests.people import PASSWORD
from tests.shop.orders.conftest import open_stall


def prepare():
    user = accounts.create_user(
        actor=SYSTEM, username="door", name="Door", email="door@example.org", roles=["administrator"], password=PASSWORD
    )
    open_shops()
    stall = open_stall(stock=100, prices=(100,) * 10)
    word = secrets.token_hex(20)
    value = sessions.begin(user.id, {"_user_id": str(user.id), "_fresh": True, "csrf_token": word, "language": "en"})
    token = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="wtf-csrf-token").dumps(word)
    return {"cookie": f"{sessions.cookie_name(False)}={value}", "token": token, "channel": stall.site_id}


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


app = create_app()
with app.app_context():
    print("RESULT " + json.dumps({"prepare": prepare, "settle": settle}[sys.argv[1]]()))
