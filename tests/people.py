"""Who is there in every test: ada (administrator), ben (support, shop A), cleo (support, shop B); and their shops."""

PASSWORD = "correct horse battery staple 7"
TEAM = {"ada": "administrator", "ben": "support", "cleo": "support"}


def settle():
    """Write the people and, where the shop domains are there, two shops with a channel each."""
    from app.panel.accounts import services
    from app.panel.core.actor import SYSTEM
    from app.panel.core.db import db

    known = {}
    for name, role in TEAM.items():
        known[name] = services.create_user(
            actor=SYSTEM,
            username=name,
            name=name.capitalize(),
            email=f"{name}@example.org",
            roles=[role],
            password=PASSWORD,
        )
    if "setup_shop" in db.metadata.tables:
        open_shops(known)
    db.session.commit()


def make_key(**wanted):
    """A key of somebody who has just shown that it is he."""
    from app.panel.accounts.people import keys
    from app.panel.core import stepup

    with stepup.vouched():
        return keys.make(**wanted)


def open_shops(known):
    from app.panel.core.db import db
    from app.panel.core.transaction import transactional
    from app.shop.setup.models import Business, Channel, Shop, StaffAssignment

    @transactional
    def write():
        business = Business(name="青禾商贸", currency="CNY")
        for letter, person in (("A", "ben"), ("B", "cleo")):
            shop = Shop(name=f"青禾旗舰店铺{letter}", code=letter, business=business, currency="CNY")
            shop.channels.append(Channel(name=f"Counter {letter}", kind="counter"))
            db.session.add(shop)
            db.session.flush()
            db.session.add(StaffAssignment(user_id=known[person].id, shop_id=shop.id))

    write()
