"""On sale, off the shelf, now or by the clock; and every move leaves a line in the log."""

import datetime as dt

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import Conflict, DomainError, Forbidden, InvalidInput
from app.panel.core.jobs import SCHEDULES
from app.shop.catalog import events, services
from app.shop.catalog.jobs import act_on_schedule, would_act
from app.shop.catalog.models import PhaseRule
from app.shop.catalog.states import ProductPhase, ProductState

MINUTE = dt.timedelta(minutes=1)
SALE, SHELF = "Products that would go on sale: {}{}", "Products that would be taken off the shelf: 0"


def log(product):
    return [(move.before, move.after, move.by_schedule) for move in reversed(product.moves)]


def test_a_whole_product_goes_on_sale_and_comes_back(make_product, ada, clock):
    clock.set("2026-05-01 10:00")
    product = make_product(whole=True)
    services.publish(product, actor=ada)
    assert (product.state, product.published_at) == (ProductState.PUBLISHED, clock.now())
    services.withdraw(product, actor=ada, why="sold out")
    assert product.state is ProductState.WITHDRAWN
    services.publish(product, actor=ada)
    assert log(product) == [
        ("draft", "published", False), ("published", "withdrawn", False), ("withdrawn", "published", False),
    ]  # fmt: skip
    assert product.moves[1].why == "sold out"
    assert product.moves[1].actor_id == ada.id


def test_a_product_with_gaps_is_refused_and_all_gaps_are_named(make_product, ada, tree):
    product = make_product("Runner", category=tree["running"])
    with pytest.raises(DomainError) as refused:
        services.publish(product, actor=ada)
    for gap in ("Description", "A picture", "Material"):
        assert gap in refused.value.message
    assert product.state is ProductState.DRAFT
    assert product.moves == []


def test_nothing_goes_on_sale_twice_or_leaves_when_it_is_not_there(make_product, ada):
    product = make_product(whole=True)
    with pytest.raises(Conflict):
        services.withdraw(product, actor=ada)
    services.publish(product, actor=ada)
    with pytest.raises(Conflict):
        services.publish(product, actor=ada)


def test_a_clerk_puts_nothing_on_sale(make_product, ben):
    product = make_product(whole=True)
    for verb in (services.publish, services.withdraw):
        with pytest.raises(Forbidden):
            verb(product, actor=ben)
    with pytest.raises(Forbidden):
        services.schedule(product, publish_at=None, withdraw_at=None, actor=ben)


def test_a_listener_that_fails_undoes_the_move(make_product, ada, session):
    product = make_product(whole=True)

    def refuse(sender, **kwargs):
        raise DomainError("not today")

    with events.product_published.connected_to(refuse), pytest.raises(DomainError):
        services.publish(product, actor=ada)
    session.expire_all()
    assert product.state is ProductState.DRAFT
    assert product.moves == []


def test_the_clock_puts_on_sale_and_takes_off_within_a_minute_of_the_time(make_product, ada, clock):
    clock.set("2026-05-01 10:00")
    product = make_product(whole=True)
    start, end = clock.now() + 30 * MINUTE, clock.now() + 90 * MINUTE
    services.schedule(product, publish_at=start, withdraw_at=end, actor=ada)
    clock.advance(minutes=29, seconds=59)
    assert act_on_schedule() == {"published": 0, "withdrawn": 0, "refused": 0}
    clock.advance(seconds=1)
    assert act_on_schedule()["published"] == 1
    assert (product.state, product.publish_at, product.withdraw_at) == (ProductState.PUBLISHED, None, end)
    clock.advance(minutes=60)
    assert act_on_schedule()["withdrawn"] == 1
    assert act_on_schedule() == {"published": 0, "withdrawn": 0, "refused": 0}
    assert log(product) == [("draft", "published", True), ("published", "withdrawn", True)]
    assert SCHEDULES["catalog.act_on_schedule"].cron == "* * * * *"


def test_a_planned_product_that_lost_its_picture_stays_and_its_planner_is_told_once(make_product, ada, clock, session, monkeypatch):
    told = []
    monkeypatch.setattr(services.publishing.notices, "send", lambda people, title, **more: told.append((people, more["body"])))
    clock.set("2026-05-01 10:00")
    product = make_product(whole=True)
    services.schedule(product, publish_at=clock.now() + MINUTE, withdraw_at=None, actor=ada)
    session.delete(product.images[0])
    session.commit()
    clock.advance(minutes=2)
    assert act_on_schedule()["refused"] == 1
    assert act_on_schedule()["refused"] == 0
    assert product.state is ProductState.DRAFT
    ((_people, body),) = told
    assert "A picture" in body


