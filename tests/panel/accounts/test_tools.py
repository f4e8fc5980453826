"""The command line and the nightly sweep."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import func, select

from app.panel.accounts import jobs
from app.panel.accounts.login import sessions
from app.panel.accounts.models import LoginEvent, LoginSession, User
from app.panel.core import clock, trailsets
from app.panel.core.db import db
from tests.panel.accounts.conftest import Browser


def run(house: Flask, *arguments: str) -> Any:
    return house.test_cli_runner().invoke(args=["accounts", *arguments])


def test_who_owns_the_machine_gets_a_link_for_anybody(house: Flask, person: Any) -> None:
    key = person("max")
    result = run(house, "link", "max@example.com")
    assert result.exit_code == 0
    path = urlsplit(result.output.strip()).path
    assert Browser(house).get(path).status_code == 200
    with house.app_context():
        assert trailsets.of(db.session.get(User, key))[0].path == "cli"


def test_the_command_line_switches_accounts_but_keeps_the_last_administrator(house: Flask, person: Any) -> None:
    key = person("zoe")
    browser = Browser(house)
    browser.login("zoe")
    assert run(house, "disable", "zoe").exit_code == 0
    assert not browser.logged_in()
    assert run(house, "enable", "zoe").exit_code == 0
    assert Browser(house).login("zoe").status_code == 302
    refused = run(house, "disable", "ada")
    assert refused.exit_code == 1 and "last administrator" in refused.output
    assert run(house, "disable", "nobody").exit_code == 1
    with house.app_context():
        assert db.session.get(User, key).active


def test_an_owned_instance_hands_out_no_first_run_address(house: Flask) -> None:
    result = run(house, "setup-url")
    assert result.exit_code == 1 and "has an owner" in result.output


def test_the_subcommands_are_no_commands_by_themselves(house: Flask) -> None:
    assert "accounts" in house.cli.commands
    assert not {"link", "enable", "disable", "setup-url"} & set(house.cli.commands)


def test_ended_sessions_are_forgotten_after_a_week_and_living_ones_are_not(house: Flask, person: Any) -> None:
    key = person("ole")
    start = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)
    with house.test_request_context():
        clock.freeze(start)
        old = sessions.begin(key, {})
        clock.freeze(start + dt.timedelta(days=8))
        new = sessions.begin(key, {})
        ended = sessions.begin(key, {})
        sessions.revoke(sessions.hashed(ended))
        jobs.sweep()
        mine = set(db.session.scalars(select(LoginSession.key).where(LoginSession.user_id == key)))
        assert mine == {sessions.hashed(new), sessions.hashed(ended)} and sessions.hashed(old) not in mine


def test_log_ins_are_forgotten_after_a_year(house: Flask, person: Any) -> None:
    key = person("uwe")
    clock.freeze(dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
    Browser(house).login("uwe")
    with house.app_context():
        clock.freeze(dt.datetime(2025, 12, 31, tzinfo=dt.UTC))
        jobs.sweep()
        assert db.session.scalar(select(func.count()).where(LoginEvent.user_id == key)) == 1
        clock.freeze(dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
        jobs.sweep()
        assert db.session.scalar(select(func.count()).where(LoginEvent.user_id == key)) == 0
