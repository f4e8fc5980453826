"""Lists are read page by page behind a key: no row twice, none left out, whatever is added or taken away meanwhile."""

import datetime as dt
import re
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Engine, event

from app.panel.core import listing, paging
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import BadRequest
from app.shop.customers.models import Customer
from app.shop.customers.states import CustomerLevel
from app.shop.orders.models import Order
from app.shop.setup.models import Channel, Shop

LIST, API, COUNT = "/customers/customer/list/", "/api/v1/customers/customer/", "/lists/customers_customer/count"
DAY = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def crowd(session):
    """Twelve customers: names and moments repeat, some have no e-mail address."""
    shop = session.query(Shop).order_by(Shop.id).first()
    people = [
        Customer(
            name=f"Page {number % 4}", email=None if number % 3 == 0 else f"p{number % 5}@example.org", shop_id=shop.id,
            level=list(CustomerLevel)[number % 2], first_seen_at=None if number % 4 == 1 else DAY + dt.timedelta(days=number % 5),
        )
        for number in range(12)
    ]  # fmt: skip
    session.add_all(people)
    session.commit()
    return people


def plan(**more):
    columns = ["name", "email", "level", "shop", "first_seen_at"]
    return listing.plan_for(Customer, SYSTEM, columns=columns, base=Customer.name.startswith("Page"), **more)


def walk(sort, size=5, way="after", place=paging.FIRST, its=None):
    """The ids of all pages in one direction, and how many pages there were."""
    its, pages = its or plan(sortable=["name", "email", "level", "shop", "first_seen_at", "shop.name", "id"]), []
    while place is not None:
        found = listing.find(listing.Asked(sort=sort, size=size, place=place), its, SYSTEM)
        pages.append([row.id for row in found.rows])
        place = getattr(found, way)
    return pages


def expected(people, sort):
    """The same order by Python alone: what is empty comes last in both directions."""
    name, turned = sort.removeprefix("-"), sort.startswith("-")

    def value(one):
        found = one.shop.name if name == "shop.name" else getattr(one, {"shop": "shop_id"}.get(name, name))
        return getattr(found, "value", found)

    filled = sorted((one for one in people if value(one) is not None), key=lambda one: (value(one), one.id), reverse=turned)
    empty = sorted((one for one in people if value(one) is None), key=lambda one: one.id, reverse=turned)
    return [one.id for one in filled + empty]


@pytest.mark.parametrize("column", ["name", "email", "level", "shop", "first_seen_at", "shop.name", "id"])
def test_every_column_is_walked_whole_in_both_directions(crowd, column):
    for sort in (column, f"-{column}"):
        there = walk(sort)
        assert [key for page in there for key in page] == expected(crowd, sort)
        assert [len(page) for page in there] == [5, 5, 2]
        back = walk(sort, way="before", place=paging.LAST)
        assert [len(page) for page in back][:2] == [5, 5]
        assert {key for page in back for key in page} == {one.id for one in crowd}
        assert back[0] == expected(crowd, sort)[-5:] and back[-1] == there[0]


def test_no_row_is_shown_twice_and_none_is_left_out_while_others_insert(session, crowd):
    known, seen, place = {one.id for one in crowd}, [], paging.FIRST
    for number in range(30):
        found = listing.find(listing.Asked(sort="-first_seen_at", size=2, place=place), plan(), SYSTEM)
        seen += [row.id for row in found.rows]
        at = (DAY + dt.timedelta(days=9), DAY - dt.timedelta(days=9), DAY)[number % 3]  # in front, behind, and just here
        session.add(Customer(name="Page new", shop_id=crowd[0].shop_id, first_seen_at=at))
        session.flush()
        if not known - set(seen) or found.after is None:
            break
        place = found.after
    assert len(seen) == len(set(seen))
    assert known <= set(seen)


def test_what_was_deleted_is_no_dead_end(session, crowd):
    first = listing.find(listing.Asked(sort="id", size=5), plan(), SYSTEM)
    for one in crowd[4:]:
        session.delete(one)
    session.flush()
    found = listing.find(listing.Asked(sort="id", size=5, place=first.after), plan(), SYSTEM)
    assert [row.id for row in found.rows] == [one.id for one in crowd[:4]]
    assert found.before is None and found.after is None and found.total == 4