def test_the_clock_goes_on_with_the_others_when_one_product_is_refused(make_product, ada, clock, session):
    clock.set("2026-05-01 10:00")
    broken, whole = make_product("Broken", whole=True), make_product("Whole", whole=True)
    for product in (broken, whole):
        services.schedule(product, publish_at=clock.now() + MINUTE, withdraw_at=None, actor=ada)
    session.delete(broken.images[0])
    session.commit()
    assert would_act(clock.now()) == [SALE.format(0, ""), SHELF], "the rehearsal of the page of schedules"
    said = would_act(clock.now() + MINUTE)
    assert said[:2] == [SALE.format(1, f" ({whole.title})"), SHELF] and "Broken" in said[2] and "A picture" in said[2]
    assert whole.state is ProductState.DRAFT
    clock.advance(minutes=1)
    assert act_on_schedule() == {"published": 1, "withdrawn": 0, "refused": 1}
    assert whole.state is ProductState.PUBLISHED


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [(-1, None, "publish_at"), (None, 5, "withdraw_at"), (10, 5, "withdraw_at"), (5, -1, "withdraw_at")],
)
def test_times_that_do_not_fit_are_refused(make_product, ada, clock, start, end, wrong):
    clock.set("2026-05-01 10:00")
    product = make_product(whole=True)
    times = {"publish_at": start, "withdraw_at": end}
    with pytest.raises(InvalidInput) as refused:
        services.schedule(product, actor=ada, **{n: v and clock.now() + v * MINUTE for n, v in times.items()})
    assert list(refused.value.errors) == [wrong]


def test_a_plan_is_made_on_the_shops_clock_and_taken_back(make_product, as_user, clock, session):
    clock.set("2026-05-01 10:00")
    product, client = make_product(whole=True), as_user("ada")
    path = f"/catalog/product/action/schedule/{product.id}"
    data = {"_go": "1", "publish_at": "2026-05-01T20:00", "withdraw_at": "2026-05-02T08:00"}
    assert client.post(path, data=data).status_code == 302
    session.expire_all()
    assert product.publish_at == dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC), "20:00 in Shanghai"
    assert client.post(path, data={"_go": "1", "publish_at": "2026-04-30T20:00"}).status_code == 422
    assert client.post(path, data={"_go": "1", "publish_at": "soon"}).status_code == 422
    assert client.post(path, data={"_go": "1", "publish_at": "", "withdraw_at": ""}).status_code == 302
    session.expire_all()
    assert (product.publish_at, product.withdraw_at) == (None, None)


def test_what_another_system_sold_is_taken_over_with_its_gaps(make_product, ada):
    product = make_product()
    services.take_over(product, ProductState.PUBLISHED, actor=ada)
    assert product.state is ProductState.PUBLISHED
    services.take_over(product, ProductState.PUBLISHED, actor=ada)
    assert len(product.moves) == 1


def test_a_product_walks_through_its_phases_and_does_not_jump(make_product, ada):
    product = make_product()
    assert product.phase is ProductPhase.TEST
    with pytest.raises(Conflict):
        services.set_phase(product, ProductPhase.PROMOTE, actor=ada)
    services.set_phase(product, ProductPhase.OPTIMISE, actor=ada, why="click rate 4 %")
    services.set_phase(product, ProductPhase.PROMOTE, actor=ada)
    assert log(product) == [("test", "optimise", False), ("optimise", "promote", False)]


def test_the_shop_allows_a_jump_forbids_a_step_and_keeps_one_for_a_role(make_product, ada, ben, session):
    product = make_product()
    test, optimise, promote = ProductPhase.TEST, ProductPhase.OPTIMISE, ProductPhase.PROMOTE
    session.add(PhaseRule(before=test, after=promote, is_allowed=True, roles="deputy"))
    session.add(PhaseRule(before=test, after=optimise, is_allowed=False))
    session.commit()
    with pytest.raises(Conflict):
        services.set_phase(product, optimise, actor=ada)
    services.set_phase(product, promote, actor=ada)
    assert product.phase is promote


def test_a_move_kept_for_deputies_is_refused_to_operations(make_product, ben, session, as_role):
    session.add(PhaseRule(before=ProductPhase.TEST, after=ProductPhase.OPTIMISE, is_allowed=True, roles="deputy"))
    session.commit()
    product = make_product()
    as_role(ben, "operations")
    with pytest.raises(Forbidden):
        services.set_phase(product, ProductPhase.OPTIMISE, actor=ben)
    as_role(ben, "deputy")
    services.set_phase(product, ProductPhase.OPTIMISE, actor=ben)
    assert product.phase is ProductPhase.OPTIMISE


def test_the_system_publishes_without_a_person(make_product):
    product = make_product(whole=True)
    services.publish(product, actor=SYSTEM)
    assert product.moves[0].actor_id is None
