"""What stands around every page: menu, addresses of the top bar, the number of unread notices; and where `/` leads."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, redirect, url_for
from flask_appbuilder import IndexView, expose

from app.panel.core import demo, fragments, menu, menupages, notices, policy, shells
from app.panel.core.actor import NOBODY, current_actor
from app.panel.core.pages import logged_in
from app.panel.core.routing import address


class Home(IndexView):
    """`/`: the workbench where there is one, else the first screen that the reader may open."""

    @expose("/")
    @logged_in
    def index(self) -> Any:
        if "workbench_home.index" in current_app.view_functions:
            return redirect(url_for("workbench_home.index"))
        first = next((item.url for item in menu.entries(current_actor())), None)
        return redirect(first or "/account/")


def init_app(app: Flask) -> None:
    app.register_blueprint(menupages.blueprint)
    fragments.init_app(app)
    shells.init_app(app)
    app.context_processor(addresses)


def addresses() -> dict[str, Any]:
    actor = current_actor()
    known = current_app.view_functions
    urls = {
        "home": "/", "search": "/search/", "language": "/prefs/", "appearance": "/prefs/", "profile": "/account/",
        "sessions": "/account/sessions/", "logout": "/logout/",
    }  # fmt: skip
    if "bell.index" in known:
        urls |= {"notices": address("bell.index"), "notices_count": address("bell.count")}
    if "bulk_operation.tray" in known and actor is not NOBODY and policy.allowed(actor, "read", "bulk.Run"):
        urls |= {"runs": address("bulk_run.list"), "runs_under_way": address("bulk_operation.tray")}
    if actor is not NOBODY and policy.allowed(actor, "reset", "accounts.Instance") and demo.is_loaded():
        urls["reset"] = "/setup/reset/"
    unread = 0 if actor is NOBODY else notices.unread(actor.id)
    return {"panel_urls": urls, "notices_unread": unread}