def test_one_jumps_to_a_value_of_the_ordered_column(crowd):
    def jumped(sort, text):
        asked = listing.read({"sort": sort, "from": text, "size": "3"}, plan())
        return listing.find(asked, plan(), SYSTEM)

    assert [row.name for row in jumped("name", "Page 2").rows] == ["Page 2"] * 3
    assert [row.name for row in jumped("-name", "Page 1").rows] == ["Page 1"] * 3
    late = jumped("-first_seen_at", "2026-03-03")
    assert late.rows[0].first_seen_at == max(o.first_seen_at for o in crowd if o.first_seen_at and o.first_seen_at < DAY + dt.timedelta(days=3))
    assert late.before is not None and jumped("name", "A").before is None
    assert [row.id for row in jumped("id", str(crowd[6].id)).rows] == [one.id for one in crowd[6:9]]
    nothing_behind = jumped("name", "Z")
    assert [row.id for row in nothing_behind.rows] == expected(crowd, "name")[-3:]


WRONG = [
    "after=x", "after=1.1", "after=.", "after=-4", "after=99999999999.x", "after=1.2026-13-01", "before=12.2026-03-01T10:00:00",
    "after=1.2026-03-01T10:00:00%2B00:00&before=1", "last=2", "last=yes", "page=2", "page=0", "from=soon", "from=%00", "from=2026-02-30",
    "after=1.0001-01-01T00:00:00%2B00:00", "after=" + "9" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("words", WRONG)
def test_a_page_that_no_screen_asks_for_is_a_sentence(session, as_user, words):
    for path in (LIST, API):
        answer = as_user("ada").get(f"{path}?sort=-first_seen_at&{words}")
        assert answer.status_code == 400, (path, words)
        assert "<html" in answer.text or len(answer.json["message"]) > 10


@pytest.mark.parametrize(
    ("sort", "text"),
    [
        ("level", "5.nobody"), ("level", "5"), ("total", "5.12.50"), ("total", "5." + "9" * 30), ("total", "5"), ("id", "5.5"),
        ("is_held", "5.2"), ("shop", "5.99999999999"), ("total", "5.--4"), ("total", "5.९"),
    ],
)  # fmt: skip
def test_a_value_that_the_column_cannot_hold_never_reaches_the_database(app, sort, text):
    model = Customer if sort == "level" else Order
    with app.test_request_context(), pytest.raises(BadRequest):
        paging.read({"after": text}, paging.order_of(model, sort, SYSTEM))


def test_no_page_is_reached_by_counting_off_rows_and_all_take_as_many_statements(session, crowd):
    def statements(place):
        session.expire_all()
        seen = []
        note = lambda _c, _cursor, text, values, *_rest: seen.append((text, values))  # noqa: E731
        event.listen(Engine, "before_cursor_execute", note)
        found = listing.find(listing.Asked(sort="id", size=3, place=place), plan(), SYSTEM)
        event.remove(Engine, "before_cursor_execute", note)
        assert all("OFFSET" not in text or (text.endswith("OFFSET ?") and values[-1] == 0) for text, values in seen), seen
        return len(seen), found

    statements(paging.FIRST)  # what is loaded once is not what a page costs
    first, found = statements(paging.FIRST)
    assert [statements(place)[0] for place in (found.after, paging.LAST)] == [first, first]


def test_the_pager_of_the_screen_leads_through_the_list_and_back(session, as_user, crowd):
    client = as_user("ada")
    links = SimpleNamespace(of=lambda page: dict(re.findall(r'<a href="([^"]*)" aria-label="(First|Previous|Next|Last) page"', page)))

    def go(page, word):
        address = next(url for url, said in links.of(page).items() if said == word).replace("&amp;", "&")
        return client.get(address).text, address

    first = client.get(f"{LIST}?q=Page&sort=name&size=5").text
    assert set(links.of(first).values()) == {"Next", "Last"}
    second, address = go(first, "Next")
    assert parse_qs(urlsplit(address).query).keys() == {"q", "sort", "size", "after"}
    assert set(links.of(second).values()) == {"First", "Previous", "Next", "Last"}
    last, _address = go(second, "Last")
    assert set(links.of(last).values()) == {"First", "Previous"}
    numbers = lambda page: re.findall(r'name="rowid" value="(\d+)"', page)  # noqa: E731
    assert numbers(go(second, "Previous")[0]) == numbers(first)
    assert not set(numbers(first)) & set(numbers(second))


def test_the_api_hands_out_the_next_page(session, as_user, crowd):
    client, seen, token = as_user("ada"), [], None
    for _page in range(10):
        answer = client.get(API, query_string={"q": "Page", "sort": "email", "size": 5, **({"after": token} if token else {})}).json
        seen += [row["id"] for row in answer["result"]]
        token = answer["next"]
        if token is None:
            break
    assert seen == expected(crowd, "email")
    assert answer["previous"] and answer["count"] == 12 and answer["exact"] is True
    assert "count" not in client.get(f"{API}?count=none").json
    assert client.get(f"{API}?count=many").status_code == 400


def test_the_count_is_asked_after_the_page_and_is_of_the_readers_rows(session, as_user, crowd, monkeypatch):
    address = f"{COUNT}?q=Page"
    page = as_user("ada").get(f"{LIST}?q=Page&size=5").text
    assert '<button class="btn btn-outline btn-sm btn-icon" form="jump"' in page, "Enter in a day goes there by it"
    assert "more than 5 rows" in page and f'data-howmany="{address}&amp;tabs=1"' in page
    assert as_user("ada").get(address).json == {"count": 12, "words": "12 rows", "exact": True}
    assert as_user("cleo").get(address).json["words"] == "0 rows"
    monkeypatch.setattr(listing, "COUNT_LIMIT", 10)
    assert as_user("ada").get(address).json == {"count": 10, "words": "10+ rows", "exact": False}
    assert as_user("ada").get(f"{address}&exactly=1").json["words"] == "12 rows"
    assert as_user("ada").get("/lists/orders_order/count?tabs=1").json["tabs"].keys() >= {"state.pending", "state.closed"}


def test_a_short_list_says_at_once_how_many_rows_it_has(session, as_user, crowd):
    page = as_user("ada").get(f"{LIST}?q=Page").text
    assert ">12 rows<" in page and "data-howmany-all" not in page


def test_a_related_row_of_another_shop_orders_as_if_there_were_none(session, somebody_of_a, crowd):
    shops = session.query(Shop).order_by(Shop.id).all()
    assert len({channel.shop_id for channel in session.query(Channel)}) >= 2 and len(shops) >= 2
    crowd[0].shop_id = shops[1].id
    session.flush()
    its = listing.plan_for(
        Customer, somebody_of_a, columns=["name"], sortable=["shop.name"], base=Customer.name.startswith("Page")
    )
    order = paging.order_of(Customer, "shop.name", somebody_of_a)
    query = listing.select(Customer).where(Customer.name.startswith("Page"))
    rows = paging.slice_of(query, order, paging.FIRST, 50).rows
    assert "shop.name" in its.sortable and rows[-1].id == crowd[0].id


@pytest.fixture
def somebody_of_a(session):
    from flask_appbuilder.security.sqla.models import User

    return session.query(User).filter_by(username="ben").one()


def test_a_chosen_column_that_an_index_keeps_in_order_orders_the_list_and_a_state_does_so_page_by_page(session, as_user):
    from app.panel.core import listing
    from app.shop.customers.models import Address, Customer
    from tests.shop.customers.people import customer

    assert {"phone", "email", "first_seen_at"} <= set(listing.in_order(Customer)), "without a word on the screen"
    assert "birthday_on" not in listing.in_order(Customer) and "street" not in listing.in_order(Address)
    for number, level in enumerate(("gold", "regular", "silver", "regular")):
        customer(f"Customer {number}", f"1380013800{number}", level=level)
    session.commit()
    client, seen, after = as_user("ada"), [], {}
    while after is not None:
        page = client.get("/api/v1/customers/customer/", query_string={"sort": "level", "size": 1, **after}).json
        seen += [row["level"] for row in page["result"]]
        after = {"after": page["next"]} if page["next"] else None
    assert len(seen) == 4 and seen == sorted(seen)
    assert "sort=-email" in client.get("/customers/customer/list/?sort=email&cols=name,email").text
    assert client.get("/customers/customer/list/?sort=birthday_on&cols=name,birthday_on").status_code == 400
    assert as_user("ben").get("/customers/customer/list/?sort=email").status_code == 400, "he sees it masked"
