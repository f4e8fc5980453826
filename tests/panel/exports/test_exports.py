"""Exports of lists: columns, cells that are no formulas, what a reader may see, files that are his alone."""

import csv
import datetime as dt
import io
import json
import os
import re
import subprocess
import zipfile

import pytest
import sqlalchemy as sa
from flask_babel import force_locale
from python_calamine import CalamineWorkbook

from app.panel.bulk import loop
from app.panel.bulk.models import Run
from app.panel.bulk.states import RunState
from app.panel.core import clock, history
from app.panel.core.errors import BadRequest, DomainError, Forbidden, InvalidInput, NotFound
from app.panel.exports import columns, files, rows, services, templates
from app.panel.exports import keys as rowkeys
from app.panel.exports.services import Wish
from app.shop.customers.models import Customer, CustomerTag
from app.shop.setup.models import Channel, Shop
from tests.goals import goal

LIST = "customers_customer"
EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", '"=1', "'=1", "＝1", "\u3000+1"]


@pytest.fixture
def shop(session):
    return session.query(Shop).filter_by(code="A").one()


@pytest.fixture
def customer(session, shop):
    def make(name="Zhang San", **more):
        row = Customer(name=name, shop=more.pop("shop", shop), first_seen_at=clock.now(), **more)
        session.add(row)
        session.commit()
        return row

    return make


def text_of(answer, encoding="utf-8-sig"):
    return list(csv.reader(io.StringIO(answer.data.decode(encoding), newline="")))


def go(client, list_key=LIST, **form):
    return client.post(f"/exports/list/{list_key}/go", data=form)


def sheets(answer):
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_a_file_is_called_by_a_chinese_list_in_a_header_that_is_latin(as_user, customer, monkeypatch):
    monkeypatch.setattr(services.view_of(LIST), "title", "客户")
    said = go(as_user("ada"), kind="csv", col=["name"]).headers["Content-Disposition"]
    assert said.isascii(), "no server sends another"
    assert said.startswith('attachment; filename="__-') and "filename*=UTF-8''%E5%AE%A2%E6%88%B7-" in said


def test_no_cell_is_a_formula_and_numbers_stay_numbers(as_user, customer, session, monkeypatch):
    """G38; the rows, the memory and the time of a million rows are measured by `make bench B=bulk`."""
    for name in EVIL:
        customer(name)
    view = services.view_of(LIST)
    monkeypatch.setitem(view.label_columns, "name", "=Name()")
    client = as_user("ada")
    found = text_of(go(client, kind="csv", col=["name", "id"], sort="id"))
    assert found[0][0] == "'=Name()"
    assert [line[0] for line in found[1:]][-len(EVIL) :] == [f"'{name}" for name in EVIL]
    assert all(line[1].isdecimal() for line in found[1:])
    answer = go(client, kind="xlsx", col=["name", "id"], sort="id")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "<f " not in sheet and "<hyperlink" not in sheet
    assert 'state="frozen"' in sheet and "<autoFilter" in sheet
    found = next(iter(sheets(answer).values()))
    assert found[0][0] == "=Name()" and isinstance(found[1][1], float)


def test_a_file_has_the_chosen_columns_in_their_order_with_fields_of_related_rows(as_user, customer, shop):
    one = customer("Li Si", phone="+8613812345678")
    found = text_of(go(as_user("ada"), kind="csv", col=["shop.code", "name", "shop", "first_seen_at"], sort="-id"))
    assert found[0] == ["Shop: Short name", "Customer name", "Shop", found[0][3]]
    assert found[1][:3] == ["A", "Li Si", shop.name]
    assert found[1][3] == clock.local(one.first_seen_at).strftime("%Y-%m-%d %H") + found[1][3][13:]


