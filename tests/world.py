"""The world of the rights check (`app.rightscheck.world`), and what makes a walk over it quick in a test."""

from __future__ import annotations

import datetime as dt
import functools
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import sqlalchemy as sa
from flask import Flask

from app.panel.accounts.audit import refusals
from app.panel.accounts.configuration import store
from app.panel.accounts.login import limits, sessions
from app.panel.accounts.rights import checks
from app.panel.core import logs, policy, settings
from app.panel.core.db import db
from app.rightscheck.routes import ARGUMENTS, calls, picker_fields, undone, views_by_name
from app.rightscheck.world import (
    COST_SHOWN,
    DEAR_SHOWN,
    NO_ROLE,
    NOBODY,
    NOW,
    ROLES,
    UNMASKED,
    World,
    build,
    picture,
)
from tests import conftest, databases

__all__ = [
    "ARGUMENTS", "COST_SHOWN", "DEAR_SHOWN", "NOBODY", "NOW", "NO_ROLE", "ROLES", "UNMASKED", "World", "asking_once", "build", "calls",
    "picker_fields", "shared", "undone", "unlogged", "views_by_name", "without_chrome", "without_pages",
]  # fmt: skip


def shared(url: str, home: Path) -> World:
    """The world with words of its own and every role. The first who asks for it in a run builds it; all have a copy each."""
    kind = ("world", *sorted(policy.REGISTRY.roles))
    with databases.copied(kind, url) as is_ready:
        kept = databases.folder() / f"world.{sa.make_url(url).get_backend_name()}.json"
        if is_ready:
            return _told(conftest.app_on(url, home), json.loads(kept.read_text()))
        world = build(conftest.make_app(url, home))
        own = [[*of, key] for of, key in world.own.items()]
        kept.write_text(json.dumps([world.ids, world.words, world.users, world.trash, own]))
        with world.app.app_context():
            db.session.remove()
            db.engine.dispose()
        return world


def _told(app: Flask, kept: list[Any]) -> World:
    ids, words, users, trash, own = kept
    world = World(app, ids, [(table, column) for table, column in words], users, trash, {(a, b): key for a, b, key in own})
    with app.app_context():
        for token in db.session.scalars(sa.select(db.metadata.tables["core_file"].c.token)):
            picture(token)
        db.session.remove()
    return world


def without_pages(app: Flask, monkeypatch: Any) -> None:
    """Leave the filling of templates out, which is most of the time of a page and none of its rights."""
    monkeypatch.setattr(jinja2.Template, "render", lambda *_args, **_context: "")
    monkeypatch.setattr(app, "update_template_context", lambda _context: None)


def without_chrome(app: Flask, monkeypatch: Any) -> None:
    """Leave out what stands around every page alike: a walk over all of them draws it once, before it calls this."""
    bare = jinja2.DictLoader({f"panel/_{part}.html": "" for part in ("menu", "top", "dialogs", "styles", "scripts")})
    monkeypatch.setattr(app.jinja_env, "loader", jinja2.ChoiceLoader([bare, app.jinja_env.loader]))


def unlogged(app: Flask, monkeypatch: Any) -> None:
    """Write no line about a request, and ask once what is set in the instance: neither depends on who asks."""
    with app.app_context():
        stored = settings._stored()
    monkeypatch.setattr(settings, "_stored", lambda: stored)
    monkeypatch.setattr(logs, "access", SimpleNamespace(info=lambda *_words, **_more: None))


def asking_once(app: Flask, monkeypatch: Any, guarded: bool = False) -> None:
    """Ask once a person what every request asks again: whose cookie it is, what he may do, what is set.

    A walk over all routes undoes whatever a request has changed, so the answers stay right; how they are found, and that
    they end in time, is tested where they are made. Counters of requests and log lines are left out for the same reason.

    :param guarded: leave in place what refuses a request: the token, the counters
    """
    find, kept = sessions.find, {}

    def found(value: str) -> Any:
        if value not in kept:
            kept[value] = find(value)
            db.session.expunge_all()
        if kept[value] is None:
            return None
        row, person = kept[value]
        return row, db.session.merge(person, load=False)

    unlogged(app, monkeypatch)
    monkeypatch.setattr(sessions, "find", found)
    # what was asked once grows old: from its second minute on, every request would write down that somebody is here
    monkeypatch.setattr(sessions, "SEEN_EVERY", dt.timedelta(days=1))
    # it would start a process that loads everything there is, to no other end than to fail without a database
    monkeypatch.setattr(checks, "run", lambda _run_id: None)
    monkeypatch.setattr(policy, "_load", functools.cache(policy._load))
    monkeypatch.setattr(store, "_holding", functools.cache(store._holding))
    if not guarded:
        monkeypatch.setattr(refusals, "_is_news", lambda *_where: False)
        monkeypatch.setattr(app.extensions["appbuilder"].sm.limiter, "enabled", False)
        monkeypatch.setattr(limits, "hit", lambda *_arguments: None)
        monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
