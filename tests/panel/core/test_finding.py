"""The search index finds every row that its reader may see by any part of it, at once, and never reads a whole table."""

import pytest
from sqlalchemy import delete, text, update

from app.panel.core import changes, demo, listing, policy, records, trash
from app.panel.core.actor import SYSTEM
from app.panel.core.changes import Change, ChangeMark
from app.panel.core.db import db
from app.panel.core.fields import resource_of
from app.panel.core.finding import asking, conditions, hits, keeper, plans, storage, words
from app.panel.core.finding.keeper import SearchTable
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Brand
from app.shop.customers import services
from app.shop.customers.models import Customer
from tests.shop.customers import people

NAMES = ("张三丰", "李小龙", "重庆小面", "绿茶工坊", "Blue Harbour", "SH-1001/A", "单依纯")
ASKED = {
    "张": {"张三丰"}, "三丰": {"张三丰"}, "张三丰": {"张三丰"}, "zs": {"张三丰"}, "zsf": {"张三丰"}, "zhangsan": {"张三丰"},
    "zhang feng": {"张三丰"}, "sf": {"张三丰"}, "小": {"李小龙", "重庆小面"}, "cqxm": {"重庆小面"}, "zhongqing": {"重庆小面"},
    "chongqing": {"重庆小面"}, "lvcha": {"绿茶工坊"}, "shan": {"单依纯"}, "dyc": {"单依纯"}, "blue": {"Blue Harbour"},
    "ＢＬＵＥ": {"Blue Harbour"}, "bl": {"Blue Harbour"}, "h": {"Blue Harbour"}, "bour": {"Blue Harbour"}, "1001": {"SH-1001/A"},
    "sh-10": {"SH-1001/A"}, "sh1001": {"SH-1001/A"}, "ue": set(), "张三 丰": {"张三丰"}, "三张": set(), '"': set(), '"bl"': set(),
    "%": set(), "b_ue": set(), "龙 blue": set(),
}  # fmt: skip


@pytest.fixture
def quiet(session):
    """Nothing waits to be indexed."""
    session.execute(delete(Change))
    session.execute(delete(ChangeMark))
    session.commit()
    return session


@pytest.fixture
def brands(quiet):
    return {name: records.create(Brand, {"name": name}, actor=SYSTEM) for name in NAMES}


def found(q, model=Brand, actor=SYSTEM, names=("name",), **how):
    access = policy.fields(actor, resource_of(model))
    query = policy.scope(db.select(model), actor, model).where(conditions.condition(model, names, q, access, actor, **how))
    return {row.name for row in db.session.scalars(query)}


def index():
    """All that the index holds, as text."""
    return "".join(str(row) for name in (storage.TEXTS, storage.GRAMS) for row in db.session.execute(text(f"SELECT * FROM {name}")))


def test_a_row_is_found_by_every_part_of_it_before_and_after_it_is_indexed(brands):
    assert {q: found(q) for q in ASKED} == ASKED, "as they were just saved"
    assert keeper.follow()
    assert keeper.behind().changes == 0
    assert {q: found(q) for q in ASKED} == ASKED, "through the index"


def test_many_hits_are_asked_for_inside_the_statement_and_what_changed_since_is_still_right(brands, monkeypatch):
    monkeypatch.setattr(hits, "FEW", 1)
    keeper.follow()
    assert {q: found(q) for q in ASKED} == ASKED
    assert {q: found(q, in_order=True) for q in ASKED} == ASKED, "gone through one by one"
    records.update(brands["李小龙"], {"name": "李大龙"}, actor=SYSTEM)
    records.create(Brand, {"name": "小小"}, actor=SYSTEM)
    assert found("小") == {"重庆小面", "小小"} == found("小", in_order=True)


def test_what_a_row_no_longer_says_does_not_find_it(brands):
    keeper.follow()
    records.update(brands["张三丰"], {"name": "王五"}, actor=SYSTEM)
    assert (found("zs"), found("王")) == (set(), {"王五"})
    keeper.follow()
    assert (found("zs"), found("王")) == (set(), {"王五"})
    assert "张三丰" not in index()


