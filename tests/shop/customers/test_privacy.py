"""One person's data: handed out whole, and forgotten whole (SAFETY G46)."""

import io
import json
import logging
import zipfile

import pytest

from app.panel.accounts.pages import takeaway
from app.panel.bulk import drafts, ledger, loop, runs, store
from app.panel.bulk.engine import declaring, life
from app.panel.bulk.engine.selecting import Selection
from app.panel.bulk.models import Run, RunItem
from app.panel.core import files, logs, notices, outbox, records, remarks
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.history import HistoryEntry
from app.shop.customers import privacy, services
from app.shop.customers.models import Customer
from app.shop.customers.services.erasing import who
from app.shop.customers.states import CustomerState, Purpose
from tests.shop.customers.people import address, channel, customer, shop

CANARIES = {
    "name": "金丝雀测试", "phone": "13812348888", "email": "canary.bird@example.org", "street": "金丝雀巷 77 号",
    "note": "canary-note-4711", "external": "canary-uid-990011", "old_name": "旧金丝雀", "preferences": "canary-likes-seeds",
    "remark": "canary-remark-0815",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_other_files(app, tmp_path, monkeypatch):
    """Uploads of other tests lie on the disk when their rows are undone; some name a person of this number too."""
    monkeypatch.setitem(app.config, "HOME", tmp_path)


@pytest.fixture
def canary(session):
    """A person who left something everywhere: card, addresses, notes, history, trash, a merge."""
    person = services.remember(
        name=CANARIES["old_name"], phone=CANARIES["phone"], email=CANARIES["email"], shop_id=shop().id,
        channel_id=channel().id, external_id=CANARIES["external"], actor=SYSTEM,
    )  # fmt: skip
    records.update(person, {"name": CANARIES["name"], "preferences": CANARIES["preferences"]}, actor=SYSTEM)
    lost = address(person, street=CANARIES["street"], phone=CANARIES["phone"])
    address(person, street=CANARIES["street"] + " 2")
    services.write_note(person, f"{CANARIES['note']} {CANARIES['phone']}", actor=SYSTEM)
    services.record_consent(person, Purpose.SMS, True, source="web", actor=SYSTEM)
    records.delete(lost, actor=SYSTEM)
    for name in ("kept", "removed"):
        paper = files.receive(io.BytesIO(b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"), f"{CANARIES['remark']}-{name}.pdf", kinds=["document"])
        [remark] = remarks.add(person, f"{CANARIES['remark']} {name}", [paper], actor=SYSTEM)
    records.delete(remark, actor=SYSTEM)
    twin = customer(CANARIES["name"], "13812349999")
    remarks.add(twin, f"{CANARIES['remark']} of the twin", [], actor=SYSTEM)
    services.merge(person, twin, actor=SYSTEM)
    return person


def found(canaries):
    """(table.column, canary) of every cell of the database in which one of them can be read, escaped or not."""
    result, wanted = set(), [(canary_, json.dumps(canary_)[1:-1]) for canary_ in canaries]
    for table in db.metadata.sorted_tables:
        cells = db.session.connection().exec_driver_sql(f'SELECT * FROM "{table.name}"')
        names = list(cells.keys())
        for row in cells:
            whole = str(row)
            for canary_, escaped in wanted:
                if canary_ in whole or escaped in whole or escaped.replace("\\", "\\\\") in whole:
                    result |= {
                        (f"{table.name}.{name}", canary_)
                        for name, cell in zip(names, row, strict=True)
                        if canary_ in str(cell) or escaped in str(cell)
                    }
    return sorted(result)


def test_the_search_of_this_test_finds_a_canary_that_is_there(canary):
    places = {place for place, _value in found(CANARIES.values())}
    assert {"customers_customer.name", "core_history.changes", "core_trash.rows", "customers_customer_merge.undo"} <= places
    assert {value for _place, value in found(CANARIES.values())} == set(CANARIES.values())


def test_after_erasing_nothing_of_the_person_is_found_anywhere(canary, session):
    done = services.erase_person(canary, why="letter of 20 November", actor=SYSTEM)
    session.expire_all()
    assert (done.left, done.files) == ([], [])
    assert found([*CANARIES.values(), "13812349999"]) == []


def test_the_card_stays_as_a_pseudonym_and_takes_nothing_new(canary, session):
    services.erase_person(canary, why="letter", actor=SYSTEM)
    session.expire_all()
    assert canary.state is CustomerState.ERASED and canary.name.startswith("erased-") and canary.erased_at
    assert (canary.addresses, canary.notes, canary.identities, canary.consents) == ([], [], [], [])
    for attempt in (
        lambda: records.update(canary, {"name": "Back"}, actor=SYSTEM),
        lambda: services.record_consent(canary, Purpose.SMS, True, source="x", actor=SYSTEM),
        lambda: services.erase_person(canary, why="again", actor=SYSTEM),
    ):
        with pytest.raises(DomainError):
            attempt()
    assert services.remember(name="New", phone=CANARIES["phone"], shop_id=shop().id, actor=SYSTEM).id != canary.id


def test_the_trail_still_says_who_did_what_and_when(canary, session, ada):
    before = session.query(HistoryEntry).filter_by(table="customers_customer", key=canary.id).count()
    services.erase_person(canary, why=f"asked by {CANARIES['phone']}", actor=ada)
    trail = session.query(HistoryEntry).filter_by(table="customers_customer", key=canary.id).all()
    assert len(trail) == before + 1 and all(entry.changes in ({}, None) for entry in trail)
    assert (trail[-1].verb, trail[-1].actor_name) == ("customer.erased", "ada")
    assert CANARIES["phone"] not in trail[-1].why


def test_erasing_leaves_namesakes_alone(canary, session):
    namesake = customer(CANARIES["name"], "13700001111")
    services.erase_person(canary, why="letter", actor=SYSTEM)
    session.expire_all()
    assert (namesake.name, namesake.phone) == (CANARIES["name"], "+8613700001111")
    trail = session.query(HistoryEntry).filter_by(table="customers_customer", key=namesake.id).first()
    assert trail.changes["name"] == [None, CANARIES["name"]]


def test_erasing_needs_a_reason(canary):
    with pytest.raises(InvalidInput):
        services.erase_person(canary, why="  ", actor=SYSTEM)


def test_other_domains_hand_out_and_forget_through_the_hook(canary, monkeypatch):
    seen = []
    monkeypatch.setattr(privacy, "CONTRIBUTIONS", dict(privacy.CONTRIBUTIONS))
    monkeypatch.setattr("app.shop.customers.services.exporting.CONTRIBUTIONS", privacy.CONTRIBUTIONS)
    monkeypatch.setattr("app.shop.customers.services.erasing.CONTRIBUTIONS", privacy.CONTRIBUTIONS)
    privacy.contribute("letters", export=lambda key: [{"to": key}], erase=seen.append)
    assert services.export_person(canary, actor=SYSTEM)["letters"] == [{"to": canary.id}]
    services.erase_person(canary, why="letter", actor=SYSTEM)
    (person,) = seen
    assert person.customer_id == canary.id and person.pseudonym == canary.name
    assert {"+8613812348888", "13812348888"} <= person.phones
    assert {CANARIES["name"], CANARIES["old_name"]} <= person.names


def test_what_is_handed_out_is_complete_and_audited(canary, session, ada):
    with zipfile.ZipFile(io.BytesIO(services.export_zip(canary, actor=ada))) as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist())
        assert [name.partition("-")[2] for name in archive.namelist() if name.startswith("files/")] == ["canary-remark-0815-kept.pdf"]
        assert "customer.json" in archive.namelist()
    for name, value in CANARIES.items():
        assert value in text, name
    last = session.query(HistoryEntry).order_by(HistoryEntry.id.desc()).first()
    assert (last.verb, last.actor_name) == ("customer.exported", "ada")


def test_every_spelling_of_a_number_is_known(session):
    person = who(customer(phone="13812348888"))
    assert {"+8613812348888", "8613812348888", "13812348888", "+86 138 1234 8888"} <= person.phones


def test_a_customer_in_the_trash_is_not_restored_after_erasing(canary, session):
    from app.panel.core.trash import TrashEntry

    assert session.query(TrashEntry).filter_by(table="customers_address").count() == 1
    services.erase_person(canary, why="letter", actor=SYSTEM)
    assert session.query(TrashEntry).filter_by(table="customers_address").count() == 0
    assert session.query(Customer).filter_by(id=canary.id).count() == 1


HEADINGS = "Customer ID,First Name,Last Name,Email,Phone,Total Spent,Note"


def upload(*rows, name="customers.csv", check=True):
    run = drafts.prepare(store.keep(io.BytesIO("\n".join([HEADINGS, *rows]).encode()), name), actor=SYSTEM)
    if check:
        runs.ask_check(run.id, actor=SYSTEM)
        loop.work_off(run.id)
    return session_get(run.id)


def session_get(run_id):
    return db.session.get_one(Run, run_id, populate_existing=True)


def test_a_stored_file_that_names_the_person_goes_and_is_told(canary, session):
    mine = upload(f"1,{CANARIES['name']},,no mail,{CANARIES['phone']},1.00,", f"2,{CANARIES['name']},,,,much,")
    other = upload("3,Somebody,Else,else@example.org,,1.00,", name="others.csv")
    kept, gone = store.path_of(other.file_key), store.path_of(mine.file_key)
    item = session.query(RunItem).filter_by(run_id=mine.id).first()
    item.reason = f"{CANARIES['name']}: cannot be read."
    session.commit()
    done = services.erase_person(canary, why="letter", actor=SYSTEM)
    assert (done.left, done.files) == ([], ["customers.csv"])
    assert kept.is_file() and not gone.exists()
    assert session_get(mine.id).file_key == "" and session_get(other.id).findings["new"] == 1
    assert found(CANARIES.values()) == []


def test_the_notice_of_an_import_that_held_the_person_names_him_no_more(canary, session, ada):
    run = upload(f"1,{CANARIES['name']},,,{CANARIES['phone']},1.00,", name=f"{CANARIES['name']}.csv")
    run.actor_id = ada.id
    session.commit()
    ledger.announce(run.id)
    (told,) = notices.latest(ada.id)
    assert CANARIES["name"] in told.title
    services.erase_person(canary, why="letter", actor=SYSTEM)
    session.expire_all()
    assert "•••" in told.title and found(CANARIES.values()) == []


def test_what_an_operation_kept_of_the_person_goes_and_that_of_others_stays(canary, session):
    other = customer("别人", "13812340000", preferences="tea")
    meant, values = Selection((canary.id, other.id)), {"set": {"preferences": "none"}, "raw": {"preferences": "none"}}
    run = life.prepare(declaring.find("edit:customers.Customer"), meant, values, actor=SYSTEM)
    life.look(run, actor=SYSTEM)
    life.start(run.id, actor=SYSTEM)
    loop.work_off(run.id)
    assert ("bulk_run_item.before", CANARIES["preferences"]) in found([CANARIES["preferences"]])
    services.erase_person(canary, why="letter", actor=SYSTEM)
    assert found(CANARIES.values()) == []
    items = session.query(RunItem.row_id, RunItem.outcome, RunItem.before).filter_by(run_id=run.id).all()
    assert sorted(items) == sorted([(canary.id, "changed", None), (other.id, "changed", {"preferences": "tea"})])


def test_nobody_is_erased_while_an_import_is_bringing_him_in(canary):
    run = upload(f"1,{CANARIES['name']},,,{CANARIES['phone']},1.00,")
    runs.ask_start(run.id, actor=SYSTEM)
    with pytest.raises(DomainError, match="at work"):
        services.erase_person(canary, why="letter", actor=SYSTEM)
    assert canary.state is CustomerState.ACTIVE and store.path_of(run.file_key).is_file()


def test_what_waits_to_be_sent_names_the_person_no_more(canary, session):
    payload = {"to": CANARIES["email"], "subject": f"Dear {CANARIES['name']}", "parts": [{CANARIES["phone"]: CANARIES["street"]}]}
    outbox.put("mail", payload)
    services.erase_person(canary, why="letter", actor=SYSTEM)
    session.expire_all()
    assert found(CANARIES.values()) == []


def test_a_page_tells_which_files_were_deleted(canary, as_user):
    upload(f"1,{CANARIES['name']},,,{CANARIES['phone']},1.00,", check=False)
    answer = as_user("ada").post(
        f"/customers/customer/action/erase/{canary.id}", data={"_go": "1", "why": "letter", "is_sure": "y"}, follow_redirects=True
    )
    assert "Uploaded files that named the person were deleted: customers.csv" in answer.get_data(as_text=True)


def test_a_log_line_keeps_no_person_whatever_the_database_says(canary):
    told = (
        'duplicate key value\nDETAIL:  Failing row contains (12, 金丝雀测试, "金丝雀巷 77 号").\n\nThe above exception was the cause\n'
        "key (phone:s1:+447911123456), (+8613812348888), canary.bird@example.org, +44 7911 123456"
    )
    line = str(logs.scrub(None, "error", {"event": told, "exception": told}))
    for value in (*CANARIES.values(), "7911123456", "123456", "8613812348888"):
        assert value not in line, value
    assert "The above exception" in line


def test_importing_and_erasing_leave_no_person_in_the_log(session, caplog):
    caplog.set_level(logging.DEBUG)
    run = upload(f"{CANARIES['external']},{CANARIES['name']},,{CANARIES['email']},{CANARIES['phone']},1.00,{CANARIES['note']}")
    runs.ask_start(run.id, actor=SYSTEM)
    loop.work_off(run.id)
    person = session.query(Customer).filter_by(email=CANARIES["email"]).one()
    services.erase_person(person, why="letter", actor=SYSTEM)
    lines = " ".join(record.getMessage() for record in caplog.records if not record.name.startswith("sqlalchemy"))
    assert not [value for value in CANARIES.values() if value in lines]


def test_words_by_which_somebody_looked_for_the_person_and_took_rows_out_are_forgotten(canary, session, ada):
    """A name alone, and a part of a number: nothing else of that line says who it was."""
    tree = json.dumps({"and": [["phone", "contains", CANARIES["phone"][4:10]], ["name", "contains", CANARIES["name"]]]})
    asked = {"q": f"{CANARIES['name']} {CANARIES['phone'][-6:]} shoes", "f": tree, "verb": "insert"}
    takeaway.told("customers_customer", rows=1, columns=["name"], asked=asked, file="csv", actor=ada)
    services.erase_person(canary, why="letter", actor=SYSTEM)
    line = session.query(HistoryEntry).filter_by(verb="exported").one()
    said = " ".join(line.changes["filter"][1])
    assert CANARIES["name"] not in said and CANARIES["phone"][4:10] not in said and CANARIES["phone"][-6:] not in said
    assert "shoes" in said and "verb=insert" in said and line.actor_name == "ada" and line.changes["rows"] == [None, 1]
