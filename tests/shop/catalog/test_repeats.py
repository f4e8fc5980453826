"""Operations that are done again and again: at each time once, over the rows of that moment, by the rights of that moment."""

import datetime as dt
from html import escape

import pytest
import sqlalchemy as sa

from app.panel.bulk import loop
from app.panel.bulk.engine import life
from app.panel.bulk.engine.declaring import find
from app.panel.bulk.engine.selecting import Selection
from app.panel.bulk.models import Run
from app.panel.core import clock, jobs, records, schedules
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError, Forbidden, InvalidInput, NotFound
from app.panel.core.jobs import JOBS
from app.panel.core.schedules import Schedule, ScheduleRun
from app.panel.core.transaction import transactional
from app.panel.upkeep import queries, repeats, services
from app.panel.upkeep.models import Repeat
from app.shop.catalog import pricing
from app.shop.catalog.models import Product, Sku

PRICE = "catalog.change_price"

FRIDAY = dt.datetime(2026, 11, 27, 12, 0, 20, tzinfo=dt.UTC)  # 20:00 in Shanghai


def sku(n):
    @transactional
    def write():
        product = Product(title=f"Tea {n}", handle=f"tea-{n}")
        product.skus.append(Sku(code=f"TEA-{n}", price=1000, currency="CNY"))
        db.session.add(product)
        db.session.flush()
        return product.skus[0].id

    return write()


def more():
    return pricing.understood("amount", "1", "", "")


@pytest.fixture
def prepared(session, ada):
    """A run of ada over all SKUs, looked at and not begun."""
    sku(1)
    run = life.prepare(find(PRICE), Selection((), "catalog_sku"), more(), actor=ada)
    life.look(run, actor=ada)
    session.rollback()
    return run.id


def person(ada):
    from flask_appbuilder.security.sqla.models import User

    return db.session.get_one(User, ada)


@pytest.fixture
def weekly(session, prepared, ada):
    return repeats.make(prepared, "0 20 * * 5", actor=person(ada.id)).id


def made(session):
    session.rollback()
    return session.query(Run).filter(Run.operation == PRICE).order_by(Run.id).all()[1:]


def worked_off(run):
    loop.work_off(run.id)
    loop.work_off(run.id)
    return db.session.get_one(Run, run.id, populate_existing=True)


def test_at_its_time_a_run_is_made_once_over_the_rows_of_then(session, weekly, ada, monkeypatch):
    late = sku(2)
    clock.freeze(FRIDAY - dt.timedelta(minutes=5))
    try:
        schedules.fire_due()  # plans it
        clock.freeze(FRIDAY)
        monkeypatch.setattr(JOBS["bulk.work"], "func", lambda run_id: None)
        assert schedules.fire_due() == 1 and schedules.fire_due() == 0, "another ticker finds it taken"
        (run,) = made(session)
        slot = session.query(ScheduleRun).order_by(ScheduleRun.id.desc()).first().id
        token = jobs._slot.set(slot)
        JOBS[repeats.JOB](weekly)  # its worker was killed: asked for again it makes nothing more
        jobs._slot.reset(token)
        (run,) = made(session)
        done = worked_off(run)
    finally:
        clock.freeze(None)
    assert (done.state.value, done.changed, done.actor_id) == ("done", 2, ada.id), "with the SKU that came later"
    assert session.get(Sku, late).price == 1100


def test_whoever_may_no_longer_do_it_has_nothing_done_in_his_name(session, weekly, ada):
    session.execute(sa.text("update ab_user set active = false where id = :key"), {"key": ada.id})
    session.commit()
    session.expire_all()
    with pytest.raises(Forbidden):
        repeats.run_slot(weekly, 1)
    assert made(session) == []


def test_a_rehearsal_says_what_would_change_and_leaves_nothing(session, weekly, ada):
    schedule = session.get(Repeat, weekly).schedule_id
    said = services.rehearse(schedule, FRIDAY, actor=person(ada.id))
    assert "1 rows would change." in said and "1 rows are meant." in said
    assert made(session) == []


def test_the_schedules_page_has_a_row_for_it_and_runs_it(session, weekly, as_user):
    page = as_user("ada").get("/upkeep/schedules/").text
    assert "every Friday at 20:00" in page and "Change the price" in page
    assert any(line.label.startswith("Change the price") for line in queries.lines())