def test_rows_changed_by_one_statement_and_told_to_the_feed_are_found_by_it(brands):
    keeper.follow()

    @transactional
    def rename():
        key = brands["张三丰"].id
        db.session.execute(update(Brand).where(Brand.id == key).values(name="赵六"))
        changes.record(Brand, [key])

    rename()
    assert found("zl") == {"赵六"}
    keeper.follow()
    assert (found("zl"), found("zsf")) == ({"赵六"}, set())


def test_the_trash_is_not_searched_and_what_comes_back_is(brands):
    keeper.follow()
    key = brands["张三丰"].id
    records.delete(brands["张三丰"], actor=SYSTEM)
    assert found("zsf") == set()
    keeper.follow()
    assert "张三丰" not in index()
    entry = db.session.query(trash.TrashEntry).filter_by(table="catalog_brand", key=key).one()
    trash.restore(entry.id, actor=SYSTEM)
    assert found("zsf") == {"张三丰"}
    keeper.follow()
    assert found("zsf") == {"张三丰"}


def test_a_masked_field_is_searched_for_what_its_mask_leaves_alone_and_rows_of_others_are_not_found(quiet, ben, ada):
    people.customer("张三丰", "13812345678", email="feng@example.org")
    people.customer("张三丰二", "13912345678", "B")
    names = ("name", "phone", "email")
    keeper.follow()
    for _time in range(2):
        assert found("zsf", Customer, ben, names) == {"张三丰"}, "his own shop"
        assert found("zsf", Customer, ada, names) == {"张三丰", "张三丰二"}
        assert found("5678", Customer, ben, names) == found("张 5678", Customer, ben, names) == {"张三丰"}, "as he sees it end"
        for hidden in ("4567", "45678", "345678", "678", "1381", "feng@ex", "138 5678", "５６７"):
            assert found(hidden, Customer, ben, names) == set(), hidden
        assert found("5678", Customer, ada, names) == {"张三丰", "张三丰二"}, "the tail of a telephone number"
        assert found("138 1234", Customer, ada, names) == {"张三丰"}
        changes_again(Customer)


@transactional
def changes_again(model):
    changes.record(model, list(db.session.scalars(db.select(model.id))))


def test_erasing_a_person_takes_him_out_of_the_index(quiet):
    person = people.customer("金丝雀测试", "13812348888", email="canary@example.org")
    keeper.follow()
    assert all(part in index() for part in ("金丝雀", "jinsique", "13812348888", "canary", "jsq"))
    services.erase_person(person, why="his letter", actor=SYSTEM)
    keeper.follow()
    assert not [part for part in ("金丝", "丝雀", "jinsique", "jsq", "13812348888", "canary", "jsqcs") if part in index()]


@pytest.mark.parametrize("few", [2000, 1])
def test_no_search_reads_a_whole_table(brands, monkeypatch, few, engine_name):
    monkeypatch.setattr(hits, "FEW", few)
    keeper.follow()
    plan = plans.plan_of(Brand)
    for q in ("张", "zs", "张三丰", "小 龙", "blue harbour bl"):
        asked = asking.documents_with(plan, list(plan.letters.values()), words.asked(q))
        condition = conditions.condition(Brand, ("name",), q, policy.fields(SYSTEM, "catalog.Brand"), SYSTEM)
        said = [line for query in (asked, db.select(Brand).where(condition)) for line in plan_said(query, engine_name)]
        if engine_name == "sqlite":
            assert not [line for line in said if "SCAN catalog_brand" in line], said
            own = [line for line in said if "SCAN core_search" in line]
            assert own and all("INDEX 0:M1" in line for line in own), said  # by a match and between two numbers
        else:
            assert not [line for line in said if "Seq Scan" in line], said
            assert [line for line in said if "Index Scan on ix_core_search_" in line], said


