"""The first page of a search is read among the rows that were written last, and holds what it would hold if all had been read."""

import datetime as dt

import pytest
from sqlalchemy import delete, text, update

from app.panel.core import clock, listing
from app.panel.core.actor import SYSTEM
from app.panel.core.changes import Change, ChangeMark
from app.panel.core.db import db
from app.panel.core.finding import conditions, hits, keeper, kept, nearest, plans, storage
from app.panel.core.finding.keeper import SearchTable, SearchZone
from app.panel.core.transaction import transactional
from app.shop.customers.models import Customer
from tests.shop.customers import people

COUNT, SIZE = 64, 3
WORDS = ("涵", "子涵", "子", "zh", "王子涵", "不在", "王子 子涵", "子涵 王", "子涵 zh", "子涵 李雷")


def forget():
    for made in (nearest._newest, kept.first_of_few):
        made.cache_clear()


@pytest.fixture
def customers(session, app, monkeypatch):
    """Every second is found by most words; written nearly from the oldest to the newest; in zones of four and parts of eight."""
    session.execute(delete(Change))
    session.execute(delete(ChangeMark))
    session.commit()
    monkeypatch.setattr(storage, "ZONE_BITS", 2)
    monkeypatch.setattr(storage, "PART_BITS", 3)
    app.extensions.pop("panel_search_parts", None)
    forget()
    for at in range(COUNT):
        since = clock.now() - dt.timedelta(days=COUNT - (at ^ 4))
        people.customer(("王子涵", "李雷")[at % 2], f"138001{at:05d}", first_seen_at=since)
    keeper.catch_up()
    session.commit()
    yield session
    app.extensions.pop("panel_search_parts", None)
    forget()


@pytest.fixture
def page(app, customers, monkeypatch):
    """The rows of a first page, and whether they came without all that is found having been read."""
    plan, asked = app.extensions["panel_views"][Customer].plan(SYSTEM), []
    longer = hits.find
    monkeypatch.setattr(hits, "find", lambda *given, **how: asked.append(given) or longer(*given, **how))

    def read(q, **state):
        asked.clear()
        rows = [row.id for row in listing.find(listing.Asked(q=q, size=SIZE, **state), plan, SYSTEM).rows]
        return rows, not asked

    return read


@pytest.fixture
def is_whole(page, monkeypatch):
    """Are the first pages of all words those that come by the longer way? Tells which of them came without it."""

    def ask():
        pages = {q: page(q) for q in WORDS}
        with monkeypatch.context() as patch:
            patch.setattr(conditions, "first_page", lambda *_given: None)
            assert {q: rows for q, (rows, _near) in pages.items()} == {q: page(q)[0] for q in WORDS}
        return {q for q, (_rows, near) in pages.items() if near}

    return ask


@transactional
def seen(key, days):
    db.session.get(Customer, key).first_seen_at = clock.now() - dt.timedelta(days=days)


def test_a_first_page_comes_from_the_rows_that_were_written_last(page, is_whole, engine_name, count_queries):
    with count_queries() as counted:
        page("子涵")
    assert engine_name == "sqlite" or any("parts" in one for one in counted), counted
    near = is_whole()
    assert near >= ({"涵", "子涵", "子", "王子涵", "不在"} if engine_name == "sqlite" else {"子涵"}), near


def test_for_all_words_of_a_form_postgresql_keeps_one_plan(page, customers, engine_name):
    if engine_name == "sqlite":
        pytest.skip("SQLite has one plan for all words")
    for q in ("子涵", "李雷", "王子") * 5:
        page(q)
    kept_plans = text("SELECT sum(generic_plans) FROM pg_prepared_statements WHERE statement LIKE '%core_search_gram%'")
    assert customers.scalar(kept_plans) > 3


def test_pairs_of_characters_are_asked_for_together_with_their_part(page, customers, engine_name, count_queries):
    if engine_name == "sqlite":
        pytest.skip("SQLite reads its index from the end")
    for q, names in (("子涵", {"parts0"}), ("子 王子", {"parts1"}), ("王子 子涵", {"parts0", "parts1"}), ("zh", {"parts"})):
        with count_queries() as counted:
            page(q)
        assert {name for one in counted for name in ("parts", "parts0", "parts1") if f"%({name})s" in one} == names, q


def test_a_row_that_was_written_long_ago_stands_where_its_place_is(page, is_whole, customers, engine_name):
    first = customers.scalars(db.select(Customer.id).where(Customer.name == "王子涵").order_by(Customer.id)).first()
    customers.commit()
    assert page("子涵")[1]
    seen(first, -1)
    assert page("子涵")[0][0] == first, "while the index does not know of it"
    keeper.catch_up()
    customers.commit()
    is_whole()
    assert page("子涵")[0][0] == first, "and when it does"
    assert engine_name == "postgresql" or not page("子涵")[1], "PostgreSQL reads the rest by the same statement"
    seen(first, COUNT + 9)
    keeper.catch_up()
    customers.commit()
    is_whole()


def test_while_the_index_is_built_by_another_order_all_that_is_found_is_read(page, is_whole, customers):
    table = plans.plan_of(Customer).table
    customers.execute(update(SearchTable).where(SearchTable.table == table).values(rank="created_at"))
    customers.commit()
    assert "子涵" not in is_whole(), "documents know another place"
    assert keeper.build_some()
    customers.commit()
    keeper.catch_up()
    customers.commit()
    assert customers.scalar(db.select(SearchTable.rank).where(SearchTable.table == table)) == "first_seen_at"
    customers.commit()
    assert "子涵" in is_whole()


def test_of_documents_that_are_cleared_away_no_place_is_kept(customers):
    number = plans.plan_of(Customer).number
    places = db.select(SearchZone.number, db.func.count()).group_by(SearchZone.number)
    before = dict(customers.execute(places).all())
    assert before[number] > COUNT / 8
    customers.add_all([SearchTable(table="was 5", number=5), SearchZone(number=5, zone=0, highest=9)])
    customers.commit()
    keeper.catch_up()
    customers.commit()
    assert dict(customers.execute(places).all()) == before