def test_the_page_of_an_operation_leads_to_a_form_and_the_list_of_ones_own(session, prepared, as_user):
    client = as_user("ada")
    assert f"/upkeep/repeats/new/{prepared}/" in client.get(f"/bulk/operation/{prepared}/").text
    wrong = client.post(f"/upkeep/repeats/new/{prepared}/", data={"kind": "weekly", "time": "20:00"})
    assert wrong.status_code == 422 and "Choose at least one day." in wrong.text
    good = {"kind": "weekly", "time": "20:00", "days": "5"}
    assert client.post(f"/upkeep/repeats/new/{prepared}/", data=good).status_code == 302
    page = client.get("/upkeep/repeats/").text
    assert "every Friday at 20:00" in page
    row = session.query(Repeat).one().id
    assert client.post(f"/upkeep/repeats/{row}/switch", data={"on": "0"}).status_code == 302
    session.expire_all()
    assert not session.query(Schedule).filter_by(job=repeats.JOB).one().enabled
    assert client.post(f"/upkeep/repeats/{row}/end").status_code == 302
    session.expire_all()
    assert session.query(Repeat).count() == session.query(Schedule).filter_by(job=repeats.JOB).count() == 0


@pytest.mark.parametrize(("ids", "state", "said", "address"), [
    (False, {}, "SKUs: all", "/catalog/sku/list/"),
    (False, {"q": "TEA", "f": '["is_active","is",true]'}, "SKUs: “TEA” and For sale is yes", "/catalog/sku/list/?q=TEA&f="),
    (True, {}, "1 row that was ticked", ""),
])  # fmt: skip
def test_a_repeated_operation_says_over_which_rows_it_goes(session, ada, as_user, ids, state, said, address):
    key = sku(1)
    run = life.prepare(find(PRICE), Selection((key,) if ids else (), "catalog_sku", state), more(), actor=ada)
    life.look(run, actor=ada)
    session.rollback()
    made = repeats.make(run.id, "0 20 * * 5", actor=person(ada.id))
    found, told = repeats.rows_of(made)
    assert told == said and found.startswith(address) and bool(found) == bool(address)
    page = as_user("ada").get("/upkeep/repeats/").text
    assert said in page and (not address or f'href="{escape(address)}' in page)


def test_what_is_somebody_elses_is_not_there_and_a_time_must_say_something(session, prepared, weekly, ada, ben, monkeypatch):
    with pytest.raises(NotFound):
        repeats.end(weekly, actor=ben)
    with pytest.raises(InvalidInput):
        repeats.make(prepared, "never", actor=person(ada.id))
    monkeypatch.setattr(repeats, "MOST", 1)
    with pytest.raises(DomainError):
        repeats.make(prepared, "0 20 * * 5", actor=person(ada.id))


def test_ticked_rows_are_meant_again_by_their_numbers(session, ada):
    one, _two = sku(1), sku(2)
    run = life.prepare(find(PRICE), Selection((one,)), more(), actor=ada)
    session.rollback()
    row = repeats.make(run.id, "0 20 * * *", actor=person(ada.id)).id
    assert session.get(Repeat, row).selection["ids"] == [one]
    number = repeats.run_slot(row, 0)
    assert session.get(Run, number).expected == 1
    records.delete(session.get(Sku, one), actor=SYSTEM)
    assert repeats.run_slot(row, 0) is None, "nothing is meant, so that nothing is made"


def test_a_program_repeats_lets_rest_rehearses_and_ends(session, prepared, as_user, as_role, ben):
    as_role(ben, "operations")
    client, api = as_user("ada"), "/api/v1/bulk/repeat/"
    asked = {"run": prepared, "cron": "0 20 * * 5"}
    one, again = (client.post(api, json=asked, headers={"Idempotency-Key": "r1"}) for _sent in range(2))
    assert one.status_code == again.status_code == 201 and one.json == again.json
    assert one.json["when"] == "every Friday at 20:00" and one.json["enabled"] and one.json["last"] is None
    number = one.json["id"]
    assert [line["id"] for line in client.get(api).json["result"]] == [number]
    said = client.post(f"{api}{number}/rehearse").json["said"]
    assert "1 rows would change." in said and made(session) == []
    assert client.post(f"{api}{number}/switch", json={"enabled": False}).json["enabled"] is False
    assert client.get(f"{api}{number}/").json["next_at"] is None
    assert client.post(f"{api}{number}/switch", json={"enabled": "no"}).json["errors"].keys() == {"enabled"}
    for wrong, field in (({"run": prepared, "cron": "never"}, "cron"), ({"run": "x", "cron": "* * * * *"}, "run"),
                         ({"run": prepared, "cron": "* * * * *", "at": 1}, "at")):  # fmt: skip
        answer = client.post(api, json=wrong)
        assert answer.status_code == 422 and set(answer.json["errors"]) == {field}, wrong
    other = as_user("ben")
    assert other.get(api).json["result"] == [] and other.delete(f"{api}{number}/").status_code == 404
    assert other.post(f"{api}{number}/rehearse").status_code == 404
    assert client.delete(f"{api}{number}/").json["ended"].startswith("Change the price")
    assert client.get(api).json["result"] == []