def test_of_a_log_that_no_index_knows_the_latest_rows_are_read_and_the_page_says_so(session, as_user, ada, monkeypatch, engine_name):
    from app.panel.accounts.models import LoginEvent, LoginResult

    monkeypatch.setattr(conditions, "LATEST", 2)
    for agent in ("Netscape", "Lynx", "Mosaic"):
        session.add(LoginEvent(user_id=ada.id, result=LoginResult.SUCCESS, agent=agent))
        session.flush()
    session.commit()
    client, url = as_user("ada"), "/api/v1/accounts/loginevent/"
    newer = client.get(f"{url}?q=Mosaic").json["result"] + client.get(f"{url}?q=Lynx").json["result"]
    assert len(newer) >= 1 and not client.get(f"{url}?q=Netscape").json["result"]
    assert "the latest 2 rows" in client.get("/accounts/loginevent/list/?q=Netscape").text
    query = db.select(LoginEvent).where(conditions.condition(LoginEvent, ("agent",), "x", policy.fields(SYSTEM, resource_of(LoginEvent)), SYSTEM))
    said = plan_said(query, engine_name)
    assert [line for line in said if "rowid>?" in line or "Index Cond" in line], said


def plan_said(query, engine):
    if engine == "postgresql":
        db.session.execute(text("SET LOCAL enable_seqscan = off"))  # a table of seven rows would be read whole at any price
    explained = "EXPLAIN QUERY PLAN " if engine == "sqlite" else "EXPLAIN "
    bound = query.compile(db.session.connection(), compile_kwargs={"render_postcompile": True})
    rows = db.session.connection().exec_driver_sql(explained + str(bound), parameters(bound))
    return [str(row[-1]) for row in rows]


def parameters(bound):
    return tuple(bound.params[name] for name in bound.positiontup) if bound.positiontup else bound.params


def test_the_index_is_built_from_the_rows_in_steps_that_go_on_where_they_ended(brands, monkeypatch):
    monkeypatch.setattr(keeper, "CHUNK", 3)
    db.session.execute(delete(Change))
    db.session.commit()
    plan = plans.plan_of(Brand)
    assert found("zs") == set(), "nobody was told of these rows"
    assert keeper.build_chunk(plan)
    row = db.session.get(SearchTable, "catalog_brand")
    assert (row.built_to, row.is_built) == (brands[NAMES[2]].id, False)
    assert "catalog_brand" in keeper.behind().unbuilt
    assert (found("zs"), found("sh1001")) == ({"张三丰"}, set())
    steps = list(keeper.rebuild([plan]))
    assert [reached for _table, reached, _highest in steps] == [brands[NAMES[5]].id, brands[NAMES[6]].id]
    assert {q: found(q) for q in ASKED} == ASKED
    assert "catalog_brand" not in keeper.behind().unbuilt
    keeper.begin_anew(plan)
    assert {q: found(q) for q in ASKED} == ASKED, "what is being built anew is searched meanwhile"


def test_building_anew_takes_out_what_is_no_row_any_more(brands):
    keeper.follow()
    db.session.execute(delete(Brand).where(Brand.id == brands["单依纯"].id))  # by hand, past the feed
    db.session.commit()
    plan = plans.plan_of(Brand)
    keeper.begin_anew(plan)
    list(keeper.rebuild([plan]))
    assert "单依纯" not in index()


def test_other_fields_are_another_index_and_the_old_one_is_cleared_away(brands, app, monkeypatch):
    keeper.follow()
    old = plans.plan_of(Brand)
    new = plans._plan(Brand, ["country", "name"])
    assert old.number != new.number
    monkeypatch.setitem(app.extensions, "panel_search_plans", {Brand: new})
    assert found("zs") == set(), "what was indexed as a name is not read as a country"
    keeper.catch_up()
    assert {q: found(q) for q in ASKED} == ASKED
    assert db.session.query(SearchTable).count() == 1
    assert not storage.some_between(old.base, old.end, 1)


def test_the_demo_is_indexed_although_it_does_not_tell_the_feed_of_every_row(brands, monkeypatch):
    keeper.catch_up()

    def part(world):
        world.add(Brand, name="演示茶业", is_active=True)

    demo._gather()  # what domains contribute, or they would add it to this one
    monkeypatch.setattr(demo, "_parts", [(1, part)])
    demo.load()
    assert found("ysc") == set()
    keeper.catch_up()
    assert found("ysc") == {"演示茶业"}


