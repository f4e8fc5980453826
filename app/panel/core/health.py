"""Is it alive, is it ready: two addresses without log-in, for load balancers, containers and the supervisor.

`/healthz` says only that the process answers. `/readyz` names each part that the panel needs, with its state and a
sentence, and is 503 when one is missing. Neither names an address, a user or a version.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.panel.core import bells, ticker, valkey
from app.panel.core.db import db
from app.panel.core.finding import keeper, storage

Finding = tuple[bool, str]
VERSION = "SELECT version_num FROM alembic_version"
REVISION = re.compile(r"^(revision|down_revision)\b[^=\n]*=\s*['\"](\w+)['\"]", re.M)
blueprint = Blueprint("health", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


def database() -> Finding:
    began = time.perf_counter()
    db.session.execute(text("SELECT 1"))
    return True, f"The database answers in {(time.perf_counter() - began) * 1000:.0f} ms."


def migrations() -> Finding:
    if wanted(Path(current_app.config.get("MIGRATIONS", "migrations"))) == set(db.session.scalars(text(VERSION))):
        return True, "The tables are those of this program."
    return False, "The tables are of another version; run `python run.py setup`."


@functools.cache
def wanted(folder: Path) -> set[str]:
    """The versions that no other one follows. Read without Alembic, which a process that answers requests does not load."""
    files = [dict(REVISION.findall(path.read_text())) for path in (folder / "versions").glob("*.py")]
    return {one["revision"] for one in files} - {one.get("down_revision", "") for one in files}


def queue() -> Finding:
    valkey.client(_app()).ping()
    return True, "Valkey answers."


def workers() -> Finding:
    found = bells.worker_alive(_app())
    deaf = [name for name, count in found["queues"].items() if not count]
    if deaf:
        return False, f"No worker listens to {', '.join(deaf)}."
    return True, f"{found['workers']} workers listen."


def clockwork() -> Finding:
    if ticker.lease_state(_app())["ok"]:
        return True, "The ticker ticks."
    return False, "No ticker holds the lease."


def search() -> Finding:
    """Never a reason to send nobody here: what is behind is caught up with while the panel is used."""
    found = keeper.behind()
    said = f"The search index is {found.seconds:.0f} s behind." if found.changes else "The search index is up to date."
    if found.unbuilt:
        said += f" {len(found.unbuilt)} tables are not built yet."
    if not storage.has_trigrams():
        said += " PostgreSQL has no pg_trgm here: searching goes through the larger table of grams."
    return True, said


CHECKS: dict[str, Callable[[], Finding]] = {
    "database": database,
    "migrations": migrations,
    "valkey": queue,
    "worker": workers,
    "ticker": clockwork,
    "search": search,
}


def findings() -> dict[str, dict[str, Any]]:
    """Ask every part; one that fails does not keep the others from being asked."""
    report = {}
    for name, check in CHECKS.items():
        try:
            ok, sentence = check()
        except (SQLAlchemyError, RedisError, OSError):
            db.session.rollback()
            ok, sentence = False, f"The {name} check got no answer."
        report[name] = {"ok": ok, "message": sentence}
    return report


@blueprint.get("/healthz")
def alive() -> Response:
    return _plain(jsonify(status="ok"))


@blueprint.get("/readyz")
def ready() -> Response:
    parts = findings()
    ok = all(part["ok"] for part in parts.values())
    response = jsonify(status="ready" if ok else "not ready", parts=parts)
    response.status_code = 200 if ok else 503
    return _plain(response)


def _plain(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]
