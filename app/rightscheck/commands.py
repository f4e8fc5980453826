"""`flask rights check`: who gets where in this instance, really tried, against what people have reviewed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from app.panel.accounts.rights import checks
from app.panel.core.db import db
from app.panel.core.late import Late

if TYPE_CHECKING:
    from app.rightscheck.walk import Report

checking = Late("app.rightscheck.check")  # with its world of rows and calls, which no other command needs
rights = AppGroup("rights", help="Rights: try every route as everybody, on a scratch instance.")


def init_app(app: Flask) -> None:
    app.cli.add_command(rights)


@rights.command("check")
@click.option("--json", "as_json", is_flag=True, help="Say everything in JSON on the last line.")
@click.option("--run", "run_id", type=int, default=None, help="Write progress and result to this run of the page.")
def check_all(as_json: bool, run_id: int | None) -> None:
    """Call every route as every role, a visitor and a key, on own rows and on another shop's. Ends with 1 on a hole."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    try:
        report = checking.check(lambda done, total: _tell(app, run_id, done, total))
    except Exception as error:
        if run_id is not None:
            db.session.rollback()
            checks.failed(run_id, f"{type(error).__name__}: {error}")
        raise
    if run_id is not None:
        checks.ended(run_id, report.as_json(), dict(report.counts))
    _say(report, as_json)
    if report.found:
        sys.exit(1)


def _tell(app: Flask, run_id: int | None, done: int, total: int) -> None:
    """How far it is, to this instance: the check itself works in the scratch one."""
    if run_id is not None:
        with app.app_context():
            checks.progressed(run_id, done, total)
    elif sys.stderr.isatty():
        click.echo(f"\r{done} of {total}", nl=done == total, err=True)


def _say(report: Report, as_json: bool) -> None:
    said = report.as_json()
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    for hole in report.found:
        mark = "hole" if hole.opens else "shut"
        who = f"{hole.role or 'everybody'}, {hole.row} row"
        click.echo(f"{mark}  {hole.route}  ({who}): expected {hole.expected}, seen {hole.seen}")
    counted = f"{said['routes']} routes, {said['roles']} roles, {said['calls']} calls"
    click.echo(f"{counted}: {said['holes']} holes, {said['faults']} shut.")
