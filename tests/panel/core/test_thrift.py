"""What every page asks and draws is asked and drawn once: by request, by process or by quarter of an hour."""

import pytest
from flask import g, render_template_string, url_for
from sqlalchemy.sql.compiler import SQLCompiler

from app.panel.core import clock, files, notices, routing
from app.panel.core.db import db
from app.shop.customers.models import Customer


@pytest.fixture
def reading(app, session):
    """`with reading(ada): …`: a request of hers."""

    def begin(person):
        context = app.test_request_context("/")
        context.push()
        g.user = person
        return context

    made = []
    yield lambda person: made.append(begin(person))
    while made:
        made.pop().pop()


def asked_by(client, count_queries, path):
    client.get(path)
    with count_queries() as seen:
        assert client.get(path).status_code == 200
    return seen


def test_a_list_asks_once_for_its_kept_views_and_once_for_the_house(as_user, count_queries):
    seen = asked_by(as_user("ada"), count_queries, "/orders/order/list/")
    assert len([text for text in seen if "FROM core_saved_list" in text]) == 1
    assert len([text for text in seen if "FROM setup_business" in text or "count(setup_shop.id)" in text]) == 1


@pytest.mark.parametrize("name", ["ada", "ben"])
def test_no_page_of_a_list_asks_more_than_eight_times(as_user, count_queries, name):
    client, places = as_user(name), ("", "?from=2026-11-01", "?last=1", "?q=%E6%B6%B5", "?q=wang", "?sort=-total", "?size=25")
    counted = {place: len(asked_by(client, count_queries, f"/orders/order/list/{place}")) for place in places}
    counted["form"] = len(asked_by(client, count_queries, "/orders/order/add"))
    assert max(counted.values()) <= 8, counted


def test_what_every_page_asks_comes_with_its_session_and_not_twice(as_user, count_queries):
    seen = asked_by(as_user("ada"), count_queries, "/account/")
    for table in ("accounts_publication", "core_notice", "core_setting", "setup_business"):
        assert [text for text in seen if f"FROM {table}" in text] == seen[:1], table


def test_more_cards_on_a_board_cost_no_statement_more(as_user, session, count_queries):
    client = as_user("ada")
    session.add(Customer(name="Card"))
    session.commit()
    few = len(asked_by(client, count_queries, "/customers/customer/list/?shape=board"))
    session.add_all([Customer(name=f"Card {n}") for n in range(12)])
    session.commit()
    assert len(asked_by(client, count_queries, "/customers/customer/list/?shape=board")) == few


def test_a_view_that_is_kept_in_a_request_is_offered_in_it(reading, ada):
    from app.panel.core import listing, savedlists
    from app.shop.orders.models import Order

    reading(ada)
    plan = listing.plan_for(Order, ada, columns=["number", "state"])
    assert not savedlists.offers("orders_order", plan, ada)
    savedlists.save("orders_order", "Mine", listing.Asked(q="x"), actor=ada)
    assert [offer.name for offer in savedlists.offers("orders_order", plan, ada)] == ["Mine"]
    savedlists.remove(savedlists.offers("orders_order", plan, ada)[0].id, actor=ada)
    assert not savedlists.offers("orders_order", plan, ada)


def test_a_file_has_the_same_link_for_some_minutes_and_another_one_for_each_reader(reading, ada, ben, monkeypatch):
    files._signed.cache_clear()  # the same moment was asked for when the other engine was tested in this process
    monkeypatch.setattr(files.time, "time", lambda: 1_800_000_000.0)
    reading(ada)
    first = files.url(7, "thumb")
    assert first == files.url(7, "thumb") and first.endswith("?size=thumb")
    assert files.url(8, "thumb") != first and files.url(7) == first.removesuffix("?size=thumb")
    signed = first.removeprefix("/files/").partition("?")[0]
    assert first == url_for("files.serve", signed=signed, size="thumb")
    reading(ben)
    assert files.url(7, "thumb") != first
    known = files._signed.cache_info().misses
    monkeypatch.setattr(files.time, "time", lambda: 1_800_000_000.0 + files.SAME_SECONDS)
    files.url(7, "thumb")
    assert files._signed.cache_info().misses == known + 1


@pytest.mark.parametrize("root", ["", "/panel"])
def test_an_address_with_a_number_is_what_flask_builds(app, session, root):
    with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": root}):
        for number in (1, 42):
            for endpoint in ("orders_order.show", "orders_order.edit"):
                assert routing.numbered(endpoint, "pk", number) == url_for(endpoint, pk=number)


def test_an_instant_stands_on_the_wall_to_the_minute(app, session):
    at = clock.dt.datetime(2026, 1, 2, 3, 4, 59, 123456, tzinfo=clock.dt.UTC)
    assert clock.wall(at) == clock.local(at).strftime("%Y-%m-%d %H:%M") == "2026-01-02 11:04"


def test_a_template_reads_the_keys_of_a_dict_and_still_its_methods(app, session):
    with app.test_request_context("/"):
        text = "{{ d.kind }} {{ d.items()|list|length }} {{ d.missing }}|{{ d.values is callable }}"
        assert render_template_string(text, d={"kind": "a", "items": "b", "values": "c"}) == "a 3 |True"


def test_the_words_of_scripts_are_kept_by_language_and_by_place(app, as_user):
    client = as_user("ada")
    text = client.get("/account/").text
    assert '"dismiss": "Dismiss"' in text and "/static/assets/" in text
    client.post("/prefs/", data={"language": "zh_Hans_CN"})
    assert '"dismiss": "Dismiss"' not in client.get("/account/").text


def test_unread_notices_are_those_of_one_person_that_are_not_read(session, ada, ben):
    before = notices.unread(ada.id), notices.unread(ben.id)
    notices.send([ada.id], "One")
    notices.send([ada.id], "Two")
    assert (notices.unread(ada.id), notices.unread(ben.id)) == (before[0] + 2, before[1])
    notices.mark_read(ada.id)
    assert notices.unread(ada.id) == 0


def test_no_savepoint_is_compiled_anew(session, monkeypatch):
    compiled = []
    for what in ("savepoint", "rollback_to_savepoint", "release_savepoint"):
        real = getattr(SQLCompiler, f"visit_{what}")
        noted = lambda self, element, real=real, **more: compiled.append(element) or real(self, element, **more)  # noqa: E731
        monkeypatch.setattr(SQLCompiler, f"visit_{what}", noted)
    before = db.session.connection()
    with db.session.begin_nested():
        assert db.session.connection() is before and before.in_nested_transaction()
    inner = db.session.begin_nested()
    db.session.connection()
    inner.rollback()
    assert not compiled
