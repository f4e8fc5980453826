"""Zhanggui: `create_app()` is the whole start-up on one screen."""

from __future__ import annotations

import gc
import sys
from typing import Any

gc.disable()  # what is made during a start stays: looking for garbage in it took a fifth of the start

from app import lean

with lean.without():
    import click
    from flask import Flask

    import config
    from app import beginning, chrome, cli, welcome
    from app.panel.accounts import install as accounts
    from app.panel.core import (
        assets,
        background,
        charts,
        db,
        demo,
        domain,
        errorpages,
        files,
        health,
        house,
        i18n,
        listpages,
        logs,
        mount,
        noticepages,
        openapi,
        pickers,
        remarkpages,
        routing,
        search,
        security,
        sheets,
        trailcommands,
        trashpages,
        veil,
    )
    from app.panel.core.finding import commands as searchcommands

TIERS = ("app.panel", "app.shop")


def create_app(packages: tuple[str, ...] = TIERS, **overrides: Any) -> Flask:
    """The application over the domains of `packages`, with settings of the environment and `overrides` last.

    Its 140 MB live as long as the process: frozen, they are not searched for garbage, not copied into each fork for
    that, and not taken apart at the end, which took a second.
    """
    gc.disable()
    try:
        with lean.without():
            app = _created(packages, overrides)
    except config.ConfigError as error:
        if click.get_current_context(silent=True) is None:
            raise
        error.show()  # Flask, asked for its commands, would print where it was raised, and help that lacks ours
        sys.exit(error.exit_code)
    finally:
        gc.enable()
    if not app.config["TESTING"]:  # tests make many and let them go
        gc.freeze()
    return app


def _created(packages: tuple[str, ...], overrides: dict[str, Any]) -> Flask:
    app = Flask("app", static_folder="static", template_folder="templates")
    app.url_rule_class = routing.LateRule
    veil.init_app(app)
    app.config.from_mapping(config.load())
    app.config.update(overrides)
    if not app.config.get("TESTING"):
        config.verify(app.config)  # also when nobody came through run.py
    logs.init_app(app)
    errorpages.init_app(app)
    i18n.init_app(app)
    db.init_app(app)
    domains = domain.load(packages)  # every model is known before FAB starts
    db.never_reuse_ids(db.metadata())
    security.init_app(app)  # CSRF before FAB, which refuses GET deletes only then
    accounts.init_app(app)
    with app.app_context():
        appbuilder = mount.PanelBuilder(app, db.db.session, indexview=chrome.Home)
        i18n.speak(app)
        i18n.words_are_no_markup(app)
        appbuilder.add_view_no_menu(search.SearchPage)
        appbuilder.add_view_no_menu(openapi.OpenApiPage)
        mount.mount(app, appbuilder, domains)
        sheets.mount(app, domains)
    for module in (pickers, files, noticepages, listpages, remarkpages, trashpages):
        app.register_blueprint(module.blueprint)
    for part in (assets, background, charts, health, house, demo, chrome, cli, welcome, beginning, trailcommands, searchcommands):
        part.init_app(app)
    veil.dress(app)
    return app


gc.enable()
