"""The page of the trail: who sees which line, in which words, with which filters."""

import datetime as dt
import html
import io
import json
import re

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, text

from app.panel.accounts.audit import reading, refusals, words
from app.panel.accounts.models import LoginEvent, LoginResult
from app.panel.accounts.pages import takeaway
from app.panel.core import chain, chain_check, clock, history, records, retention, settings, trail
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import InvalidInput
from app.panel.core.trail import TABLE

PAGE = "/accounts/audit/"
LOGINS = "/exports/list/accounts_loginevent/go"


@pytest.fixture
def scarf(session, ada):
    from app.shop.catalog.models import Product

    product = records.create(Product, {"title": "Scarf"}, actor=ada)
    records.update(product, {"title": "Woollen scarf"}, actor=ada)
    return product


def seen(client, **asked):
    return client.get(PAGE, query_string=asked).text


def test_a_line_says_who_what_from_where_and_by_which_path(as_user, scarf):
    client = as_user("ada")
    made = client.post("/api/v1/catalog/product/", json={"title": "Mittens"}, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert made.status_code == 201, made.text
    text = seen(client, table="catalog_product", key=made.json["id"])
    assert "192.0.2.7" in text and text.count("By the API") > seen(client, q="nowhere").count("By the API") and "Mittens" in text
    assert f'href="/catalog/product/show/{made.json["id"]}"' in text
    text = seen(client, table="catalog_product", key=scarf.id)
    assert "<del>" in text and "Woollen scarf" in text


def test_the_history_of_a_row_opens_its_whole_trail(as_user, scarf):
    link = f"{PAGE}?table=catalog_product&amp;key={scarf.id}"
    assert link in as_user("ada").get(f"/catalog/product/show/{scarf.id}").text
    assert link not in as_user("ben").get(f"/catalog/product/show/{scarf.id}").text


def lines(actor, **asked):
    return [(line.table, line.key, line.verb) for line in reading.find(reading.Asked(**asked), actor).lines]


def test_every_filter_narrows_to_what_it_says(session, ada, scarf, clock):
    mine = ("catalog_product", scarf.id)
    whole = lines(ada, table="catalog_product", key=scarf.id)
    assert set(whole) == {(*mine, "update"), (*mine, "insert")} and whole[-1] == (*mine, "insert")
    assert lines(ada, table="catalog_product", key=scarf.id, verb="insert") == [(*mine, "insert")]
    assert (*mine, "update") in lines(ada, q="woollen") and (*mine, "insert") not in lines(ada, q="woollen")
    assert (*mine, "insert") in lines(ada, person=ada.id)
    assert (*mine, "insert") not in lines(ada, person=reading.SYSTEM)
    today = clock.now().date()
    day = dt.timedelta(days=1)
    assert (*mine, "insert") in lines(ada, since=today - day, until=today + day)
    assert lines(ada, since=today + 3 * day) == [] and lines(ada, until=today - 3 * day) == []
    with history.by("import", run_id=4711):
        history.record(scarf, "product.seen", actor=ada, why="围巾")
    assert lines(ada, run=4711) == lines(ada, path="import", q="围巾") == [(*mine, "product.seen")]
    assert lines(ada, path="api", q="围巾") == []


def test_a_period_knows_the_lines_of_runs_as_well(session, ada, scarf, clock):
    def told(run, *days):
        for day in days:
            clock.set(f"2031-05-{day:02} 12:00")
            with history.by("bulk", run_id=run):
                history.record(scarf, "product.seen", actor=ada, why=f"{run} on {day}")

    told(4711, 3, 5, 9)
    told(4712, 12)
    history.record(scarf, "product.seen", actor=ada, why="nobody's on 12")
    told(4713, 12, 14)

    def found(since, until):
        asked = reading.Asked(since=dt.date(2031, 5, since), until=dt.date(2031, 5, until))
        return [line.why for line in reading.find(asked, ada).lines][::-1]

    assert found(4, 5) == ["4711 on 5"]
    assert found(6, 8) == [] == found(15, 20)
    assert found(9, 12) == ["4711 on 9", "4712 on 12", "nobody's on 12", "4713 on 12"]
    assert found(13, 20) == ["4713 on 14"]
    assert found(1, 3) == ["4711 on 3"]


def test_the_ends_of_a_period_are_looked_up(session, ada):
    asked = reading.Asked(since=dt.date(2031, 5, 1), until=dt.date(2031, 5, 2))
    statement = reading._ends(asked).compile(session.connection().engine, compile_kwargs={"literal_binds": True})
    if session.connection().dialect.name == "sqlite":
        plan = [row.detail for row in session.execute(text(f"EXPLAIN QUERY PLAN {statement}"))]
        assert [step for step in plan if "SCAN" in step and "core_history" in step] == []
        assert any("ix_core_history_at" in step for step in plan), plan


def test_the_page_leads_to_older_lines_and_back_and_takes_off_its_filters(as_user, session, scarf):
    for number in range(reading.SIZE + 10):
        history.record(scarf, "product.seen", why=f"look {number}.")
    session.commit()
    client = as_user("ada")
    page = client.get(PAGE, query_string={"table": "catalog_product", "key": scarf.id}).text
    first = set(re.findall(r"look \d+\.", page))
    assert len(first) == reading.SIZE
    older = re.search(r'href="([^"]+)" aria-label="Older"', page)
    assert older is not None
    page = client.get(html.unescape(older[1])).text
    second = set(re.findall(r"look \d+\.", page))
    assert len(second) == 10 and not first & second and 'aria-label="Newer"' in page
    assert re.search(rf'href="{PAGE}">Clear all', page)


@pytest.mark.parametrize("asked", [{"since": "soon"}, {"key": "x"}, {"person": "-1"}, {"run": "9" * 20}, {"q": "x" * 300}])
def test_what_no_form_of_ours_sends_is_refused(as_user, asked):
    assert as_user("ada").get(PAGE, query_string=asked).status_code == 400


def test_pages_follow_each_other_by_the_number_of_the_line(session, ada, monkeypatch):
    for number in range(7):
        history.record_about("core_setting", "setting.changed", {f"n{number}": [None, number]}, actor=SYSTEM)
    asked = reading.Asked(table="core_setting", verb="setting.changed")
    first = reading.find(asked, ada, size=3)
    second = reading.find(reading.Asked(table="core_setting", verb="setting.changed", before=first.older), ada, size=3)
    numbers = [line.id for line in (*first.lines, *second.lines)]
    assert numbers == sorted(numbers, reverse=True) and len(set(numbers)) == 6
    assert first.newer is None
    back = reading.find(reading.Asked(table="core_setting", verb="setting.changed", after=second.newer), ada, size=3)
    assert [line.id for line in back.lines] == numbers[:3]
    monkeypatch.setattr(reading, "WINDOW", 2)
    far = reading.find(reading.Asked(q="nowhere"), ada)
    assert not far.lines and far.further and far.looked_back_to is not None
    assert len(list(reading.every(asked, ada))) == len(list(reading.every(asked, ada, 100_000))) >= 7


def test_a_page_costs_the_same_however_many_lines_there_are(session, as_user, ada, scarf, count_queries):
    client, costs = as_user("ada"), []
    for _time in range(2):
        client.get(PAGE)
        with count_queries() as statements:
            assert client.get(PAGE).status_code == 200
        costs.append(len(statements))
        assert not [one for one in statements if "count(" in one.lower() and "core_history" in one]
        for number in range(40):
            history.record(scarf, f"product.seen{number}", actor=ada)
        session.commit()
    assert costs[1] <= costs[0] + 1


@pytest.fixture
def customers(session, ada):
    """One customer of each shop, with a phone that only some may read."""
    from app.shop.customers.models import Customer
    from app.shop.setup.models import Shop

    return {
        shop.code: records.create(
            Customer, {"name": f"Customer {shop.code}", "phone": f"+861380013800{shop.id}", "shop_id": shop.id}, actor=ada
        )
        for shop in session.query(Shop).order_by(Shop.id)
    }


def test_a_line_is_seen_by_whoever_sees_its_row_and_no_other(session, ada, ben, cleo, customers):
    def found(actor):
        return {key for table, key, _verb in lines(actor, table="customers_customer")}

    ids = {code: one.id for code, one in customers.items()}
    assert set(ids.values()) <= found(ada)
    assert ids["A"] in found(ben) and ids["B"] not in found(ben)
    assert ids["B"] in found(cleo) and ids["A"] not in found(cleo)
    trail.blot(TABLE.c.key == ids["A"], lambda _said: {"why": "erased"})
    assert ("core_history", 0, trail.BLOTTED) in lines(ada, table="core_history")
    assert lines(ben, table="core_history") == []


def test_fields_that_are_masked_or_hidden_elsewhere_are_so_in_a_line(app, session, ada, ben, customers):
    from app.shop.catalog.models import Product, Sku

    def told(actor, **asked):
        with app.test_request_context():
            found = reading.find(reading.Asked(**asked), actor).lines
            return " ".join(line.said for line in words.spoken(found, actor))

    whole, part = (told(actor, table="customers_customer", key=customers["A"].id) for actor in (ada, ben))
    phone = customers["A"].phone
    assert phone in whole and phone not in part and "****" in part
    product = records.create(Product, {"title": "Cup"}, actor=ada)
    sku = records.create(Sku, {"product_id": product.id, "code": "C-1", "price": 500, "cost": 77777}, actor=ada)
    whole, part = (told(actor, table="catalog_sku", key=sku.id) for actor in (ada, ben))
    assert "777.77" in whole and "C-1" in whole and "C-1" in part and "777.77" not in part


def test_words_of_values_are_looked_for_only_by_whoever_may_see_all_of_them(session, ada, ben, scarf):
    assert lines(ada, q="woollen")
    assert not lines(ben, q="woollen")


def test_only_a_right_opens_the_page_and_only_another_takes_lines_out(as_user):
    assert as_user("ben").get(PAGE).status_code == 403
    assert as_user("ben").post(f"{PAGE}export", data={"format": "csv"}).status_code == 403
    assert as_user("ada").get(PAGE).status_code == 200


def test_the_filtered_trail_is_a_file_without_formulas_and_stands_in_the_trail_itself(session, as_user, ada, scarf):
    history.record(scarf, "product.seen", actor=ada, why="=1+1")
    session.commit()
    asked = {"table": "catalog_product", "key": str(scarf.id)}
    answer = as_user("ada").post(f"{PAGE}export", data={"format": "csv", **asked})
    text, count = answer.data.decode("utf-8-sig"), len(lines(ada, table="catalog_product", key=scarf.id))
    assert answer.status_code == 200 and "Woollen scarf" in text and "'=1+1" in text and text.count("\r\n") == count + 1
    sheet = as_user("ada").post(f"{PAGE}export", data={"format": "xlsx", **asked}).data
    rows = CalamineWorkbook.from_filelike(io.BytesIO(sheet)).get_sheet_by_index(0).to_python()
    assert len(rows) == count + 1 and "=1+1" in rows[1]
    found = session.execute(select(TABLE).where(TABLE.c.verb == "exported").order_by(TABLE.c.id.desc())).first()
    assert (found.table, found.actor_id) == ("core_history", ada.id)
    assert found.changes["rows"] == [None, count] and f"key={scarf.id}" in found.changes["filter"][1]
    assert "exported" in seen(as_user("ada"))


def test_what_rights_refused_is_told_once_and_not_at_every_try(session, as_user, ben):
    refusals._told.clear()
    client = as_user("ben")
    for _time in range(3):
        assert client.post(f"{PAGE}export", data={"format": "csv"}).status_code == 403
    client.get(PAGE)
    found = session.execute(select(TABLE).where(TABLE.c.verb == "access.refused", TABLE.c.actor_id == ben.id)).all()
    assert [line.changes["address"][1] for line in found] == [f"{PAGE}export"]
    assert "was refused" in seen(as_user("ada"), person=ben.id)


def test_a_refusal_that_was_told_already_does_not_read_once_more_who_was_refused(session, as_user, count_queries):
    refusals._told.clear()
    client, in_a_line = as_user("ben"), {"Accept": "application/json"}  # a page of refusal would say who he is
    for _time in range(2):
        with count_queries() as statements:
            assert client.post(f"{PAGE}export", data={"format": "csv"}, headers=in_a_line).status_code == 403
    assert not [statement for statement in statements if "WHERE ab_user.id = " in statement]


def test_the_page_says_until_when_the_trail_is_verified(session, as_user, monkeypatch):
    monkeypatch.setitem(chain.SETTLES, "postgresql", dt.timedelta(seconds=-1))
    client = as_user("ada")
    chain.seal()
    chain_check.check()
    assert "Sealed and unchanged until" in seen(client)
    chain_check._keep(chain_check.Verdict(faults=[chain_check.Fault("changed", 3, 17)]), 2048)
    text = seen(client)
    assert "Broken" in text and "line 17" in text and "2.0 MB" in text


def test_the_command_says_what_it_found_in_words_and_in_json(app, session, monkeypatch):
    monkeypatch.setitem(chain.SETTLES, "postgresql", dt.timedelta(seconds=-1))
    runner = app.test_cli_runner()
    assert "blocks sealed" in runner.invoke(args=["audit", "seal"]).output
    good = runner.invoke(args=["audit", "verify", "--json"])
    told = json.loads(good.output.splitlines()[-1])
    assert good.exit_code == 0 and told["ok"] and told["seal"] == chain.newest().seal
    bad = runner.invoke(args=["audit", "verify", "--expect", "0" * 64])
    assert bad.exit_code == 1 and "expected" in bad.output
    assert "kept for ever" in runner.invoke(args=["audit", "forget"]).output


def test_the_trail_is_kept_for_half_a_year_at_least_or_for_ever(session, ada):
    with pytest.raises(InvalidInput) as refused:
        settings.change({retention.MONTHS: "3"}, actor=ada)
    assert "6 months" in str(refused.value.errors)
    assert retention.horizon() is None
    settings.change({retention.MONTHS: "12"}, actor=ada)
    assert retention.horizon() < clock.now() - dt.timedelta(days=360)


def test_log_ins_are_filtered_and_taken_out_as_a_file_by_whoever_may(session, as_user, ada, ben):
    for person, result in ((ada, LoginResult.SUCCESS), (ben, LoginResult.WRONG), (ben, LoginResult.SUCCESS)):
        session.add(LoginEvent(user_id=person.id, result=result, ip="192.0.2.9", agent="=cmd()"))
    session.commit()
    client, asked = as_user("ada"), {"f": json.dumps({"and": [["user", "eq", ben.id], ["result", "eq", "wrong"]]})}
    page = client.get("/accounts/loginevent/list/", query_string=asked).text
    assert f'action="{LOGINS}"' in page
    text = client.post(LOGINS, data={**asked, "kind": "csv"}).data.decode("utf-8-sig")
    assert text.count("\r\n") == 2 and "Ben,Wrong password,192.0.2.9" in text
    found = session.execute(select(TABLE).where(TABLE.c.verb == "exported").order_by(TABLE.c.id.desc())).first()
    assert found.table == "accounts_login_event" and found.changes["rows"] == [None, 1] and "wrong" in found.changes["filter"][1][0]
    assert as_user("ben").post(LOGINS, data={"kind": "csv"}).status_code == 403


def test_everybody_takes_his_own_log_ins_with_him_and_nobody_elses(session, as_user, ada, ben):
    for person, ip in ((ada, "192.0.2.7"), (ben, "192.0.2.9")):
        session.add(LoginEvent(user_id=person.id, result=LoginResult.SUCCESS, ip=ip, agent="=cmd()"))
    session.commit()
    client = as_user("ben")
    assert "/account/logins/export" in client.get("/account/logins/").text
    text = client.post("/account/logins/export", data={"format": "csv"}).data.decode("utf-8-sig")
    assert "192.0.2.9" in text and "192.0.2.7" not in text
    found = session.execute(select(TABLE).where(TABLE.c.verb == "exported").order_by(TABLE.c.id.desc())).first()
    assert (found.table, found.actor_id) == ("accounts_login_event", ben.id)
    assert client.post("/account/logins/export", data={"format": "doc"}).status_code == 400


TREE = json.dumps({"and": [["phone", "contains", "13812"], ["state", "eq", "active"]]})


@pytest.fixture
def exported(session, ada):
    """Somebody took customers out, whom he had looked for by name and phone."""
    takeaway.told(
        "customers_customer", rows=2, columns=["name"], asked={"q": "王晓明", "f": TREE, "verb": "insert"}, file="csv", actor=ada
    )
    return session.execute(select(TABLE).where(TABLE.c.verb == "exported").order_by(TABLE.c.id.desc())).first()


def said_of(line, actor):
    return words.spoken([line], actor)[0].said


def test_words_by_which_rows_were_exported_are_for_who_may_read_the_field(exported, ada, cleo):
    whole = said_of(exported, ada)
    assert "王晓明" in whole and "13812" in whole
    kept = said_of(exported, cleo)
    assert "王晓明" not in kept and "13812" not in kept and "active" in kept and "verb=insert" in kept