def test_a_sheet_holds_times_and_amounts_as_what_they_are(app, session):
    wall = rows.values.Wall(clock.zone())
    assert wall.written("2026-11-11 12:00:07.000000") == "2026-11-11 20:00:07"
    assert wall.of(dt.datetime(2026, 11, 11, 12, 0, 7, 5)) == dt.datetime(2026, 11, 11, 20, 0, 7)
    nepal = rows.values.Wall(clock.ZoneInfo("Asia/Kathmandu"))
    assert nepal.written("2026-11-11 12:10:07.000000") == "2026-11-11 17:55:07"
    assert rows.values._amounts_written([-5, 123456, None, 7], ["CNY", "CNY", "CNY", "CNY"]) == ["-0.05", "1234.56", None, "0.07"]
    assert rows.values._amounts_written([1234, 1234], ["JPY", "KWD"]) == ["1234", "1.234"]
    assert rows.values._amounts([1234, 10**16], ["CNY", "CNY"]) == [12.34, "100000000000000.00"]


def test_a_list_is_exported_as_it_is_filtered_and_ordered(as_user, customer):
    for name in ("Wang C", "Wang A", "Wang B", "Other"):
        customer(name)
    asked = {"f": json.dumps({"and": [["name", "contains", "Wang"]]}), "sort": "-id", "cols": "name"}
    found = text_of(go(as_user("ada"), kind="csv", **asked))
    assert [line[0] for line in found] == ["Customer name", "Wang B", "Wang A", "Wang C"]


def test_ticked_rows_are_exported_and_no_others_not_even_by_their_numbers(as_user, as_role, ben, customer, session):
    mine, other = customer("Mine"), customer("Theirs", shop=session.query(Shop).filter_by(code="B").one())
    page = as_user("ada").post(f"/exports/list/{LIST}/choose", data={"rowid": [mine.id]}).text
    assert "1 ticked row" in page and f'name="rowid" value="{mine.id}"' in page
    found = text_of(go(as_user("ada"), kind="csv", col="name", rowid=[other.id, mine.id]))
    assert [line[0] for line in found[1:]] == ["Theirs", "Mine"]
    with_right_to_export(session, "support", "customers.Customer")
    found = text_of(go(as_user("ben"), kind="csv", col="name", rowid=[other.id, mine.id]))
    assert [line[0] for line in found[1:]] == ["Mine"]


def with_right_to_export(session, role, resource):
    from flask import current_app

    from app.panel.accounts.models import Role
    from app.panel.core import policy

    manager = current_app.appbuilder.sm
    right = manager.add_permission_view_menu("can_export", resource)
    manager.add_permission_role(session.query(Role).filter_by(name=role).one(), right)
    session.commit()
    policy.forget()


def test_masks_and_rows_of_the_reader_hold_and_without_the_right_there_is_no_file(as_user, customer, session):
    customer("Mine", phone="+8613812345678")
    client = as_user("ben")
    assert go(client, kind="csv", col="name").status_code == 403
    assert client.get(f"/exports/list/{LIST}/choose").status_code == 403
    assert "/exports/" not in client.get("/customers/customer/list/").text
    with_right_to_export(session, "support", "customers.Customer")
    customer("Hers", shop=session.query(Shop).filter_by(code="B").one())
    found = text_of(go(client, kind="csv", col=["name", "phone"]))
    assert ["Mine", "'+86138****5678"] in found
    assert "Hers" not in [line[0] for line in found]
    assert go(client, kind="csv", col="version").status_code == 400


def test_rights_are_asked_again_for_every_chunk(app, session, as_user, customer, ben):
    from app.panel.accounts.models import Role

    for name in ("One", "Two", "Three"):
        customer(name)
    with_right_to_export(session, "support", "customers.Customer")
    view = services.view_of(LIST)
    keys = services.numbers(Wish(LIST, ["name"]), actor=ben)
    reader = rows.Reader(view, ben, ["name"], is_typed=False)
    assert [len(part) for part in reader.chunk(list(keys[:1]))] == [1]
    ben.roles = session.query(Role).filter_by(name="viewer").all()
    session.commit()
    with pytest.raises(Forbidden):
        next(reader.chunk(list(keys[1:])))


