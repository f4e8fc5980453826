"""The rights check finds what it is for, says nothing else, and is asked for on a page."""

import datetime as dt
import json
import os
import signal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import psutil
import pytest
from flask import Flask

from app.panel.accounts import jobs
from app.panel.accounts.configuration import document, store
from app.panel.accounts.models.rightscheck import CheckState, RightsCheck
from app.panel.accounts.rights import checks
from app.panel.core import policy
from app.rightscheck import canaries, commands, expectations, scratch
from app.rightscheck.walk import Report, Walk
from app.shop.orders.models import Order
from tests import world as worlds
from tests.conftest import make_app
from tests.ops.tree import wait_for

ROLES = ("administrator", "support", "viewer")
PEOPLE = (worlds.NOBODY, "support", "viewer")


@pytest.fixture(scope="module")
def world(new_database, tmp_path_factory):
    return worlds.build(make_app(new_database(), tmp_path_factory.mktemp("check")), roles=ROLES)


@pytest.fixture
def walk(world, monkeypatch):
    """`walk("/catalog/sku/")`: what the check says of the routes that begin so."""
    monkeypatch.setitem(world.app.config, "WTF_CSRF_ENABLED", False)

    def go(*begins, people=PEOPLE, rights=None):
        wanted = expectations.Expectations(rights or expectations.delivered())
        return Walk(world, wanted, people, only=lambda call: call.rule.startswith(begins)).run()

    return go


def test_it_finds_nothing_where_all_is_well(walk):
    report = walk("/api/v1/catalog/sku/", "/orders/payment/", "/accounts/roles/")
    assert report.calls > 60 and report.routes > 10
    assert not report.found, report.found


def test_it_finds_a_route_that_forgets_the_policy(walk, world, monkeypatch):
    monkeypatch.setitem(world.app.view_functions, "accounts_lend.index", lambda: "whoever comes")
    found = walk("/accounts/lend/").found
    assert {(hole.route, hole.role, hole.expected, hole.seen) for hole in found} == {
        (f"{method} /accounts/lend/", person, "refused", "let in") for method in ("GET", "POST") for person in PEOPLE
    }


def test_it_finds_a_field_that_leaks(walk, monkeypatch):
    monkeypatch.setitem(policy.REGISTRY.fields, "catalog.Sku", {})
    found = walk("/api/v1/catalog/sku/<int:pk>").found
    assert {(hole.role, hole.seen) for hole in found} == {(p, "leak: catalog_sku.cost") for p in ("support", "viewer")}


def test_it_finds_a_masked_value_that_is_whole(walk, monkeypatch):
    monkeypatch.setitem(policy.REGISTRY.fields, "customers.Customer", {})
    found = walk("/api/v1/customers/customer/<int:pk>").found
    assert any("customers_customer.phone" in hole.seen and hole.role == "support" for hole in found), found


def test_it_finds_rows_of_another_shop(walk, monkeypatch):
    monkeypatch.setitem(policy.REGISTRY.rows, Order, [])
    found = walk("/api/v1/orders/order/<int:pk>").found
    opened = {hole.route for hole in found if hole.row == "another's" and hole.seen == "let in"}
    assert "GET /api/v1/orders/order/<int:pk>" in opened
    assert any(hole.seen.startswith("leak: ") and "orders_order." in hole.seen for hole in found)


def test_a_role_of_the_browser_is_held_to_its_rights_in_the_configuration(walk):
    """Support as the configuration says it, with a right that the tables do not hold."""
    rights = {**expectations.delivered(), "support": {"accounts.Delegation": ["lend"]}}
    found = walk("/accounts/lend/", "/setup/shop/list/", people=("support",), rights=rights).found
    assert {(hole.route, hole.seen, hole.opens) for hole in found} == {
        ("GET /accounts/lend/", "refused", False), ("POST /accounts/lend/", "refused", False),
        ("GET /setup/shop/list/", "let in", True),
    }  # fmt: skip


def test_a_route_that_nobody_declared_is_a_hole(walk, monkeypatch):
    pages = {name: right for name, right in expectations.reviewed()["pages"].items() if name != "GET /accounts/lend/"}
    monkeypatch.setitem(expectations.reviewed(), "pages", pages)
    assert [hole.route for hole in walk("/accounts/lend/").found] == ["GET /accounts/lend/"]


def test_the_scratch_instance_obeys_the_configuration_and_holds_no_row_of_ours(app, session):
    wanted = document.normal(document.empty())
    wanted["roles"]["intern"] = document.new_role({"orders.Order": ["read"]})
    with scratch.instance(wanted) as other:
        assert other.config["SQLALCHEMY_DATABASE_URI"] != app.config["SQLALCHEMY_DATABASE_URI"]
        with other.app_context():
            assert store.published()["roles"]["intern"]["rights"] == {"orders.Order": ["read"]}
            assert store.db.session.query(Order).count() == 0
            assert "ada" not in [user.username for user in store.db.session.query(store.User)]
    assert not app.logger.disabled  # one logger serves all applications of a process


