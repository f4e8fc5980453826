"""Cells that are changed in the list: rights, rules, version and history are those of the form."""

import datetime as dt
import json

import pytest

from app.panel.core.db import db
from app.panel.core.history import HistoryEntry
from app.shop.customers.models import Customer, CustomerTag
from app.shop.setup.models import Channel

JSON = {"Accept": "application/json"}


@pytest.fixture
def till(session):
    """The number of a channel of shop A."""
    found = session.query(Channel.id).filter_by(name="Counter A").one()[0]
    db.session.rollback()
    return found


def cell(key, name, of="setup_channel"):
    return f"/lists/{of}/cell/{key}/{name}"


def change(client, key, name, value, version=None, of="setup_channel", **more):
    seen = client.get(cell(key, name, of), headers=JSON).json.get("version", 1) if version is None else version
    return client.post(cell(key, name, of), data={"value": value, "version": seen, **more}, headers=JSON)


def test_a_cell_is_written_drawn_anew_and_remembered(as_user, session, till):
    client = as_user("ada")
    shown = client.get(cell(till, "name"), headers=JSON).json
    assert (shown["value"], shown["kind"], shown["required"]) == ("Counter A", "text", True)
    answer = change(client, till, "name", "Front till", columns="name,kind")
    assert answer.status_code == 200 and answer.json["version"] == shown["version"] + 1
    assert answer.json["cells"]["name"]["text"] == "Front till" and set(answer.json["cells"]) == {"name", "kind"}
    db.session.commit()
    told = session.query(HistoryEntry).order_by(HistoryEntry.id.desc()).first()
    assert "Front till" in json.dumps(told.changes, default=str) and told.path == "screen"


def test_what_takes_a_change_back_brings_back_what_stood_there_to_the_second(as_user, session, ada):
    seen = dt.datetime(2026, 11, 23, 8, 48, 23, 120000, tzinfo=dt.UTC)
    who = Customer(name="Zhang", phone="+8613800001234", first_seen_at=seen)
    session.add(who)
    session.commit()
    client, of = as_user("ada"), "customers_customer"
    given = {"name": ("Zhang San", "Zhang"), "first_seen_at": ("2026-01-02T03:04", seen), "level": ("gold", who.level)}
    for name, (value, before) in given.items():
        back = change(client, who.id, name, value, of=of).json["back"]
        assert change(client, who.id, name, back["value"], of=of, back="1").status_code == 200
        session.expire_all()
        assert getattr(session.get(Customer, who.id), name) == before, name
        session.commit()


def test_the_cells_beside_a_changed_one_are_drawn_as_the_list_draws_them(as_user, session, ada):
    tags = [CustomerTag(name=name) for name in ("Regular", "Wholesale")]
    who = Customer(name="Zhang", phone="+8613800001234", tags=tags)
    session.add(who)
    session.commit()
    shown = change(as_user("ada"), who.id, "name", "Zhang San", of="customers_customer", columns="name,tags,level").json["cells"]
    chips = shown["tags"]["html"]
    assert chips.count('<span class="badge') == 2 and "Wholesale" in chips
    assert shown["level"]["html"].startswith('<span class="badge')
    assert chips in as_user("ada").get("/customers/customer/list/").text


@pytest.mark.parametrize(("name", "value"), [("name", ""), ("name", "x" * 500), ("kind", "shed"), ("is_active", "perhaps")])
def test_what_does_not_fit_is_a_sentence_and_changes_nothing(as_user, session, till, name, value):
    answer = change(as_user("ada"), till, name, value)
    assert answer.status_code == 422 and len(answer.json["message"]) > 8
    db.session.commit()
    assert session.get(Channel, till).name == "Counter A"


def test_a_stale_cell_says_what_stands_there_now(as_user, till):
    client = as_user("ada")
    seen = client.get(cell(till, "name"), headers=JSON).json["version"]
    change(client, till, "name", "Theirs")
    answer = change(client, till, "name", "Mine", version=seen)
    assert answer.status_code == 409 and "Theirs" in answer.json["message"]
    assert change(client, till, "name", "Mine").status_code == 200
    assert change(client, till, "name", "Mine", version="").status_code == 400


def test_neither_rows_of_others_nor_columns_without_the_right_are_changed(as_user, session, till, ben, as_role):
    other = session.query(Channel.id).filter_by(name="Counter B").one()[0]
    db.session.rollback()
    as_role(ben, "deputy")
    for verb in ("get", "post"):
        assert getattr(as_user("ben"), verb)(cell(other, "name"), data={"value": "x", "version": "1"}).status_code == 404
        assert getattr(as_user("ada"), verb)(cell(till, "created_at"), data={"value": "x", "version": "1"}).status_code == 404
        assert getattr(as_user("ada"), verb)(cell(till, "version"), data={"value": "9", "version": "1"}).status_code == 404
    as_role(ben, "support")
    assert as_user("ben").post(cell(till, "name"), data={"value": "x", "version": "1"}).status_code == 403
    assert "data-edit" not in as_user("ben").get("/setup/channel/list/").text
    assert 'data-edit="name"' in as_user("ada").get("/setup/channel/list/").text


def test_people_are_changed_on_their_own_page_only(as_user, ben):
    assert as_user("ada").get(cell(ben.id, "first_name", "accounts_user")).status_code == 404
    assert "data-edit" not in as_user("ada").get("/accounts/user/list/").text


def test_a_masked_value_has_no_editor(session, as_user, ben, as_role):
    row = Customer(name="王小明", phone="13800138000", shop_id=session.query(Channel).filter_by(name="Counter A").one().shop_id)
    session.add(row)
    session.flush()
    key = row.id
    session.commit()
    as_role(ben, "support")
    answer = as_user("ben").get(cell(key, "phone", "customers_customer"), headers=JSON)
    assert answer.status_code in (403, 404) and "13800138000" not in answer.text
