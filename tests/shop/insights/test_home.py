"""The home page: every figure equals a sum made row by row in Python, to the cent, for each reader's rows."""

import datetime as dt
import json
import re
import zoneinfo
from collections import Counter

import pytest
from sqlalchemy import text

from app.panel.accounts import services as accounts
from app.panel.accounts.models import User
from app.panel.core import clock as real
from app.panel.core import policy
from app.panel.workbench.registry import Period, Scope
from app.shop.insights import figures, queries, tiles
from app.shop.orders.models import Order, OrderState
from app.shop.setup.models import Channel

HERE = Scope(Period(dt.date(2026, 11, 14), dt.date(2026, 11, 20)))
SHANGHAI = dt.timezone(dt.timedelta(hours=8))


def by_hand(session, shop_ids, only=None):
    """(day, currency) → [orders, minor units], without our queries and without the database's own sums."""
    found = {}
    query = "SELECT paid_at, currency, total, shop_id, channel_id FROM orders_order WHERE paid_at IS NOT NULL"
    for paid_at, currency, total, shop_id, channel_id in session.execute(text(query)):
        if shop_id not in shop_ids or only not in (None, channel_id):
            continue
        at = dt.datetime.fromisoformat(str(paid_at)).replace(tzinfo=dt.UTC)
        entry = found.setdefault((at.astimezone(SHANGHAI).date(), currency), [0, 0])
        entry[0] += 1
        entry[1] += int(total)
    return found


@pytest.fixture
def reader(request, session, trade):
    """ada reads both shops, ben the first one."""
    person = session.query(User).filter_by(username=request.param).one()
    return person, {shop.id for shop in (trade if request.param == "ada" else trade[:1])}


both = pytest.mark.parametrize("reader", ["ada", "ben"], indirect=True)


@both
def test_sales_of_each_day_agree(session, reader, app):
    person, shops = reader
    days = queries.span(dt.date(2026, 9, 20), dt.date(2026, 11, 21))
    ours = {}
    for day, sales in figures.daily(person, days).items():
        ours |= {(day, currency): amount for currency, amount in sales.gmv.items()}
        assert sales.orders == sum(n for (d, _c), (n, _a) in by_hand(session, shops).items() if d == day)
    theirs = {key: amount for key, (_n, amount) in by_hand(session, shops).items() if key[0] in set(days)}
    assert ours == theirs and len(theirs) > 60


@both
def test_cards_say_what_the_rows_say(session, reader, app):
    person, shops = reader
    rows = by_hand(session, shops)
    yesterday = dt.date(2026, 11, 20)
    with app.test_request_context():
        gmv, orders, average = tiles.gmv(person, HERE), tiles.orders(person, HERE), tiles.average_order(person, HERE)
    cny, count = rows[yesterday, "CNY"][1], sum(n for (d, _c), (n, _a) in rows.items() if d == yesterday)
    assert gmv.value.replace(",", "") == f"CN¥{cny / 100:.2f}"
    assert orders.value == str(count)
    assert average.value.replace(",", "") == f"CN¥{(2 * cny + count) // (2 * count) / 100:.2f}"
    for change, day in zip(gmv.changes, (dt.date(2026, 11, 19), dt.date(2026, 11, 13)), strict=True):
        before = rows.get((day, "CNY"), [0, 0])[1]
        wanted = f"{100 * (cny - before) / before:+.1f}%".replace("-", "−") if before else "–"
        assert change.text == wanted


@both
def test_a_card_opens_exactly_its_rows(session, reader, as_user):
    person, _shops = reader
    client = as_user(person.username)
    page = client.get("/home/").text
    for label, api in (("orders", "/api/v1/orders/order/"), ("new customers", "/api/v1/customers/customer/")):
        card = re.search(rf'href="([^"]+)">Yesterday&#39;s {label}</a></h2>\s*<p class="figure">([\d,]+)', page)
        assert card, label
        query = card[1].replace("&amp;", "&").partition("?")[2]
        assert client.get(f"{api}?{query}").json["count"] == int(card[2].replace(",", "")), label


@both
def test_channels_and_states_add_up_to_the_same(session, reader):
    person, shops = reader
    first, last = dt.date(2026, 10, 22), dt.date(2026, 11, 20)
    rows = session.execute(queries.sales_by_channel(person, first, last)).all()
    total = Counter()
    for (day, currency), (_n, amount) in by_hand(session, shops).items():
        if first <= day <= last:
            total[currency] += amount
    ours = Counter()
    for row in rows:
        ours[row.currency] += row.gmv
    assert ours == total
    states = dict(session.execute(queries.orders_by_state(person, first, last)).tuples().all())
    start, stop = real.day_span(first, last)
    placed = session.execute(text("SELECT state, placed_at, shop_id FROM orders_order")).all()
    wanted = Counter(
        state for state, at, shop in placed
        if shop in shops and start <= dt.datetime.fromisoformat(str(at)).replace(tzinfo=dt.UTC) < stop
    )  # fmt: skip
    assert {state.value: n for state, n in states.items()} == wanted
    assert all(isinstance(state, OrderState) for state in states)


