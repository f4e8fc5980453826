"""Hints at the control desk: why, what helped before; applied by the command that can be taken back; what came of them is kept."""

import datetime as dt

import pytest

from app.panel.core import clock, records
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, InvalidInput
from app.shop.live.feed import defaults, keys
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.hints import hint
from app.shop.live.feed.known import look_up
from app.shop.live.feed.states import HintKind, HintState
from app.shop.live.feed.store import Parcel, store
from app.shop.live.feed.words import Filter
from app.shop.live.models import (
    LiveAction,
    LiveBucket,
    LiveHint,
    LiveOffer,
    LivePlay,
    LiveSession,
    LiveSlot,
    LiveSourceBucket,
    LiveTally,
)
from app.shop.live.services import board, hinting, offers, run
from app.shop.live.states import ItemState, OfferState, Post, SessionState
from app.shop.orders.pricing import PriceRequest, quote

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def running(session, on_air, items, studio):
    """Two items were shown ten minutes each; a third has been on screen for six minutes, and `sold` tells how many were bought."""
    defaults.ensure_rules()
    defaults.ensure_plays()
    third = records.create(type(items[0]), {"session_id": on_air.id, "sku_id": studio.skus[0].id, "planned_minutes": 9, "live_price": 5000}, actor=SYSTEM)
    session.commit()
    begun = on_air.begun_at
    for place, item in enumerate(items[:2]):
        session.add(LiveSlot(session_id=on_air.id, item_id=item.id, begun_at=begun + 10 * place * MINUTE, ended_at=begun + 10 * (place + 1) * MINUTE))
        session.add(LiveTally(session_id=on_air.id, item_id=item.id, units=20))
    session.add(LiveSlot(session_id=on_air.id, item_id=third.id, begun_at=begun + 20 * MINUTE))
    session.commit()

    def sold(units, clicks):
        at = begun + 26 * MINUTE
        session.add(LiveBucket(session_id=on_air.id, item_id=third.id, starts_at=at - MINUTE, units=units, clicks=clicks))
        session.commit()
        hint(on_air.id, at)
        session.expire_all()
        return session.query(LiveHint).filter(LiveHint.kind.in_((HintKind.SELLS_WELL, HintKind.SELLS_BADLY))).one()

    sold.live, sold.item, sold.begun = on_air, third, begun
    return sold


def test_an_item_that_sells_well_is_shown_longer_by_a_command_that_is_taken_back(session, running, person):
    row = running(units=25, clicks=40)
    assert (row.kind, row.item_id, float(row.before), float(row.usual)) == (HintKind.SELLS_WELL, running.item.id, 5.0, 2.0)
    told = board.state(running.live, Post.CONTROL, person("ada"))["hints"][0]
    assert [way["way"] for way in told["ways"]] == ["longer", "bundle"] and "median of the session is 2" in told["reason"]
    ada = person("ada")
    done = hinting.apply(running.live.id, row.id, "longer", actor=ada, key="apply-it-1")
    assert hinting.apply(running.live.id, row.id, "longer", actor=ada, key="apply-it-1") == done, "sent twice it happens once"
    session.expire_all()
    assert running.item.planned_minutes == 12 and row.state is HintState.FOLLOWED
    with pytest.raises(DomainError, match="already"):
        hinting.apply(running.live.id, row.id, "longer", actor=ada, key="apply-it-2")
    run.undo(running.live.id, done["action"], actor=ada, key="undo-it-1")
    session.expire_all()
    assert running.item.planned_minutes == 9


def test_an_item_that_sells_badly_is_cut_made_cheaper_or_taken_down(session, running, person):
    row = running(units=1, clicks=60)
    assert row.kind is HintKind.SELLS_BADLY
    ada = person("ada")
    with pytest.raises(InvalidInput):
        hinting.apply(running.live.id, row.id, "longer", actor=ada, key="apply-it-1")
    run.change_item(running.live.id, "list", running.item.id, actor=ada, key="list-it-1")
    hinting.apply(running.live.id, row.id, "take_down", actor=ada, key="apply-it-3")
    session.expire_all()
    assert running.item.state is ItemState.DELISTED
    assert session.query(LiveAction).filter_by(verb="delist").one().can_undo


