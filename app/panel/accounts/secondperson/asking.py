"""What a request meets whose change waits for a second person."""

from __future__ import annotations

from typing import Any

from flask import Flask, flash, redirect
from flask_babel import gettext

from app.panel.accounts.secondperson import waiting
from app.panel.core import errorpages, twopeople
from app.panel.core.errors import Conflict


def init_app(app: Flask) -> None:
    app.register_error_handler(twopeople.AnotherPersonNeeded, keep)


def keep(needed: twopeople.AnotherPersonNeeded) -> Any:
    """Nothing was changed: it is kept, and whoever asked is led to where it waits; a program is told (202)."""
    errorpages.roll_back()
    try:
        row = waiting.keep(needed)
    except Conflict as error:
        return errorpages.page(error.status, error.message)
    message = gettext("This gives more rights. It waits until a second person has confirmed it.")
    if errorpages.wants_json():
        return {"message": message, "waits": waiting.url_of(row), "id": row.id}, 202
    flash(message, "info")
    return redirect(waiting.url_of(row), 303)