def test_whoever_was_overtaken_writes_nothing_old_over_something_new(brands):
    plan = plans.plan_of(Brand)
    key = brands["张三丰"].id
    old = keeper._documents(plan, [key])
    records.update(brands["张三丰"], {"name": "王五"}, actor=SYSTEM)
    keeper.follow()
    with pytest.raises(keeper.Overtaken):
        keeper._write_changes({"catalog_brand": plan}, {"catalog_brand": {key}}, {"catalog_brand": old}, {}, 10**6)
    assert found("zsf") == set()


def test_a_far_backlog_is_told_and_the_latest_rows_are_found_all_the_same(brands, monkeypatch):
    monkeypatch.setattr(hits, "LATEST", 2)
    assert found("dyc") == {"单依纯"}
    assert found("zsf") == set()
    assert keeper.behind().changes == len(NAMES)
    keeper.follow()
    assert found("zsf") == {"张三丰"}


def test_without_the_extension_the_table_of_grams_answers(brands, app, engine_name):
    if engine_name == "sqlite":
        pytest.skip("SQLite brings its trigrams along")
    db.session.execute(text(f"DROP INDEX {storage.TRIGRAM_INDEX}"))
    db.session.commit()
    storage.forget_how()
    try:
        keeper.follow()
        assert {q: found(q) for q in ASKED} == ASKED
        for way in ("indexscan", "nestloop"):  # in a table of seven rows any of them is as good
            db.session.execute(text(f"SET LOCAL enable_{way} = off"))
        said = plan_said(asking.documents_with(plans.plan_of(Brand), ["a"], ["张三丰"]), engine_name)
        assert [line for line in said if "Index Scan on ix_core_search_gram" in line], said
    finally:
        storage.forget_how()


def test_the_command_builds_and_says_how_it_stands(brands, app):
    runner = app.test_cli_runner()
    done = runner.invoke(args=["search", "rebuild", "--table", "catalog_brand"])
    assert done.exit_code == 0, done.output
    highest = max(brand.id for brand in brands.values())
    assert f"catalog_brand: {highest} of {highest} (100 %)" in done.output
    assert "0 changes are not in the index yet" in runner.invoke(args=["search", "status"]).output
    assert runner.invoke(args=["search", "rebuild", "--table", "nothing"]).exit_code == 2


def test_every_list_picker_and_api_finds_through_the_index(brands, as_user):
    keeper.follow()
    client = as_user("ada")
    listed = client.get("/catalog/brand/list/?q=zsf").text
    assert "张三丰" in listed and "李小龙" not in listed
    answer = client.get("/api/v1/catalog/brand/?q=zs").json
    assert [row["name"] for row in answer["result"]] == ["张三丰"]
    picked = client.get("/pickers/catalog.Product/brand?q=cq").json
    assert [row["label"] for row in picked["results"]] == ["重庆小面"]


def test_the_first_page_of_a_search_is_read_by_one_statement_that_answers_whole_or_not_at_all(
    quiet, app, monkeypatch, count_queries, engine_name
):  # fmt: skip
    if engine_name == "sqlite":
        pytest.skip("on SQLite one statement more costs nothing")
    for at in range(9):
        people.customer(("张子涵", "李子涵", "涵张")[at % 3], f"1380013800{at}")
    keeper.catch_up()
    quiet.commit()
    plan = app.extensions["panel_views"][Customer].plan(SYSTEM)

    def page(q, **state):
        with count_queries() as counted:
            rows = listing.find(listing.Asked(q=q, size=2, **state), plan, SYSTEM).rows
        asks = [one for one in counted if "customers_customer" in one and "array((" in one]
        return [row.id for row in rows], len(asks) == 1 and not any("AS kind" in one for one in counted)

    asked = ("涵", "子涵", "zh", "李子涵", "zhangzihan", "涵 张", "1380013800")
    answers = {(q, sort): page(q, sort=sort) for q in asked for sort in ("", "first_seen_at", "-id")}
    assert all(in_one for (q, sort), (_rows, in_one) in answers.items() if len(q) == 1 or sort != "-id"), answers
    assert page("不") == ([], False) and page("不在") == ([], False), "by the longer way too nothing is found"

    def by_the_longer_way(change):
        with monkeypatch.context() as patch:
            change(patch)
            others = {known: page(known[0], sort=known[1]) for known in answers}
        assert {known: rows for known, (rows, _in_one) in others.items()} == {known: rows for known, (rows, _) in answers.items()}
        return [known for known, (_rows, in_one) in others.items() if in_one]

    assert by_the_longer_way(lambda patch: patch.setattr(conditions, "first_page", lambda *_given: None)) == []
    one_character = [known for known in answers if max(map(len, known[0].split())) == 1]
    assert by_the_longer_way(lambda patch: patch.setattr(hits, "STRIDES", (2,))) != one_character, "a page that is not filled"
    assert by_the_longer_way(lambda patch: patch.setattr(hits, "STRIDES", (1, 2, 3, 4))), "in several strides"
    assert by_the_longer_way(lambda patch: patch.setattr(hits, "FEW", 2)) == one_character, "more than a few are found"
    quiet.execute(text("UPDATE core_search_gram SET rank = NULL"))
    quiet.execute(text("UPDATE core_search_text SET rank = NULL"))
    quiet.commit()
    assert by_the_longer_way(lambda patch: None) == one_character, "documents of an older release know no places"
    newest = people.customer("王子涵", "13900138000")
    assert page("涵")[0][0] == page("子涵")[0][0] == newest.id, "what waits for the index is looked at"
    assert not page("涵")[1]
    keeper.catch_up()
    assert page("涵")[0][0] == newest.id and page("王子")[0] == [newest.id] and page("王子")[1]


