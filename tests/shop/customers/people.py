"""People who buy, for the tests of the customers domain."""

from app.panel.accounts import services as accounts
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.customers import services
from app.shop.setup.models import Channel, Shop, StaffAssignment


def shop(code="A"):
    return db.session.query(Shop).filter_by(code=code).one()


def channel(code="A"):
    return db.session.query(Channel).filter_by(shop_id=shop(code).id).first()


def customer(name="Li Na", phone="13800138000", shop_code="A", **more):
    return services.new_customer(
        {"name": name, "phone": phone, "shop_id": shop(shop_code).id, **more}, actor=SYSTEM
    )


def address(of, **more):
    values = {
        "recipient": of.name, "phone": "13800138000", "province": "浙江", "city": "杭州", "district": "西湖区",
        "street": "文三路 1 号", **more,
    }
    return services.add_address(of, values, actor=SYSTEM)


def person(name, role, shop_code="A"):
    user = accounts.create_user(
        actor=SYSTEM, username=name, name=name, email=f"{name}@example.org", roles=[role], password="a long enough one 11"
    )

    @transactional
    def assign():
        db.session.add(StaffAssignment(user_id=user.id, shop_id=shop(shop_code).id))

    assign()
    return user