def test_a_check_tells_this_instance_how_far_it_is(app, session, ada, monkeypatch):
    """The check works in another application; what it tells from there is not that one's."""
    row = checks.ask(actor=ada, enqueue=lambda number: None)
    session.commit()
    seen = []

    def walk(progress):
        with Flask("scratch").app_context():
            progress(3, 11)
        seen.append(session.get(RightsCheck, row.id, populate_existing=True).state)
        return Report()

    monkeypatch.setattr(commands.checking, "check", walk)
    assert app.test_cli_runner().invoke(args=["rights", "check", "--run", str(row.id)]).exit_code == 0
    assert seen == [CheckState.RUNNING]
    assert session.get(RightsCheck, row.id, populate_existing=True).state is CheckState.DONE


def test_no_planted_minute_is_one_that_is_written_while_the_check_runs(app, clock):
    with app.app_context():
        for hour in range(24):
            clock.set(f"2026-11-23 {hour:02d}:58")
            planted = [canaries._instant(number) for number in range(900)]
            written = {f"{at:%Y-%m-%d %H:%M}" for one in planted for at in (one, one.astimezone(ZoneInfo("Asia/Shanghai")))}
            around = [clock.now() + dt.timedelta(minutes=minute) for minute in range(-60, 15)]
            assert len(set(planted)) == 900
            assert not written & {f"{at:%Y-%m-%d %H:%M}" for at in around}, hour


def test_the_command_says_it_in_json_and_ends_with_1_on_a_hole(app, session, monkeypatch):
    run = app.test_cli_runner().invoke
    monkeypatch.setattr(commands.checking, "check", lambda _progress: Report(routes=3, roles=2, calls=6))
    good = run(args=["rights", "check", "--json"])
    assert good.exit_code == 0
    last = json.loads(good.output.strip().splitlines()[-1])
    assert {name: last[name] for name in ("routes", "roles", "calls", "holes")} == {"routes": 3, "roles": 2, "calls": 6, "holes": 0}
    bad = Report(found=[SimpleNamespace(opens=True)])
    monkeypatch.setattr(Report, "as_json", lambda self: {"holes": len(self.found)})
    monkeypatch.setattr(commands.checking, "check", lambda _progress: bad)
    assert run(args=["rights", "check", "--json"]).exit_code == 1


def test_the_page_starts_one_shows_its_progress_and_its_holes(as_user, session, monkeypatch):
    asked = []
    monkeypatch.setattr(jobs.check_rights, "enqueue", lambda **said: asked.append(said["run_id"]))
    client = as_user("ada")
    assert "Not checked yet." in client.get("/accounts/rights-check/").text
    assert client.post("/accounts/rights-check/run").status_code == 302
    client.post("/accounts/rights-check/run")
    assert len(asked) == 1, "one at a time"
    checks.progressed(asked[0], 3, 11)
    assert client.get("/accounts/rights-check/progress").json == {"alive": True, "done": 3, "total": 11, "label": "Running"}
    hole = {"route": "GET /x/", "role": "viewer", "row": "own", "expected": "refused", "seen": "let in", "opens": True}
    said = {"routes": 9, "roles": 2, "calls": 18, "found": [hole]}
    checks.ended(asked[0], said, {"viewer": 9, "anonymous": 9})
    page = client.get("/accounts/rights-check/").text
    assert "1 holes: somebody met what is not his." in page and "GET /x/" in page and "As expected" in page
    assert session.get(RightsCheck, asked[0], populate_existing=True).state is CheckState.DONE
    assert as_user("ben").get("/accounts/rights-check/").status_code == 403


def test_a_check_runs_where_the_application_lies_and_says_in_words_that_it_broke(session, ada, as_user, monkeypatch):
    places = []

    def broken(command, cwd, **_options):
        places.append(cwd)
        return SimpleNamespace(returncode=2)

    monkeypatch.setattr(checks.subprocess, "run", broken)
    row = checks.ask(actor=ada, enqueue=lambda number: None)
    session.commit()
    checks.run(row.id)
    assert (places[0] / "app" / "__init__.py").is_file()
    assert "It ended with 2." in as_user("ada").get("/accounts/rights-check/").text
    assert checks.why_failed(checks.SLOW) == "It took longer than an hour." and checks.why_failed("else") == "else"


def test_a_check_ends_with_the_worker_that_began_it(session, ada, monkeypatch, tmp_path):
    """Otherwise the worker that begins it anew would work beside it."""
    monkeypatch.setattr(checks.sys, "executable", str(sleeper(tmp_path)))
    row = checks.ask(actor=ada, enqueue=lambda number: None)
    session.commit()
    if not (worker := os.fork()):
        checks.run(row.id)
        os._exit(1)
    told = tmp_path / "told"
    wait_for(lambda: told.exists() and told.read_text().strip())
    child = psutil.Process(int(told.read_text()))
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def sleeper(folder):
    """A program that tells its number and then takes its time."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\necho $$ > {folder}/told.new && mv {folder}/told.new {folder}/told\nexec sleep 60\n")
    program.chmod(0o755)
    return program