@pytest.mark.parametrize(("order", "gap"), [("id", False), ("-id", True), ("name", False)])
def test_rows_that_are_read_in_parts_come_in_the_order_of_the_list(app, session, customer, ada, monkeypatch, tmp_path, order, gap):
    monkeypatch.setattr(rows, "CHUNK", 3)
    monkeypatch.setattr(rows, "DRAWN", 2)
    made = [customer(name) for name in ("Wu", "An", "Li", "Bo", "Zu", "Ge", "He")]
    wish, told = Wish(LIST, ["name"], "csv", {"sort": order}), []
    keys = services.numbers(wish, actor=ada)
    if gap:
        keys = type(keys)(key for key in keys if key != made[2].id)
    count = services.write(tmp_path / "file.csv", wish, keys, actor=ada, told=told.append)
    names = {row.id: row.name for row in made}
    assert [line[0] for line in csv.reader((tmp_path / "file.csv").open(encoding="utf-8-sig"))][1:] == [names[key] for key in keys]
    assert count == len(keys) == 7 - gap and told == [*range(3, count, 3), count]


def test_numbers_of_rows_are_read_back_from_the_file_in_which_most_of_them_lie(app, monkeypatch):
    monkeypatch.setattr(rowkeys, "IN_MEMORY", 100)
    with app.app_context():
        keys = rowkeys.Keys(range(10, 40))
    keys.extend([2**40, -3])
    assert (len(keys), keys[0], keys[-1], list(keys[29:40])) == (32, 10, -3, [39, 2**40, -3])
    assert [*keys] == [*range(10, 40), 2**40, -3]
    keys.close()


def test_who_took_what_out_stands_on_the_trail(as_user, customer, session, ada):
    customer("Wang")
    tree = json.dumps({"and": [["name", "contains", "Wang"]]})
    go(as_user("ada"), kind="gb18030", col="name", f=tree)
    table = history.HistoryEntry.__table__
    line = session.execute(sa.select(table).where(table.c.verb == "exported").order_by(table.c.id.desc())).first()
    assert (line.table, line.actor_id) == ("customers_customer", ada.id)
    assert line.changes["rows"] == [None, 1] and line.changes["columns"] == [None, ["name"]] and "Wang" in line.changes["filter"][1][0]


def test_chinese_windows_reads_gb18030(as_user, customer):
    customer("张三🙂")
    answer = go(as_user("ada"), kind="gb18030", col="name", sort="-id")
    assert text_of(answer, "gb18030")[1] == ["张三🙂"]


def test_a_large_export_is_made_by_a_run_and_its_link_opens_for_nobody_else(as_user, customer, monkeypatch, session, ada):
    for number in range(3):
        customer(f"Wang {number}")
    monkeypatch.setattr(services, "AT_ONCE", 2)
    client = as_user("ada")
    answer = go(client, kind="xlsx", col="name")
    number = int(re.search(r"/exports/(\d+)/", answer.location)[1])
    run = session.get(Run, number, populate_existing=True)
    assert run.state is RunState.DONE and run.rows >= 3 and run.finished_at
    page = client.get(answer.location).text
    link = re.search(r'href="(/exports/file/[^"]+)"', page)[1]
    found = client.get(link)
    assert "Wang 2" in [line[0] for line in next(iter(sheets(found).values()))]
    assert "attachment" in found.headers["Content-Disposition"]
    assert as_user("ben").get(link).status_code == 404
    assert as_user("ben").get(answer.location).status_code == 404
    assert client.get("/notices/").text.count(run.file_name)
    assert link in client.get("/exports/").text or "/exports/file/" in client.get("/exports/").text


def test_a_large_file_is_in_the_language_of_the_page_on_which_it_was_asked_for(as_user, customer, session, ada):
    customer("Wang")
    with force_locale("zh_Hans_CN"):
        run = services.begin(Wish(LIST, ["name", "state"], "csv", {"sort": "-id"}), actor=ada)
    assert loop.work_off(run.id) is RunState.DONE
    lines = services.store.path_of(session.get(Run, run.id, populate_existing=True).file_key).read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("客户姓名,") and lines[1].startswith("Wang,") and lines[1].isascii() is False


def test_a_file_expires_and_is_deleted_then(as_user, customer, monkeypatch, session):
    customer("Wang")
    monkeypatch.setattr(services, "AT_ONCE", 0)
    client = as_user("ada")
    where = go(client, kind="csv", col="name").location
    link = re.search(r'href="(/exports/file/[^"]+)"', client.get(where).text)[1]
    run = session.get(Run, int(where.split("/")[-2]), populate_existing=True)
    path = services.store.path_of(run.file_key)
    assert services.forget_old() == 0 and path.exists()
    session.execute(sa.update(Run).where(Run.id == run.id).values(finished_at=clock.now() - dt.timedelta(hours=25)))
    session.commit()
    assert client.get(link).status_code == 404
    assert services.forget_old() == 1 and not path.exists()
    assert "expired" in client.get(where).text


