from app.panel.core.actor import SYSTEM
from app.panel.core.notices import Notice
from app.panel.core.settings import change
from app.shop.inventory import jobs, services
from app.shop.inventory.models import StockAlert
from app.shop.inventory.services import Cause, Line
from tests.shop.inventory.goods import level, make_warehouse, person, shop


def reserve(sku, number, quantity=1):
    services.reserve([Line(sku.id, quantity)], cause=Cause("orders.Order", number), actor=SYSTEM)


def alerts(session):
    session.expire_all()
    return session.query(StockAlert).order_by(StockAlert.id).all()


def test_crossing_the_line_raises_one_alert_until_the_stock_recovers(stocked, warehouse, session, ada):
    services.set_threshold([level(stocked[0], warehouse)], 5, actor=ada)
    for number in range(1, 5):
        reserve(stocked[0], number)
    assert alerts(session) == []
    for number in range(5, 11):
        reserve(stocked[0], number)
    (alert,) = alerts(session)
    assert (alert.available, alert.line, alert.recovered_at) == (5, 5, None)
    assert level(stocked[0], warehouse).is_low
    services.receive([Line(stocked[0].id, 6)], actor=ada)
    (alert,) = alerts(session)
    assert alert.recovered_at is not None and not level(stocked[0], warehouse).is_low
    reserve(stocked[0], 20, 3)
    assert [one.recovered_at is None for one in alerts(session)] == [False, True]


def test_wobbling_at_the_line_is_one_crossing_each_time_and_no_more(stocked, warehouse, session, ada):
    services.set_threshold([level(stocked[0], warehouse)], 9, actor=ada)
    for number in range(4):
        reserve(stocked[0], number)
        services.release(Cause("orders.Order", number), actor=SYSTEM)
    found = alerts(session)
    assert len(found) == 4 and all(one.recovered_at for one in found)


def test_a_sku_without_a_line_of_its_own_has_that_of_the_settings(stocked, warehouse, session, ada):
    change({"inventory.warning_line": "7"}, actor=ada)
    reserve(stocked[0], 1, 3)
    (alert,) = alerts(session)
    assert alert.line == 7


def test_moving_the_line_raises_and_closes_alerts(stocked, warehouse, session, ada):
    services.set_threshold([level(stocked[0], warehouse)], 10, actor=ada)
    assert [one.recovered_at for one in alerts(session)] == [None]
    services.set_threshold([level(stocked[0], warehouse)], 3, actor=ada)
    assert all(one.recovered_at for one in alerts(session))


def test_moving_the_line_of_the_settings_is_noticed_by_the_job(stocked, warehouse, session, ada):
    change({"inventory.warning_line": "10"}, actor=ada)
    jobs.recheck_lines()
    assert len(alerts(session)) == 3
    change({"inventory.warning_line": "-1"}, actor=ada)
    jobs.recheck_lines()
    assert all(one.recovered_at for one in alerts(session))


def test_those_who_can_bring_goods_into_this_warehouse_are_told_once(skus, session, ada, ben):
    own = make_warehouse("A", shop("A"))
    near, far = person("nora", "operations", "A"), person("fred", "operations", "B")
    services.open_stock_many([Line(sku.id, 10, own.id) for sku in skus], actor=SYSTEM)
    lines = [Line(sku.id, 8, own.id) for sku in skus]
    services.reserve(lines, cause=Cause("orders.Order", 1), actor=SYSTEM)
    for _again in range(2):
        jobs.tell_low()
    told = {user.username: session.query(Notice).filter_by(user_id=user.id).all() for user in (ada, ben, near, far)}
    assert {name: len(notices) for name, notices in told.items()} == {"ada": 1, "ben": 0, "nora": 1, "fred": 0}
    assert told["nora"][0].title == "3 SKUs are running low"


def test_one_low_sku_is_named_in_the_notice(stocked, warehouse, session, ada):
    reserve(stocked[0], 1, 9)
    jobs.tell_low()
    notice = session.query(Notice).filter_by(user_id=ada.id).one()
    assert stocked[0].code in notice.title and notice.url == f"/inventory/stock/{stocked[0].id}"