def test_everything_is_searched_while_one_types_in_few_statements(brands, as_user, count_queries):
    people.customer("张三丰", "13812345678", "B")
    keeper.catch_up()
    ada, ben = as_user("ada"), as_user("ben")
    ada.get("/search/typed?q=x")
    with count_queries() as counted:
        answer = ada.get("/search/typed?q=zsf").json
    found = {group["label"]: group["rows"] for group in answer["groups"]}
    assert {label: [row["label"] for row in rows] for label, rows in found.items()} == {"Brands": ["张三丰"], "Customers": ["张三丰"]}
    assert found["Customers"][0]["hint"].startswith("+86138"), "what its list begins with"
    assert ada.get("/search/typed?q=2345678").json["groups"][0]["rows"][0]["hint"].startswith("+86138"), "why it was found"
    assert found["Customers"][0]["url"].startswith("/customers/customer/show/") and answer["all"] == "/search/?q=zsf"
    assert len(counted) < 20, counted
    his = {group["label"]: group["rows"] for group in ben.get("/search/typed?q=zsf").json["groups"]}
    assert [row["label"] for row in his["Brands"]] == ["张三丰"], "and no customer of another shop"
    assert "Customers" not in his
    assert "13812345678" not in ben.get("/search/typed?q=5678").text
    page = ada.get("/search/?q=zsf").text
    assert page.count("张三丰") >= 2 and "is being built" not in page


def test_who_is_called_just_so_comes_before_what_only_begins_so_and_before_those_who_came_later(brands, as_user):
    records.create(Brand, {"name": "ZWA3XUQK"}, actor=SYSTEM)
    people.customer("曾伟", "13812345601", "B")
    for at in range(8):
        people.customer(f"张文{'静丽芳娜敏艳涛洋'[at]}", f"1381234567{at}", "B")
    for _found in ("before it is indexed", keeper.catch_up()):
        groups = as_user("ada").get("/search/typed?q=zw").json["groups"]
        assert [group["label"] for group in groups] == ["Customers", "Brands"]
        assert groups[0]["rows"][0]["label"] == "曾伟" and len(groups[0]["rows"]) == 4
    assert as_user("ada").get("/search/typed?q=zwa").json["groups"][0]["label"] == "Brands"


def test_the_menu_is_found_and_a_visitor_finds_nothing(as_user, app):
    ada = as_user("ada")
    labels = [group["label"] for group in ada.get("/search/typed?q=cust").json["groups"]]
    assert labels[0] == "Menu entries"
    assert app.test_client().get("/search/typed?q=cust").status_code == 401


def test_a_page_says_that_the_index_is_not_there_yet(session, as_user):
    session.execute(delete(SearchTable))
    session.commit()
    assert "The search index is being built" in as_user("ada").get("/search/?q=x").text