def test_an_export_that_was_cancelled_leaves_no_file(session, customer, ada, monkeypatch):
    customer("Wang")
    run = services.begin(Wish(LIST, ["name"], "csv"), actor=ada)
    write, before = services.write, set(services.store.folder().iterdir())

    def cancelled(*arguments, **more):
        count = write(*arguments, **more)
        services.cancel(run.id, actor=ada)
        return count

    monkeypatch.setattr(services, "write", cancelled)
    assert loop.work_off(run.id) is None
    assert session.get(Run, run.id, populate_existing=True).state is RunState.CANCELLED
    assert set(services.store.folder().iterdir()) == before


def test_nobody_waits_for_more_than_three_at_a_time(session, customer, ada):
    for _number in range(services.MOST_AT_A_TIME):
        first = services.begin(Wish(LIST, ["name"], "csv"), actor=ada)
    with pytest.raises(DomainError):
        services.begin(Wish(LIST, ["name"], "csv"), actor=ada)
    services.cancel(first.id, actor=ada)
    assert services.begin(Wish(LIST, ["name"], "csv"), actor=ada)


def test_an_export_whose_worker_was_killed_is_made_anew_once_and_its_rest_is_deleted(session, customer, ada, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(path, *_arguments, **_more):
        path.write_bytes(b"half of it")
        monkeypatch.setattr(type(path), "unlink", lambda *_path, **_options: None)
        raise Killed

    customer("Wang")
    run = services.begin(Wish(LIST, ["name"], "csv"), actor=ada)
    with monkeypatch.context() as patch:
        patch.setattr(services, "write", killed)
        with pytest.raises(Killed):
            loop.work_off(run.id)
    monkeypatch.undo()
    rest = list(services.store.folder().glob("*.part"))
    assert len(rest) == 1 and loop.work_off(run.id) is None, "its lease still holds"
    session.execute(sa.update(Run).where(Run.id == run.id).values(lease_until=0.0))
    session.commit()
    assert loop.work_off(run.id) is RunState.DONE and loop.work_off(run.id) is None
    told = session.query(history.HistoryEntry).filter_by(verb="exported", table="customers_customer").count()
    assert told == 1
    assert services.forget_unfinished() == 0 and rest[0].exists()
    os.utime(rest[0], (0, 0))
    assert services.forget_unfinished() == 1 and not rest[0].exists()


def test_an_export_whose_maker_lost_the_right_fails_with_the_sentence(session, customer, ben, as_role):
    customer("Wang")
    with_right_to_export(session, "support", "customers.Customer")
    run = services.begin(Wish(LIST, ["name"], "csv"), actor=ben)
    as_role(ben, "viewer")
    assert loop.work_off(run.id) is RunState.FAILED
    assert "You may not do this" in session.get(Run, run.id, populate_existing=True).error


def test_columns_are_kept_as_a_template_and_shared(as_user, session, ada, ben):
    client = as_user("ada")
    answer = client.post(
        f"/exports/list/{LIST}/keep", data={"name": "For the courier", "col": ["phone", "name"], "kind": "csv", "roles": ["*"]}
    )
    page = client.get(answer.location).text
    assert "For the courier" in page and page.index('value="phone" checked') < page.index('value="name" checked')
    with_right_to_export(session, "support", "customers.Customer")
    assert "For the courier" in as_user("ben").get(f"/exports/list/{LIST}/choose").text
    kept = templates.offers(services.view_of(LIST), services.view_of(LIST).plan(ada), ada)[0]
    assert kept.names == ["phone", "name"] and kept.kind == "csv"
    assert as_user("ben").post(f"/exports/template/{kept.id}/delete").status_code == 404
    assert client.post(f"/exports/template/{kept.id}/delete").status_code == 302
    with pytest.raises(InvalidInput):
        templates.save(services.view_of(LIST), "Mine", ["name"], "csv", actor=ben, roles=["administrator"])


def test_values_that_no_column_holds_are_worked_out(as_user, customer, session):
    row = customer("Wang")
    row.tags = [CustomerTag(name="dear")]
    session.commit()
    found = text_of(go(as_user("ada"), kind="csv", col=["name", "tags"], rowid=[row.id]))
    assert found[1] == ["Wang", "dear"]


def test_a_list_without_rows_is_a_file_with_headings(as_user, session):
    nothing = json.dumps({"and": [["name", "contains", "nobody is called so"]]})
    client = as_user("ada")
    assert text_of(go(client, kind="csv", col="name", f=nothing)) == [["Customer name"]]
    assert next(iter(sheets(go(client, kind="xlsx", col="name", f=nothing)).values())) == [["Customer name"]]


def test_rows_beyond_the_last_of_a_sheet_go_to_the_next(tmp_path, app, session, monkeypatch):
    monkeypatch.setattr(files, "SHEET_ROWS", 2)
    path = tmp_path / "many.xlsx"
    files.write_xlsx(path, "A/B: list", ["n", "t"], [None, None], iter([[(1, "=x"), (2, None)], [(3, "y" * 5)]]), 3)
    book = CalamineWorkbook.from_path(path)
    assert book.sheet_names == ["A_B_ list 1", "A_B_ list 2"]
    assert book.get_sheet_by_index(1).to_python() == [["n", "t"], [3.0, "yyyyy"]]


def test_columns_that_are_called_alike_are_numbered(app, session):
    assert columns.headings([columns.Column("a", "Name"), columns.Column("b", "Name")]) == ["Name", "Name (2)"]


def test_an_unknown_list_column_or_kind_of_file_is_refused(app, session, ada):
    for wish in (Wish(LIST, ["nonsense"]), Wish(LIST, ["name"], "doc"), Wish(LIST, []), Wish(LIST, ["name"], state={"f": "{"})):
        with pytest.raises(BadRequest):
            services.checked(wish, actor=ada)
    with pytest.raises(NotFound):
        services.checked(Wish("nonsense", ["name"]), actor=ada)
    assert session.query(Channel).count()


def test_the_list_of_all_runs_leads_to_the_page_of_an_export(as_user, customer, session, ada):
    customer("Wang")
    run = services.begin(Wish(LIST, ["name"], "csv"), actor=ada)
    answer = as_user("ada").get(f"/bulk/run/action/open/{run.id}")
    assert (answer.status_code, answer.location) == (302, f"/exports/{run.id}/")


@pytest.mark.skipif(not os.environ.get("LIBREOFFICE"), reason="LIBREOFFICE names the program that reads the file, say soffice")
def test_another_program_reads_the_sheet_as_it_was_meant_and_finds_no_formula(as_user, customer, session, tmp_path):
    """G38 with LibreOffice: every cell as text, numbers as numbers, nothing worked out."""
    for name in EVIL:
        customer(name, phone="+8613812345678")
    answer = go(as_user("ada"), kind="xlsx", col=["name", "id", "phone", "first_seen_at"], sort="id")
    (tmp_path / "list.xlsx").write_bytes(answer.data)
    # 3: every cell as it stands, formulas as formulas; the sheet goes out in UTF-8 with each text in quotes
    kind = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,false,true"
    command = [os.environ["LIBREOFFICE"], f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", kind]
    told = subprocess.run([*command, "--outdir", tmp_path, tmp_path / "list.xlsx"], capture_output=True, text=True, timeout=180, check=False)
    assert told.returncode == 0, told.stderr[-500:]
    found = (tmp_path / "list.csv").read_text("utf-8")
    lines = list(csv.reader(io.StringIO(found, newline="")))[1:]
    keys = [line[1] for line in lines]
    assert keys == sorted(keys, key=int) and f",{keys[-1]}," in found, "a number without quotes"
    wanted = [name.replace("\r", "\n").strip("\n") for name in EVIL]
    got = [line[0].replace("\r", "\n").strip("\n") for line in lines][-len(EVIL) :]
    wrong = [(one, other) for one, other in zip(wanted, got, strict=True) if one != other]
    goal("G38", f"{len(wrong)}_of_{len(EVIL)}_worked_out", 0, not wrong)
    assert not wrong
    assert {line[2] for line in lines[-len(EVIL) :]} == {"+8613812345678"}