def figures_of(page):
    scripts = re.findall(r'<script type="application/json" data-figure>(.*?)</script>', page, re.S)
    daily, channels, states = (json.loads(found)["data"] for found in scripts)
    return sum(daily[1]["y"]), channels[0]["y"], sum(states[0]["values"])


def test_cards_and_charts_are_narrowed_to_one_channel_and_their_links_keep_it(as_user, trade, session):
    second = Channel(shop_id=trade[0].id, name="Live stream", kind="douyin", position=1)
    session.add(second)
    session.flush()
    moved = session.query(Order).filter_by(shop_id=trade[0].id).filter(Order.id % 3 == 0)
    assert moved.update({"channel_id": second.id}, synchronize_session=False) > 50
    session.commit()
    client = as_user("ada")
    page = client.get(f"/home/?days=90&where=channel-{second.id}").text
    last = real.today() - dt.timedelta(days=1)
    first = last - dt.timedelta(days=89)
    own = by_hand(session, {trade[0].id}, second.id)
    sold = sum(amount for (day, code), (_n, amount) in own.items() if code == "CNY" and first <= day <= last) / 100
    placed = session.query(Order).filter_by(channel_id=second.id).filter(Order.placed_at < real.day_start(real.today())).count()
    total, names, states = figures_of(page)
    assert (round(total, 2), names, states) == (sold, ["Live stream"], placed)
    assert f"/home/?where=channel-{second.id}&amp;days=7" in page
    card = re.search(r'href="([^"]+)">Yesterday&#39;s orders</a></h2>\s*<p class="figure">([\d,]+)', page)
    wanted = sum(n for (day, _code), (n, _a) in own.items() if day == last)
    query = card[1].replace("&amp;", "&").partition("?")[2]
    assert client.get(f"/api/v1/orders/order/?{query}").json["count"] == int(card[2]) == wanted
    whole = client.get(f"/home/?days=90&where=shop-{trade[0].id}").text
    assert figures_of(whole)[1] == ["Counter A", "Live stream"] or figures_of(whole)[1] == ["Live stream", "Counter A"]


def test_a_channel_of_another_shop_is_neither_offered_nor_answered(as_user, trade, session):
    theirs = session.query(Channel).filter_by(shop_id=trade[1].id).one()
    session.add(Channel(shop_id=trade[0].id, name="Live stream", kind="douyin", position=1))
    session.commit()
    client = as_user("ben")
    page = client.get("/home/?days=90").text
    assert "Live stream" in page
    assert theirs.name not in page
    for asked in (f"channel-{theirs.id}", f"shop-{trade[1].id}", "channel-x", "customer-1"):
        assert figures_of(client.get(f"/home/?days=90&where={asked}").text) == figures_of(page)


def test_the_page_shows_three_charts_with_their_tables(as_user, trade):
    page = as_user("ben").get("/home/?days=7").text
    scripts = re.findall(r'<script type="application/json" data-figure>(.*?)</script>', page, re.S)
    figures_ = [json.loads(found) for found in scripts]
    assert len(figures_) == 3
    assert len(figures_[0]["data"]) == 2 and len(figures_[0]["data"][1]["x"]) == 7
    assert figures_[0]["data"][1]["x"][-1] == "2026-11-20"
    assert page.count("data-as-table") == 3


def test_the_chart_draws_the_figures_of_its_table(app, trade, ada):
    with app.test_request_context():
        chart = tiles.sales_by_day(ada, HERE)
    drawn = [f"CN¥{value:,.2f}" for value in chart.data[1]["y"]]
    assert drawn == [row[1] for row in chart.rows]


def test_whoever_may_not_read_orders_sees_none_of_their_figures(as_user, trade, session, count_queries):
    user = accounts.create_user(
        actor=policy.SYSTEM, username="nobody", name="nobody", email="n@example.org", roles=[], password="correct horse 7 battery"
    )
    policy.forget()
    with count_queries() as seen:
        page = as_user(user.username).get("/home/").text
    assert "GMV" not in page and "data-figure" not in page
    assert not [statement for statement in seen if "FROM orders_order" in statement]


@pytest.mark.parametrize("query", ["days=5", "from=x&to=y", "from=2026-11-20&to=2026-11-01", "from=2000-01-01&to=2026-01-01"])
def test_a_period_that_makes_no_sense_is_refused(as_user, trade, query):
    assert as_user("ben").get(f"/home/?{query}").status_code == 400


def test_own_dates_are_shown(as_user, trade):
    assert as_user("ben").get("/home/?from=2026-10-01&to=2026-10-07").status_code == 200


def test_days_follow_the_zone_when_the_clocks_change(app, session, monkeypatch):
    """Berlin, 25 October 2026, has 25 hours: an order in the last of them belongs to it."""
    monkeypatch.setattr(real, "zone", lambda: zoneinfo.ZoneInfo("Europe/Berlin"))
    start, stop = real.day_span(dt.date(2026, 10, 25), dt.date(2026, 10, 25))
    assert (stop - start).total_seconds() == 25 * 3600
