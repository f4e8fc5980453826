"""The demo keeps every promise that the services keep, though it is written in bulk."""

import datetime as dt
import re

import pytest
from sqlalchemy import func, select

from app.panel.core import clock
from tests import conftest

pytestmark = pytest.mark.slow

NOW = dt.datetime(2026, 11, 21, 6, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def shop(new_database, tmp_path_factory):
    """An instance with a twentieth of the demo's orders."""
    from app.panel.core import demo

    app = conftest.make_app(new_database(), tmp_path_factory.mktemp("demo"))
    with app.app_context():
        demo.load(seed=7, scale=0.05, now=NOW)
    return app


@pytest.fixture
def rows(shop):
    from app.panel.core.db import db

    with shop.app_context():
        yield db.session


def test_every_stock_level_is_the_sum_of_its_journal(rows):
    from app.shop.inventory.models import StockLevel
    from app.shop.inventory.services.check import verify

    assert rows.scalar(select(func.count(StockLevel.id))) > 800
    assert verify() == []


def test_the_ledger_tells_what_the_orders_brought(rows):
    from app.shop.finance.models import Entry
    from app.shop.finance.services import verify

    assert rows.scalar(select(func.count(Entry.id))) > 1500
    assert verify() == []


def test_no_balance_of_the_journal_is_ever_below_zero(rows):
    from app.shop.inventory.models import StockMove

    assert rows.scalar(select(func.min(StockMove.balance))) >= 0


def test_the_lines_of_an_order_add_up_to_it(rows):
    from app.shop.marketing.models import GroupBuyMember
    from app.shop.orders.models import Order, OrderLine

    sums = select(OrderLine.order_id, func.sum(OrderLine.total).label("total")).group_by(OrderLine.order_id).subquery()
    wrong = select(func.count()).select_from(Order).join(sums, sums.c.order_id == Order.id)
    wrong = wrong.where(sums.c.total != Order.subtotal - Order.discount)
    in_groups = Order.id.in_(select(GroupBuyMember.order_id))
    assert rows.scalar(select(func.count(Order.id)).where(Order.session_key.is_(None), ~in_groups)) == 1000
    assert rows.scalar(wrong) == 0


def test_payments_and_refunds_add_up_to_what_the_order_says(rows):
    from app.shop.orders.models import Order, Payment, Refund, RefundLine

    for model, column in ((Payment, Order.paid), (Refund, Order.refunded)):
        sums = select(model.order_id, func.sum(model.amount).label("total")).group_by(model.order_id).subquery()
        query = select(func.count()).select_from(Order).outerjoin(sums, sums.c.order_id == Order.id)
        assert rows.scalar(query.where(func.coalesce(sums.c.total, 0) != column)) == 0
    lines = select(RefundLine.refund_id, func.sum(RefundLine.amount).label("total")).group_by(RefundLine.refund_id).subquery()
    query = select(func.count()).select_from(Refund).join(lines, lines.c.refund_id == Refund.id)
    assert rows.scalar(query.where(lines.c.total != Refund.amount)) == 0


def test_every_state_that_an_order_went_through_stands_in_its_log(rows):
    from app.shop.orders.models import Order, OrderState, OrderStateLog
    from app.shop.orders.states import MOVES

    last = {}
    for log in rows.scalars(select(OrderStateLog).order_by(OrderStateLog.order_id, OrderStateLog.moved_at, OrderStateLog.id)):
        before = last.get(log.order_id)
        assert log.from_state == before
        assert before is None or log.to_state in MOVES[OrderState(before)], (before, log.to_state)
        last[log.order_id] = log.to_state
    for order in rows.scalars(select(Order)):
        assert last[order.id] == order.state


def test_some_orders_are_on_hold_and_some_wait_for_a_word(rows):
    from app.shop.customers.models import CustomerNote
    from app.shop.orders.models import Order, OrderException, OrderState, ReviewState

    held = list(rows.scalars(select(Order).where(Order.is_held)))
    assert held and all(order.hold_reason and order.state is OrderState.PAID for order in held)
    for review in (ReviewState.WAITING, ReviewState.FAILED):
        assert rows.scalar(select(func.count(Order.id)).where(Order.review == review))
    complained = select(OrderException.order_id).where(OrderException.state == "open")
    wrong = select(func.count(Order.id)).where(Order.review == ReviewState.FAILED, Order.id.not_in(complained))
    assert rows.scalar(wrong) == 0
    assert rows.scalar(select(func.count(CustomerNote.id)))
    live = select(func.count(Order.id)).where(Order.creator_name.is_not(None), Order.creator_id.is_not(None))
    assert 0 < rows.scalar(live) < 1000


def test_nothing_happens_after_now_and_numbers_are_given_out_once(rows):
    from app.shop.orders.models import Order, OrderStateLog

    assert rows.scalar(select(func.max(OrderStateLog.moved_at))) <= NOW
    total, distinct = rows.execute(select(func.count(Order.id), func.count(func.distinct(Order.number)))).one()
    assert total >= 1000
    assert distinct > 500


def test_the_next_order_of_the_demo_is_placed_by_the_services(shop):
    from app.panel.core.actor import SYSTEM
    from app.panel.core.db import db
    from app.shop.catalog.models import Sku
    from app.shop.inventory.models import StockLevel
    from app.shop.inventory.services.check import verify
    from app.shop.orders import services
    from app.shop.orders.services.placing import Wanted
    from app.shop.setup.models import Channel

    with shop.app_context():
        level = db.session.scalar(select(StockLevel).where(StockLevel.available > 3).order_by(StockLevel.id))
        sku = db.session.get(Sku, level.sku_id)
        channel = db.session.scalar(select(Channel).where(Channel.shop_id == level.warehouse.shop_id))
        order = services.place([Wanted(sku.id, 2)], channel_id=channel.id, actor=SYSTEM)
        assert order.total == 2 * sku.price - order.discount
        assert verify() == []


def test_companies_and_accounts_of_the_demo_stand_in_every_state_and_hold_to_their_rules(rows):
    from app.shop.setup import queries, rules
    from app.shop.setup.models import Business, ChannelAccount, Organisation, OrgApplication
    from app.shop.setup.services.accounts import state_of
    from app.shop.setup.services.onboarding import missing
    from app.shop.setup.states import AccountState, ApplicationState, AttachmentState

    applications = rows.scalars(select(OrgApplication)).all()
    assert {one.state for one in applications} == set(ApplicationState)
    codes = [rows.scalar(select(Business.credit_code)), *rows.scalars(select(OrgApplication.credit_code))]
    for code in codes:
        rules.credit_code(code)
    for one in applications:
        assert bool(missing(one)) == (one.state is ApplicationState.DRAFT), one
        sent_back = [paper for paper in one.attachments if paper.state is AttachmentState.REJECTED]
        assert bool(sent_back) == (one.state is ApplicationState.REJECTED), one
        assert bool(one.organisation_id) == (one.state is ApplicationState.APPROVED), one
        times = [event.happened_at for event in one.events]
        assert times == sorted(times), one
        assert all(time <= NOW for time in times), one
    approved = sum(one.state is ApplicationState.APPROVED for one in applications)
    assert rows.scalar(select(func.count(Organisation.id))) == approved
    clock.freeze(NOW)
    try:
        accounts = rows.scalars(select(ChannelAccount)).all()
        assert {account.state for account in accounts} == set(AccountState)
        assert all(account.state is state_of(account) for account in accounts)
        assert len(rows.scalars(queries.accounts_expiring()).all()) == 2
    finally:
        clock.freeze(None)


def test_everybody_who_comes_with_the_demo_finds_orders_in_his_list(shop):
    from app.panel.accounts import firstrun
    from app.panel.accounts.models import User
    from app.panel.core.db import db
    from app.shop.orders.models import Order

    roles = ["operations", "finance", "support", "host", "field_control", "deputy", "viewer"]
    firstrun.bootstrap_admin(shop, with_demo=True)
    assert set(roles) <= {role for _name, _password, role in firstrun.demo_users(shop)}
    with shop.app_context():
        assert db.session.query(User).filter_by(username="admin").one().first_name == "林青禾"
        home = db.session.scalar(select(func.min(Order.shop_id)))
        everything, one_shop = (
            db.session.scalar(select(func.count(Order.id)).where(which)) for which in (Order.id > 0, Order.shop_id == home)
        )
        seen = {}
        for role in roles:
            client = conftest.client_of(shop, role)
            assert re.search(r"\b50 rows", client.get("/orders/order/list/").text)
            seen[role] = client.get("/lists/orders_order/count?exactly=1").json["count"]
    assert everything > one_shop > 0
    assert seen == dict.fromkeys(roles, everything) | {"deputy": one_shop, "support": one_shop}


def test_the_demo_goes_without_a_trace_leaves_one_shop_to_begin_with_and_comes_again_as_the_same(new_database, tmp_path, monkeypatch):
    from app.panel.core import demo
    from app.panel.core.actor import SYSTEM
    from app.panel.core.db import db
    from app.panel.core.files import File
    from app.shop.orders.models import Order
    from app.shop.orders.services import ensure_reasons
    from app.shop.setup.models import Shop

    app = conftest.make_app(new_database(), tmp_path)
    with app.app_context():
        demo.load(seed=7, scale=0.01, now=NOW)
        first, pictures = figures(), sorted(stored(tmp_path))
        assert len(pictures) == db.session.scalar(select(func.count(File.id))) > 300
        assert demo.remove(SYSTEM) > 2000
        assert db.session.scalar(select(func.count(Order.id))) == 0
        assert db.session.scalar(select(func.count(Shop.id))) == 1
        assert (db.session.scalar(select(func.count(File.id))), stored(tmp_path)) == (0, [])
        assert demo.remove(SYSTEM) <= 5
        ensure_reasons()  # as in an instance whose owner has opened a shop before he asks for the demo
        with pytest.raises(KeyboardInterrupt), monkeypatch.context() as patched:
            patched.setattr(demo, "_end", interrupt)
            demo.load(seed=7, scale=0.01, now=NOW)
        assert not demo.is_loaded()
        demo.load(seed=7, scale=0.01, now=NOW)
        assert demo.is_loaded()
        assert 200 <= len(first) < 300
        assert figures() == first, "the same seed on the same day makes the same shop"
        assert len(stored(tmp_path)) > 300
        assert set(stored(tmp_path)) <= set(pictures)


def figures():
    from app.panel.core.db import db
    from app.shop.orders.models import Order

    query = select(Order.number, Order.total, Order.state, Order.placed_at, Order.buyer_phone).order_by(Order.id)
    return [tuple(row) for row in db.session.execute(query)]


def interrupt():
    raise KeyboardInterrupt


def stored(home):
    return [path for path in (home / "files").rglob("*") if path.is_file()]


def test_what_was_there_before_the_demo_stays_as_it_was_and_what_came_since_goes(session, picture):
    from app.panel.bulk.models import Run
    from app.panel.core import demo, files, notices
    from app.panel.core.actor import SYSTEM
    from app.shop.catalog.models import Brand, Category, Product, Tag
    from app.shop.setup.models import Shop

    logo = picture()
    session.query(Shop).first().logo_id = logo.id
    parent = Category(name="Mine", slug="mine")
    session.add_all([parent, Category(name="Below", slug="below", parent=parent)])
    product = Product(title="Mine too", handle="mine-too", tags=[Tag(name="Own tag")])
    session.add(product)
    session.commit()
    demo._begin(demo.World(7, 1, NOW, None))
    since, moved = Category(name="Since", slug="since"), Category(name="Later", slug="later")
    session.add_all([since, moved])
    session.flush()
    moved.parent, product.brand = since, Brand(name="New brand", slug="new-brand")
    product.tags.append(Tag(name="New tag"))
    session.commit()
    token = picture(40, 40).token
    session.add(Run(file_name="since.csv"))
    session.commit()
    notices.send([1], "Order 17 waits", url="/orders/order/show/17")
    demo.remove(SYSTEM)
    assert [(row.name, row.parent.name if row.parent else None) for row in session.query(Category).order_by(Category.id)] == [
        ("Mine", None), ("Below", "Mine"),
    ]  # fmt: skip
    assert (product.brand, [tag.name for tag in product.tags]) == (None, ["Own tag"])
    assert (session.query(Run).count(), session.query(notices.Notice).count()) == (0, 0)
    assert [file.id for file in session.query(files.File)] == [logo.id]
    assert files.path_of(logo.token).exists()
    assert not files.path_of(token).exists()


def test_the_catalog_of_the_demo_answers_its_questions_and_offers_only_what_is_on_sale(rows):
    from app.shop.catalog import queries, rules
    from app.shop.catalog.models import ChannelPrice, Keyword, Product, ProductRelation
    from app.shop.catalog.states import ProductState

    for product in rows.scalars(select(Product).where(Product.id % 9 == 0)):
        asked = {attribute.code: attribute for attribute in queries.attributes_of(product.category)}
        assert asked and set(product.attributes) <= set(asked)
        assert all(rules.answer(asked[code], value) == value for code, value in product.attributes.items())
        assert all(code in product.attributes for code, attribute in asked.items() if attribute.is_required)
    related = list(rows.scalars(select(ProductRelation)))
    assert related and all(row.related.state is ProductState.PUBLISHED and row.related_id != row.product_id for row in related)
    prices = list(rows.scalars(select(ChannelPrice)))
    assert prices and all(0 < row.price < row.sku.price for row in prices)
    assert rows.scalar(select(func.count(Keyword.id))) > 30


def test_one_stock_taking_of_the_demo_is_booked_and_one_is_under_way(rows):
    from app.shop.inventory.models import StockCount, StockMove
    from app.shop.inventory.states import CountState, MoveReason

    posted, under_way = rows.scalars(select(StockCount).order_by(StockCount.id))
    assert (posted.state, under_way.state) == (CountState.POSTED, CountState.OPEN)
    booked = {move.sku_id: move.quantity for move in rows.scalars(select(StockMove).where(StockMove.reason == MoveReason.COUNT))}
    assert booked and booked == {line.sku_id: line.difference for line in posted.lines}
    assert any(line.counted is None for line in under_way.lines) and any(line.difference for line in under_way.lines)


def test_every_consent_flag_of_a_card_is_the_latest_word_of_the_person(rows):
    from app.shop.customers.models import Consent, Customer, CustomerTag

    latest = {}
    for one in rows.scalars(select(Consent).order_by(Consent.decided_at, Consent.id)):
        assert one.source and one.decided_at <= NOW
        latest[one.customer_id, one.purpose.value] = one.is_granted
    assert {True, False} == set(latest.values())
    for card in rows.scalars(select(Customer)):
        for purpose in ("sms", "email", "call", "profiling"):
            assert getattr(card, f"accepts_{purpose}") == latest.get((card.id, purpose), False), (card.id, purpose)
    sizes = [len(tag.customers) for tag in rows.scalars(select(CustomerTag))]
    assert len(sizes) >= 5 and min(sizes) > 0


def test_a_merge_of_the_demo_can_be_taken_back(rows):
    from app.panel.core.actor import SYSTEM
    from app.shop.customers import services
    from app.shop.customers.models import CustomerMerge

    paper = rows.scalars(select(CustomerMerge).order_by(CustomerMerge.id)).first()
    back = services.unmerge(paper, actor=SYSTEM)
    assert (back.id, back.name) == (paper.gone_id, paper.gone_name)
    assert [identity.value for identity in back.identities] == [back.phone]


def test_every_figure_of_a_live_session_is_the_sum_of_its_events(rows):
    from app.shop.live.models import WHOLE, LiveBucket, LiveComment, LiveEvent, LiveSession, LiveTally
    from app.shop.live.states import SessionState

    told = 0
    for live in rows.scalars(select(LiveSession).where(LiveSession.begun_at.is_not(None))):
        tally = rows.scalar(select(LiveTally).where(LiveTally.session_id == live.id, LiveTally.item_id == WHOLE))
        of_it = select(LiveEvent.kind, func.count(), func.sum(LiveEvent.n), func.sum(LiveEvent.amount))
        kinds = {kind: rest for kind, *rest in rows.execute(of_it.where(LiveEvent.session_id == live.id).group_by(LiveEvent.kind))}
        assert tally.events == sum(count for count, _n, _amount in kinds.values()) > (100 if live.is_practice else 500)
        assert (tally.joins, tally.clicks, tally.comments) == tuple(kinds[kind][0] for kind in ("join", "click", "comment"))
        assert tally.likes == kinds["like"][1]
        assert (tally.orders, tally.gmv) == (kinds["order"][0], kinds["order"][2]) if "order" in kinds else tally.orders == 0
        buckets = select(func.sum(LiveBucket.gmv), func.sum(LiveBucket.joins)).where(LiveBucket.session_id == live.id)
        assert rows.execute(buckets.where(LiveBucket.item_id == WHOLE)).one() == (tally.gmv, tally.joins)
        assert rows.scalar(select(func.count(LiveComment.id)).where(LiveComment.session_id == live.id)) == tally.comments
        assert rows.scalar(select(func.max(LiveEvent.at)).where(LiveEvent.session_id == live.id)) <= NOW
        told += live.state is SessionState.LIVE
    assert told == 1, "one is on air"


def test_the_reports_of_past_sessions_are_asked_for_the_oldest_first(rows):
    from app.panel.core.outbox import OutboxRow
    from app.shop.live.models import LiveSession
    from app.shop.live.states import SessionState

    past = select(LiveSession.id).where(LiveSession.state == SessionState.ENDED, LiveSession.is_practice.is_(False))
    past = past.order_by(LiveSession.starts_at)
    asked = [row.payload["args"]["session_id"] for row in rows.scalars(select(OutboxRow).order_by(OutboxRow.next_at))
             if row.payload.get("job") == "live.report"]  # fmt: skip
    assert asked == list(rows.scalars(past)) and len(asked) == 4


def test_every_draw_of_the_demo_is_the_same_when_it_is_drawn_again_and_counts_who_took_part(rows):
    from app.shop.live.models import LiveEntry, LiveGame, LiveWinner
    from app.shop.live.services import games, taking_part
    from app.shop.live.states import GameKind, GameState

    played = list(rows.scalars(select(LiveGame).order_by(LiveGame.id)))
    assert {game.kind for game in played} == set(GameKind)
    assert [game.state for game in played if game.state is not GameState.DONE] == [GameState.OPEN], "one waits for its draw"
    waits = next(game for game in played if game.state is GameState.OPEN)
    assert waits.taken_part > 0, "viewers have written"
    for game in played:
        if game.state is GameState.DONE:
            assert rows.scalar(select(func.count(LiveEntry.id)).where(LiveEntry.game_id == game.id)) == game.taken_part
            assert sum(game.counted.values()) == game.taken_part
        else:
            assert len(taking_part.entries(game)) == game.taken_part
        assert max(at for at in (game.opened_at, game.closed_at, game.drawn_at) if at) <= NOW
        if game.drawn_at:
            assert games.draw_again(game).same, game
    assert sum(game.taken_part for game in played) > 20
    assert rows.scalar(select(func.count(LiveWinner.id))) == sum(len(games.draw_again(game).drawn) for game in played if game.drawn_at) > 6


def test_what_past_sessions_offered_was_bought_by_real_orders_each_at_the_price_that_the_feed_told_of(rows):
    from app.shop.live.models import LiveEvent, LiveOffer, LiveSession
    from app.shop.live.services import offered
    from app.shop.live.states import OfferKind, SessionState
    from app.shop.marketing.models import Coupon, PriceUse
    from app.shop.marketing.states import CouponState, UseState
    from app.shop.orders.models import Order, OrderState, ReviewState

    placed = rows.execute(select(Order, LiveEvent).join(LiveEvent, LiveEvent.order_id == Order.id).order_by(Order.id)).all()
    bought = {order.id for order, _event in placed}
    assert bought == set(rows.scalars(select(Order.id).where(Order.session_key.is_not(None)))) != set()
    for order, event in placed:
        assert (order.total, order.placed_at, order.session_key) == (event.amount, event.at, f"live:{event.session_id}")
        assert (order.paid, order.review) == (order.total, ReviewState.CONFIRMED)
        assert order.state in (OrderState.PAID, OrderState.SHIPPED, OrderState.COMPLETED)
    told = select(func.count(LiveEvent.id)).join(LiveSession, LiveSession.id == LiveEvent.session_id).where(LiveEvent.kind == "order")
    assert rows.scalar(told.where(LiveSession.is_practice.is_(False))) == len(bought), "each sale that a feed told of has its order"
    uses = rows.execute(select(PriceUse.promotion_id, PriceUse.coupon_id, PriceUse.order_id).where(
        PriceUse.order_id.in_(bought), PriceUse.state == UseState.TAKEN)).all()  # fmt: skip
    past = rows.scalars(select(LiveOffer).join(LiveSession, LiveSession.id == LiveOffer.session_id)
                        .where(LiveSession.state == SessionState.ENDED)).all()  # fmt: skip
    counted = {one["id"]: one for live in {one.session_id for one in past} for one in offered.taken(live)}
    sold = dict.fromkeys(OfferKind, 0)
    for offer in past:
        if offer.kind is OfferKind.COUPON:
            redeemed = set(rows.scalars(select(Coupon.id).where(Coupon.batch_id == offer.batch_id, Coupon.state == CouponState.REDEEMED)))
            assert counted[offer.id]["used"] == len(redeemed) == sum(coupon in redeemed for _promotion, coupon, _order in uses)
            sold[offer.kind] += len(redeemed)
        elif offer.kind is not OfferKind.PRICE:
            assert counted[offer.id]["orders"] == sum(promotion == offer.promotion_id for promotion, _coupon, _order in uses)
            sold[offer.kind] += counted[offer.id]["orders"]
    assert min(sold[kind] for kind in (OfferKind.FIRST, OfferKind.FLASH, OfferKind.COUPON)) > 0
    assert not any(promotion.is_active for promotion in (one.promotion for one in past) if promotion)


def test_the_team_of_the_demo_has_rehearsed_and_was_faster_the_second_time(rows):
    from app.shop.live.incidents import IncidentKind, RehearsalState
    from app.shop.live.models import LiveRehearsal
    from app.shop.live.services import rehearsed
    from app.shop.live.states import Post

    first, second = rehearsed.results(list(rows.scalars(select(LiveRehearsal).order_by(LiveRehearsal.id))))
    assert rehearsed.before(second.rehearsal).id == first.rehearsal.id
    for one in (first, second):
        assert (one.rehearsal.state, len(one.shown)) == (RehearsalState.ENDED, len(IncidentKind))
        for reaction in one.reactions.values():
            assert (reaction.at - reaction.incident.shown_at).total_seconds() == pytest.approx(float(reaction.seconds), abs=0.001)
    for post in Post:
        assert 0 < first.posts[post]["points"] < second.posts[post]["points"] < 100


def test_who_booked_was_reminded_once_it_was_time_and_nobody_keeps_the_contact_of_who_took_it_back(rows):
    from app.shop.live.models import LiveBooking
    from app.shop.live.out.states import ContactKind
    from app.shop.live.states import SessionState

    booked = list(rows.scalars(select(LiveBooking)))
    assert {one.session.state for one in booked} == {SessionState.ENDED, SessionState.LIVE, SessionState.READY}
    for one in booked:
        is_due = one.kind is not ContactKind.PLATFORM and one.cancelled_at is None and one.session.state is not SessionState.READY
        assert (one.reminded_at is not None, one.reminded_for) == (is_due, one.session.starts_at if is_due else None)
        assert one.session.created_at <= one.booked_at <= min(NOW, one.session.starts_at)
        assert (one.contact == str(one.id) and one.name is None) == (one.cancelled_at is not None)
        assert (one.agreed_at is None) == (one.kind is ContactKind.PLATFORM)


def test_what_went_out_hints_and_audiences_of_the_demo_hold_to_their_rows(rows):
    from app.shop.live.feed import measures
    from app.shop.live.feed.states import HintState
    from app.shop.live.feed.store import instant
    from app.shop.live.models import (
        LiveAction,
        LiveAudience,
        LiveFeed,
        LiveFeedRefusal,
        LiveHint,
        LiveNotice,
        LiveOut,
        LiveReply,
        LiveSession,
    )
    from app.shop.live.out.states import OutKind, OutState
    from app.shop.marketing.models import Coupon, CouponBatch

    sent = list(rows.scalars(select(LiveOut)))
    assert {one.state for one in sent} == {OutState.SENT, OutState.FAILED}
    for kind, model in ((OutKind.REPLY, LiveReply), (OutKind.NOTICE, LiveNotice)):
        assert sum(one.kind is kind for one in sent) == rows.scalar(select(func.count(model.id))) > 4
    assert rows.scalar(select(func.min(LiveAudience.n))) >= 5
    feed = rows.scalar(select(LiveFeed).where(LiveFeed.channel_id.is_not(None)))
    assert feed.refused_count == rows.scalar(select(func.sum(LiveFeedRefusal.count)).where(LiveFeedRefusal.feed_id == feed.id))
    for hint in rows.scalars(select(LiveHint).where(LiveHint.state == HintState.FOLLOWED)):
        answered = instant(hint.values["answered_ms"])
        assert answered == hint.done_at
        for name, since in (("before", answered - dt.timedelta(minutes=5)), ("after", answered)):
            known = measures.around(hint.session_id, since, since + dt.timedelta(minutes=5), hint.item_id)
            told = hint.values.get("outcome", {name: known})[name]
            assert {**told, "viewers": 0} == {**known, "viewers": 0}
    for live in rows.scalars(select(LiveSession)):
        log = rows.execute(select(func.count(LiveAction.id), func.max(LiveAction.step)).where(LiveAction.session_id == live.id)).one()
        assert (live.step, live.step) == (log[0], log[1] or 0)
    for batch in rows.scalars(select(CouponBatch).where(CouponBatch.session_key.is_not(None))):
        assert rows.scalar(select(func.count(Coupon.id)).where(Coupon.batch_id == batch.id)) == batch.made
