"""The report of a session equals what its events add up to, counted apart from it."""

import datetime as dt
import random
from collections import Counter
from statistics import median

import pytest
from sqlalchemy import select

from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.live.analysis import comparing, forecast
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.known import Sources
from app.shop.live.feed.store import Parcel, store
from app.shop.live.feed.words import Filter
from app.shop.live.models import LiveForecast, LiveQuestion, LiveReport, LiveSession, LiveSlot
from app.shop.live.review import behind, tables
from app.shop.live.services import forecasting, hours, reviewing
from app.shop.live.states import QuestionState, SessionState
from tests.conftest import client_of
from tests.shop.live.conftest import AT, AT_MS, open_session

MINUTES = 60


def told(seed=3):
    """An hour of a rehearsal: 300 viewers who stay for two to forty minutes, three items, orders while an item is shown."""
    chance = random.Random(seed)
    events, there = [], Counter()
    for number in range(300):
        came, stay = chance.randrange(0, 55 * 60), chance.randrange(120, 2400)
        source = chance.choice(["search", "followers", "recommended"])
        who = {"viewer": f"v{number}", "name": "Mei", "source": source}
        events.append(Event(f"j{number}", "join", AT_MS + came * 1000, **who))
        if came + stay < MINUTES * 60:
            events.append(Event(f"l{number}", "leave", AT_MS + (came + stay) * 1000, **who))
        there.update(range(came // 60, min(MINUTES, (came + stay) // 60)))
        for talk in range(chance.randrange(3)):
            at = AT_MS + (came + chance.randrange(stay)) * 1000
            events.append(Event(f"c{number}-{talk}", "comment", at, **who, text="好看"))
        if chance.random() < 0.3:
            item = 1 + min(2, (came // 60) // 20)
            at = AT_MS + ((item - 1) * 1200 + chance.randrange(700, 1200)) * 1000
            events.append(Event(f"k{number}", "click", at, **who, item=item))
            events.append(
                Event(f"o{number}", "order", at, **who, item=item, n=chance.choice([1, 2]), amount=1000 * item)
            )
    events += [Event(f"w{m}", "viewers", AT_MS + m * 60_000 + 5000, n=there[m]) for m in range(MINUTES)]
    return events, there


@transactional
def end_of(room, *, creator=None, minutes=MINUTES):
    session = db.session.get(LiveSession, room.session_id)
    session.state, session.begun_at, session.ended_at = SessionState.ENDED, AT, AT + dt.timedelta(minutes=minutes)
    for number, item in enumerate(room.items):
        start = AT + dt.timedelta(minutes=20 * number)
        db.session.add(
            LiveSlot(session_id=session.id, item_id=item, begun_at=start, ended_at=start + dt.timedelta(minutes=20))
        )


@pytest.fixture
def ended(on_air, clock):
    clock.set("2026-03-08T14:00:00+00:00")
    room = open_session(is_practice=True)
    events, there = told()
    store([Parcel(Sources().get(room.feed_id), events, AT_MS)], Filter())
    end_of(room)
    return room, events, there


@transactional
def ask(room, seconds_to_host, seconds_to_answer):
    for to_host, answer in zip(seconds_to_host, seconds_to_answer, strict=True):
        sent = AT + dt.timedelta(seconds=to_host)
        db.session.add(LiveQuestion(
            session_id=room.session_id, text="how long", asked_at=AT, sent_at=sent, done_at=sent + dt.timedelta(seconds=answer),
            state=QuestionState.DONE,
        ))  # fmt: skip


def test_every_figure_of_a_report_is_that_of_its_events(ended):
    room, events, there = ended
    ask(room, [10, 30, 50], [5, 7, 90])
    found = reviewing.make(db.session.get(LiveSession, room.session_id), actor=SYSTEM).figures
    orders = [one for one in events if one.kind == "order"]
    joins = {one.viewer: one.at for one in events if one.kind == "join"}
    leaves = {one.viewer: one.at for one in events if one.kind == "leave"}
    end = AT_MS + MINUTES * 60_000
    stays = [leaves.get(viewer, end) - at for viewer, at in joins.items()]
    figures = found["figures"]
    assert (figures["orders"], figures["units"], figures["gmv"]) == (
        len(orders), sum(one.n for one in orders), sum(one.amount for one in orders),
    )  # fmt: skip
    assert (figures["watchers"], figures["comments"]) == (300, sum(one.kind == "comment" for one in events))
    assert figures["viewers_peak"] == max(there.values())
    assert figures["watch_seconds"] == pytest.approx(sum(stays) / 300 / 1000, abs=0.06)
    assert figures["conversion"] == pytest.approx(len(orders) / 300, abs=1e-4)
    hourly = hours.hours(db.session.get(LiveSession, room.session_id))  # LVC-24: the hour that it was on air
    assert [tuple(one[name] for name in ("gmv", "orders", "viewers")) for one in hourly] == [(figures["gmv"], figures["orders"], 300)]
    assert found["minutes"]["viewers"] == [there[minute] for minute in range(MINUTES)]
    assert sum(found["minutes"]["gmv"]) == figures["gmv"]
    assert sum(one["joins"] for one in found["sources"]) == 300
    by_source = Counter(one.source for one in events if one.kind == "join")
    assert {one["source"]: one["joins"] for one in found["sources"]} == dict(by_source)
    for number, item in enumerate(found["items"], 1):
        mine = [one for one in orders if one.item == number]
        assert (item["orders"], item["gmv"], item["actual"]) == (len(mine), sum(one.amount for one in mine), 20.0)
        assert item["exposures"] == sum(there[minute] for minute in range(20 * (number - 1), 20 * number))
        late = sum(one.n for one in mine if one.at - AT_MS >= (20 * (number - 1) + 40 / 3) * 60_000)
        assert item["last_third"] == pytest.approx(late / sum(one.n for one in mine), abs=1e-4)
    assert found["team"]["to_host"] == {"n": 3, "median": median([10, 30, 50]), "slowest": 50}
    assert found["team"]["answered"]["slowest"] == 140


def test_a_session_without_a_feed_reports_the_orders_that_carry_its_key(on_air, clock):
    from app.shop.orders import services as orders
    from app.shop.orders.models import Order

    clock.set("2026-03-08T12:10:00+00:00")
    room = open_session()
    session = db.session.get(LiveSession, room.session_id)
    one, two = room.skus[:2]

    def sell(*lines, key=session.topic):
        return orders.place([orders.Wanted(*line) for line in lines], channel_id=room.channel_id, actor=SYSTEM, session_key=key).id

    sold = [sell((one, 1), (two, 3)), sell((one, 2))]
    sell((one, 5), key="")
    db.session.commit()
    end_of(room)
    figures = reviewing.make(db.session.get(LiveSession, room.session_id), actor=SYSTEM).figures
    carried = db.session.scalars(select(Order).where(Order.session_key == session.topic)).all()
    assert [order.id for order in carried] == sold
    assert [figures["figures"][name] for name in ("orders", "units", "gmv")] == [2, 6, sum(order.total for order in carried)]
    assert [(item["orders"], item["units"], item["gmv"]) for item in figures["items"]] == [(2, 3, 3000), (1, 3, 6000), (0, 0, 0)]
    assert sum(figures["minutes"]["gmv"]) == figures["figures"]["gmv"] == 9000
    db.session.rollback()
    client, rows = client_of(on_air, "ada"), f"/live/{room.session_id}/report/rows?kind=order"
    whole, part = client.get(rows).text, client.get(f"{rows}&item={room.items[0]}").text
    assert all(f'href="/orders/order/show/{number}"' in whole for number in sold) and "2 orders" in whole and "90.00" in whole
    assert "2 orders" in part and "3 in all" in part and "30.00" in part and "60.00" not in part


def test_a_report_that_is_made_anew_takes_the_place_of_the_first(ended):
    room, _events, _there = ended
    session = db.session.get(LiveSession, room.session_id)
    reviewing.make(session, actor=SYSTEM)
    late = [Event("late", "order", AT_MS + 1000, item=1, n=1, amount=500)]
    store([Parcel(Sources().get(room.feed_id), late, AT_MS)], Filter())
    before = reviewing.report_of(session).figures["figures"]["gmv"]
    assert reviewing.make(session, actor=SYSTEM).figures["figures"]["gmv"] == before + 500
    assert len(db.session.scalars(select(LiveReport)).all()) == 1


def test_a_report_stays_as_it_was_made_when_its_events_are_forgotten(ended, clock):
    room, _events, _there = ended
    clock.advance(days=31)
    with pytest.raises(DomainError, match="thirty days"):
        reviewing.make(db.session.get(LiveSession, room.session_id), actor=SYSTEM)


def test_a_session_on_air_has_no_report_and_is_told_so(on_air):
    room = open_session()
    with pytest.raises(DomainError):
        reviewing.make(db.session.get(LiveSession, room.session_id), actor=SYSTEM)


def test_forecasts_are_silent_without_past_sessions_and_are_held_against_what_came(ended, monkeypatch):
    room, _events, there = ended
    session = db.session.get(LiveSession, room.session_id)
    assert forecasting.say(session, AT + dt.timedelta(minutes=30)) == []
    note(room.session_id)
    assert forecasting.hold_against(db.session.get(LiveSession, room.session_id)) == 2
    came = {row.figure: float(row.came) for row in forecasting.latest(room.session_id)}
    events = told()[0]
    sold = sum(one.amount for one in events if one.kind == "order" and 30 * 60_000 <= one.at - AT_MS < 45 * 60_000)
    assert came == {"viewers": there[44], "sales": sold}
    assert forecasting.hold_against(db.session.get(LiveSession, room.session_id)) == 0


@transactional
def note(session_id):
    for figure in ("viewers", "sales"):
        db.session.add(LiveForecast(
            session_id=session_id, figure=figure, horizon=15, minute=30, way="as_before", expected=1, low=0, high=2, plain=1,
        ))  # fmt: skip


def test_each_figure_of_the_report_opens_rows_that_come_to_it(ended):
    room, _events, _there = ended
    ask(room, [10, 30, 50], [5, 7, 90])
    found = reviewing.make(db.session.get(LiveSession, room.session_id), actor=SYSTEM).figures
    session = db.session.get(LiveSession, room.session_id)
    figures, (cup, *_others) = found["figures"], found["items"]

    def opened(kind, item=None, source=""):
        asked = tables.Asked(next((one for one in session.items if one.id == item), None), source, with_money=True)
        return tables.MAKERS[kind](session, asked)

    assert opened("readings").rows[0][1] == figures["viewers_peak"]
    assert len(opened("viewers_seen").rows) == figures["watchers"] == tables.different_viewers(session.id)
    visits = opened("visits")
    assert len(visits.rows) == 300 and tables.clock_of(figures["watch_seconds"]) in visits.told[0]
    assert f"{100 * figures['five_minutes']:.1f} %" in visits.told[1]
    shown = opened("displays", cup["id"])
    assert [float(row[-1]) for row in shown.rows] == [cup["actual"]]
    assert sum(float(row[-1]) for row in shown.more.rows) == pytest.approx(cup["exposures"], abs=1)
    for one in found["sources"]:
        by_minute = opened("source", source=one["source"]).rows
        assert [sum(row[place] for row in by_minute) for place in (1, 2, 4)] == [one["joins"], one["clicks"], one["orders"]]
    assert [(row[3], row[4], row[5]) for row in opened("questions").rows] == [
        ("10.0", "5.0", "15.0"), ("30.0", "7.0", "37.0"), ("50.0", "90.0", "140.0"),
    ]  # fmt: skip


def test_the_n_of_a_correlation_opens_the_pairs_that_it_was_made_of(ended, on_air):
    room, _events, _there = ended
    found = reviewing.make(db.session.get(LiveSession, room.session_id), actor=SYSTEM).figures
    session = db.session.get(LiveSession, room.session_id)
    items = {one["id"]: one for one in found["items"]}
    with on_air.test_request_context():
        for one in found["correlations"]:
            shown = behind.pairs(session, tables.Asked(of=one["pair"], with_money=True, actor=SYSTEM))
            assert len(shown.rows) == one["n"] == (3 if one["pair"] in ("display_sales", "exposure_orders") else 1)
        rows = behind.pairs(session, tables.Asked(of="exposure_orders", actor=SYSTEM)).rows
        assert [row[0].url for row in rows] == [f"/live/{session.id}/report"] * 3
        assert [(row[2], row[3]) for row in rows] == [(str(one["exposures"]), str(one["orders"])) for one in items.values()]
        r = comparing.correlate(*([float(row[place]) for row in rows] for place in (2, 3))).r
        assert found["correlations"][1]["r"] == pytest.approx(r, abs=0.001)
        assert len(behind.pairs(session, tables.Asked(of="display_sales", actor=SYSTEM)).heads) == 3, "no sums without the right"
        sold = behind.sold(session, found["items"][0]["id"])
    assert sum(row[1] for row in sold.rows) == found["items"][0]["sold_shown"]


def test_a_forecast_opens_what_was_said_and_the_questions_of_its_back_test(ended, on_air):
    room, _events, _there = ended
    note(room.session_id)
    session = db.session.get(LiveSession, room.session_id)
    courses = [[float(20 + number + minute % 7) for minute in range(60)] for number in range(4)]
    skill = forecast.back_test(courses, summed=False, horizon=15, way="as_before")
    forecasting._keep(session.shop_id, [("viewers", skill)], [session.id] * 4)
    with on_air.test_request_context():
        said = behind.ahead(session, tables.Asked(of="viewers", horizon=15, actor=SYSTEM), lambda value: f"{float(value):.3f}")
    assert [row[:2] for row in said.rows] == [[30, "1.000"]]
    rows = said.more.rows
    assert len(rows) == skill.asked == 16
    assert sum(float(row[6]) for row in rows) / 16 == pytest.approx(skill.error, abs=0.001)
    assert sum(float(row[7]) for row in rows) / 16 == pytest.approx(skill.plain_error, abs=0.001)
    assert sum(abs(float(row[2]) - float(row[5])) for row in rows) / 16 == pytest.approx(skill.error, abs=0.001)