def test_it_is_offered_with_another_for_a_coupon_that_an_order_of_both_feels_until_that_is_taken_back(session, running, person, studio):
    row, ada, live = running(units=25, clicks=40), person("ada"), running.live
    done = hinting.apply(live.id, row.id, "bundle", actor=ada, key="apply-it-4")
    assert hinting.apply(live.id, row.id, "bundle", actor=ada, key="apply-it-4") == done and session.query(LiveOffer).count() == 1
    session.expire_all()
    assert "together with “Bowl”" in running.item.talking_points
    told = board.state(live, Post.SERVICE, ada)["offers"][0]
    assert (told["id"], told["kind"], told["quantity"]) == (done["offer"], "coupon", 100) and told["said"].startswith("Cup + Bowl: ")
    code = offers.claim(live.id, done["offer"], "first-viewer").code

    def costs(*pieces):
        """What an order of this session with this coupon pays for so many cups and bowls."""
        lines = tuple((sku.id, n) for sku, n in zip(studio.skus, pieces, strict=False))
        asked = PriceRequest(
            shop_id=live.shop_id, channel_id=live.channel_id, currency="CNY", lines=lines, at=clock.now(), session=live.topic,
            codes=(code,),
        )  # fmt: skip
        found = quote(asked)
        return sum(one.unit_price * n - one.discount for one, (_sku, n) in zip(found.lines, lines, strict=True)), bool(found.refused)

    assert costs(1, 1) == (2 * 9900 - 1980, False) and costs(1) == (9900, True)
    run.undo(live.id, done["action"], actor=ada, key="undo-it-4")
    session.expire_all()
    assert not running.item.talking_points and session.query(LiveOffer).one().state is OfferState.UNDONE
    assert costs(1, 1) == (2 * 9900, True)


def test_what_came_of_a_hint_that_was_followed_is_kept_five_minutes_later(session, running, person):
    row, live = running(units=25, clicks=40), running.live
    at = running.begun + 26 * MINUTE
    session.add(LiveTally(session_id=live.id, item_id=0, last_ms=int(at.timestamp() * 1000)))
    session.commit()
    hinting.answer(live.id, row.id, HintState.FOLLOWED, actor=person("ada"), key="follow-it")
    session.add(LiveBucket(session_id=live.id, item_id=running.item.id, starts_at=at + 2 * MINUTE, orders=7, clicks=55, gmv=35000))
    session.commit()
    hint(live.id, at + 4 * MINUTE)
    session.expire_all()
    assert "outcome" not in session.get(LiveHint, row.id).values
    hint(live.id, at + 5 * MINUTE)
    session.expire_all()
    outcome = session.get(LiveHint, row.id).values["outcome"]
    assert (outcome["before"]["clicks"], outcome["after"]["clicks"], outcome["after"]["orders"]) == (40, 55, 7)
    said = hinting.came_of(session.get(LiveHint, row.id), "CNY")
    assert "clicks 40 → 55" in said and "350" in said
    assert hinting.followed(live)[0]["outcome"] == said


def test_few_viewers_from_a_source_are_held_against_the_last_sessions_of_the_channel(session, on_air, planned):
    defaults.ensure_rules()
    for place in (1, 2):
        past = planned(30 * (place + 1))
        begun = on_air.begun_at - dt.timedelta(days=place)
        row = session.get(LiveSession, past.id)
        row.begun_at, row.ended_at, row.state = begun, begun + dt.timedelta(hours=2), SessionState.ENDED
        session.add(LiveSourceBucket(session_id=past.id, source="search", starts_at=begun + 5 * MINUTE, joins=100))
        session.commit()
    session.add(LiveSourceBucket(session_id=on_air.id, source="search", starts_at=on_air.begun_at + 5 * MINUTE, joins=30))
    session.commit()
    hint(on_air.id, on_air.begun_at + 10 * MINUTE)
    row = session.query(LiveHint).filter_by(kind=HintKind.SOURCE_LOW).one()
    assert (row.source, float(row.before), float(row.usual)) == ("search", 30.0, 100.0)
    assert "search: 30 came" in hinting.reason(row, "CNY") and "70 % fewer" in hinting.reason(row, "CNY")


def test_the_playbook_is_shown_beside_the_hints_of_its_kind(session, on_air, person):
    defaults.ensure_rules()
    records.create(LivePlay, {"kind": HintKind.VIEWERS_FALL, "title": "Call the guest", "steps": "Man comes"}, actor=SYSTEM)
    feed, _secret = keys.open_feed(on_air, actor=SYSTEM)
    ms = int(on_air.begun_at.timestamp() * 1000)
    readings = [Event("a", "viewers", ms, n=200), Event("b", "viewers", ms + 180_000, n=100)]
    store([Parcel(look_up(feed.id), readings, ms)], Filter())
    hint(on_air.id, on_air.begun_at + 3 * MINUTE)
    told = board.state(on_air, Post.CONTROL, person("ada"))["hints"]
    (fall,) = [one for one in told if one["plays"]]
    assert fall["plays"] == [{"title": "Call the guest", "steps": "Man comes"}] and fall["may"]
    assert "hints" not in board.state(on_air, Post.SERVICE, person("ben"))
