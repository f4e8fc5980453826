"""What the terminal says when the panel is up: where it is, and how the first person gets in.

Only a demo's passwords are kept (in the home, 0600), because whoever starts a demo again wants to get in again; they
are forgotten when the demo is removed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask_babel import lazy_gettext as _

from app.panel.accounts import firstrun, queries
from app.panel.core import demo, policy

Login = tuple[str, str | None, str]


def prepare(app: Flask, with_demo: bool) -> str:
    """Make what a first start needs and return the lines to show."""
    lines = [f"Zhanggui runs at {app.config['PUBLIC_URL']}"]
    given = app.config["ADMIN_PASSWORD"] or None
    if with_demo:
        lines += _demo(app, given)
    elif given and firstrun.bootstrap_admin(app, password=given):
        firstrun.answer_unattended(app)
        lines.append("User admin, with the password from ZHANGGUI_ADMIN_PASSWORD.")
    elif url := firstrun.setup_url(app):
        lines += ["Nobody owns this instance yet. Open this address to make it yours; it works once:", f"  {url}"]
    return "\n".join(lines)


def _demo(app: Flask, given: str | None) -> list[str]:
    if not queries.anybody():
        if not demo.is_loaded():
            click.echo("Loading the demo shop: 13 months of business, half a minute.", err=True)
            demo.load()
        password = firstrun.bootstrap_admin(app, password=given, with_demo=True)
        _keep(app, [("admin", None if given else password, policy.ADMINISTRATOR), *firstrun.demo_users(app)])
    logins = _kept(app)
    if not logins:
        return ["This instance has an owner and data of its own; the demo was not loaded."]
    rows = [f"  {name:<16} {password or '(yours)':<24} {role}" for name, password, role in logins]
    return [f"  {'User':<16} {'Password':<24} Role", *rows, "Passwords changed since are not shown."]


def _keep(app: Flask, logins: list[Login]) -> None:
    with os.fdopen(os.open(_path(app), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(logins, file)


def _kept(app: Flask) -> list[Login]:
    try:
        return [tuple(entry) for entry in json.loads(_path(app).read_text())]
    except FileNotFoundError:
        return []


def _path(app: Flask) -> Path:
    return Path(app.config["HOME"]) / "demo_logins"


def init_app(app: Flask) -> None:
    """The demo's end is the end of its passwords' list."""

    def forget(_actor: Any) -> int:
        _path(app).unlink(missing_ok=True)
        return 0

    firstrun.cleaner("accounts.logins", _("Passwords of the demo's people"), forget, order=9)
