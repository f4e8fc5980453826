"""With what an instance begins: nothing, the demo, or what its owner has already; and how the demo goes again."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, flash, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import firstrun
from app.panel.core import demo, notices
from app.panel.core.jobs import job

SEED = 7


@job("core.load_demo", queue="bulk", timeout=1800)
def load_demo(user_id: int) -> None:
    """Fill the demo in the background and tell who asked."""
    if not demo.is_loaded():
        demo.load(SEED)
    notices.send([user_id], _("The demo shop is ready."), url="/")


def with_nothing(_actor: Any) -> str:
    return "/"


def with_the_demo(actor: Any) -> str:
    load_demo.enqueue(user_id=actor.id)
    flash(gettext("The demo shop is being filled; a notice tells you when it is ready, in about a minute."), "info")
    return "/"


def with_a_file(_actor: Any) -> str:
    build = current_app.extensions.get("panel_import_url")
    return str(build(None)) if build is not None else url_for("SearchPage.search")


def init_app(app: Flask) -> None:
    firstrun.choice(
        "empty", _("Start empty"), _("Add products and orders by hand."), with_nothing, icon="fa-store", order=10
    )
    firstrun.choice(
        "demo", _("Look around in a demo shop"), _("13 months of orders; removed with one button."), with_the_demo,
        icon="fa-wand-magic-sparkles", order=20,
    )  # fmt: skip
    firstrun.choice(
        "import",
        _("Bring what I have"),
        _("Products, orders and customers from a file."),
        with_a_file,
        icon="fa-file-import",
        order=30,
    )
    firstrun.cleaner("demo", _("Rows of the demo shop"), demo.remove, order=50)
